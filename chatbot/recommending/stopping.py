"""Ending generations before their time: because a person stops one, or wants to be forgotten."""

import uuid
from contextlib import suppress

from asgiref.sync import sync_to_async
from django.db import DatabaseError, InterfaceError

from chatbot.conversation import forgetting
from chatbot.errors import NotFound, ServiceUnavailable
from chatbot.fleet.client import Unreachable
from chatbot.fleet.members import ME
from chatbot.fleet.messages import NoAnswer
from chatbot.models import Generation, Outcome, Turn
from chatbot.recommending.fleetwide import fleet
from chatbot.recommending.generation import RunningGeneration
from chatbot.recommending.supervisor import supervisor
from chatbot.streaming.publisher import erase


async def stop(generation_id: uuid.UUID, *, session_id: str | None = None) -> Outcome:
    """Stops the generation if it runs, in whatever process; returns how it ended. Raises NotFound, and
    ServiceUnavailable when the process that runs it cannot be asked.

    When ``session_id`` says who stops, it ends for that session alone, however many joined it and however often it is
    stopped; a session that never asked for it changes nothing.
    """
    outcome = await stop_here(generation_id, session_id=session_id)
    if outcome is not None:
        return outcome
    row = await Generation.objects.filter(pk=generation_id).values_list("outcome", "process").afirst()
    if row is None:
        raise NotFound
    part = fleet()
    if row[0] != Outcome.RUNNING or part is None or row[1] == ME:
        return Outcome(row[0])
    try:
        answer = await part.messages.ask(row[1], do="stop", generation=str(generation_id), session=session_id)
    except NoAnswer:
        raise ServiceUnavailable from None
    return Outcome(answer["outcome"] or await _outcome(generation_id))


async def stop_here(generation_id: uuid.UUID, *, session_id: str | None) -> Outcome | None:
    """The same for a generation of this process; None when it is none."""
    generation = supervisor().get(generation_id)
    if generation is None or generation.elsewhere is not None:
        return None
    if session_id is not None:
        if session_id in generation.farewells:
            return Outcome.STOPPED
        asked = await _who_asked(generation, session_id)
        if session_id in generation.farewells:  # it was stopped once more meanwhile
            return Outcome.STOPPED
        if generation.ended.is_set():
            return await _outcome(generation_id)
        if session_id not in asked:
            return Outcome.RUNNING
        if len(asked - set(generation.farewells)) > 1:
            supervisor().leave(generation, session_id)
            return Outcome.STOPPED
    generation.end(Outcome.STOPPED)
    await generation.ended.wait()
    if generation.result is not None:  # its row may be written later
        return generation.result.outcome
    return await _outcome(generation_id)


async def _who_asked(generation: RunningGeneration, session_id: str) -> set[str]:
    """The sessions that asked for the generation. When the database cannot tell, and the session is known here,
    there is somebody more: it goes on for whoever that may be."""
    if fleet() is None:
        return generation.sessions
    try:
        return generation.sessions | await _sessions_of(generation.id)
    except (DatabaseError, InterfaceError):
        if session_id not in generation.sessions:
            raise
        return generation.sessions | {_SOMEBODY}


_SOMEBODY = ""  # no session's key


async def forget(session_id: str) -> None:
    """Erases the session and what only it was answered. What still runs for it alone is ended first."""
    for generation in supervisor().only_for(session_id):
        if await _is_only_for(session_id, generation.id):
            generation.end(Outcome.STOPPED)
            await generation.ended.wait()
    part = fleet()
    if part is not None:
        for generation_id in await sync_to_async(_running_elsewhere)(session_id):
            if await _is_only_for(session_id, generation_id):
                with suppress(ServiceUnavailable, NotFound):  # it ends anyway, and then leaves nothing
                    await stop(generation_id)
    erased = await sync_to_async(forgetting.forget)(session_id)
    for generation_id in erased:
        erase(generation_id)
    if part is not None and erased:
        with suppress(Unreachable, NoAnswer):  # what is left expires
            await part.log.erase(erased)
            await part.messages.tell_all(do="forget", generations=[str(each) for each in erased])


async def _outcome(generation_id: uuid.UUID) -> Outcome:
    row = await Generation.objects.filter(pk=generation_id).values_list("outcome", flat=True).afirst()
    if row is None:
        raise NotFound
    return Outcome(row)


async def _sessions_of(generation_id: uuid.UUID) -> set[str]:
    """The sessions that asked for the generation, in whatever process."""
    keys = Turn.objects.filter(generation_id=generation_id).values_list("session_id", flat=True)
    return {key async for key in keys}


async def _is_only_for(session_id: str, generation_id: uuid.UUID) -> bool:
    return fleet() is None or await _sessions_of(generation_id) <= {session_id}


def _running_elsewhere(session_id: str) -> list[uuid.UUID]:
    rows = Generation.objects.filter(outcome=Outcome.RUNNING, turns__session_id=session_id).exclude(process=ME)
    return list(rows.values_list("pk", flat=True))
