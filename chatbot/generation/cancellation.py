"""Ending generations before their time: because a person stops one, or wants to be forgotten."""

import asyncio
import logging
import uuid
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from asgiref.sync import sync_to_async
from django.db import DatabaseError, InterfaceError

from chatbot.cluster.current import cluster, handles
from chatbot.cluster.heartbeat import ME
from chatbot.cluster.redis import Unreachable
from chatbot.cluster.rpc import NoAnswer
from chatbot.db.errors import give_back
from chatbot.errors import NotFound, ServiceUnavailable
from chatbot.events.publisher import erase
from chatbot.generation.local import LocalGeneration
from chatbot.generation.registry import registry
from chatbot.models import Generation, Outcome, Turn
from chatbot.sessions import erasure

logger = logging.getLogger(__name__)


async def stop(generation_id: uuid.UUID, *, session_id: str | None = None) -> Outcome:
    """Stops the generation if it runs, in whatever process; returns how it ended. Raises NotFound, and
    ServiceUnavailable when the process that runs it cannot be asked.

    When ``session_id`` says who stops, it ends for that session alone, however many joined it and however often it is
    stopped; a session that never asked for it changes nothing. Without one, it ends when one session at most asked
    for it; one that several share goes on.
    """
    outcome = await stop_here(generation_id, session_id=session_id)
    if outcome is not None:
        return outcome
    row = await Generation.objects.filter(pk=generation_id).values_list("outcome", "process").afirst()
    if row is None:
        raise NotFound
    part = cluster()
    if row[0] != Outcome.RUNNING or part is None or row[1] == ME:
        return Outcome(row[0])
    try:
        answer = await part.messages.ask(row[1], do="stop", generation=str(generation_id), session=session_id)
    except NoAnswer:
        raise ServiceUnavailable from None
    return Outcome(answer["outcome"] or await _outcome(generation_id))


async def stop_here(generation_id: uuid.UUID, *, session_id: str | None) -> Outcome | None:
    """The same for a generation of this process; None when it is none."""
    generation = registry().get(generation_id)
    if generation is None or generation.claimed_by is not None:
        return None
    if session_id in generation.stream_ends:
        return Outcome.STOPPED
    known = await _who_asked(generation, session_id)
    if session_id in generation.stream_ends:  # it was stopped once more meanwhile
        return Outcome.STOPPED
    if generation.ended.is_set():
        return await _outcome(generation_id)
    asked = (known | generation.asked_by) - set(generation.stream_ends)
    if session_id is not None and session_id not in asked:
        return Outcome.RUNNING
    if len(asked) > 1:
        if session_id is None:
            return Outcome.RUNNING
        registry().leave(generation, session_id)
        return Outcome.STOPPED
    generation.end(Outcome.STOPPED)
    await generation.ended.wait()
    if generation.result is not None:  # its row may be written later
        return generation.result.outcome
    return await _outcome(generation_id)


async def _who_asked(generation: LocalGeneration, session_id: str | None) -> set[str]:
    """The sessions that asked for the generation. When the database cannot tell, and the session is known here,
    there is somebody more: it goes on for whoever that may be."""
    if cluster() is None:
        return generation.sessions
    try:
        return generation.sessions | await _sessions_of(generation.id)
    except (DatabaseError, InterfaceError):
        if session_id is not None and session_id not in generation.sessions:
            raise
        return generation.sessions | {_SOMEBODY}


_SOMEBODY = ""  # no session's key


FORGET_SECONDS = 5.0
"""How long a client that forgets its session waits for the rows to be erased, after the session is hidden."""


async def forget(session_id: str) -> None:
    """Hides the session, and erases it and what only it was answered, in short steps. What still runs for it alone is
    ended first; what also runs for others ends for this session. A long session is erased in the background after
    FORGET_SECONDS; the purge erases what a process that ends leaves."""
    hidden: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    erasing = registry().keep(_forget(session_id, hidden))  # the client may go away meanwhile
    await asyncio.wait({erasing, hidden}, return_when=asyncio.FIRST_COMPLETED)
    await asyncio.wait({erasing}, timeout=FORGET_SECONDS)
    if erasing.done():
        erasing.result()
    else:
        erasing.add_done_callback(_log_failure)


def _log_failure(erasing: asyncio.Task[None]) -> None:
    if not erasing.cancelled() and (error := erasing.exception()) is not None:
        logger.warning("a session was erased in part (%s): the purge erases the rest", type(error).__name__)


async def _forget(session_id: str, hidden: asyncio.Future[None]) -> None:
    spare = set()
    for generation in registry().asked_by(session_id):
        if await leave_here(generation, session_id):
            spare.add(generation.id)
    part = cluster()
    if part is not None:
        for generation_id, process in await sync_to_async(_running_elsewhere)(session_id):
            message = {"do": "leave", "generation": str(generation_id), "session": session_id}
            with suppress(NoAnswer):  # it ends anyway; who joins it then begins another
                if (await part.messages.ask(process, **message))["goes_on"]:
                    spare.add(generation_id)
    steps = erasure.forgetting(session_id, spare=spare)
    now = asyncio.get_running_loop().time
    began = now()
    while (erased := await sync_to_async(_next)(steps)) is not None:
        if not hidden.done():
            hidden.set_result(None)
        for generation_id in erased:
            erase(generation_id)
        if part is not None and erased:
            with suppress(Unreachable, NoAnswer):  # what is left expires
                await part.log.erase(erased)
                await part.messages.tell_all(do="forget", generations=[str(each) for each in erased])
        await asyncio.sleep(now() - began)  # SQLite has no queue: who waits to write looks again at times
        began = now()


async def leave_here(generation: LocalGeneration, session_id: str) -> bool:
    """Ends a generation of this process for a session that is forgotten. Returns whether it goes on for others, whose
    turns may not be written yet."""
    known = await _who_asked(generation, session_id)
    goes_on = bool((known | generation.asked_by) - set(generation.stream_ends) - {session_id})
    if not goes_on:
        generation.end(Outcome.STOPPED)
        await generation.ended.wait()
    elif not generation.ended.is_set():
        registry().leave(generation, session_id)
        await asyncio.wait([generation.started])  # then the session's turn is written, and can be erased
    return goes_on


async def leave(generation_id: uuid.UUID, session_id: str) -> bool:
    """The same by the generation's id. One that is over here does not go on."""
    generation = registry().get(generation_id)
    return generation is not None and generation.claimed_by is None and await leave_here(generation, session_id)


def join_here(generation_id: uuid.UUID, session_id: str) -> bool:
    """A session joins a generation of this process at another one; False when that is too late."""
    generation = registry().get(generation_id)
    if generation is None or generation.claimed_by is not None or generation.ending:
        return False
    if session_id not in generation.stream_ends:
        generation.sessions.add(session_id)
    return True


def _next(steps: Iterator[list[uuid.UUID]]) -> list[uuid.UUID] | None:
    try:
        return next(steps, None)
    finally:
        give_back()  # the request may be over


async def _outcome(generation_id: uuid.UUID) -> Outcome:
    row = await Generation.objects.filter(pk=generation_id).values_list("outcome", flat=True).afirst()
    if row is None:
        raise NotFound
    return Outcome(row)


async def _sessions_of(generation_id: uuid.UUID) -> set[str]:
    """The sessions that asked for the generation, in whatever process."""
    keys = Turn.objects.filter(generation_id=generation_id).values_list("session_id", flat=True)
    return {key async for key in keys}


def _running_elsewhere(session_id: str) -> list[tuple[uuid.UUID, str]]:
    """Generations that other processes run for the session, with these processes."""
    rows = Generation.objects.filter(outcome=Outcome.RUNNING, turns__session_id=session_id).exclude(process=ME)
    return list(rows.values_list("pk", "process"))


@handles("stop")
async def _stop_for_another(what: dict[str, Any]) -> dict[str, Any]:
    return {"outcome": await stop_here(uuid.UUID(what["generation"]), session_id=what["session"]) or ""}


@handles("join")
async def _join_for_another(what: dict[str, Any]) -> dict[str, Any]:
    return {"joined": join_here(uuid.UUID(what["generation"]), what["session"])}


@handles("leave")
async def _leave_for_another(what: dict[str, Any]) -> dict[str, Any]:
    return {"goes_on": await leave(uuid.UUID(what["generation"]), what["session"])}


@handles("forget")
async def _erase_for_another(what: dict[str, Any]) -> dict[str, Any]:
    for generation_id in what["generations"]:
        erase(uuid.UUID(generation_id))
    return {}
