"""Batching: one thread and one transaction for the rows of many requests.

A thread, a transaction and a statement cost about the same for one row as for fifty. A single item is worked on at
once; items that come meanwhile wait, and are the next batch.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from asgiref.sync import sync_to_async

from chatbot import executors

Item = TypeVar("Item")
Result = TypeVar("Result")

MOST = 100
"""Items of a batch at most."""


@dataclass(slots=True)
class _Queue(Generic[Item, Result]):
    """What waits, and the task that works on it."""

    waiting: list[tuple[Item, asyncio.Future[Result]]] = field(default_factory=list)
    task: asyncio.Task[None] | None = None


class BatchExecutor(Generic[Item, Result]):
    """``await executor(item)``, from any event loop: its result by ``work``, which gets a batch in a thread. It returns
    for each item a result, or the exception that is raised for it. What it raises itself is raised for all.

    Each kind of requests has batches of its own, in threads of its own: see ``executors.serving``. A queue exists only
    while something waits in it."""

    def __init__(self, work: Callable[[Sequence[Item]], Sequence[Result | Exception]]) -> None:
        self._work = work
        self._queues: dict[tuple[asyncio.AbstractEventLoop, str], _Queue[Item, Result]] = {}

    async def __call__(self, item: Item) -> Result:
        loop = asyncio.get_running_loop()
        key = (loop, executors.serving.get())
        queue = self._queues.setdefault(key, _Queue())
        result: asyncio.Future[Result] = loop.create_future()
        queue.waiting.append((item, result))
        if queue.task is None:
            queue.task = asyncio.create_task(self._work_off(key, queue))
        return await result

    async def _work_off(self, key: tuple[asyncio.AbstractEventLoop, str], queue: _Queue[Item, Result]) -> None:
        try:
            while queue.waiting:
                batch, queue.waiting = queue.waiting[:MOST], queue.waiting[MOST:]
                await self._do_batch(batch)
        finally:
            del self._queues[key]
            for _, result in queue.waiting:  # only when the loop is being closed
                result.cancel()

    async def _do_batch(self, batch: Sequence[tuple[Item, asyncio.Future[Result]]]) -> None:
        results: Sequence[Result | Exception]
        try:
            results = await sync_to_async(self._work)([item for item, _ in batch])
        except Exception as error:  # whatever it is, the callers get it
            results = [error] * len(batch)
        except asyncio.CancelledError:
            for _, result in batch:
                result.cancel()
            raise
        for (_, waiting), came_out in zip(batch, results, strict=True):
            if waiting.done():  # its caller was cancelled
                continue
            if isinstance(came_out, Exception):
                waiting.set_exception(came_out)
            else:
                waiting.set_result(came_out)


def one_by_one(
    work: Callable[[Item], Result], items: Sequence[Item], *, slow: Callable[[Exception], bool] = lambda error: False
) -> list[Result | Exception]:
    """Works on each item by itself, so that a failure is one item's own. An error that is ``slow`` takes long to come:
    after the second one the rest is not tried, and fails with it."""
    results: list[Result | Exception] = []
    waited = 0
    for number, item in enumerate(items):
        try:
            results.append(work(item))
        except Exception as error:  # raised for the caller of that item
            results.append(error)
            waited += slow(error)
            if waited == 2:
                return [*results, *[error] * (len(items) - number - 1)]
    return results
