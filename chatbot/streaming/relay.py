"""The SSE response: django-eventstream's own, on one channel, with what it lacks: no event twice, and an end."""

import uuid
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass

from django.http import HttpRequest, StreamingHttpResponse
from django_eventstream.views import events

from chatbot.streaming.channels import channel_of, event_id
from chatbot.streaming.events import TERMINAL, Event, TokenFormat, as_text_token, encode_event, for_session, frame

RESET = b"event: stream-reset\ndata:\n\n"


@dataclass(frozen=True, slots=True)
class Farewell:
    """How a stream ends before its generation does: behind event ``number`` come ``events``, the last one terminal."""

    number: int
    events: Sequence[Event]


@dataclass(frozen=True, slots=True)
class Listening:
    """What one client listens to: a generation's events behind number ``after``, in its own form.

    ``opened`` and ``closed`` are called when the client's stream begins and ends, each once; ``opened`` tells whether
    there is anything to wait for, ``farewell`` whether the client is to be sent away before the end.
    """

    generation_id: uuid.UUID
    session_id: str
    opened: Callable[[], bool]
    closed: Callable[[], None]
    farewell: Callable[[], Farewell | None] = lambda: None
    after: int = 0
    reset: bool = False
    token_format: TokenFormat = "object"  # noqa: S105  a format, no password


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
    passage = _Passage(listening)
    worth_waiting = listening.opened()
    try:
        if not worth_waiting:
            return
        async with aclosing(chunks):  # type: ignore[type-var]  # Django gives an async generator here
            if listening.reset:
                yield RESET
            async for chunk in chunks:
                passed = [frame for block in chunk.decode().split("\n\n") if block for frame in passage.let(block)]
                if passed:
                    yield "".join(passed).encode()
                if passage.ended:
                    return
    finally:
        listening.closed()


class _Passage:
    """Decides, frame by frame, what one listener gets."""

    def __init__(self, listening: Listening) -> None:
        self.ended = False
        self._listening = listening
        self._last = listening.after
        self._id_head = f"id: {channel_of(listening.generation_id)}:"

    def let(self, block: str) -> list[str]:
        """The frames to send for ``block``, a frame without its blank line."""
        if self.ended:
            return []
        name, number, data = _parse(block, self._id_head)
        if name == "stream-reset":  # the log was erased: nothing will come any more
            self.ended = True
            return []
        if number is None:
            return [f"{block}\n\n"]
        if number <= self._last:
            return []
        farewell = self._listening.farewell()
        if farewell is not None and number > farewell.number:
            self.ended = True
            return _frames(farewell, self._listening.generation_id)
        self._last = number
        self.ended = name in TERMINAL
        return [_own_form(block, name, data, self._listening) + "\n\n"]


def _frames(farewell: Farewell, generation_id: uuid.UUID) -> list[str]:
    return [
        frame(event.name, encode_event(event), event_id=event_id(generation_id, number))
        for number, event in enumerate(farewell.events, start=farewell.number + 1)
    ]


def _parse(text: str, id_head: str) -> tuple[str, int | None, str]:
    """Name, number and data of one frame; the number is None for the library's own (open, keep-alive)."""
    lines = text.split("\n")
    if len(lines) < 3 or not lines[1].startswith(id_head):
        return "", None, ""
    return lines[0].removeprefix("event: "), int(lines[1].removeprefix(id_head)), lines[2].removeprefix("data: ")


def _own_form(text: str, name: str, data: str, listening: Listening) -> str:
    """The frame as this listener asked for it."""
    if name == "start":
        return text.removesuffix(data) + for_session(data, listening.session_id)
    if name == "challenge" and listening.token_format == "text":  # noqa: S105  a format, no password
        return text.removesuffix(data) + as_text_token(data)
    return text


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
