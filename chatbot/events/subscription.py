"""What one client listens to, and which of a generation's events reach it, whatever carries them."""

import uuid
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from chatbot.events.types import TERMINAL, Event, TokenFormat, as_text_token, encode_event, for_session


@dataclass(frozen=True, slots=True)
class StreamEnd:
    """How a stream ends before its log does: behind event ``number`` come ``events``, the last one terminal.

    They have the numbers behind that one, unless they stand for what else was sent under these numbers up to ``last``:
    then whoever has not seen ``last`` gets them all, and the terminal one has that number, or more when so many come
    before it. The first, a ``rewrite``, is repeated until it has.
    """

    number: int
    events: Sequence[Event]
    last: int = 0

    @property
    def end(self) -> int:
        """The number of the terminal event: who has seen it has seen the end."""
        return self.last or self.number + len(self.events)

    def behind(self, seen: int) -> Sequence[tuple[int, Event]]:
        """What comes for who has seen event ``seen``, with its numbers, which rise."""
        if seen >= self.end:
            return []
        if not self.last:
            return [*enumerate(self.events, start=self.number + 1)][max(0, seen - self.number) :]
        *before, terminal = self.events
        first = max(self.number, seen) + 1
        room = max(0, self.last - first - len(before))
        numbered = [*enumerate([*before[:1] * room, *before], start=first)]
        return [*numbered, (max(self.last, first + len(numbered)), terminal)]


async def nothing() -> "Subscription | None":
    """What comes instead of most logs."""
    return None


@dataclass(frozen=True, slots=True)
class Subscription:
    """What one client listens to: a generation's events behind number ``after``, in its own form.

    ``opened`` and ``closed`` are called when the client's stream begins and ends, each once; ``opened`` tells whether
    there is anything to wait for, ``stream_end`` whether the client is to be sent away before the end. When the log
    ends without a terminal event, ``again`` gives what the client is to listen to instead, if there is anything.
    ``session_token`` and ``owner_key`` are what this client alone is given, if it began the session: see
    ``chatbot.sessions.ownership``; ``owner`` is whom it was found to be.
    """

    generation_id: uuid.UUID
    session_id: str
    opened: Callable[[], bool]
    closed: Callable[[], None]
    stream_end: Callable[[], StreamEnd | None] = lambda: None
    again: Callable[[], Awaitable["Subscription | None"]] = nothing
    session_token: str = field(default="", repr=False)
    owner_key: str = field(default="", repr=False)
    owner: str = ""
    after: int = 0
    reset: bool = False
    token_format: TokenFormat = "object"  # noqa: S105  a format, no password


@dataclass(frozen=True, slots=True)
class Numbered:
    """An event on its way: its name, its number in the generation, and its data, the encoded envelope."""

    name: str
    number: int
    data: str


class Passage:
    """Decides, event by event, what one listener gets: each number once and in order, in the listener's own form,
    nothing behind the terminal event."""

    def __init__(self, listening: Subscription) -> None:
        self.ended = False
        self.last = listening.after
        self._listening = listening

    def let(self, event: Numbered) -> list[Numbered]:
        """What the listener gets for ``event``: that object itself where nothing in it is the listener's own."""
        if self.ended or event.number <= self.last:
            return []
        stream_end = self._listening.stream_end()
        if stream_end is not None and event.number > stream_end.number:
            return self._take_leave(stream_end)
        self.last = event.number
        self.ended = event.name in TERMINAL
        return [self._own_form(event)]

    def leave(self) -> list[Numbered]:
        """The stream_end, if there is one and all that comes before it was let through."""
        stream_end = self._listening.stream_end()
        if self.ended or stream_end is None or self.last < stream_end.number:
            return []
        return self._take_leave(stream_end)

    def _take_leave(self, stream_end: StreamEnd) -> list[Numbered]:
        self.ended = True
        return [
            self._own_form(Numbered(event.name, number, encode_event(event)))
            for number, event in stream_end.behind(self.last)
        ]

    def _own_form(self, event: Numbered) -> Numbered:
        if event.name == "start":
            return Numbered(event.name, event.number, self._own_start(event.data))
        if event.name == "challenge" and self._listening.token_format == "text":  # noqa: S105  a format, no password
            return Numbered(event.name, event.number, as_text_token(event.data))
        return event

    def _own_start(self, data: str) -> str:
        return for_session(data, self._listening.session_id, self._listening.session_token)
