"""Limits how many calls of hosted models run at once, and how long further calls wait."""

import asyncio


class ModelSlots:
    """The slots of one event loop: how many are ``busy``, how many calls are ``waiting``."""

    def __init__(self, count: int, *, queue_seconds: float) -> None:
        self.busy = 0
        self.waiting = 0
        self._free = asyncio.Semaphore(count)
        self._queue_seconds = queue_seconds

    async def acquire(self) -> bool:
        """Takes a slot. Waits at most ``queue_seconds`` for one, and returns False if none became free."""
        self.waiting += 1
        try:
            async with asyncio.timeout(self._queue_seconds if self._free.locked() else None):
                await self._free.acquire()
        except TimeoutError:
            return False
        finally:
            self.waiting -= 1
        self.busy += 1
        return True

    def release(self) -> None:
        self.busy -= 1
        self._free.release()
