"""The generations of other processes that somebody here listens to: one follower each, however many listen."""

import asyncio
import logging
import uuid
from collections.abc import Sequence
from contextlib import suppress
from weakref import WeakKeyDictionary

from asgiref.sync import sync_to_async
from django.conf import settings
from django.db import DatabaseError, InterfaceError

from chatbot.cluster.claims import Claim
from chatbot.cluster.cluster import Cluster
from chatbot.cluster.current import cluster, mark_interrupted
from chatbot.cluster.heartbeat import ME
from chatbot.cluster.redis import Unreachable
from chatbot.cluster.remote_generation import RemoteGeneration
from chatbot.cluster.replication import Entry
from chatbot.db.errors import give_back
from chatbot.events.log import event_log
from chatbot.events.types import TERMINAL
from chatbot.models import Generation, Outcome

logger = logging.getLogger(__name__)

POLL_SECONDS = 0.05
"""How often Redis is asked for more of all that is followed, in one command."""

CHECK_SECONDS = 0.5
"""How often it is said who is listened to, and looked whether their processes live."""

AGAIN_SECONDS = 0.25
"""After Redis did not answer."""

SILENT_SECONDS = 5.0
"""When nothing came for so long, the row is asked whether anything will."""

LEFT_SECONDS = 5.0
"""How long a generation is followed that nobody listens to (yet, or any more)."""

JOIN_SECONDS = 10.0
"""How long one who joins waits for the first event, besides the time for which a model's turn is waited for."""


class RemoteGenerations:
    """What one event loop follows. Everything here runs on that loop."""

    def __init__(self, part: Cluster) -> None:
        self._cluster = part
        self._followed: dict[uuid.UUID, RemoteGeneration] = {}
        self._task: asyncio.Task[None] | None = None
        self._asking: asyncio.Task[None] | None = None
        self._checked_at = 0.0

    def __len__(self) -> int:
        return len(self._followed)

    @property
    def listeners(self) -> int:
        """How many listen, all together."""
        return sum(followed.listeners for followed in self._followed.values())

    def follow(self, claim: Claim) -> RemoteGeneration:
        """The generation that the process runs, from its first event on."""
        followed = self._followed.get(claim.generation_id)
        if followed is None:
            event_log.forget(claim.generation_id)  # what was left of following it before
            followed = self._followed[claim.generation_id] = RemoteGeneration(claim)
            self._checked_at = 0.0
        if self._task is None:
            self._task = asyncio.create_task(self._work())
        return followed

    async def find(self, generation_id: uuid.UUID, number: int) -> RemoteGeneration | None:
        """The generation, if it runs elsewhere and may have more than event ``number``; one that is over there is
        in the log when Redis still has it whole."""
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
            entries = (await self._cluster.log.entries({generation_id: (0, 0)})).get(generation_id, [])
            if entries:
                return self._catch_up(row, entries, number)
        return None

    def _catch_up(self, row: Generation, entries: Sequence[Entry], number: int) -> RemoteGeneration | None:
        """What is over there, as far as Redis has it. None when all of it is in the log now."""
        followed = self.follow(Claim(row.id, row.process))
        for entry in entries:
            followed.take(entry)
        if entries[-1].name in TERMINAL:  # else the rest is on its way
            followed.end_by_row(row)  # which it is not yet when one was missing between
        return followed if followed.may_tell_more(number) else None

    async def join(self, claim: Claim) -> RemoteGeneration | None:
        """The generation, when it still runs and has begun; None when it is over, or does not begin."""
        followed = self.follow(claim)
        self._listen(followed)
        try:
            async with asyncio.timeout(JOIN_SECONDS + settings.LEAFRESH_MODEL_QUEUE_SECONDS):
                await followed.begun.wait()
        except TimeoutError:
            return None
        finally:
            self._leave(followed)
        return None if followed.ended.is_set() else followed

    def attach(self, generation_id: uuid.UUID) -> bool:
        """Somebody listens to the generation. False when nothing more will come of it, and nothing is kept."""
        followed = self._followed.get(generation_id)
        if followed is None:
            return event_log.state(generation_id) is not None
        self._listen(followed)
        return True

    def detach(self, generation_id: uuid.UUID) -> None:
        followed = self._followed.get(generation_id)
        if followed is not None:
            self._leave(followed)

    def _listen(self, followed: RemoteGeneration) -> None:
        if followed.listeners == 0:
            self._checked_at = 0.0  # who runs it may have been told that nobody listens
        followed.listeners += 1

    def _leave(self, followed: RemoteGeneration) -> None:
        followed.listeners = max(0, followed.listeners - 1)  # it may have begun to listen to what was kept
        followed.left_at = asyncio.get_running_loop().time()

    async def _work(self) -> None:
        try:
            while self._followed:
                try:
                    await self._read()
                    await self._check()
                except Unreachable:
                    self._ask(orphans=[])
                    await asyncio.sleep(AGAIN_SECONDS)
                except Exception:  # whoever listens here depends on it
                    logger.exception("generations of other processes could not be followed")
                    await asyncio.sleep(AGAIN_SECONDS)
                self._drop()
                await asyncio.sleep(POLL_SECONDS)
        finally:
            self._task = None

    async def _read(self) -> None:
        asked = [it for it in self._followed.values() if not it.ended.is_set()]
        found = await self._cluster.log.entries({it.id: it.place for it in asked})
        for followed in asked:
            followed.was_read = True
            for entry in found.get(followed.id, ()):
                followed.take(entry)

    async def _check(self) -> None:
        now = asyncio.get_running_loop().time()
        if now - self._checked_at < CHECK_SECONDS:
            return
        self._checked_at = now
        running = [it for it in self._followed.values() if not it.ended.is_set()]
        await self._cluster.presence.listen_to([it.id for it in running if it.listeners])
        dead = await self._cluster.heartbeat.dead({it.process for it in running})
        # What Redis has comes first; how a process that died ended something is asked of the row behind that.
        orphans = [it for it in running if it.process in dead and it.was_read]
        self._ask(orphans=orphans)

    def _ask(self, *, orphans: Sequence[RemoteGeneration]) -> None:
        """Asks the rows of those whose processes died and of those that are silent, whether or not Redis answers. On
        the side: a database that is slow must not hold up what comes from Redis."""
        now = asyncio.get_running_loop().time()
        running = [it for it in self._followed.values() if not it.ended.is_set() and it not in orphans]
        silent = [it for it in running if now - it.heard_at >= SILENT_SECONDS]
        if (orphans or silent) and self._asking is None:
            self._asking = asyncio.create_task(self._ask_rows(orphans, silent))

    async def _ask_rows(self, orphans: Sequence[RemoteGeneration], silent: Sequence[RemoteGeneration]) -> None:
        try:
            rows = await sync_to_async(_rows)([it.id for it in orphans], [it.id for it in silent])
        except (DatabaseError, InterfaceError) as error:
            logger.warning("rows of other processes cannot be read: %s", type(error).__name__)
            return
        except Exception:  # nobody awaits this task
            logger.exception("rows of other processes could not be asked for")
            return
        finally:
            self._asking = None
        for followed in (*orphans, *silent):
            row = rows.get(followed.id)
            if row is None:
                if followed.begun.is_set() or followed in orphans:  # erased; else it waits for its turn with a model
                    followed.give_up(lost=False)
            elif row.outcome in {Outcome.INTERRUPTED, Outcome.ABANDONED}:
                followed.give_up(lost=True)
            elif row.outcome != Outcome.RUNNING:
                followed.end_by_row(row)

    def _drop(self) -> None:
        """Follows no longer what is over, or what nobody listens to."""
        now = asyncio.get_running_loop().time()
        for followed in list(self._followed.values()):
            if followed.listeners == 0 and (followed.ended.is_set() or now - followed.left_at >= LEFT_SECONDS):
                del self._followed[followed.id]
                followed.give_up(lost=False)
                state = event_log.state(followed.id)
                if state is not None and not state.ended:
                    event_log.forget(followed.id)


def _rows(orphans: list[uuid.UUID], silent: list[uuid.UUID]) -> dict[uuid.UUID, Generation]:
    """The rows of all; those of ``orphans``, whose processes died, no longer run."""
    try:
        if orphans:
            mark_interrupted(None, orphans)
        return Generation.objects.in_bulk([*orphans, *silent])
    finally:
        give_back()


_remote_generations: WeakKeyDictionary[asyncio.AbstractEventLoop, RemoteGenerations] = WeakKeyDictionary()


def remote_generations() -> RemoteGenerations | None:
    """What the running event loop follows; None when there is no cluster."""
    part = cluster()
    if part is None:
        return None
    loop = asyncio.get_running_loop()
    if loop not in _remote_generations:
        _remote_generations[loop] = RemoteGenerations(part)
    return _remote_generations[loop]
