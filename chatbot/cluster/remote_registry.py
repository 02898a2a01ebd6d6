"""Follows generations of other processes that have subscribers here. Each is followed once for all its subscribers."""

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
from chatbot.cluster.heartbeat import THIS_PROCESS
from chatbot.cluster.redis import Unreachable
from chatbot.cluster.remote_generation import RemoteGeneration
from chatbot.cluster.replication import BEGINNING, EventLogEntry
from chatbot.events.log import event_log
from chatbot.events.types import TERMINAL
from chatbot.models import Generation, Outcome

logger = logging.getLogger(__name__)

POLL_SECONDS = 0.05
"""How often this process reads new entries from Redis: one command for all followed generations."""

CHECK_SECONDS = 0.5
"""How often presence is announced, and the other processes are checked for being alive."""

AGAIN_SECONDS = 0.25
"""The pause after a failure of Redis."""

SILENT_SECONDS = 5.0
"""After so long without an entry, the row is read to find out whether the generation still runs."""

LEFT_SECONDS = 5.0
"""How long a generation is still followed after its last subscriber has left."""

JOIN_SECONDS = 10.0
"""How long a request waits for the first event, in addition to the time that a generation waits for a model."""

ReadRows = Callable[[Sequence[uuid.UUID], Sequence[uuid.UUID]], dict[uuid.UUID, Generation]]
"""A synchronous function with two lists of ids. It marks running rows of the first list as interrupted, then returns
the rows of both."""


class RemoteRegistry:
    """The remote generations that this process follows. Used on the event loop only."""

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
        """The number of subscribers of all followed generations."""
        return sum(followed.subscriber_count for followed in self._followed.values())

    def follow(self, claim: Claim) -> RemoteGeneration:
        """Follows the claimed generation from its first event."""
        followed = self._followed.get(claim.generation_id)
        if followed is None:
            event_log.forget(claim.generation_id)  # removes events from an earlier time of following it
            followed = self._followed[claim.generation_id] = RemoteGeneration(claim)
        if self._task is None:
            self._task = asyncio.create_task(self._work())
        return followed

    async def find(self, generation_id: uuid.UUID, number: int) -> RemoteGeneration | None:
        """Follows the generation if another process runs it and events after ``number`` may come.

        The events of an ended generation are copied into the log if Redis still has them.
        """
        followed = self._followed.get(generation_id)
        if followed is not None:
            return followed if followed.may_tell_more(number) else None
        if event_log.state(generation_id) is not None:
            return None
        row = await Generation.objects.filter(pk=generation_id).afirst()
        if row is None or row.process in {"", THIS_PROCESS} or row.outcome in {Outcome.INTERRUPTED, Outcome.ABANDONED}:
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

    def _catch_up(self, row: Generation, entries: Sequence[EventLogEntry], number: int) -> RemoteGeneration | None:
        """Copies the events of an ended generation from Redis to the log. Returns None if the log now has all of
        them."""
        followed = self.follow(Claim(row.id, row.process))
        for entry in entries:
            followed.take(entry)
        if entries[-1].name in TERMINAL:  # else the last entries are still being copied to Redis
            followed.end_by_row(row)  # does nothing, unless an entry was missing
        return followed if followed.may_tell_more(number) else None

    async def join(self, claim: Claim) -> RemoteGeneration | None:
        """Follows the generation and waits until it has begun. None when it has ended, or does not begin."""
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
        # The entries in Redis come first. Then the row tells how the generation of a dead process ended.
        self._ask(orphans=[it for it in running if it.process in dead and it.was_read])

    def _ask(self, *, orphans: Sequence[RemoteGeneration]) -> None:
        """Starts a task that reads the rows of orphans (their process died) and of silent generations.

        It runs also when Redis does not answer. As a task, a slow database does not delay reading from Redis.
        """
        now = asyncio.get_running_loop().time()
        silent = [it for it in self._running() if it not in orphans and now - it.last_entry_at >= SILENT_SECONDS]
        if (orphans or silent) and self._asking is None:
            self._asking = asyncio.create_task(self._ask_rows(orphans, silent))

    async def _ask_rows(self, orphans: Sequence[RemoteGeneration], silent: Sequence[RemoteGeneration]) -> None:
        try:
            rows = await sync_to_async(self._read_rows)([it.id for it in orphans], [it.id for it in silent])
        except (DatabaseError, InterfaceError) as error:
            logger.warning("rows of other processes could not be read: %s", type(error).__name__)
            return
        except Exception:  # the task is not awaited
            logger.exception("rows of other processes could not be read")
            return
        finally:
            self._asking = None
        for followed in (*orphans, *silent):
            row = rows.get(followed.id)
            if row is None:
                # The row was erased. A generation that has not begun may still wait for a model.
                if followed.begun.is_set() or followed in orphans:
                    followed.give_up(lost=False)
            elif row.outcome in {Outcome.INTERRUPTED, Outcome.ABANDONED}:
                followed.give_up(lost=True)
            elif row.outcome != Outcome.RUNNING:
                followed.end_by_row(row)

    def _drop(self) -> None:
        """Stops following generations that have ended or have no subscribers."""
        now = asyncio.get_running_loop().time()
        for followed in list(self._followed.values()):
            is_left = now - followed.last_subscriber_left_at >= LEFT_SECONDS
            if followed.subscriber_count == 0 and (followed.ended.is_set() or is_left):
                del self._followed[followed.id]
                followed.give_up(lost=False)
                state = event_log.state(followed.id)
                if state is not None and not state.ended:
                    event_log.forget(followed.id)
