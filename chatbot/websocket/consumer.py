"""A WebSocket connection: it belongs to one session and answers its requests one after the other."""

import asyncio
import uuid
from collections import deque
from contextlib import aclosing
from typing import Any

from channels.consumer import AsyncConsumer, get_handler_name
from channels.db import aclose_old_connections

from chatbot.api.envelope import as_application_error
from chatbot.api.throttling import RateLimiter, admit_reading
from chatbot.errors import ApplicationError, Busy, MalformedSessionId
from chatbot.runtime import runtime
from chatbot.websocket import close_codes, messages
from chatbot.websocket.answer import Answer
from chatbot.websocket.handshake import Client
from chatbot.websocket.messages import Question, Stop

PATH = "/ws/chatbot/"
"""The path before the session's id."""

KEEP_ALIVE_SECONDS = 20.0
"""How often a client gets a ``keep-alive``. Scripts in browsers do not see the pings of the protocol."""

MAX_WAITING = 8
"""How many requests may wait while one is answered. A person usually sends one request at a time."""


class TooManyWaiting(ApplicationError):
    def __init__(self) -> None:
        super().__init__(429, "대기 중인 요청이 너무 많습니다. 앞의 답변이 끝난 뒤에 다시 보내 주세요.", retry_after=1)


class ConversationConsumer(AsyncConsumer):  # type: ignore[misc]  # channels ships no types
    """Reads messages while a task answers requests. A disconnect ends the subscription, as with SSE."""

    def __init__(self) -> None:
        self._client: Client | None = None
        self._answers: deque[Answer] = deque()  # the first one is being sent
        self._has_more = asyncio.Event()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Runs as long as the connection is open. Replaces the loop of Channels, for these reasons.

        That loop also listens to the channel layer, which our connections do not use. Before each message it checks the
        database connections, which few messages need. It creates a task for each message, so a client can easily send
        faster than the server reads.
        """
        self.scope, self.base_send = scope, send
        async with asyncio.TaskGroup() as tasks:
            background = [tasks.create_task(each) for each in (self._answer(), self._keep_alive())]
            while (message := await receive())["type"] != "websocket.disconnect":
                await getattr(self, get_handler_name(message))(message)
            for task in background:
                task.cancel()

    async def websocket_connect(self, message: dict[str, Any]) -> None:
        path: str = self.scope["path"]  # decoded by the server, once
        if not path.startswith(PATH):
            await self.send({"type": "websocket.close"})
            return
        await self.send({"type": "websocket.accept"})
        try:
            self._client = Client(self.scope, path.removeprefix(PATH))
        except MalformedSessionId as error:  # after the handshake: a browser does not see why a handshake was refused
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
        except Exception as error:  # the client gets any error as a message, and the connection stays open
            await self._tell(messages.error_message(as_application_error(error), request_id=request_id))

    def _enqueue(self, question: Question, client: Client, request_id: str | None) -> None:
        if len(self._answers) > MAX_WAITING:
            raise TooManyWaiting
        is_full = self.scope.get(Busy.SCOPE_KEY)
        if is_full is not None and is_full():
            raise Busy
        limiter = RateLimiter(client.request)
        self._answers.append(Answer(question, client=client, request_id=request_id, limiter=limiter))
        self._has_more.set()

    async def _answer(self) -> None:
        """Answers the requests in the order in which they arrived."""
        while True:
            await self._has_more.wait()
            while self._answers:
                await aclose_old_connections()  # as Django does before each request
                async with aclosing(self._answers[0].messages()) as messages:
                    async for message in messages:
                        await self._tell(message)
                self._answers.popleft()
            self._has_more.clear()

    async def _keep_alive(self) -> None:
        while True:
            await asyncio.sleep(KEEP_ALIVE_SECONDS)
            if self._client is not None:
                await self._tell(messages.plain_message(messages.KEEP_ALIVE, request_id=None))

    async def _stop(self, client: Client, generation_id: uuid.UUID | None) -> dict[str, str] | None:
        """Stops the generation for this session; without an id, the one that is being sent. None when there is none."""
        if generation_id is None and self._answers:
            current = self._answers[0]
            await current.settled.wait()
            generation_id = current.generation_id
        if generation_id is None:
            return None
        await admit_reading(client.request)
        await aclose_old_connections()
        await runtime().registry.check_resuming(generation_id, client.session_id, client.proof)
        outcome = await runtime().cancellation.stop(generation_id, session_id=client.session_id)
        return {"generationId": str(generation_id), "outcome": outcome}

    async def _tell(self, text: str) -> None:
        await self.send({"type": "websocket.send", "text": text})
