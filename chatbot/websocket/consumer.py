"""A WebSocket connection: one session, its requests answered one after the other."""

import asyncio
import uuid
from collections import deque
from contextlib import aclosing
from typing import Any

from channels.consumer import AsyncConsumer, get_handler_name
from channels.db import aclose_old_connections

from chatbot.api.envelope import as_application_error
from chatbot.api.throttling import Admission, admit_reading
from chatbot.errors import ApplicationError, Busy, MalformedSessionId
from chatbot.generation import cancellation
from chatbot.generation.owners import check_resuming
from chatbot.websocket import close_codes, messages
from chatbot.websocket.answer import Answer
from chatbot.websocket.handshake import Client
from chatbot.websocket.messages import Question, Stop

PATH = "/ws/chatbot/"
"""What stands before the session's id."""

MAX_WAITING = 8
"""Requests that wait for their turn behind the one that is answered. A person asks the next one after an answer."""


class TooManyWaiting(ApplicationError):
    def __init__(self) -> None:
        super().__init__(429, "대기 중인 요청이 너무 많습니다. 앞의 답변이 끝난 뒤에 다시 보내 주세요.", retry_after=1)


class ConversationConsumer(AsyncConsumer):  # type: ignore[misc]  # channels ships no types
    """Reads what the client sends at any time; a task of its own answers. Who goes away no longer listens, and what
    nobody listens to ends after the grace period."""

    def __init__(self) -> None:
        self._client: Client | None = None
        self._asked: deque[Answer] = deque()  # the first one is being answered
        self._asked_more = asyncio.Event()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Lives as long as the connection.

        Channels' own loop also listens to the channel layer, which no connection needs;
        it looks at the database's handles before each message, which few need; and it takes a task for each message,
        so that a client is easily faster.
        """
        self.scope, self.base_send = scope, send
        async with asyncio.TaskGroup() as tasks:
            answering = tasks.create_task(self._answer())
            while (message := await receive())["type"] != "websocket.disconnect":
                await getattr(self, get_handler_name(message))(message)
            answering.cancel()

    async def websocket_connect(self, message: dict[str, Any]) -> None:
        path: str = self.scope["path"]  # decoded by the server, once
        if not path.startswith(PATH):
            await self.send({"type": "websocket.close"})
            return
        await self.send({"type": "websocket.accept"})
        try:
            self._client = Client(self.scope, path.removeprefix(PATH))
        except MalformedSessionId as error:  # after the handshake: of a refused one a browser learns nothing
            await self.send({"type": "websocket.close", "code": close_codes.MALFORMED_SESSION, "reason": error.message})

    async def websocket_receive(self, message: dict[str, Any]) -> None:
        if self._client is None:  # the connection is being closed
            return
        request_id = None
        try:
            fields = messages.read_object(message.get("text"))
            request_id = messages.read_request_id(fields)
            self._client.show(messages.read_session_token(fields))
            match messages.read_command(fields, session_id=self._client.session_id):
                case Question() as question:
                    self._enqueue(question, self._client, request_id)
                case Stop(generation_id):
                    stopped = await self._stop(self._client, generation_id)
                    await self._tell(messages.stop_message(stopped, request_id=request_id))
        except Exception as error:  # whatever it is, the client is told, and the connection stays
            await self._tell(messages.error_message(as_application_error(error), request_id=request_id))

    def _enqueue(self, question: Question, client: Client, request_id: str | None) -> None:
        if len(self._asked) > MAX_WAITING:
            raise TooManyWaiting
        is_full = self.scope.get(Busy.SCOPE_KEY)
        if is_full is not None and is_full():
            raise Busy
        admit = Admission(client.request)
        self._asked.append(Answer(question, client=client, request_id=request_id, admit=admit))
        self._asked_more.set()

    async def _answer(self) -> None:
        """Answers what was asked, in order."""
        while True:
            await self._asked_more.wait()
            while self._asked:
                await aclose_old_connections()  # as Django does before each request
                async with aclosing(self._asked[0].messages()) as messages:
                    async for message in messages:
                        await self._tell(message)
                self._asked.popleft()
            self._asked_more.clear()

    async def _stop(self, client: Client, generation_id: uuid.UUID | None) -> dict[str, str] | None:
        """Stops the generation for this session; without an id what is being answered. None when that is nothing."""
        if generation_id is None and self._asked:
            current = self._asked[0]
            await current.settled.wait()
            generation_id = current.generation_id
        if generation_id is None:
            return None
        await admit_reading(client.request)
        await aclose_old_connections()
        await check_resuming(generation_id, client.session_id, client.proof)
        outcome = await cancellation.stop(generation_id, session_id=client.session_id)
        return {"generationId": str(generation_id), "outcome": outcome}

    async def _tell(self, text: str) -> None:
        await self.send({"type": "websocket.send", "text": text})
