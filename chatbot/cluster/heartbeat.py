"""Which processes live: each says so twice a second, and is dead when it was not heard of for a while."""

import asyncio
import uuid

from chatbot.cluster.redis import Client, Unreachable

ME = uuid.uuid4().hex
"""This process, as others know it."""

BEAT_SECONDS = 0.5

ALIVE_SECONDS = 2.0
"""How long a sign of life counts. A process that is busy for longer may be taken for dead."""

MISSED_SECONDS = 1.5
"""How long Redis must have known no sign of life: when it was started anew, all need a moment to give one. Together
with ``ALIVE_SECONDS`` less than the five seconds after which a death is to be known."""


FORGOTTEN_SECONDS = 2.5
"""A process that was missed longer ago than this, and not asked for since, is missed anew."""


class Heartbeat:
    """The processes of the cluster, as one of them sees them."""

    def __init__(self, client: Client, me: str = ME) -> None:
        self.me = me
        self._client = client
        self._missed: dict[str, tuple[float, float]] = {}  # at first, and the last time

    def key(self, process: str) -> str:
        """The key that is there while the process lives."""
        return self._client.key("alive", process)

    async def beat(self) -> None:
        """Gives a sign of life; finds out whether Redis answers. Raises Unreachable."""
        milliseconds = round(ALIVE_SECONDS * 1000)
        await self._client.run(lambda redis: redis.set(self.key(self.me), 1, px=milliseconds), probe=True)

    async def leave(self) -> None:
        """Says that this process ends. Raises Unreachable."""
        await self._client.run(lambda redis: redis.delete(self.key(self.me)))

    async def dead(self, processes: set[str]) -> set[str]:
        """Those of the processes that are known to be dead; to be asked again and again. Raises Unreachable."""
        asked = sorted(processes - {self.me})
        if not asked:
            return set()
        try:
            signs = await self._client.run(lambda redis: redis.mget([self.key(process) for process in asked]))
        except Unreachable:
            self._missed.clear()  # nobody was seen to be missing meanwhile
            raise
        now = asyncio.get_running_loop().time()
        for process, sign in zip(asked, signs, strict=True):
            first, last = self._missed.pop(process, (now, now))
            if sign is None:  # nobody asked for long: it may have lived meanwhile
                self._missed[process] = (first if now - last <= FORGOTTEN_SECONDS else now, now)
        return {it for it in asked if it in self._missed and now - self._missed[it][0] >= MISSED_SECONDS}
