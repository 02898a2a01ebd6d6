"""Threads for work that would hold the event loop, apart by what it is: what waits of one kind delays no other.

asyncio's default executor is used for nothing: whatever shares it waits for the slowest.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import ContextVar, copy_context
from functools import partial
from threading import Barrier
from typing import Any, ParamSpec, TypeVar

from chatbot.errors import Busy

serving: ContextVar[str] = ContextVar("serving", default="")
"""Which kind of requests the work of this context belongs to: each kind has threads of its own."""

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")


class BoundedExecutor:
    """At most ``threads`` run at once, and at most ``waiting`` calls wait for one of them. The threads are started by
    ``start``, or when they are needed. Calls come from event loops, which only read and write its number of calls."""

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
        """Starts the threads now. Starting one waits until it runs, which holds an event loop on a busy machine."""
        all_run = Barrier(self._number + 1)
        for _ in range(self._number):
            self._threads.submit(all_run.wait)
        all_run.wait()

    async def run(
        self, function: Callable[Arguments, Result], *args: Arguments.args, **options: Arguments.kwargs
    ) -> Result:
        """The function's result, from a thread, in this call's context. Raises Busy when it is full."""
        return await asyncio.wrap_future(self.submit(function, *args, **options))

    def submit(
        self, function: Callable[Arguments, Result], *args: Arguments.args, **options: Arguments.kwargs
    ) -> "Future[Result]":
        """The same, without waiting."""
        if self.full:
            raise Busy
        future = self._threads.submit(copy_context().run, partial(function, *args, **options))
        self._calls.add(future)
        future.add_done_callback(self._calls.discard)
        return future


analyser = BoundedExecutor("analyser", threads=4, waiting=200)
"""What asks the analyser's process, and waits for it."""

rough = BoundedExecutor("rough", threads=2, waiting=200)
"""What is said about messages without the analyser: never delayed by what waits for it."""

index = BoundedExecutor("index", threads=1, waiting=50)
"""Making the index of challenges and documents: one at a time."""

repairs = BoundedExecutor("repairs", threads=1, waiting=50)
"""Mending what a model meant as JSON."""

models = BoundedExecutor("models", threads=1, waiting=1000)
"""Importing a model's package: seconds, once."""


_django = ThreadPoolExecutor(max_workers=1, thread_name_prefix="django")
"""The event loop's default executor. Nothing of ours uses it; Django does, when an error reaches its handler."""


def start() -> None:
    """Starts the threads of what messages and titles need, and Django's, before an event loop runs."""
    for executor in (analyser, rough, index):
        executor.start()
    _django.submit(int).result()


def bound_default(loop: asyncio.AbstractEventLoop) -> None:
    """Gives the loop's default executor one thread. The loop must be the one that runs: another would close it."""
    loop.set_default_executor(_django)
