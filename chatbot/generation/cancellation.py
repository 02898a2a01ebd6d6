"""Cancellation: ends generations early when a person stops an answer or erases a session."""

import asyncio
import logging
import uuid
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any

from asgiref.sync import sync_to_async
from django.db import DatabaseError, InterfaceError

from chatbot.cluster.cluster import Cluster
from chatbot.cluster.heartbeat import THIS_PROCESS
from chatbot.cluster.redis import Unreachable
from chatbot.cluster.rpc import Handler, NoAnswer
from chatbot.db.errors import give_back
from chatbot.errors import NotFound, ServiceUnavailable
from chatbot.events.eventstream import erase
from chatbot.generation.local import LocalGeneration
from chatbot.generation.registry import GenerationRegistry
from chatbot.models import Generation, Outcome, Turn
from chatbot.sessions import erasure

logger = logging.getLogger(__name__)

FORGET_SECONDS = 5.0
"""How long a request to erase a session waits for its rows to be erased. The session is hidden before that."""

_UNKNOWN_SESSION = ""  # no session has this key


class Cancellation:
    """Cancels generations of this process and, in a cluster, of other processes."""

    def __init__(self, registry: GenerationRegistry, cluster: Cluster | None) -> None:
        self._registry = registry
        self._cluster = cluster

    @property
    def handlers(self) -> Mapping[str, Handler]:
        """The calls that other processes may send to this one."""
        return {"stop": self._handle_stop, "leave": self._handle_leave, "erase": self._handle_erase}

    async def stop(self, generation_id: uuid.UUID, *, session_id: str = "") -> Outcome:
        """Stops the generation if it runs in any process, and returns its outcome.

        With a ``session_id``, it ends only for that session; a session that did not request it changes nothing. Without
        one, it ends if at most one session requested it; a shared generation continues. Raises NotFound, and
        ServiceUnavailable when the process that runs it does not answer.
        """
        outcome = await self._stop_here(generation_id, session_id)
        if outcome is not None:
            return outcome
        row = await Generation.objects.filter(pk=generation_id).values_list("outcome", "process").afirst()
        if row is None:
            raise NotFound
        if row[0] != Outcome.RUNNING or self._cluster is None or row[1] == THIS_PROCESS:
            return Outcome(row[0])
        try:
            answer = await self._cluster.rpc.ask(row[1], do="stop", generation=str(generation_id), session=session_id)
        except NoAnswer:
            raise ServiceUnavailable from None
        return Outcome(answer["outcome"] or await _outcome(generation_id))

    async def forget(self, session_id: str) -> None:
        """Hides the session, and erases it in short steps, with the answers that it does not share.

        First its running generations end; a shared one ends only for this session. After FORGET_SECONDS the call
        returns, and the rest is erased in the background. If this process ends before that, the purge erases the rest.
        """
        hidden: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        erasing = self._registry.keep(self._forget(session_id, hidden))  # it continues if the client disconnects
        await asyncio.wait({erasing, hidden}, return_when=asyncio.FIRST_COMPLETED)
        await asyncio.wait({erasing}, timeout=FORGET_SECONDS)
        if erasing.done():
            erasing.result()
        else:
            erasing.add_done_callback(_log_failure)

    async def _stop_here(self, generation_id: uuid.UUID, session_id: str) -> Outcome | None:
        """As ``stop``, for a generation of this process. None when it does not run here."""
        generation = self._registry.get(generation_id)
        if generation is None:
            return None
        if session_id in generation.stream_ends:
            return Outcome.STOPPED
        known = await self._requesting_sessions(generation, session_id)
        if session_id in generation.stream_ends:  # another request has already stopped it for this session
            return Outcome.STOPPED
        if generation.ended.is_set():
            return await _outcome(generation_id)
        asked = (known | generation.asked_by) - set(generation.stream_ends)
        if session_id and session_id not in asked:
            return Outcome.RUNNING
        if len(asked) > 1:
            if not session_id:
                return Outcome.RUNNING
            self._registry.leave(generation, session_id)
            return Outcome.STOPPED
        generation.end(Outcome.STOPPED)
        await generation.ended.wait()
        if generation.result is not None:  # it has ended, but its row may not be written yet
            return generation.result.outcome
        return await _outcome(generation_id)

    async def _requesting_sessions(self, generation: LocalGeneration, session_id: str) -> set[str]:
        """The sessions that requested the generation.

        If the database does not answer, sessions of other processes are unknown. A placeholder for them is added, so
        that the generation continues.
        """
        if self._cluster is None:
            return generation.sessions
        try:
            return generation.sessions | await _sessions_of(generation.id)
        except (DatabaseError, InterfaceError):
            if session_id and session_id not in generation.sessions:
                raise
            return generation.sessions | {_UNKNOWN_SESSION}

    async def _forget(self, session_id: str, hidden: asyncio.Future[None]) -> None:
        steps = erasure.forgetting(session_id, spare=await self._leave_all(session_id))
        now = asyncio.get_running_loop().time
        began = now()
        while (erased := await sync_to_async(_next)(steps)) is not None:
            if not hidden.done():
                hidden.set_result(None)
            for generation_id in erased:
                erase(generation_id)
            if self._cluster is not None and erased:
                with suppress(Unreachable, NoAnswer):  # copies that are not erased will expire
                    await self._cluster.replication.erase(erased)
                    await self._cluster.rpc.tell_all(do="erase", generations=[str(each) for each in erased])
            await asyncio.sleep(now() - began)  # SQLite has no queue of writers: others need a pause
            began = now()

    async def _leave_all(self, session_id: str) -> set[uuid.UUID]:
        """Ends all running generations for the session. Returns those that continue for other sessions."""
        generations = self._registry.asked_by(session_id)
        spare = {generation.id for generation in generations if await self._leave(generation, session_id)}
        if self._cluster is not None:
            for generation_id, process in await sync_to_async(_running_elsewhere)(session_id):
                message = {"do": "leave", "generation": str(generation_id), "session": session_id}
                with suppress(NoAnswer):  # it ends anyway; a session that would join it later starts another one
                    if (await self._cluster.rpc.ask(process, **message))["goes_on"]:
                        spare.add(generation_id)
        return spare

    async def _leave(self, generation: LocalGeneration, session_id: str) -> bool:
        """Ends a generation of this process for a session that is being erased.

        Returns whether it continues for other sessions. Their turns may not be written yet.
        """
        known = await self._requesting_sessions(generation, session_id)
        continues = bool((known | generation.asked_by) - set(generation.stream_ends) - {session_id})
        if not continues:
            generation.end(Outcome.STOPPED)
            await generation.ended.wait()
        elif not generation.ended.is_set():
            self._registry.leave(generation, session_id)
            await asyncio.wait([generation.started])  # after that the session's turn is written, and can be erased
        return continues

    async def _handle_stop(self, what: dict[str, Any]) -> dict[str, Any]:
        return {"outcome": await self._stop_here(uuid.UUID(what["generation"]), what["session"]) or ""}

    async def _handle_leave(self, what: dict[str, Any]) -> dict[str, Any]:
        generation = self._registry.get(uuid.UUID(what["generation"]))  # None when it has ended
        return {"goes_on": generation is not None and await self._leave(generation, what["session"])}

    async def _handle_erase(self, what: dict[str, Any]) -> dict[str, Any]:
        for generation_id in what["generations"]:
            erase(uuid.UUID(generation_id))
        return {}


def _log_failure(erasing: asyncio.Task[None]) -> None:
    if not erasing.cancelled() and (error := erasing.exception()) is not None:
        logger.warning("a session was partly erased (%s): the purge erases the rest", type(error).__name__)


def _next(steps: Iterator[list[uuid.UUID]]) -> list[uuid.UUID] | None:
    try:
        return next(steps, None)
    finally:
        give_back()  # the request may have ended, and then Django does not do it


async def _outcome(generation_id: uuid.UUID) -> Outcome:
    row = await Generation.objects.filter(pk=generation_id).values_list("outcome", flat=True).afirst()
    if row is None:
        raise NotFound
    return Outcome(row)


async def _sessions_of(generation_id: uuid.UUID) -> set[str]:
    """The sessions of all processes that requested the generation, from the database."""
    keys = Turn.objects.filter(generation_id=generation_id).values_list("session_id", flat=True)
    return {key async for key in keys}


def _running_elsewhere(session_id: str) -> list[tuple[uuid.UUID, str]]:
    """The generations that other processes run for the session, each with its process."""
    rows = Generation.objects.filter(outcome=Outcome.RUNNING, turns__session_id=session_id).exclude(
        process=THIS_PROCESS
    )
    return list(rows.values_list("pk", "process"))
