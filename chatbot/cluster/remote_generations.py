"""The generations of other processes that have subscribers here: each is followed once, however many subscribe."""

import asyncio
import logging
import uuid
from collections.abc import Callable, Sequence
from contextlib import suppress

from asgiref.sync import sync_to_async
from django.conf import settings
from django.db import DatabaseError, InterfaceError

from chatbot.cluster.claims import Claim
from chatbot.cluster.cluster import Cluster
from chatbot.cluster.heartbeat import ME
from chatbot.cluster.redis import Unreachable
from chatbot.cluster.remote_generation import RemoteGeneration
from chatbot.cluster.replication import BEGINNING, Entry
from chatbot.events.log import event_log
from chatbot.events.types import TERMINAL
from chatbot.models import Generation, Outcome

logger = logging.getLogger(__name__)

POLL_SECONDS = 0.05
"""How often Redis is asked for more of all that is followed, with one command."""

CHECK_SECONDS = 0.5
"""How often presence is announced, and processes are checked for being alive."""

AGAIN_SECONDS = 0.25
"""After Redis did not answer."""

SILENT_SECONDS = 5.0
"""When nothing came for so long, the row says whether anything will."""

LEFT_SECONDS = 5.0
"""How long a generation without subscribers is followed."""

JOIN_SECONDS = 10.0
"""How long a request waits for the first event, besides the time that a generation waits for a model."""

ReadRows = Callable[[Sequence[uuid.UUID], Sequence[uuid.UUID]], dict[uuid.UUID, Generation]]
"""Reads the rows of both lists, after it has marked running rows of the first as interrupted. Synchronous."""


class RemoteGenerations:
    """What this process follows. Used on the event loop only."""

    def __init__(self, cluster: Cluster, read_rows: ReadRows) -> None:
        self._cluster = cluster
        self._read_rows = read_rows
        self._followed: dict[uuid.UUID, RemoteGeneration] = {}
        self._task: asyncio.Task[None] | None = None
        self._asking: asyncio.Task[None] | None = None
        self._checked_at = float("-inf")

    def __len__(self) -> int:
        return len(self._followed)

    @property
    def subscriber_count(self) -> int:
        """Of all that is followed."""
        return sum(followed.subscriber_count for followed in self._followed.values())

    def follow(self, claim: Claim) -> RemoteGeneration:
        """The generation that the process runs, from its first event on."""
        followed = self._followed.get(claim.generation_id)
        if followed is None:
            event_log.forget(claim.generation_id)  # what an earlier follower left
            followed = self._followed[claim.generation_id] = RemoteGeneration(claim)
        if self._task is None:
            self._task = asyncio.create_task(self._work())
        return followed

    async def find(self, generation_id: uuid.UUID, number: int) -> RemoteGeneration | None:
        """The generation, if another process runs it and it may have more than event ``number``. One that is over
        comes into the log, when Redis still has it."""
        followed = self._followed.get(generation_id)
        if followed is not None:
            return followed if followed.may_tell_more(number) else None
        if event_log.state(generation_id) is not None:
            return None
        row = await Generation.objects.filter(pk=generation_id).afirst()
        if row is None or row.process in {"", ME} or row.outcome in {Outcome.INTERRUPTED, Outcome.ABANDONED}:
            return None
        if row.outcome == Outcome.RUNNING:
            return self.follow(Claim(generation_id, row.process))
        if number >= (row.event_count or 0):
            return None
        with suppress(Unreachable):
            entries = (await self._cluster.replication.entries({generation_id: BEGINNING})).get(generation_id, [])
            if entries:
                return self._catch_up(row, entries, number)
        return None

    def _catch_up(self, row: Generation, entries: Sequence[Entry], number: int) -> RemoteGeneration | None:
        """A generation that is over, as far as Redis has it. None when all of it is in the log now."""
        followed = self.follow(Claim(row.id, row.process))
        for entry in entries:
            followed.take(entry)
        if entries[-1].name in TERMINAL:  # else the rest is on its way
            followed.end_by_row(row)  # does nothing, unless an entry was missing
        return followed if followed.may_tell_more(number) else None

    async def join(self, claim: Claim) -> RemoteGeneration | None:
        """The generation, when it runs and has begun; None when it is over, or does not begin."""
        followed = self.follow(claim)
        with followed.subscribed():
            try:
                async with asyncio.timeout(JOIN_SECONDS + settings.LEAFRESH_MODEL_QUEUE_SECONDS):
                    await followed.begun.wait()
            except TimeoutError:
                return None
        return None if followed.ended.is_set() else followed

    async def _work(self) -> None:
        try:
            while self._followed:
                try:
                    await self._read()
                    await self._check()
                except Unreachable:
                    self._ask(orphans=[])
                    await asyncio.sleep(AGAIN_SECONDS)
                except Exception:  # the subscribers depend on this task
                    logger.exception("generations of other processes could not be followed")
                    await asyncio.sleep(AGAIN_SECONDS)
                self._drop()
                await asyncio.sleep(POLL_SECONDS)
        finally:
            self._task = None

    def _running(self) -> list[RemoteGeneration]:
        return [followed for followed in self._followed.values() if not followed.ended.is_set()]

    async def _read(self) -> None:
        asked = self._running()
        found = await self._cluster.replication.entries({it.id: it.position for it in asked})
        for followed in asked:
            followed.was_read = True
            for entry in found.get(followed.id, ()):
                followed.take(entry)

    async def _check(self) -> None:
        now = asyncio.get_running_loop().time()
        running = self._running()
        wanted = [it for it in running if it.subscriber_count]
        if now - self._checked_at < CHECK_SECONDS and all(it.announced for it in wanted):
            return
        self._checked_at = now
        await self._cluster.presence.announce([it.id for it in wanted])
        for followed in wanted:
            followed.announced = True
        dead = await self._cluster.heartbeat.dead({it.process for it in running})
        # First comes what Redis has; then the row says how a dead process ended its generation.
        self._ask(orphans=[it for it in running if it.process in dead and it.was_read])

    def _ask(self, *, orphans: Sequence[RemoteGeneration]) -> None:
        """Reads the rows of those whose processes died and of those that are silent, whether or not Redis answers. In a
        task: a slow database must not delay what comes from Redis."""
        now = asyncio.get_running_loop().time()
        silent = [it for it in self._running() if it not in orphans and now - it.heard_at >= SILENT_SECONDS]
        if (orphans or silent) and self._asking is None:
            self._asking = asyncio.create_task(self._ask_rows(orphans, silent))

    async def _ask_rows(self, orphans: Sequence[RemoteGeneration], silent: Sequence[RemoteGeneration]) -> None:
        try:
            rows = await sync_to_async(self._read_rows)([it.id for it in orphans], [it.id for it in silent])
        except (DatabaseError, InterfaceError) as error:
            logger.warning("rows of other processes cannot be read: %s", type(error).__name__)
            return
        except Exception:  # the task is not awaited
            logger.exception("rows of other processes could not be read")
            return
        finally:
            self._asking = None
        for followed in (*orphans, *silent):
            row = rows.get(followed.id)
            if row is None:
                if followed.begun.is_set() or followed in orphans:  # erased; else it still waits for a model
                    followed.give_up(lost=False)
            elif row.outcome in {Outcome.INTERRUPTED, Outcome.ABANDONED}:
                followed.give_up(lost=True)
            elif row.outcome != Outcome.RUNNING:
                followed.end_by_row(row)

    def _drop(self) -> None:
        """Stops following what is over, and what has no subscribers."""
        now = asyncio.get_running_loop().time()
        for followed in list(self._followed.values()):
            is_left = now - followed.left_at >= LEFT_SECONDS
            if followed.subscriber_count == 0 and (followed.ended.is_set() or is_left):
                del self._followed[followed.id]
                followed.give_up(lost=False)
                state = event_log.state(followed.id)
                if state is not None and not state.ended:
                    event_log.forget(followed.id)
