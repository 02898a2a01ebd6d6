"""Limits how many calls of hosted models run at once, and how long further calls wait."""

import asyncio


class ModelSlots:
    """The slots of one event loop."""

    def __init__(self, count: int, *, queue_seconds: float) -> None:
        self._free = asyncio.Semaphore(count)
        self._queue_seconds = queue_seconds

    async def acquire(self) -> bool:
        """Takes a slot. Waits at most ``queue_seconds`` for one, and returns False if none became free."""
        if not self._free.locked():
            await self._free.acquire()
            return True
        try:
            async with asyncio.timeout(self._queue_seconds):
                await self._free.acquire()
        except TimeoutError:
            return False
        return True

    def release(self) -> None:
        self._free.release()
