"""Batching: one thread and one transaction for the rows of many requests.

A thread, a transaction and a statement cost about the same for one row as for fifty. An item that arrives while no
batch runs is processed at once. Items that arrive during a batch form the next batch.
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
"""The largest number of items in a batch."""


@dataclass(slots=True)
class _Queue(Generic[Item, Result]):
    """The items that wait, and the task that processes them."""

    waiting: list[tuple[Item, asyncio.Future[Result]]] = field(default_factory=list)
    task: asyncio.Task[None] | None = None


class BatchExecutor(Generic[Item, Result]):
    """Collects items into batches: ``await executor(item)`` returns the item's result, on any event loop.

    ``work`` gets a batch in a thread. It returns a result for each item, or the exception that the item's caller gets.
    An exception that ``work`` itself raises goes to all callers. Each kind of request has its own batches and threads
    (see ``executors.serving``). A queue exists only while items wait in it.
    """

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
            queue.task = asyncio.create_task(self._process(key, queue))
        return await result

    async def _process(self, key: tuple[asyncio.AbstractEventLoop, str], queue: _Queue[Item, Result]) -> None:
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
        except Exception as error:  # any error is passed to the callers
            results = [error] * len(batch)
        except asyncio.CancelledError:
            for _, result in batch:
                result.cancel()
            raise
        for (_, waiting), result_or_error in zip(batch, results, strict=True):
            if waiting.done():  # its caller was cancelled
                continue
            if isinstance(result_or_error, Exception):
                waiting.set_exception(result_or_error)
            else:
                waiting.set_result(result_or_error)


def one_by_one(
    work: Callable[[Item], Result], items: Sequence[Item], *, slow: Callable[[Exception], bool] = lambda error: False
) -> list[Result | Exception]:
    """Calls ``work`` for each item alone, so that one failure does not affect the other items.

    ``slow`` tells whether an error took long to occur. After the second slow error the remaining items are not tried:
    they get the same error.
    """
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
