"""Subscriptions: the events that one client gets from a generation, by SSE or WebSocket; and the SSE response.

The frames around the events (``stream-open``, ``keep-alive``) are the same as those of django-eventstream.
"""

import asyncio
import uuid
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import aclosing, contextmanager
from typing import Self

from django.http import HttpRequest, StreamingHttpResponse

from chatbot.events import eventstream
from chatbot.events.eventstream import Waker, woken
from chatbot.events.log import Cursor, Numbered, StreamEnd, channel_of, event_id, event_log, parse_cursor
from chatbot.events.types import TERMINAL, TokenFormat, as_text_token, encode_event, for_session, frame

BATCH = 100
"""How many events are read from the log at once."""

RESET = b"event: stream-reset\ndata:\n\n"
RETRY_SECONDS = 1
"""How long a client waits before it reconnects. Without it browsers wait three to five seconds."""

OPEN = b":" + b" " * 2048 + f"\n\nevent: stream-open\nretry: {RETRY_SECONDS * 1000}\ndata:\n\n".encode()
"""The first bytes of a stream. The padding makes proxies and old browsers deliver them at once."""

CONTENT_TYPE = "text/event-stream; charset=utf-8"
"""Some clients read a text without an encoding as Latin-1."""

KEEP_ALIVE = b"event: keep-alive\ndata:\n\n"


class LoggedGeneration:
    """A generation whose events are in this process's log. This base class is for ended ones; subclasses run."""

    def __init__(self, generation_id: uuid.UUID) -> None:
        self.id = generation_id
        self.subscriber_count = 0
        self.stream_ends = event_log.stream_ends(generation_id)

    @property
    def given_up(self) -> bool:
        """Whether the generation ended without a terminal event."""
        return False

    def stream_end(self, session_id: str) -> StreamEnd | None:
        """The early end of the session's stream; None when the stream ends with the log."""
        return self.stream_ends.get(session_id)

    @contextmanager
    def subscribed(self) -> Iterator[None]:
        """A context in which the generation counts one more subscriber, so that it is not abandoned."""
        self.subscriber_count += 1
        try:
            yield
        finally:
            self.subscriber_count -= 1

    @contextmanager
    def subscribe(
        self,
        session_id: str = "",
        *,
        after: int = 0,
        token_format: TokenFormat = "object",  # noqa: S107  a format, no password
        session_token: str = "",
        reset: bool = False,
    ) -> Iterator["Subscription"]:
        """Subscribes a client of the session to the events after number ``after``, as a context manager.

        ``session_token`` is added to ``start``. ``reset``: the client must discard what it has received of the answer.
        """
        with self.subscribed(), woken(self.id) as waker:
            yield Subscription(
                self,
                waker,
                session_id=session_id,
                after=after,
                token_format=token_format,
                session_token=session_token,
                reset=reset,
            )


class Subscription:
    """Decides which events one client gets: each number once and in order, and none after the terminal event.

    Iteration yields lists of events: one list at once, and one each time that there may be new events. A list may be
    empty. The iteration ends after the terminal event (then ``ended`` is true), when the generation was given up, or
    when its log was erased.
    """

    def __init__(
        self,
        generation: LoggedGeneration,
        waker: Waker,
        *,
        session_id: str,
        after: int,
        token_format: TokenFormat,
        session_token: str,
        reset: bool,
    ) -> None:
        self.generation_id = generation.id
        self.reset = reset
        self.ended = False
        self._generation = generation
        self._waker = waker
        self._session_id = session_id
        self._session_token = session_token
        self._as_text = token_format == "text"  # noqa: S105  a format, no password
        self._channel = channel_of(generation.id)
        self._last = after
        self._is_over = generation.given_up
        self._has_all = False

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> list[Numbered]:
        if self._is_over:
            raise StopAsyncIteration
        if self._has_all:
            await self._waker.wait()
        self._waker.clear()
        try:
            events = event_log.after(self._channel, self._last, BATCH)
        except KeyError:  # the log was erased: no more events will come
            raise StopAsyncIteration from None
        self._has_all = len(events) < BATCH
        passed = self._pass(events)
        # Also ends if the client's number is higher than that of the last event.
        self._is_over = self.ended or (not events and event_log.is_over(self._channel, self._last))
        return passed

    def _pass(self, events: list[Numbered]) -> list[Numbered]:
        passed = []
        end = self._generation.stream_end(self._session_id)
        for event in events:
            if end is not None and event.number > end.number:
                break
            self._last = event.number
            passed.append(self._own_form(event))
            if event.name in TERMINAL:
                self.ended = True
                return passed
        if end is not None and self._last >= end.number and (self._has_all or len(passed) < len(events)):
            self.ended = True
            passed += [
                self._own_form(Numbered(it.name, number, encode_event(it))) for number, it in end.after(self._last)
            ]
        return passed

    def _own_form(self, event: Numbered) -> Numbered:
        """The event with the client's session id and token format. Most events are returned unchanged."""
        if event.name == "start":
            return Numbered(event.name, event.number, for_session(event.data, self._session_id, self._session_token))
        if event.name == "challenge" and self._as_text:
            return Numbered(event.name, event.number, as_text_token(event.data))
        return event


def cursor_of(request: HttpRequest) -> Cursor | None:
    """The cursor in the header ``Last-Event-ID``, else in ``lastEventId`` of the query.

    The query is for clients that cannot send the header.
    """
    return parse_cursor(request.headers.get("Last-Event-ID") or request.GET.get("lastEventId"))


def stream_response(subscriptions: AsyncGenerator[Subscription, None]) -> StreamingHttpResponse:
    """The event stream for one client.

    It usually has one subscription. When the process of its generation is lost, a subscription to a new generation
    follows. The stream ends after the last subscription.
    """
    return _event_stream(chunks(subscriptions))


async def chunks(subscriptions: AsyncGenerator[Subscription, None]) -> AsyncGenerator[bytes, None]:
    """The bytes of the stream. Events of the same moment are one chunk.

    A keep-alive follows at most one and a half WAKE_SECONDS without events: many clients wait no longer than ten
    seconds for a byte.
    """
    loop = asyncio.get_running_loop()
    opening = OPEN
    async with aclosing(subscriptions):
        async for subscription in subscriptions:
            channel = channel_of(subscription.generation_id)
            head = (RESET if subscription.reset else b"") + opening
            sent_at = loop.time()
            async for events in subscription:
                frames = [frame(it.name, it.data, event_id=f"{channel}:{it.number}") for it in events]
                chunk = head + "".join(frames).encode()
                head = opening = b""
                if not chunk and loop.time() - sent_at >= eventstream.WAKE_SECONDS / 2:
                    chunk = KEEP_ALIVE
                if chunk:
                    sent_at = loop.time()
                    yield chunk


def single_event_response(
    name: str, data: str, *, generation_id: uuid.UUID | None = None, number: int = 0, retry_seconds: int | None = None
) -> StreamingHttpResponse:
    """A stream that has one event and then ends."""
    last_id = event_id(generation_id, number) if generation_id else ""

    async def content() -> AsyncIterator[bytes]:
        yield frame(name, data, event_id=last_id, retry_seconds=retry_seconds).encode()

    return _event_stream(content())


def _event_stream(content: AsyncIterator[bytes]) -> StreamingHttpResponse:
    response = StreamingHttpResponse(content, content_type=CONTENT_TYPE)
    response["Cache-Control"] = "no-cache, no-transform"  # no proxy compresses it, which would delay events
    response["X-Accel-Buffering"] = "no"
    return response
