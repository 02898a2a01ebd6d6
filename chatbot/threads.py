"""Which threads Django's synchronous code (the ORM above all) runs in.

asgiref gives every request a thread of its own and pins it, with the database handle it opened, for as long as the
response streams: 150 open streams hold 150 threads and 150 handles. Here requests share a few, chosen before Django
would choose.
"""

import contextlib
import itertools
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from asgiref.sync import SyncToAsync, ThreadSensitiveContext
from django.db import DatabaseError, connection

from chatbot.api.middleware import PREFIXES
from chatbot.connections import give_back

LIVENESS = "/health/live"

AsgiApplication = Callable[[Any, Any, Any], Awaitable[None]]


class SharedThreads:
    """ASGI middleware that runs each request's synchronous code in one of a fixed number of threads; a WebSocket's, for
    as long as it is open, in the same one.

    The API has threads of its own, so that a slow admin page (an import of many rows) never delays a stream; so has the
    question whether the process lives, which must be answered when all others wait for a locked table. The threads live
    as long as the process: work that outlives its request, such as a generation, keeps using them.
    """

    def __init__(self, application: AsgiApplication, *, api_threads: int = 10, page_threads: int = 4) -> None:
        self.application = application
        self._sizes = (api_threads, page_threads)
        self._pools: dict[str, Iterator[ThreadSensitiveContext]] = {}

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if not self._pools:  # with the first request, so that nothing is opened at import
            api_threads, page_threads = self._sizes
            self._pools = {
                "api": _threads(api_threads),
                "pages": _threads(page_threads),
                "life": _threads(1, idle=True),
            }
        # Set but never reset: an ASGI server runs each request in a task, hence in a context, of its own.
        SyncToAsync.thread_sensitive_context.set(next(self._pools[_pool_for(scope)]))
        await self.application(scope, receive, send)


def _pool_for(scope: Any) -> str:
    if scope["type"] == "websocket":
        return "api"
    if scope["path"] == LIVENESS:
        return "life"
    return "api" if scope["path"].startswith(PREFIXES) else "pages"


def _threads(count: int, *, idle: bool = False) -> Iterator[ThreadSensitiveContext]:
    """Contexts in turns, whose threads and database handles are opened now, so that their number does not depend on the
    load; without handles when they are to be ``idle``."""
    contexts = []
    for _ in range(count):
        context = ThreadSensitiveContext()
        executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix="leafresh")
        if not idle:
            executor.submit(_open_database)
        SyncToAsync.context_to_thread_executor[context] = executor
        contexts.append(context)
    return itertools.cycle(contexts)


def _open_database() -> None:
    with contextlib.suppress(DatabaseError):  # the first request that needs it will say so
        connection.ensure_connection()
    give_back()
