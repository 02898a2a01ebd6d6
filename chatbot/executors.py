"""Threads for work that would block the event loop. Each kind of work has its own, so that none delays another.

asyncio's default executor would be shared by all, who would wait for the slowest: nothing of ours uses it.
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
"""The kind of requests that this context works for: each kind has its own threads."""

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")


class BoundedExecutor:
    """Runs at most ``threads`` calls at once, and lets at most ``waiting`` calls wait.

    The threads start with ``start``, or when a call needs them.
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
        """Starts the threads now, because starting one later can block the event loop of a busy machine."""
        all_run = Barrier(self._number + 1)
        for _ in range(self._number):
            self._threads.submit(all_run.wait)
        all_run.wait()

    async def run(
        self, function: Callable[Arguments, Result], *args: Arguments.args, **options: Arguments.kwargs
    ) -> Result:
        """The function's result, from a thread in this call's context. Raises Busy when the executor is full."""
        return await asyncio.wrap_future(self.submit(function, *args, **options))

    def submit(
        self, function: Callable[Arguments, Result], *args: Arguments.args, **options: Arguments.kwargs
    ) -> "Future[Result]":
        """The same as a future."""
        if self.full:
            raise Busy
        future = self._threads.submit(copy_context().run, partial(function, *args, **options))
        self._calls.add(future)
        future.add_done_callback(self._calls.discard)
        return future


analyser = BoundedExecutor("analyser", threads=4, waiting=200)
"""Calls of the analyser's process."""

rough = BoundedExecutor("rough", threads=2, waiting=200)
"""Understanding messages without the analyser, which must not wait for it."""

index = BoundedExecutor("index", threads=1, waiting=50)
"""Building the index of challenges and documents."""

repairs = BoundedExecutor("repairs", threads=1, waiting=50)
"""Repairing a model's broken JSON."""

models = BoundedExecutor("models", threads=1, waiting=1000)
"""Importing a model's package, which takes seconds, once."""

_django = ThreadPoolExecutor(max_workers=1, thread_name_prefix="django")
"""The event loop's default executor. Django uses it when an error reaches its handler."""


def start() -> None:
    """Starts the threads that messages and titles need, and Django's, before an event loop runs."""
    for executor in (analyser, rough, index):
        executor.start()
    _django.submit(int).result()


def bound_default(loop: asyncio.AbstractEventLoop) -> None:
    """Gives the loop a default executor of one thread. For the server's loop alone: a loop shuts it down."""
    loop.set_default_executor(_django)
