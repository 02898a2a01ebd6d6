"""Heartbeats tell which processes are alive. Only this module decides whether a process is dead."""

import asyncio
import uuid
from collections.abc import Collection
from typing import TYPE_CHECKING

from chatbot.cluster.redis import RedisClient, Unreachable

if TYPE_CHECKING:
    from redis.asyncio import Redis

THIS_PROCESS = uuid.uuid4().hex
"""This process's name in the cluster."""

BEAT_SECONDS = 0.5

ALIVE_SECONDS = 2.0
"""How long a heartbeat is valid. A process that is blocked for longer may be considered dead."""

MISSED_SECONDS = 1.5
"""How long the heartbeat must be missing before a process is dead. After a restart of Redis, all processes need a
moment to send one. Together with ``ALIVE_SECONDS`` this is less than five seconds, the bound for noticing a death."""

FORGOTTEN_SECONDS = 2.5
"""If no caller asks about a missing process for so long, ``MISSED_SECONDS`` start again for it."""


class Heartbeat:
    """Sends the heartbeats of this process, and reads those of the others."""

    def __init__(self, client: RedisClient, me: str = THIS_PROCESS) -> None:
        self.me = me
        self._client = client
        self._missed: dict[str, tuple[float, float]] = {}  # the first and the last time at which it was missing

    def key(self, process: str) -> str:
        """The Redis key that exists while the process lives."""
        return self._client.key("alive", process)

    async def beat(self) -> None:
        """Sends a heartbeat, which also tests whether Redis answers. Raises Unreachable."""
        milliseconds = round(ALIVE_SECONDS * 1000)
        await self._client.run(lambda redis: redis.set(self.key(self.me), 1, px=milliseconds), probe=True)

    async def leave(self) -> None:
        """Tells the others that this process ends. Raises Unreachable."""
        await self._client.run(lambda redis: redis.delete(self.key(self.me)))

    async def living(self) -> int:
        """The number of living processes. Only for operators, because Redis scans all its keys. Raises Unreachable."""
        return len(await self._client.run(self._living))

    async def _living(self, redis: "Redis") -> set[str]:
        return {key async for key in redis.scan_iter(match=self.key("*"), count=1000)}

    async def dead(self, processes: Collection[str]) -> set[str]:
        """Returns those of the processes that are dead. Raises Unreachable.

        The first call only records which heartbeats are missing, so a caller has to call it repeatedly.
        """
        asked = sorted({*processes} - {self.me})
        if not asked:
            return set()
        try:
            beats = await self._client.run(lambda redis: redis.mget([self.key(process) for process in asked]))
        except Unreachable:
            self._missed.clear()  # missing processes may have sent heartbeats since
            raise
        now = asyncio.get_running_loop().time()
        for process, beat in zip(asked, beats, strict=True):
            first, last = self._missed.pop(process, (now, now))
            if beat is None:
                self._missed[process] = (first if now - last <= FORGOTTEN_SECONDS else now, now)
        return {it for it in asked if it in self._missed and now - self._missed[it][0] >= MISSED_SECONDS}

    async def confirm_dead(self, processes: Collection[str]) -> set[str]:
        """As ``dead``, with one call: it asks Redis twice, ``MISSED_SECONDS`` apart. Raises Unreachable."""
        await self.dead(processes)
        await asyncio.sleep(MISSED_SECONDS)
        return await self.dead(processes)
