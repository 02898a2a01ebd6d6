"""Calls between processes through the channel layer: to join, stop or leave a generation, and to erase generations.

A message may be lost: the layer drops messages beyond its capacity, and Redis may restart. So a caller waits for an
answer for a limited time.
"""

import asyncio
import contextlib
import logging
import uuid
from collections.abc import Awaitable, Callable, Iterator, Mapping
from typing import Any

from channels.layers import BaseChannelLayer

logger = logging.getLogger(__name__)

EVERYBODY = "leafresh"
"""The channel-layer group of all processes."""

ANSWER_SECONDS = 3.0
"""How long a caller waits for an answer."""

AGAIN_SECONDS = 0.5
"""The pause after a failure of the channel layer."""

RENEW_SECONDS = 2.0
"""The time between two renewals of the group membership."""

Handler = Callable[[dict[str, Any]], Awaitable[dict[str, Any]]]
"""Gets the arguments of a call, with the call's name in ``do``, and returns the answer."""


class NoAnswer(Exception):
    """The other process did not answer in time, or the message could not be sent."""


class Rpc:
    """Sends calls to other processes, and receives calls to this one."""

    def __init__(self, layer: BaseChannelLayer, me: str) -> None:
        self._layer = layer
        self._mine = _channel(me)
        self._waiting: dict[str, asyncio.Future[dict[str, Any]]] = {}
        self._handling: set[asyncio.Task[None]] = set()

    async def ask(self, process: str, **what: Any) -> dict[str, Any]:
        """Calls another process, and returns its answer. Raises NoAnswer."""
        with self._expecting() as (number, answer):
            message = {"type": "ask", "from": self._mine, "number": number, "what": what}
            try:
                async with asyncio.timeout(ANSWER_SECONDS):
                    await self._layer.send(_channel(process), message)
                    return await answer
            except Exception as error:  # whatever the layer raises
                raise NoAnswer(type(error).__name__) from error

    async def tell_all(self, **what: Any) -> None:
        """Sends a call to every process, also to this one. Raises NoAnswer when it could not be sent."""
        message = {"type": "ask", "from": "", "number": "", "what": what}
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                await self._layer.group_send(EVERYBODY, message)
        except Exception as error:  # whatever the layer raises
            raise NoAnswer(type(error).__name__) from error

    async def listen(self, handlers: Mapping[str, Handler]) -> None:
        """Handles calls from other processes until it is cancelled. Failures of the layer do not end it."""
        while True:
            try:
                self._take(await self._layer.receive(self._mine), handlers)
            except Exception as error:  # whatever the layer raises
                logger.debug("no messages from the channel layer: %s", type(error).__name__)
                await asyncio.sleep(AGAIN_SECONDS)

    async def belong(self) -> None:
        """Renews the group membership until it is cancelled, because a restart of Redis ends a membership."""
        while True:
            try:
                await self._layer.group_add(EVERYBODY, self._mine)
            except Exception as error:  # whatever the layer raises
                logger.debug("the group membership could not be renewed: %s", type(error).__name__)
            await asyncio.sleep(RENEW_SECONDS)

    async def leave(self) -> None:
        with contextlib.suppress(Exception):  # the membership expires by itself
            async with asyncio.timeout(AGAIN_SECONDS):
                await self._layer.group_discard(EVERYBODY, self._mine)

    @contextlib.contextmanager
    def _expecting(self) -> Iterator[tuple[str, asyncio.Future[dict[str, Any]]]]:
        number = uuid.uuid4().hex
        self._waiting[number] = asyncio.get_running_loop().create_future()
        try:
            yield number, self._waiting[number]
        finally:
            del self._waiting[number]

    def _take(self, message: dict[str, Any], handlers: Mapping[str, Handler]) -> None:
        if message["type"] == "ask":
            task = asyncio.create_task(self._answer(message, handlers.get(message["what"]["do"], _unknown)))
            self._handling.add(task)
            task.add_done_callback(self._handling.discard)
        elif (waiting := self._waiting.get(message["number"])) is not None and not waiting.done():
            waiting.set_result(message["what"])

    async def _answer(self, message: dict[str, Any], handler: Handler) -> None:
        try:
            answer = await handler(message["what"])
            if message["from"]:
                reply = {"type": "answer", "number": message["number"], "what": answer}
                await self._layer.send(message["from"], reply)
        except Exception:  # the task is not awaited
            logger.exception("a call from another process failed")


async def _unknown(what: dict[str, Any]) -> dict[str, Any]:
    return {"unknown": True}


def _channel(process: str) -> str:
    return f"leafresh.{process}"
