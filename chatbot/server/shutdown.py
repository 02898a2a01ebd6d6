"""Stopping a server so that nobody loses anything: no new connections, what runs goes on for a while, the rest ends."""

import asyncio
import logging
import signal
from typing import TYPE_CHECKING

from chatbot.cluster import current
from chatbot.generation.registry import registry
from chatbot.generation.retry_queue import retry_queue

if TYPE_CHECKING:
    from chatbot.server.daphne import Server

logger = logging.getLogger(__name__)

LAST_CALL_SECONDS = 0.5
"""How long connections that were open before the signal may still ask for something new."""

LAST_SECONDS = 3.0
"""How long it may take, behind all streams, to write what is not written yet, and as long again to tell other processes
what is not told."""


async def let_go(server: "Server", seconds: float) -> None:
    """Ends the server's work in ``seconds`` at most, and a little more. Streams that are not over by then end without a
    terminal event, so that their clients come back, to another process. A second signal ends the patience."""
    server.stop_listening()
    registry().announce_end()
    goodbye = asyncio.create_task(server.say_goodbye())
    if seconds > 0:
        await _wait_for_streams(server, seconds)
    await registry().drain()
    await retry_queue().settle(LAST_SECONDS)
    await goodbye
    part = current.cluster()
    if part is not None:
        await asyncio.wait([asyncio.create_task(part.log.settle())], timeout=LAST_SECONDS)
    await current.leave()


async def _wait_for_streams(server: "Server", seconds: float) -> None:
    """Until no request is being answered and no answer written any more, a second signal comes, or the time is over. At
    first who asks is still answered: the connection was taken before the signal, and nobody else can be asked through
    it."""
    impatient = asyncio.create_task(_second_signal())
    last_call = min(seconds, LAST_CALL_SECONDS)
    await asyncio.wait({impatient}, timeout=last_call)
    registry().refuse()
    idle = asyncio.create_task(_idle(server))
    await asyncio.wait({impatient, idle}, timeout=seconds - last_call, return_when=asyncio.FIRST_COMPLETED)
    for task in (impatient, idle):
        task.cancel()


async def _idle(server: "Server") -> None:
    """In a cluster an answer without a request here may have subscribers at other processes, or subscribers who come
    back to those: WebSockets have been told to. A process alone is soon to start again."""
    await server.idle()
    if current.cluster() is not None:
        await registry().idle()


async def _second_signal() -> None:
    again = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):  # Twisted's own handlers have done their work
        signal.signal(number, lambda *_: loop.call_soon_threadsafe(again.set))
    await again.wait()
