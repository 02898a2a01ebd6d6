"""Doing together what waits at the same moment: one thread and one transaction for the rows of many requests.

A thread, a transaction and a statement cost about the same for one row as for fifty. Alone, a job is done at once;
while one is being done, those that come wait, and are then done together.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar
from weakref import WeakKeyDictionary

from asgiref.sync import sync_to_async

from chatbot import executors

Job = TypeVar("Job")
Result = TypeVar("Result")

MOST = 100
"""Jobs that are done together at most."""


@dataclass(slots=True)
class _Queue(Generic[Job, Result]):
    """What waits in one event loop, for one kind of requests: their threads do the work."""

    waiting: list[tuple[Job, asyncio.Future[Result]]] = field(default_factory=list)
    task: asyncio.Task[None] | None = None


class BatchExecutor(Generic[Job, Result]):
    """``await together(job)``, from any event loop: its result by ``work``, which gets several jobs at a time in a
    thread and gives for each a result or the exception that is raised for it. What ``work`` itself raises is raised for
    all."""

    def __init__(self, work: Callable[[Sequence[Job]], Sequence[Result | Exception]]) -> None:
        self._work = work
        self._loops: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[str, _Queue[Job, Result]]] = WeakKeyDictionary()

    async def __call__(self, job: Job) -> Result:
        loop = asyncio.get_running_loop()
        queue = self._loops.setdefault(loop, {}).setdefault(executors.serving.get(), _Queue())
        result: asyncio.Future[Result] = loop.create_future()
        queue.waiting.append((job, result))
        if queue.task is None:
            queue.task = asyncio.create_task(self._do(queue))
        return await result

    async def _do(self, queue: _Queue[Job, Result]) -> None:
        try:
            while queue.waiting:
                batch, queue.waiting = queue.waiting[:MOST], queue.waiting[MOST:]
                await self._do_batch(batch)
        finally:
            queue.task = None
            for _, result in queue.waiting:  # only when the loop is being closed
                result.cancel()

    async def _do_batch(self, batch: Sequence[tuple[Job, asyncio.Future[Result]]]) -> None:
        results: Sequence[Result | Exception]
        try:
            results = await sync_to_async(self._work)([job for job, _ in batch])
        except Exception as error:  # whatever it is, it is for those who wait
            results = [error] * len(batch)
        except asyncio.CancelledError:
            for _, result in batch:
                result.cancel()
            raise
        for (_, waiting), came_out in zip(batch, results, strict=True):
            if waiting.done():  # whoever asked has gone
                continue
            if isinstance(came_out, Exception):
                waiting.set_exception(came_out)
            else:
                waiting.set_result(came_out)


def one_by_one(
    work: Callable[[Job], Result], jobs: Sequence[Job], *, slow: Callable[[Exception], bool] = lambda error: False
) -> list[Result | Exception]:
    """Does each job by itself: what fails fails alone. An error that is ``slow`` to come may be one job's own; behind
    the second one the rest is not tried, and fails with it."""
    results: list[Result | Exception] = []
    waited = 0
    for number, job in enumerate(jobs):
        try:
            results.append(work(job))
        except Exception as error:  # raised for the one whose job it was
            results.append(error)
            waited += slow(error)
            if waited == 2:
                return [*results, *[error] * (len(jobs) - number - 1)]
    return results
