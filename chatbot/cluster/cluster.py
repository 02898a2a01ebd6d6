"""The cluster as one process of it takes part."""

import asyncio
import contextlib
import logging
import uuid
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from channels.layers import get_channel_layer
from django.conf import settings

from chatbot.cluster.claims import Claims
from chatbot.cluster.heartbeat import BEAT_SECONDS, Heartbeat
from chatbot.cluster.presence import Presence
from chatbot.cluster.redis import Client, Unreachable
from chatbot.cluster.replication import Entry, LogReplication
from chatbot.cluster.rpc import Rpc

logger = logging.getLogger(__name__)

SWEEP_SECONDS = 2.0
"""How often one of all processes looks whether dead ones left something behind."""


@dataclass(frozen=True, slots=True)
class Duties:
    """What the cluster needs of those who use it: to read the events in memory, to say which events end a log, to do
    what another process asks, and to look after what dead processes left."""

    read: Callable[[uuid.UUID, int], Sequence[Entry]]
    ends: Callable[[str], bool]
    handle: Callable[[dict[str, Any]], Awaitable[dict[str, Any]]]
    sweep: Callable[[], Awaitable[None]]


class Cluster:
    """This process's part, on one event loop."""

    def __init__(self, url: str, prefix: str, duties: Duties) -> None:
        self.client = Client(url, prefix)
        self.heartbeat = Heartbeat(self.client)
        self.questions = Claims(self.client, self.heartbeat)
        self.presence = Presence(self.client)
        self.log = LogReplication(
            self.client,
            self.presence,
            read=duties.read,
            ends=duties.ends,
            keep_seconds=settings.LEAFRESH_EVENT_LOG_SECONDS,
        )
        layer = get_channel_layer()
        assert layer is not None, "CHANNEL_LAYERS names no default layer"
        self.messages = Rpc(layer, self.heartbeat.me, duties.handle)
        self._duties = duties
        self._tasks: list[asyncio.Task[None]] = []
        self._first_beat = asyncio.Event()

    def start(self) -> None:
        loops = (self._beat(), self.messages.listen(), self.messages.belong(), self._sweep())
        self._tasks = [asyncio.create_task(loop) for loop in loops]

    async def joined(self) -> None:
        """Returns when this process has given its first sign of life, or could not."""
        await self._first_beat.wait()

    async def close(self) -> None:
        """Leaves the cluster, when all of this process's events were copied."""
        await end(self._tasks)
        with contextlib.suppress(Unreachable):
            await self.heartbeat.leave()
        await self.messages.leave()
        await self.client.close()

    async def _beat(self) -> None:
        while True:
            with contextlib.suppress(Unreachable):
                await self.heartbeat.beat()
            self._first_beat.set()
            await asyncio.sleep(BEAT_SECONDS)

    async def _has_the_turn(self) -> bool:
        """Whether it is this process that looks this time: many would ask the database the same."""
        key, milliseconds = self.client.key("sweep"), round(SWEEP_SECONDS * 900)
        return bool(await self.client.run(lambda redis: redis.set(key, self.heartbeat.me, px=milliseconds, nx=True)))

    async def _sweep(self) -> None:
        while True:
            await asyncio.sleep(SWEEP_SECONDS)
            try:
                if await self._has_the_turn():
                    await self._duties.sweep()
            except Unreachable:
                continue
            except Exception as error:  # the database is gone: the next time
                logger.warning("it could not be looked what dead processes left: %s", type(error).__name__)


async def end(tasks: Iterable["asyncio.Task[Any]"]) -> None:
    """Cancels the tasks until they are done: redis-py, interrupted while it connects, may lose the first request to
    end. What they raise is of no interest any more."""
    everything = left = set(tasks)
    while left:
        for task in left:
            task.cancel()
        _, left = await asyncio.wait(left, timeout=0.2)
    await asyncio.gather(*everything, return_exceptions=True)
