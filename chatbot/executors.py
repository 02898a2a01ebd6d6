"""Threads for work that would block the event loop. Each kind of work has separate threads, so that none delays
another.

Database work of many requests is done in batches: a thread, a transaction and a statement cost about the same for one
row as for fifty.

Our code does not use asyncio's default executor: all kinds of work would share it and wait for the slowest.
"""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import ContextVar, copy_context
from dataclasses import dataclass, field
from functools import partial
from threading import Barrier
from typing import Any, Generic, ParamSpec, TypeVar

from asgiref.sync import sync_to_async

from chatbot.errors import Busy

serving: ContextVar[str] = ContextVar("serving", default="")
"""The kind of request in this context, such as ``api``. Each kind has separate threads."""

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")
Item = TypeVar("Item")

MOST_OF_BATCH = 100
"""The largest number of items in a batch."""


class BoundedExecutor:
    """Runs at most ``threads`` calls at once, and lets at most ``waiting`` calls wait.

    ``start`` starts the threads. Otherwise a call starts them.
    """

    def __init__(self, name: str, *, threads: int, waiting: int) -> None:
        self.name = name
        self._number = threads
        self._most = threads + waiting
        self._calls: set[Future[Any]] = set()
        self._threads = ThreadPoolExecutor(max_workers=threads, thread_name_prefix=name)

    @property
    def full(self) -> bool:
        return len(self._calls) >= self._most

    def start(self) -> None:
        """Starts the threads now: on a busy machine, a later start can block the event loop."""
        all_run = Barrier(self._number + 1)
        for _ in range(self._number):
            self._threads.submit(all_run.wait)
        all_run.wait()

    async def run(
        self, function: Callable[Arguments, Result], *args: Arguments.args, **options: Arguments.kwargs
    ) -> Result:
        """Runs the function in a thread with the caller's context variables, and returns its result. Raises Busy."""
        return await asyncio.wrap_future(self.submit(function, *args, **options))

    def submit(
        self, function: Callable[Arguments, Result], *args: Arguments.args, **options: Arguments.kwargs
    ) -> "Future[Result]":
        """As ``run``, but returns a future at once."""
        if self.full:
            raise Busy
        future = self._threads.submit(copy_context().run, partial(function, *args, **options))
        self._calls.add(future)
        future.add_done_callback(self._calls.discard)
        return future


class CountingThread(ThreadPoolExecutor):
    """One thread that counts its running and waiting calls."""

    def __init__(self) -> None:
        super().__init__(max_workers=1, thread_name_prefix="leafresh")
        self.calls: set[Future[Any]] = set()

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> "Future[Any]":
        future = super().submit(fn, *args, **kwargs)
        self.calls.add(future)
        future.add_done_callback(self.calls.discard)
        return future


@dataclass(slots=True)
class _Queue(Generic[Item, Result]):
    """The items that wait, and the task that processes them."""

    waiting: list[tuple[Item, asyncio.Future[Result]]] = field(default_factory=list)
    task: asyncio.Task[None] | None = None


class BatchExecutor(Generic[Item, Result]):
    """Collects items into batches: ``await executor(item)`` returns the item's result, on any event loop.

    An item that arrives while no batch runs is processed at once. Items that arrive during a batch form the next batch.
    Each kind of request has its own batches and threads (see ``serving``). A queue exists only while items wait in it.
    """

    def __init__(self, work: Callable[[Sequence[Item]], Sequence[Result | Exception]]) -> None:
        self._work = work
        self._queues: dict[tuple[asyncio.AbstractEventLoop, str], _Queue[Item, Result]] = {}

    async def __call__(self, item: Item) -> Result:
        loop = asyncio.get_running_loop()
        key = (loop, serving.get())
        queue = self._queues.setdefault(key, _Queue())
        result: asyncio.Future[Result] = loop.create_future()
        queue.waiting.append((item, result))
        if queue.task is None:
            queue.task = asyncio.create_task(self._process(key, queue))
        return await result

    async def _process(self, key: tuple[asyncio.AbstractEventLoop, str], queue: _Queue[Item, Result]) -> None:
        try:
            while queue.waiting:
                batch, queue.waiting = queue.waiting[:MOST_OF_BATCH], queue.waiting[MOST_OF_BATCH:]
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


analyser = BoundedExecutor("analyser", threads=4, waiting=200)
"""Calls of the analyser process."""

rough = BoundedExecutor("rough", threads=2, waiting=200)
"""Analysing messages without the analyser process. Separate, because it must not wait for that process."""

index = BoundedExecutor("index", threads=1, waiting=50)
"""Building the search index of challenges and documents."""

repairs = BoundedExecutor("repairs", threads=1, waiting=50)
"""Repairing invalid JSON of a model."""

models = BoundedExecutor("models", threads=1, waiting=1000)
"""Importing the package of a model, which takes seconds the first time."""

_django = ThreadPoolExecutor(max_workers=1, thread_name_prefix="django")
"""The default executor of the event loop. Django's handler uses it for errors."""


def start() -> None:
    """Starts the threads for messages and titles, and Django's thread. Call it before an event loop runs."""
    for executor in (analyser, rough, index):
        executor.start()
    _django.submit(int).result()


def bound_default(loop: asyncio.AbstractEventLoop) -> None:
    """Gives the loop a default executor with one thread. Only for the server's loop, since a loop shuts it down."""
    loop.set_default_executor(_django)
