"""Validates selections of clients, and creates their jobs, in batches for simultaneous requests."""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Self

from challenges import revisions
from challenges.catalog import InvalidSelection, Options, Selection, options
from chatbot.errors import ApplicationError, FieldRequired, InvalidFields
from chatbot.executors import BatchExecutor, one_by_one
from chatbot.generation.job import Job, Key
from chatbot.models import Purpose
from chatbot.prompts.content import Prompt, live_prompts
from chatbot.prompts.contracts import BASE_INFO, OUTPUT_FORMAT, TEMPLATES
from chatbot.providers.base import Provider
from chatbot.providers.configured import Providers
from chatbot.sessions.memory import Memory, Note
from chatbot.sessions.ownership import NO_PROOF, Proof, check_access
from chatbot.sessions.store import remembered, session_key


@dataclass(frozen=True, slots=True)
class BaseInfoRequest:
    """A selection that a client sent: keys, labels or aliases.

    ``proof`` are the client's credentials for its session. ``server_made``: the server made the session's id, as it
    does if the client sends none.
    """

    location: str | None
    work_type: str | None
    category: str | None
    session_id: str = ""
    proof: Proof = NO_PROOF
    server_made: bool = False

    def checked(self) -> Self:
        """The validated request with all fields. Raises FieldRequired, MalformedSessionId."""
        asked = {"location": self.location, "workType": self.work_type, "category": self.category}
        for field, text in asked.items():
            if not (text or "").strip():
                raise FieldRequired(field)
        return replace(
            self, session_id=session_key(self.session_id), server_made=self.server_made or not self.session_id
        )


def job_maker(providers: Providers) -> BatchExecutor[BaseInfoRequest, Job]:
    """``await job_maker(providers)(request)`` creates the job for a checked request.

    Takes two SQL statements for all requests of a batch. Raises NotOwner, InvalidFields, and ApplicationError when
    there is no live prompt.
    """

    def make_jobs(requests: Sequence[BaseInfoRequest]) -> list[Job | Exception]:
        current = revisions.read()
        memories = remembered([request.session_id for request in requests])
        return one_by_one(lambda it: _make_job(it, providers, current, memories[it.session_id]), requests)

    return BatchExecutor(make_jobs)


def _make_job(request: BaseInfoRequest, providers: Providers, current: Mapping[str, str], memory: Memory) -> Job:
    access = check_access(memory.ownership, request.proof, request.session_id, server_made=request.server_made)
    known = options.get(current)
    try:
        selection = known.select(
            location=request.location or "", work_type=request.work_type or "", category=request.category or ""
        )
    except InvalidSelection as error:
        raise InvalidFields(error.fields) from None
    prompt = live_prompt(BASE_INFO.key, current)
    seed = secrets.randbits(31)
    job = job_for(prompt, selection, providers=providers, known=known, seed=seed, given=memory.given)
    asked = (BASE_INFO.key, selection.location.key, selection.work_type.key, selection.category.key)
    keys: list[Key] = [("session", request.session_id, *asked)]
    if not memory.given:
        keys.append(("anybody", prompt.version_id, *(provider.name for provider in job.providers), *asked))
    return replace(job, keys=keys, access=access)


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


def names_of(known: Options) -> dict[str, str]:
    """The keys of all categories by each of their names, as ``lookup_name`` writes it."""
    return {name: choice.key for name, choice in known.names["category"].items()}


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
        names=names_of(known),
        variables=variables,
        purpose=purpose,
        note=Note(selection.location.key, selection.work_type.key, category, category),
    )
