"""Resuming: finds the events of a generation after the last one that a client has received."""

import uuid
from dataclasses import dataclass

from chatbot.cluster.remote_generation import RemoteGeneration, terminal_event
from chatbot.events.log import Cursor, event_log
from chatbot.events.subscription import LoggedGeneration
from chatbot.events.types import Close, Failed
from chatbot.models import Generation, Outcome
from chatbot.runtime import runtime


@dataclass(frozen=True, slots=True)
class Resumed:
    """A generation that has, or will have, events after number ``after``.

    ``reset``: the client must discard what it has received of the answer.
    """

    generation: LoggedGeneration
    after: int
    reset: bool = False


@dataclass(frozen=True, slots=True)
class Past:
    """An ended generation that is no longer in the log: its terminal event with its number."""

    generation_id: uuid.UUID
    number: int
    event: Close | Failed


class NothingNew:
    """The client has already received the terminal event."""


async def resume(cursor: Cursor, session_id: str) -> Resumed | Past | NothingNew | None:
    """The events after the cursor for a client of the session. None when the generation is unknown or lost, so that a
    new one is needed."""
    generation = await runtime().find(cursor.generation_id, cursor.number)
    state = event_log.state(cursor.generation_id)
    if generation is None or state is None:
        return await _read(cursor)
    own_end = generation.stream_ends.get(session_id)
    has_seen_all = state.ended and cursor.number >= state.last
    has_seen_own_end = own_end is not None and cursor.number >= own_end.end
    if has_seen_all or has_seen_own_end:
        return NothingNew()
    # The log of a remote generation may not be copied yet, and the early end of this session's stream may have higher
    # numbers than the log.
    may_have_been_sent = cursor.number <= state.last or own_end or isinstance(generation, RemoteGeneration)
    return Resumed(generation, cursor.number) if may_have_been_sent else Resumed(generation, 0, reset=True)


async def _read(cursor: Cursor) -> Past | NothingNew | None:
    """As ``resume``, from the row of the generation."""
    row = await Generation.objects.filter(pk=cursor.generation_id).afirst()
    if row is None or row.outcome not in {Outcome.COMPLETED, Outcome.STOPPED, Outcome.FAILED}:
        return None
    last = row.event_count or 0
    return NothingNew() if cursor.number >= last else Past(row.id, last, terminal_event(row))
