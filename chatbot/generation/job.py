"""A job: the work of one generation, and the data that its session stores."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from challenges.catalog import Options, Selection
from chatbot.errors import ApplicationError
from chatbot.events.types import Notice
from chatbot.models import Purpose
from chatbot.prompts.contracts import OUTPUT_FORMAT, TEMPLATES
from chatbot.prompts.live import Prompt, live_prompts
from chatbot.providers.base import Provider, ProviderRequest
from chatbot.providers.configured import Providers
from chatbot.sessions.memory import Note
from chatbot.sessions.ownership import Entry

Key = tuple[object, ...]
"""A single-flight key: ``("session", session id, …)`` or ``("anybody", …)``, followed by the request's values.
Simultaneous requests that share a key get one generation."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job(ProviderRequest):
    """A rendered prompt, and the providers that may answer it, in the order in which they are tried.

    ``labels`` are the labels of all categories by key. ``variables`` are the values in the prompt, except the output
    format. ``note`` is the data that the turn stores in its session. ``notices`` are sent before the answer. ``keys``
    are the single-flight keys of the request. ``entry`` is the result of checking its client.
    """

    prompt: Prompt
    providers: list[Provider]
    labels: Mapping[str, str]
    variables: Mapping[str, str]
    purpose: Purpose = Purpose.PUBLIC
    note: Note = field(default_factory=Note)
    notices: Sequence[Notice] = ()
    keys: Sequence[Key] = ()
    entry: Entry = field(default_factory=Entry)


def variables_of(selection: Selection) -> dict[str, str]:
    """The values of a prompt's variables for a selection."""
    return {
        "location": selection.location.label,
        "workType": selection.work_type.label,
        "category": selection.category.label,
    }


def values_for(variables: Mapping[str, str], *, output_format: str = OUTPUT_FORMAT) -> dict[str, str]:
    """All values for rendering a prompt, including the output format."""
    return {**variables, "output_format": output_format}


def live_prompt(template_key: str, current: Mapping[str, str]) -> Prompt:
    """The template's live prompt. ``current`` are the revisions. Raises ApplicationError when there is no live
    prompt."""
    prompt = live_prompts.get(current).get(template_key)
    if prompt is None:
        raise ApplicationError(503, "게시된 프롬프트가 없습니다. 관리자에게 문의해 주세요.", retry_after=60)
    return prompt


def providers_for(prompt: Prompt, providers: Providers) -> list[Provider]:
    """The providers that may answer the prompt, in the order in which they are tried."""
    content = prompt.content
    return providers.configured(model=content.model, temperature=content.temperature, max_tokens=content.max_tokens)


def labels_of(known: Options) -> dict[str, str]:
    """The labels of all categories by key."""
    return {key: choice.label for key, choice in known.categories.items()}


def job_for(
    prompt: Prompt,
    selection: Selection,
    *,
    providers: Providers,
    known: Options,
    seed: int,
    given: Sequence[str] = (),
    purpose: Purpose = Purpose.PUBLIC,
) -> Job:
    """The job of a recommendation for a selection. ``known`` are the active options."""
    variables = variables_of(selection)
    system_prompt, user_prompt = prompt.render(values_for(variables))
    category = selection.category.key
    return Job(
        system_prompt=system_prompt,
        user_prompt=user_prompt,
        selection=selection,
        given=given,
        seed=seed,
        output_schema=TEMPLATES[prompt.template_key].output_schema,
        prompt=prompt,
        providers=providers_for(prompt, providers),
        labels=labels_of(known),
        variables=variables,
        purpose=purpose,
        note=Note(selection.location.key, selection.work_type.key, category, category),
    )
