"""A selection becomes a commission; those of many requests together."""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from challenges import revisions
from challenges.catalog import InvalidSelection, options
from chatbot.db.batching import BatchExecutor, one_by_one
from chatbot.dialogue.requests import BaseInfoRequest
from chatbot.errors import InvalidFields
from chatbot.generation.job import Job, commission, live_prompt
from chatbot.generation.registry import Key
from chatbot.prompts.contracts import BASE_INFO
from chatbot.sessions.memory import Memory
from chatbot.sessions.ownership import Entry, enter
from chatbot.sessions.store import remembered


@dataclass(frozen=True, slots=True)
class Prepared:
    """What is to be done, the keys under which a running generation that does it is found, and how the client enters
    the session."""

    keys: list[Key]
    commission: Job
    entry: Entry


@dataclass(frozen=True, slots=True)
class Asked:
    """A request with its session's key."""

    request: BaseInfoRequest
    session_id: str


def _prepare(several: Sequence[Asked]) -> list[Prepared | Exception]:
    """Two SQL statements."""
    current = revisions.read()
    memories = remembered([asked.session_id for asked in several])
    return one_by_one(lambda asked: _prepare_one(asked, current, memories[asked.session_id]), several)


prepare = BatchExecutor(_prepare)
"""``await prepare(Asked(request, session_id))``. Raises NotOwner, InvalidFields, and ApplicationError when nothing can
be written."""


def _prepare_one(asked: Asked, current: Mapping[str, str], memory: Memory) -> Prepared:
    request = asked.request
    entry = enter(
        memory.ownership, request.proof, asked.session_id, server_made=request.server_made or not request.session_id
    )
    known = options.get(current)
    try:
        selection = known.select(
            location=request.location or "", work_type=request.work_type or "", category=request.category or ""
        )
    except InvalidSelection as error:
        raise InvalidFields(error.fields) from None
    prompt = live_prompt(BASE_INFO.key, current)
    given = memory.given
    ordered = commission(prompt, selection, known=known, seed=secrets.randbits(31), given=given)
    question = (BASE_INFO.key, selection.location.key, selection.work_type.key, selection.category.key)
    keys: list[Key] = [("session", asked.session_id, *question)]
    if not given:
        keys.append(("anybody", prompt.version_id, *(source.name for source in ordered.sources), *question))
    return Prepared(keys, ordered, entry)
