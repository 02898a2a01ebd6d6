"""The threads in which Django's synchronous code runs, above all the ORM.

asgiref gives each request a thread, which keeps its database handle, until the response ends: 150 open streams hold 150
threads and 150 handles. Here requests share a few threads, chosen before Django would choose.
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
    """The number of threads, and of calls that may wait for each of them."""

    threads: int
    waiting: int


SIZES = {"api": Size(10, 100), "pages": Size(3, 20), "admin": Size(3, 12), "life": Size(1, 1000)}
"""By kind of request. The API's calls take a millisecond, the admin's may take seconds."""


class SharedThreads:
    """ASGI middleware that runs a request's synchronous code in the least busy of a fixed number of threads.

    A WebSocket keeps its thread while it is open. The API, the pages, the admin (large imports, logins) and the
    liveness probe have separate threads, so that none delays another. The probe must be answered when all others wait
    for a locked table. The scope's ``Busy.SCOPE_KEY`` is a function that says whether all threads of the request's kind
    are full. Then the middleware of the API or of the pages refuses it. Threads live as long as the process, since a
    generation uses them longer than its request does.
    """

    def __init__(self, application: AsgiApplication) -> None:
        self.application = application
        self._kinds: dict[str, _Threads] = {}

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.start()
        kind = _kind_of(scope)
        threads = self._kinds[kind]
        # Not reset: an ASGI server runs each request in another task, and so in another context.
        SyncToAsync.thread_sensitive_context.set(threads.least_busy())
        executors.serving.set(kind)
        scope[Busy.SCOPE_KEY] = threads.is_full  # WebSockets call it with each message
        await self.application(scope, receive, send)

    def start(self) -> None:
        """Starts the threads unless they run. A start would block an event loop, so ``serve`` calls this before."""
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
    """One thread that knows its running and waiting calls."""

    def __init__(self) -> None:
        super().__init__(max_workers=1, thread_name_prefix="leafresh")
        self.calls: set[Future[Any]] = set()

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> "Future[Any]":
        future = super().submit(fn, *args, **kwargs)
        self.calls.add(future)
        future.add_done_callback(self.calls.discard)
        return future


class _Threads:
    """Threads of one kind. Each opens its database handle now, so that the number of handles does not depend on load.

    ``idle`` threads open none.
    """

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
        """The thread with the fewest calls; equally busy ones take turns."""
        self._threads.rotate(-1)
        return min(self._threads, key=lambda each: len(each[1].calls))[0]

    def is_full(self) -> bool:
        return all(len(thread.calls) >= self._most for _, thread in self._threads)


def _open_database() -> None:
    with contextlib.suppress(DatabaseError):  # the first request that needs the database will report it
        connection.ensure_connection()
    give_back()
