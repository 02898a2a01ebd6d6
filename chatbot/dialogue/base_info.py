"""A selection becomes a job; those of many requests together."""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import replace

from challenges import revisions
from challenges.catalog import InvalidSelection, options
from chatbot.db.batching import BatchExecutor, one_by_one
from chatbot.dialogue.requests import BaseInfoRequest
from chatbot.errors import InvalidFields
from chatbot.generation.job import Job, Key, job_for, live_prompt
from chatbot.prompts.contracts import BASE_INFO
from chatbot.providers.configured import Providers
from chatbot.sessions.memory import Memory
from chatbot.sessions.ownership import enter
from chatbot.sessions.store import remembered


def job_maker(providers: Providers) -> BatchExecutor[BaseInfoRequest, Job]:
    """``await job_maker(providers)(request)`` makes the job for a checked request. Raises NotOwner, InvalidFields, and
    ApplicationError when there is no live prompt. Two SQL statements for all requests of a batch."""

    def make_jobs(requests: Sequence[BaseInfoRequest]) -> list[Job | Exception]:
        current = revisions.read()
        memories = remembered([request.session_id for request in requests])
        return one_by_one(lambda it: _make_job(it, providers, current, memories[it.session_id]), requests)

    return BatchExecutor(make_jobs)


def _make_job(request: BaseInfoRequest, providers: Providers, current: Mapping[str, str], memory: Memory) -> Job:
    entry = enter(memory.ownership, request.proof, request.session_id, server_made=request.server_made)
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
    return replace(job, keys=keys, entry=entry)
