"""What a generation is to do: a prompt rendered for what was asked, and the sources that may answer it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from challenges.catalog import Options, Selection
from chatbot.errors import ApplicationError
from chatbot.events.types import Notice
from chatbot.models import Purpose
from chatbot.prompts.contracts import OUTPUT_FORMAT, TEMPLATES
from chatbot.prompts.live import Prompt, live_prompts
from chatbot.providers.base import Provider, ProviderRequest
from chatbot.providers.configured import configured_providers
from chatbot.sessions.memory import Note


@dataclass(frozen=True, slots=True)
class Job:
    """What is to be answered, under which prompt, by whom: ``sources`` in the order in which they are tried.

    ``labels`` are all categories' labels by key; ``variables`` what was put into the prompt, but for the output format.
    ``note`` is what the turn leaves in its session; ``notices`` are told first.
    """

    prompt: Prompt
    sources: list[Provider]
    request: ProviderRequest
    labels: Mapping[str, str]
    variables: Mapping[str, str]
    purpose: Purpose = Purpose.PUBLIC
    note: Note = field(default_factory=Note)
    notices: Sequence[Notice] = ()


def variables_of(selection: Selection) -> dict[str, str]:
    """What a selection puts into a prompt."""
    return {
        "location": selection.location.label,
        "workType": selection.work_type.label,
        "category": selection.category.label,
    }


def values_for(variables: Mapping[str, str], *, output_format: str = OUTPUT_FORMAT) -> dict[str, str]:
    """Every value that a prompt is rendered with."""
    return {**variables, "output_format": output_format}


def live_prompt(template_key: str, current: Mapping[str, str]) -> Prompt:
    """The template's live prompt under ``current`` revisions. Raises ApplicationError when there is none."""
    prompt = live_prompts.get(current).get(template_key)
    if prompt is None:
        raise ApplicationError(503, "게시된 프롬프트가 없습니다. 관리자에게 문의해 주세요.", retry_after=60)
    return prompt


def providers_for(prompt: Prompt) -> list[Provider]:
    """Who may answer under the prompt, in order. Raises ApplicationError when there is nobody."""
    content = prompt.content
    sources = configured_providers(model=content.model, temperature=content.temperature, max_tokens=content.max_tokens)
    if not sources:
        raise ApplicationError(503, "답변을 쓸 모델이 설정되지 않았습니다. 관리자에게 문의해 주세요.", retry_after=60)
    return sources


def labels_of(known: Options) -> dict[str, str]:
    """The labels of all categories by key."""
    return {key: choice.label for key, choice in known.categories.items()}


def commission(
    prompt: Prompt,
    selection: Selection,
    *,
    known: Options,
    seed: int,
    given: Sequence[str] = (),
    purpose: Purpose = Purpose.PUBLIC,
) -> Job:
    """A recommendation for a selection. ``known`` is what can be picked today. Raises ApplicationError when there is
    nobody to write."""
    variables = variables_of(selection)
    system_prompt, user_prompt = prompt.render(values_for(variables))
    category = selection.category.key
    return Job(
        prompt=prompt,
        sources=providers_for(prompt),
        request=ProviderRequest(
            system_prompt,
            user_prompt,
            selection,
            given,
            seed,
            output_schema=TEMPLATES[prompt.template_key].output_schema,
        ),
        labels=labels_of(known),
        variables=variables,
        purpose=purpose,
        note=Note(selection.location.key, selection.work_type.key, category, category),
    )
