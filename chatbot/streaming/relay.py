"""The SSE response: django-eventstream's own, on one channel, with what it lacks: no event twice, and an end."""

import uuid
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing

from django.http import HttpRequest, StreamingHttpResponse
from django_eventstream.views import events

from chatbot.streaming.channels import channel_of, event_id
from chatbot.streaming.events import frame
from chatbot.streaming.listening import Listening, Numbered, Passage

RESET = b"event: stream-reset\ndata:\n\n"


def stream_response(listening: Listening) -> StreamingHttpResponse:
    """An event stream of the generation, from the log and then live, that ends after the terminal event."""
    response = events(_library_request(listening), channels=[channel_of(listening.generation_id)])
    assert isinstance(response, StreamingHttpResponse)
    chunks = response.streaming_content
    assert isinstance(chunks, AsyncIterator)
    response.streaming_content = relay(chunks, listening)
    return response


def _library_request(listening: Listening) -> HttpRequest:
    """A request with the cursor alone: the client's own has parameters (``es-meta``, ``recover``) and a lazy user
    that the library would act on."""
    request = HttpRequest()
    number = listening.after
    request.META["HTTP_LAST_EVENT_ID"] = f"{channel_of(listening.generation_id)}:{number}"
    return request


async def relay(chunks: AsyncIterator[bytes], listening: Listening) -> AsyncGenerator[bytes, None]:
    """Passes on the frames in ``chunks``: each number once and in order, nothing after the terminal event."""
    frames = _Frames(listening)
    worth_waiting = listening.opened()
    try:
        if not worth_waiting:
            return
        async with aclosing(chunks):  # type: ignore[type-var]  # Django gives an async generator here
            if listening.reset:
                yield RESET
            async for chunk in chunks:
                passed = [frame for block in chunk.decode().split("\n\n") if block for frame in frames.let(block)]
                if passed:
                    yield "".join(passed).encode()
                if frames.ended:
                    return
    finally:
        listening.closed()


class _Frames:
    """The passage of one listener, as frames of the library's stream."""

    def __init__(self, listening: Listening) -> None:
        self._passage = Passage(listening)
        self._erased = False
        self._generation_id = listening.generation_id
        self._id_head = f"id: {channel_of(listening.generation_id)}:"

    @property
    def ended(self) -> bool:
        return self._erased or self._passage.ended

    def let(self, block: str) -> list[str]:
        """The frames to send for ``block``, a frame without its blank line."""
        if self.ended:
            return []
        event = _parse(block, self._id_head)
        if event is None:
            return [f"{block}\n\n"]
        if event.name == "stream-reset":  # the log was erased: nothing will come any more
            self._erased = True
            return []
        return [f"{block}\n\n" if own is event else self._frame(own) for own in self._passage.let(event)]

    def _frame(self, event: Numbered) -> str:
        return frame(event.name, event.data, event_id=event_id(self._generation_id, event.number))


def _parse(text: str, id_head: str) -> Numbered | None:
    """The event in one frame; None for the library's own (open, keep-alive)."""
    lines = text.split("\n")
    if len(lines) < 3 or not lines[1].startswith(id_head):
        return None
    number = int(lines[1].removeprefix(id_head))
    return Numbered(lines[0].removeprefix("event: "), number, lines[2].removeprefix("data: "))


def single_event_response(
    name: str, data: str, *, generation_id: uuid.UUID | None = None, number: int = 0, retry_seconds: int | None = None
) -> StreamingHttpResponse:
    """A stream of one event that ends at once."""
    last_id = event_id(generation_id, number) if generation_id else ""

    async def content() -> AsyncIterator[bytes]:
        yield frame(name, data, event_id=last_id, retry_seconds=retry_seconds).encode()

    response = StreamingHttpResponse(content(), content_type="text/event-stream")
    response["Cache-Control"] = "no-cache"
    response["X-Accel-Buffering"] = "no"
    return response
