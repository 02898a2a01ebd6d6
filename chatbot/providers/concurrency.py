"""How many calls to hosted models may run at once, and how long a further one waits."""

import asyncio
from weakref import WeakKeyDictionary

from django.conf import settings

_slots: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Semaphore] = WeakKeyDictionary()


def _semaphore() -> asyncio.Semaphore:
    """The running loop's; a server has one loop."""
    loop = asyncio.get_running_loop()
    if loop not in _slots:
        _slots[loop] = asyncio.Semaphore(settings.LEAFRESH_MODEL_CONCURRENCY)
    return _slots[loop]


async def acquire() -> bool:
    """Takes a slot, waiting for it LEAFRESH_MODEL_QUEUE_SECONDS at most; whether there was one."""
    semaphore = _semaphore()
    if not semaphore.locked():
        await semaphore.acquire()
        return True
    try:
        async with asyncio.timeout(settings.LEAFRESH_MODEL_QUEUE_SECONDS):
            await semaphore.acquire()
    except TimeoutError:
        return False
    return True


def release() -> None:
    _semaphore().release()
