"""The service: a request joins or starts a generation, resumes one, waits for its answer, stops it."""

import asyncio
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from asgiref.sync import sync_to_async

from chatbot.conversation import sessions
from chatbot.errors import GenerationFailed, NotFound, ShuttingDown
from chatbot.models import Generation, Outcome
from chatbot.recommending import base_info, free_text
from chatbot.recommending.generation import RunningGeneration
from chatbot.recommending.record import Beginning, record_beginning
from chatbot.recommending.requests import FreeTextRequest, Request
from chatbot.recommending.supervisor import supervisor
from chatbot.streaming.channels import Cursor
from chatbot.streaming.event_log import event_log
from chatbot.streaming.events import Close, Failed, TokenFormat
from chatbot.streaming.listening import Listening


@dataclass(frozen=True, slots=True)
class Past:
    """A generation that is over and no longer in the log: its terminal event and that event's number."""

    generation_id: uuid.UUID
    number: int
    event: Close | Failed


class NothingNew:
    """The client has seen the terminal event."""


Admit = Callable[[str], None]
"""Called with a session's key before an answer is begun or joined. Raises ApplicationError when it may not be."""


def everybody(session_key: str) -> None:
    """Lets every session have as many answers as it wants."""


async def listen(
    request: Request, *, cursor: Cursor | None, token_format: TokenFormat, admit: Admit = everybody
) -> Listening | Past | NothingNew:
    """What a client that opened a stream is to get. Raises ApplicationError."""
    reset = False
    if cursor is not None:
        resumed = await _resume(cursor, request, token_format)
        if resumed is not None:
            return resumed
        reset = True
    generation, session_id = await recommend(request, admit=admit)
    return _listening(generation.id, session_id, token_format, reset=reset)


async def answer(request: Request, *, admit: Admit = everybody) -> tuple[Close, RunningGeneration, str]:
    """The finished answer, with its generation and the session's id. Raises ApplicationError."""
    generation, session_id = await recommend(request, admit=admit)
    supervisor().attach(generation.id)
    try:
        await generation.ended.wait()
    finally:
        supervisor().detach(generation.id)
    match generation.conclusion:
        case Close() as close:
            return close, generation, session_id
        case Failed():
            raise GenerationFailed
        case _:
            raise ShuttingDown


async def recommend(request: Request, *, admit: Admit = everybody) -> tuple[RunningGeneration, str]:
    """Joins the running generation that answers the request, or starts one; with the session's id."""
    request = request.checked()
    session_id = sessions.session_key(request.session_id)
    admit(session_id)
    if isinstance(request, FreeTextRequest):
        joined = supervisor().find(free_text.keys_of(request, session_id))
        if joined is not None and session_id not in joined.farewells:
            await asyncio.shield(joined.started)
            return joined, session_id
        prepared = await free_text.prepare(request, session_id)
    else:
        prepared = await base_info.prepare(base_info.Asked(request, session_id))
    # No await between looking and starting: two requests at the same moment must not both start.
    generation = supervisor().find(prepared.keys)
    if generation is None or session_id in generation.farewells:
        generation = RunningGeneration(prepared.commission, session_id=session_id)
        supervisor().start(generation, prepared.keys)
    await asyncio.shield(generation.started)
    if session_id not in generation.sessions:
        generation.sessions.add(session_id)
        supervisor().add_keys(generation, prepared.keys)
        turn = sessions.NewTurn(session_id, generation.id, prepared.commission.note)
        await record_beginning(Beginning(None, turn))
    return generation, session_id


async def stop(generation_id: uuid.UUID, *, session_id: str | None = None) -> Outcome:
    """Stops the generation if it runs; returns how it ended. Raises NotFound.

    When ``session_id`` says who stops, it ends for that session alone, however many joined it and however often it is
    stopped; a session that never asked for it changes nothing.
    """
    generation = supervisor().get(generation_id)
    if generation is not None and session_id is not None:
        if session_id in generation.farewells:
            return Outcome.STOPPED
        if session_id not in generation.sessions:
            return Outcome.RUNNING
        if len(generation.sessions) > 1:
            supervisor().leave(generation, session_id)
            return Outcome.STOPPED
    if generation is not None:
        generation.end(Outcome.STOPPED)
        await generation.ended.wait()
    row = await Generation.objects.filter(pk=generation_id).values_list("outcome", flat=True).afirst()
    if row is None:
        raise NotFound
    return Outcome(row)


async def forget(session_id: str) -> None:
    """Erases the session and what only it was answered. What still runs for it alone is ended first."""
    for generation in supervisor().only_for(session_id):
        generation.end(Outcome.STOPPED)
        await generation.ended.wait()
    for generation_id in await sync_to_async(sessions.forget)(session_id):
        event_log.forget(generation_id)


async def _resume(cursor: Cursor, request: Request, token_format: TokenFormat) -> Listening | Past | NothingNew | None:
    """What follows the cursor; None when its generation is unknown or died, so that a new one is needed."""
    generation_id, number = cursor.generation_id, cursor.number
    state = event_log.state(generation_id)
    running = supervisor().get(generation_id)
    if running is not None and running.ending:
        await running.ended.wait()
        running, state = None, event_log.state(generation_id)
    if running is not None and request.session_id in running.farewells:
        return NothingNew()
    if state is not None and (state.ended or running is not None):
        if state.ended and number >= state.last:
            return NothingNew()
        impossible = number > state.last  # a number that was never sent: from the beginning
        after = 0 if impossible else number
        return _listening(generation_id, request.session_id or "", token_format, after=after, reset=impossible)
    row = await Generation.objects.filter(pk=generation_id).afirst()
    if row is None or row.outcome not in {Outcome.COMPLETED, Outcome.STOPPED, Outcome.FAILED}:
        return None
    last = row.event_count or 0
    return NothingNew() if number >= last else Past(generation_id, last, _terminal_event(row))


def _terminal_event(row: Generation) -> Close | Failed:
    if row.outcome == Outcome.FAILED or row.answer is None:
        failure = GenerationFailed()
        return Failed(failure.status, failure.message)
    payload = row.answer
    stopped = row.outcome == Outcome.STOPPED
    return Close(payload["kind"], payload["recommend"], payload["challenges"], stopped=stopped)


def _listening(
    generation_id: uuid.UUID, session_id: str, token_format: TokenFormat, *, after: int = 0, reset: bool = False
) -> Listening:
    generation = supervisor().get(generation_id)
    return Listening(
        generation_id=generation_id,
        session_id=session_id,
        opened=partial(supervisor().attach, generation_id),
        closed=partial(supervisor().detach, generation_id),
        farewell=lambda: generation.farewells.get(session_id) if generation else None,
        after=after,
        reset=reset,
        token_format=token_format,
    )
