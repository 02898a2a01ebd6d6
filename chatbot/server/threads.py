"""Which threads Django's synchronous code (the ORM above all) runs in.

asgiref gives every request a thread of its own and pins it, with the database handle it opened, for as long as the
response streams: 150 open streams hold 150 threads and 150 handles. Here requests share a few, chosen before Django
would choose.
"""

import contextlib
from collections import deque
from collections.abc import Awaitable, Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from asgiref.sync import SyncToAsync, ThreadSensitiveContext
from django.db import DatabaseError, connection

from chatbot import executors
from chatbot.api.middleware import PREFIXES
from chatbot.db.errors import give_back
from chatbot.errors import Busy

LIVENESS = "/health/live"
ADMIN = "/admin/"

AsgiApplication = Callable[[Any, Any, Any], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Size:
    """So many threads, and for each so many calls that may wait for it."""

    threads: int
    waiting: int


SIZES = {"api": Size(10, 100), "pages": Size(3, 20), "admin": Size(3, 12), "life": Size(1, 1000)}
"""By what is asked for. The API's calls take a millisecond, the admin's may take seconds."""


class SharedThreads:
    """ASGI middleware that runs each request's synchronous code in one of a fixed number of threads, the one with the
    least to do; a WebSocket's, for as long as it is open, in the same one.

    The API, the pages, the admin (an import of many rows, a dozen logins) and the question whether the process lives,
    which must be answered when all others wait for a locked table, have threads of their own: none delays another.
    ``Busy.SCOPE_KEY`` leads to a function that tells whether all of a request's threads are full: the middleware then
    refuses it. The threads live as long as the process: work that outlives its request, such as a generation, keeps
    using them.
    """

    def __init__(self, application: AsgiApplication) -> None:
        self.application = application
        self._kinds: dict[str, _Threads] = {}

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.start()
        kind = _kind_of(scope)
        threads = self._kinds[kind]
        # Set but never reset: an ASGI server runs each request in a task, hence in a context, of its own.
        SyncToAsync.thread_sensitive_context.set(threads.least_busy())
        executors.serving.set(kind)
        scope[Busy.SCOPE_KEY] = threads.is_full  # a WebSocket's is asked with each of its messages
        await self.application(scope, receive, send)

    def start(self) -> None:
        """Starts the threads, if they are not yet: with the first request, so that nothing is opened at import, or
        before the event loop runs, which each start of a thread would hold on a busy machine."""
        if not self._kinds:
            self._kinds = {kind: _Threads(size, idle=kind == "life") for kind, size in SIZES.items()}


def _kind_of(scope: Any) -> str:
    if scope["type"] == "websocket":
        return "api"
    path: str = scope["path"]
    if path == LIVENESS:
        return "life"
    if path.startswith(PREFIXES):
        return "api"
    return "admin" if path.startswith(ADMIN) else "pages"


class _Thread(ThreadPoolExecutor):
    """One thread that knows which calls wait for it, or are running."""

    def __init__(self) -> None:
        super().__init__(max_workers=1, thread_name_prefix="leafresh")
        self.calls: set[Future[Any]] = set()

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> "Future[Any]":
        future = super().submit(fn, *args, **kwargs)
        self.calls.add(future)
        future.add_done_callback(self.calls.discard)
        return future


class _Threads:
    """Threads of one kind, whose database handles are opened now, so that their number does not depend on the load;
    without handles when they are to be ``idle``."""

    def __init__(self, size: Size, *, idle: bool) -> None:
        self._most = size.waiting + 1
        self._threads: deque[tuple[ThreadSensitiveContext, _Thread]] = deque()
        for _ in range(size.threads):
            context, thread = ThreadSensitiveContext(), _Thread()
            if not idle:
                thread.submit(_open_database)
            SyncToAsync.context_to_thread_executor[context] = thread
            self._threads.append((context, thread))

    def least_busy(self) -> ThreadSensitiveContext:
        """Each in its turn, where several have as little to do."""
        self._threads.rotate(-1)
        return min(self._threads, key=lambda each: len(each[1].calls))[0]

    def is_full(self) -> bool:
        return all(len(thread.calls) >= self._most for _, thread in self._threads)


def _open_database() -> None:
    with contextlib.suppress(DatabaseError):  # the first request that needs it will say so
        connection.ensure_connection()
    give_back()
