"""The cluster, from the view of one of its processes."""

import asyncio
import contextlib
import logging
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from asgiref.sync import sync_to_async
from channels.layers import get_channel_layer
from django.conf import settings

from chatbot.cluster.claims import Claims
from chatbot.cluster.heartbeat import BEAT_SECONDS, Heartbeat
from chatbot.cluster.presence import Presence
from chatbot.cluster.redis import RedisClient, Unreachable
from chatbot.cluster.replication import LogReplication
from chatbot.cluster.rpc import Handler, Rpc

logger = logging.getLogger(__name__)

SWEEP_SECONDS = 2.0
"""How often one of the processes searches for rows of dead processes."""


class Cluster:
    """Connects this process to the cluster, on one event loop."""

    def __init__(self, url: str, prefix: str) -> None:
        self.redis = RedisClient(url, prefix)
        self.heartbeat = Heartbeat(self.redis)
        self.claims = Claims(self.redis, self.heartbeat)
        self.presence = Presence(self.redis)
        self.replication = LogReplication(self.redis, self.presence, keep_seconds=settings.LEAFRESH_EVENT_LOG_SECONDS)
        layer = get_channel_layer()
        assert layer is not None, "CHANNEL_LAYERS names no default layer"
        self.rpc = Rpc(layer, self.heartbeat.me)
        self._tasks: list[asyncio.Task[None]] = []
        self._first_beat = asyncio.Event()

    def start(
        self,
        *,
        handlers: Mapping[str, Handler],
        running: Callable[[], set[str]],
        mark_interrupted: Callable[[set[str]], None],
    ) -> None:
        """Joins the cluster.

        ``handlers`` answer calls from other processes. ``running`` returns the processes with rows of running
        generations. ``mark_interrupted`` ends the rows of the given, dead processes. Both are synchronous.
        """
        loops = (self._beat(), self.rpc.listen(handlers), self.rpc.belong(), self._sweep(running, mark_interrupted))
        self._tasks = [asyncio.create_task(loop) for loop in loops]

    async def joined(self) -> None:
        """Waits until this process has tried to send its first heartbeat."""
        await self._first_beat.wait()

    async def close(self) -> None:
        """Leaves the cluster. The caller should wait before until all events of this process are copied."""
        await end(self._tasks)
        with contextlib.suppress(Unreachable):
            await self.heartbeat.leave()
        await self.rpc.leave()
        await self.redis.close()

    async def _beat(self) -> None:
        while True:
            with contextlib.suppress(Unreachable):
                await self.heartbeat.beat()
            self._first_beat.set()
            await asyncio.sleep(BEAT_SECONDS)

    async def _has_the_turn(self) -> bool:
        """Whether this process does the sweep this time. One process does it for all, to spare the database."""
        key, milliseconds = self.redis.key("sweep"), round(SWEEP_SECONDS * 900)
        return bool(await self.redis.run(lambda redis: redis.set(key, self.heartbeat.me, px=milliseconds, nx=True)))

    async def _sweep(self, running: Callable[[], set[str]], mark_interrupted: Callable[[set[str]], None]) -> None:
        """Ends the rows of dead processes whose generations no other process followed."""
        while True:
            await asyncio.sleep(SWEEP_SECONDS)
            try:
                if await self._has_the_turn():
                    dead = await self.heartbeat.confirm_dead(await sync_to_async(running)())
                    if dead:
                        await sync_to_async(mark_interrupted)(dead)
            except Unreachable:
                continue
            except Exception as error:  # the database is gone: the next sweep tries again
                logger.warning("rows of dead processes could not be searched for: %s", type(error).__name__)


async def end(tasks: Iterable["asyncio.Task[Any]"]) -> None:
    """Cancels the tasks again and again until they are done. Their errors are dropped.

    One cancellation is not enough: redis-py may lose it while it connects.
    """
    everything = left = set(tasks)
    while left:
        for task in left:
            task.cancel()
        _, left = await asyncio.wait(left, timeout=0.2)
    await asyncio.gather(*everything, return_exceptions=True)
