"""Graceful shutdown: refuses new connections, lets running streams continue for a while, then ends and stores them."""

import asyncio
import logging
import signal
from collections.abc import Awaitable
from typing import TYPE_CHECKING

from chatbot.runtime import runtime

if TYPE_CHECKING:
    from chatbot.server.daphne import Server

logger = logging.getLogger(__name__)

LAST_CALL_SECONDS = 0.5
"""How long connections that were open before the signal may still send new requests."""

LAST_SECONDS = 3.0
"""The time limit for writing rows after all streams have ended. Copying events to Redis gets the same limit."""


async def shut_down(server: "Server", seconds: float) -> None:
    """Ends the server's work. Streams may continue for ``seconds``.

    Then the remaining streams end without a terminal event, so that their clients reconnect to another process. A
    second signal ends the wait.
    """
    now = runtime()
    server.stop_listening()
    now.registry.announce_end()
    closing = asyncio.create_task(server.close_websockets())
    if seconds > 0:
        await _wait_for_streams(server, seconds)
    await end_work(closing)


async def end_work(closing: Awaitable[None] | None = None) -> None:
    """Ends generations, writes their rows, awaits ``closing``, and closes what lives as long as the server."""
    now = runtime()
    now.registry.announce_end()
    await now.registry.drain()
    await now.retry_queue.settle(LAST_SECONDS)
    if closing is not None:
        await closing
    if now.cluster is not None:
        await asyncio.wait([asyncio.create_task(now.cluster.replication.settle())], timeout=LAST_SECONDS)
    await now.close()


async def _wait_for_streams(server: "Server", seconds: float) -> None:
    """Waits until no request and no generation runs, a second signal arrives, or the time is over.

    For LAST_CALL_SECONDS new requests are still answered: their connections are older than the signal, so no other
    process can get them.
    """
    impatient = asyncio.create_task(_second_signal())
    last_call = min(seconds, LAST_CALL_SECONDS)
    await asyncio.wait({impatient}, timeout=last_call)
    runtime().registry.refuse()
    idle = asyncio.create_task(_idle(server))
    await asyncio.wait({impatient, idle}, timeout=seconds - last_call, return_when=asyncio.FIRST_COMPLETED)
    for task in (impatient, idle):
        task.cancel()


async def _idle(server: "Server") -> None:
    """Waits until no request runs, and in a cluster until no generation runs either.

    In a cluster, a generation may have subscribers at other processes, or get them: WebSocket clients reconnect there.
    A single process does not wait for these clients, because it will soon start again.
    """
    await server.idle()
    if runtime().cluster is not None:
        await runtime().registry.idle()


async def _second_signal() -> None:
    again = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):  # replaces Twisted's handlers, which are no longer needed
        signal.signal(number, lambda *_: loop.call_soon_threadsafe(again.set))
    await again.wait()
