"""Threads for work that would block the event loop. Each kind of work has separate threads, so that none delays
another.

Our code does not use asyncio's default executor: all kinds of work would share it and wait for the slowest.
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
"""The kind of request in this context, such as ``api``. Each kind has separate threads."""

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")


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
