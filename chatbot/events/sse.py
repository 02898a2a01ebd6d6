"""The SSE response of a subscription, and the cursor of a client that reconnects.

The frames around the events (``stream-open``, ``keep-alive``) are the same as those of django-eventstream.
"""

import asyncio
import uuid
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing

from django.http import HttpRequest, StreamingHttpResponse

from chatbot.events import eventstream
from chatbot.events.log import Cursor, channel_of, event_id, parse_cursor
from chatbot.events.subscription import Subscription
from chatbot.events.types import frame

RESET = b"event: stream-reset\ndata:\n\n"
OPEN = b":" + b" " * 2048 + b"\n\nevent: stream-open\ndata:\n\n"
"""The first bytes of a stream. The padding makes proxies and old browsers deliver them at once."""

KEEP_ALIVE = b"event: keep-alive\ndata:\n\n"


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
    """The bytes of the stream. Events of the same moment are one chunk. A keep-alive follows a time without events."""
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
                if not chunk and loop.time() - sent_at >= eventstream.KEEP_ALIVE_SECONDS:
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
    response = StreamingHttpResponse(content, content_type="text/event-stream")
    response["Cache-Control"] = "no-cache"
    response["X-Accel-Buffering"] = "no"
    return response
