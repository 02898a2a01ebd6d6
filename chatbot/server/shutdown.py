"""Graceful shutdown: no new connections, running streams go on for a while, the rest ends and is written."""

import asyncio
import logging
import signal
from typing import TYPE_CHECKING

from chatbot.runtime import runtime

if TYPE_CHECKING:
    from chatbot.server.daphne import Server

logger = logging.getLogger(__name__)

LAST_CALL_SECONDS = 0.5
"""How long connections that were open before the signal may still make new requests."""

LAST_SECONDS = 3.0
"""How long it may take, after all streams, to write rows, and as long again to copy events for other processes."""


async def shut_down(server: "Server", seconds: float) -> None:
    """Ends the server's work in ``seconds`` at most, and a little more. Streams that are not over by then end without a
    terminal event, so that their clients reconnect to another process. A second signal ends the wait."""
    now = runtime()
    server.stop_listening()
    now.registry.announce_end()
    goodbye = asyncio.create_task(server.say_goodbye())
    if seconds > 0:
        await _wait_for_streams(server, seconds)
    await now.registry.drain()
    await now.retry_queue.settle(LAST_SECONDS)
    await goodbye
    if now.cluster is not None:
        await asyncio.wait([asyncio.create_task(now.cluster.replication.settle())], timeout=LAST_SECONDS)
    await now.close()


async def _wait_for_streams(server: "Server", seconds: float) -> None:
    """Until no request and no generation runs any more, a second signal comes, or the time is over. At first new
    requests are still answered: their connections are older than the signal, and lead to no other process."""
    impatient = asyncio.create_task(_second_signal())
    last_call = min(seconds, LAST_CALL_SECONDS)
    await asyncio.wait({impatient}, timeout=last_call)
    runtime().registry.refuse()
    idle = asyncio.create_task(_idle(server))
    await asyncio.wait({impatient, idle}, timeout=seconds - last_call, return_when=asyncio.FIRST_COMPLETED)
    for task in (impatient, idle):
        task.cancel()


async def _idle(server: "Server") -> None:
    """In a cluster a generation without a request here may have subscribers at other processes, or get them: WebSocket
    clients have been told to reconnect. A process alone does not wait for those: it is soon to start again."""
    await server.idle()
    if runtime().cluster is not None:
        await runtime().registry.idle()


async def _second_signal() -> None:
    again = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):  # Twisted's own handlers have done their work
        signal.signal(number, lambda *_: loop.call_soon_threadsafe(again.set))
    await again.wait()
