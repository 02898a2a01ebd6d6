"""Answers one request of a connection with messages."""

import asyncio
import uuid
from collections.abc import AsyncGenerator
from contextlib import aclosing

from chatbot import service
from chatbot.api.envelope import as_application_error
from chatbot.errors import ApplicationError, FieldRequired, ShuttingDown
from chatbot.events.log import Cursor, Numbered, parse_cursor
from chatbot.events.types import TERMINAL, encode_event
from chatbot.resumption import NothingNew, Past
from chatbot.service import Limiter, Stream
from chatbot.websocket import messages
from chatbot.websocket.handshake import Client
from chatbot.websocket.messages import Question

ATTEMPTS = 3
"""How often the server opens a stream for one request. It opens another one when a stream ends without a terminal
event, because its generation was given up or erased. An SSE client would reconnect in this case."""


class NothingToResume(ApplicationError):
    def __init__(self) -> None:
        super().__init__(404, "이어 받을 답변이 없습니다. 다시 요청해 주세요.")


class Answer:
    """A request, and the state of its answer. Once ``settled`` is set, ``generation_id`` does not change any more."""

    def __init__(self, question: Question, *, client: Client, request_id: str | None, limiter: Limiter) -> None:
        self.generation_id: uuid.UUID | None = None
        self.settled = asyncio.Event()
        self._question = question
        self._client = client
        self._request_id = request_id
        self._limiter = limiter
        self._cursor = parse_cursor(question.last_event_id)
        self._ended = False

    async def messages(self) -> AsyncGenerator[str, None]:
        """All messages for the client. The last one ends the answer, or tells that there are no new events."""
        try:
            for _ in range(ATTEMPTS):
                async with aclosing(self._attempt()) as attempt:
                    async for message in attempt:
                        yield message
                if self._ended:
                    return
            yield messages.error_message(ShuttingDown(), request_id=self._request_id)
        except Exception as error:  # the client gets any error as a message, and the connection stays open
            yield messages.error_message(as_application_error(error), request_id=self._request_id)
        finally:
            self.settled.set()

    async def _attempt(self) -> AsyncGenerator[str, None]:
        match await self._open():
            case None:
                yield messages.plain_message(messages.RESET, request_id=self._request_id)
                raise NothingToResume
            case Stream() as stream:
                if stream.request is not None:
                    self._client.found_to_be(stream.request.proof.established)
                async with aclosing(stream.subscriptions()) as subscriptions:
                    async for subscription in subscriptions:
                        self._settle(subscription.generation_id)
                        if subscription.reset:
                            yield messages.plain_message(messages.RESET, request_id=self._request_id)
                        async for events in subscription:
                            for event in events:
                                yield self._message(event, subscription.generation_id)
            case Past(generation_id, number, event):
                yield self._message(Numbered(event.name, number, encode_event(event)), generation_id)
            case NothingNew():
                self._ended = True
                yield messages.plain_message(messages.UP_TO_DATE, request_id=self._request_id)

    async def _open(self) -> Stream | Past | NothingNew | None:
        """Opens the stream after the client's cursor, or a new generation; None when neither is possible."""
        try:
            return await service.open_stream(
                self._client.asks(self._question.request),
                cursor=self._cursor,
                token_format=self._question.token_format,
                limiter=self._limiter,
            )
        except FieldRequired:
            if self._question.request is not None:
                raise
            return None

    def _settle(self, generation_id: uuid.UUID) -> None:
        self.generation_id = generation_id
        self.settled.set()

    def _message(self, event: Numbered, generation_id: uuid.UUID) -> str:
        self._cursor = Cursor(generation_id, event.number)
        self._ended = event.name in TERMINAL
        return messages.event_message(event, generation_id, request_id=self._request_id)
