"""The SSE response: a client is one of django-eventstream's listeners on the generation's channel, and reads the log.

The frames around the events (``stream-open``, ``keep-alive``) are those that the library's own ``events()`` sends.
Its loop is not used: it sends events twice and never ends, reads the log in a thread, and takes a task and a timer for
each event of each listener, which is half of what delivering one costs.
"""

import asyncio
import uuid
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import aclosing, contextmanager

from django.http import StreamingHttpResponse
from django_eventstream.views import Listener, get_listener_manager

from chatbot.events.batches import batches
from chatbot.events.cursor import channel_of, event_id
from chatbot.events.subscription import Subscription
from chatbot.events.types import TERMINAL, frame

RESET = b"event: stream-reset\ndata:\n\n"
OPEN = b":" + b" " * 2048 + b"\n\nevent: stream-open\ndata:\n\n"
"""With what makes proxies and old browsers pass on the first bytes."""

KEEP_ALIVE = b"event: keep-alive\ndata:\n\n"
KEEP_ALIVE_SECONDS = 20.0


def stream_response(listening: Subscription) -> StreamingHttpResponse:
    """An event stream of the generation, from the log and then live, that ends after the terminal event."""
    return _event_stream(relay(listening))


async def relay(listening: Subscription) -> AsyncGenerator[bytes, None]:
    """The bytes for one client: what comes at the same moment together, and a sign of life where nothing does. A
    generation that died elsewhere is followed by what comes instead."""
    opening = OPEN
    following: Subscription | None = listening
    while following is not None:
        is_whole = False
        async with aclosing(_relay_one(following, opening)) as chunks:
            async for chunk, is_whole in chunks:  # noqa: B007  the last one counts
                yield chunk
        opening = b""
        following = None if is_whole else await following.again()


async def _relay_one(listening: Subscription, opening: bytes) -> AsyncGenerator[tuple[bytes, bool], None]:
    """The bytes of one generation, each with whether they end with its terminal event."""
    loop = asyncio.get_running_loop()
    channel = channel_of(listening.generation_id)
    is_open = False
    sent_at = loop.time()
    with _registered(channel) as more:
        async with aclosing(batches(listening, more)) as looks:
            async for look in looks:
                frames = [frame(it.name, it.data, event_id=f"{channel}:{it.number}") for it in look]
                chunk = "".join(frames).encode()
                if not is_open:
                    is_open = True
                    chunk = (RESET if listening.reset else b"") + opening + chunk
                elif not chunk and loop.time() - sent_at >= KEEP_ALIVE_SECONDS:
                    chunk = KEEP_ALIVE
                if chunk:
                    sent_at = loop.time()
                    yield chunk, bool(look) and look[-1].name in TERMINAL


class _Ear(Listener):  # type: ignore[misc]  # django_eventstream ships no types
    """The library's listener, woken by what is published on its channel, and now and then by itself."""

    def __init__(self, channel: str) -> None:
        super().__init__()
        self.assign_loop()
        self.channels = {channel}
        self._timer = self.loop.call_later(KEEP_ALIVE_SECONDS, self._stir)

    def wake_threadsafe(self) -> None:
        self.aevent.set()  # generations publish on the loop of those who listen to them: no thread to cross

    def clear(self) -> None:
        self.aevent.clear()
        self.channel_items: dict[str, list[object]] = {}  # events are read from the log, which does not drop any

    async def wait(self) -> None:
        await self.aevent.wait()

    def _stir(self) -> None:
        self.aevent.set()
        self._timer = self.loop.call_later(KEEP_ALIVE_SECONDS, self._stir)

    def close(self) -> None:
        self._timer.cancel()


@contextmanager
def _registered(channel: str) -> Iterator[_Ear]:
    """One of the library's listeners, for as long as the client listens."""
    ear = _Ear(channel)
    get_listener_manager().add_listener(ear)
    try:
        yield ear
    finally:
        get_listener_manager().remove_listener(ear)
        ear.close()


def single_event_response(
    name: str, data: str, *, generation_id: uuid.UUID | None = None, number: int = 0, retry_seconds: int | None = None
) -> StreamingHttpResponse:
    """A stream of one event that ends at once."""
    last_id = event_id(generation_id, number) if generation_id else ""

    async def content() -> AsyncIterator[bytes]:
        yield frame(name, data, event_id=last_id, retry_seconds=retry_seconds).encode()

    return _event_stream(content())


def _event_stream(content: AsyncIterator[bytes]) -> StreamingHttpResponse:
    response = StreamingHttpResponse(content, content_type="text/event-stream")
    response["Cache-Control"] = "no-cache"
    response["X-Accel-Buffering"] = "no"
    return response
