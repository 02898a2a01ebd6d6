"""What one process asks of another, through the channel layer: to stop a generation, to forget some.

A message may be lost (the layer drops what is beyond its capacity, and Redis may begin anew), so whoever asks waits for
an answer, and gives up after a while.
"""

import asyncio
import contextlib
import logging
import uuid
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

from channels.layers import BaseChannelLayer

logger = logging.getLogger(__name__)

EVERYBODY = "leafresh"
"""The group of all processes."""

ANSWER_SECONDS = 3.0
"""How long one waits for an answer."""

AGAIN_SECONDS = 0.5
"""After a failure of the channel layer."""

RENEW_SECONDS = 2.0
"""Between renewals of the membership."""

Handler = Callable[[dict[str, Any]], Awaitable[dict[str, Any]]]


class NoAnswer(Exception):
    """The other process did not answer in time, or could not be asked."""


class Rpc:
    """The messages of one process. ``handle`` gets what is asked, a dictionary, and gives the answer."""

    def __init__(self, layer: BaseChannelLayer, me: str, handle: Handler) -> None:
        self._layer = layer
        self._mine = _channel(me)
        self._handle = handle
        self._waiting: dict[str, asyncio.Future[dict[str, Any]]] = {}
        self._handling: set[asyncio.Task[None]] = set()

    async def ask(self, process: str, **what: Any) -> dict[str, Any]:
        """Another process's answer. Raises NoAnswer."""
        with self._expecting() as (number, answer):
            message = {"type": "ask", "from": self._mine, "number": number, "what": what}
            try:
                async with asyncio.timeout(ANSWER_SECONDS):
                    await self._layer.send(_channel(process), message)
                    return await answer
            except Exception as error:  # whatever the layer raises
                raise NoAnswer(type(error).__name__) from error

    async def tell_all(self, **what: Any) -> None:
        """Tells every process, this one too. Raises NoAnswer when that was not possible."""
        message = {"type": "ask", "from": "", "number": "", "what": what}
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                await self._layer.group_send(EVERYBODY, message)
        except Exception as error:  # whatever the layer raises
            raise NoAnswer(type(error).__name__) from error

    async def listen(self) -> None:
        """Handles what others say until cancelled, whatever happens to the layer."""
        while True:
            try:
                self._take(await self._layer.receive(self._mine))
            except Exception as error:  # whatever the layer raises
                logger.debug("the channel layer is not heard: %s", type(error).__name__)
                await asyncio.sleep(AGAIN_SECONDS)

    async def belong(self) -> None:
        """Renews the membership of the group, which is gone when Redis began anew, until cancelled."""
        while True:
            try:
                await self._layer.group_add(EVERYBODY, self._mine)
            except Exception as error:  # whatever the layer raises
                logger.debug("the channel layer takes no members: %s", type(error).__name__)
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

    def _take(self, message: dict[str, Any]) -> None:
        if message["type"] == "ask":
            task = asyncio.create_task(self._answer(message))
            self._handling.add(task)
            task.add_done_callback(self._handling.discard)
        elif (waiting := self._waiting.get(message["number"])) is not None and not waiting.done():
            waiting.set_result(message["what"])

    async def _answer(self, message: dict[str, Any]) -> None:
        try:
            answer = await self._handle(message["what"])
            if message["from"]:
                reply = {"type": "answer", "number": message["number"], "what": answer}
                await self._layer.send(message["from"], reply)
        except Exception:  # nobody awaits this task
            logger.exception("a message of another process could not be answered")


def _channel(process: str) -> str:
    return f"leafresh.{process}"
