"""The threads that run Django's synchronous code, mostly the ORM.

asgiref gives each request its own thread until the response ends, and each thread keeps a database connection. So 150
open streams hold 150 threads and 150 connections. Here requests share a few threads. They are chosen before Django
would choose one.
"""

import contextlib
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from asgiref.sync import SyncToAsync, ThreadSensitiveContext
from django.db import DatabaseError, connection

from chatbot import executors
from chatbot.db.errors import give_back
from chatbot.errors import Busy
from chatbot.middleware import PREFIXES

LIVENESS = "/health/live"
ADMIN = "/admin/"

AsgiApplication = Callable[[Any, Any, Any], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Size:
    """The number of threads, and the number of calls that may wait for each thread."""

    threads: int
    waiting: int


SIZES = {"api": Size(10, 100), "pages": Size(3, 20), "admin": Size(3, 12), "life": Size(1, 1000)}
"""The threads for each kind of request. A call of the API takes a millisecond; one of the admin may take seconds."""


class SharedThreads:
    """ASGI middleware that runs the synchronous code of a request in the least busy of a fixed number of threads.

    The API, the pages, the admin (large imports, logins) and the liveness probe have separate threads, so that none
    delays another. The probe must be answered even if all other threads wait for a locked table. A WebSocket keeps its
    thread while it is open. Threads live as long as the process, since a generation uses them longer than its request.

    ``Busy.SCOPE_KEY`` in the scope is a function that tells whether all threads of the request's kind are full. If so,
    the middleware of the API or of the pages refuses the request.
    """

    def __init__(self, application: AsgiApplication) -> None:
        self.application = application
        self._kinds: dict[str, _Threads] = {}

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            await self.application(scope, receive, send)
            return
        self.start()
        kind = _kind_of(scope)
        threads = self._kinds[kind]
        # Not reset: an ASGI server runs each request in a separate task, and so in a separate context.
        SyncToAsync.thread_sensitive_context.set(threads.least_busy())
        executors.serving.set(kind)
        scope[Busy.SCOPE_KEY] = threads.is_full  # WebSockets call it with each message
        await self.application(scope, receive, send)

    def start(self) -> None:
        """Starts the threads if they do not run yet. ``serve`` calls this early, since it would block the event
        loop."""
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


class _Threads:
    """The threads of one kind. Each opens its database connection at once, so their number does not depend on load.

    ``idle`` threads open no connection.
    """

    def __init__(self, size: Size, *, idle: bool) -> None:
        self._most = size.waiting + 1
        self._threads: deque[tuple[ThreadSensitiveContext, executors.CountingThread]] = deque()
        for _ in range(size.threads):
            context, thread = ThreadSensitiveContext(), executors.CountingThread()
            if not idle:
                thread.submit(_open_database)
            SyncToAsync.context_to_thread_executor[context] = thread
            self._threads.append((context, thread))

    def least_busy(self) -> ThreadSensitiveContext:
        """The thread with the fewest calls; equally busy ones take turns."""
        self._threads.rotate(-1)
        return min(self._threads, key=lambda each: len(each[1].calls))[0]

    def is_full(self) -> bool:
        return all(len(thread.calls) >= self._most for _, thread in self._threads)


def _open_database() -> None:
    with contextlib.suppress(DatabaseError):  # the first request that uses the database will report the error
        connection.ensure_connection()
    give_back()
