"""The event log: each generation's events, numbered 1, 2, 3 … without gaps, in memory.

A log lives while its generation runs and for a while after; then the database has the answer. Tokens are not rows.
"""

import re
import threading
import time
import uuid
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from django.conf import settings

from chatbot.events.types import TERMINAL, Event

LEAST_SECONDS = 2.0
"""How long a log is kept after its end, whatever its size: its subscribers read the end from it."""

_CURSOR = re.compile(r"generation-([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}):([1-9][0-9]{0,8})")


def channel_of(generation_id: uuid.UUID) -> str:
    """The name of the generation's channel, under which its log is kept."""
    return f"generation-{generation_id}"


def event_id(generation_id: uuid.UUID, number: int) -> str:
    """The text after ``id:``, which comes back as ``Last-Event-ID``."""
    return f"{channel_of(generation_id)}:{number}"


@dataclass(frozen=True, slots=True)
class Cursor:
    """The last event that a client has seen of a generation. Numbers count from 1."""

    generation_id: uuid.UUID
    number: int


def parse_cursor(text: str | None) -> Cursor | None:
    """The cursor that a client sent as text; None when there is none or it is malformed."""
    match = _CURSOR.fullmatch(text or "")
    return Cursor(uuid.UUID(match[1]), int(match[2])) if match else None


@dataclass(frozen=True, slots=True)
class Numbered:
    """An event in a log: its name, its number in the generation, and its data, the encoded envelope."""

    name: str
    number: int
    data: str


@dataclass(frozen=True, slots=True)
class StreamEnd:
    """How a stream ends early for one session: ``events`` follow event ``number``, the last one is terminal.

    With ``last``, they replace other events that were already sent with numbers up to ``last``. Then a client that has
    not seen ``last`` gets them all. The terminal event gets number ``last``, or more when the others need the room;
    the first event, a ``rewrite``, is repeated to fill it.
    """

    number: int
    events: Sequence[Event]
    last: int = 0

    @property
    def end(self) -> int:
        """The number of the terminal event."""
        return self.last or self.number + len(self.events)

    def after(self, seen: int) -> Sequence[tuple[int, Event]]:
        """The events, with rising numbers, for a client that has seen event ``seen``."""
        if seen >= self.end:
            return []
        if not self.last:
            return [*enumerate(self.events, start=self.number + 1)][max(0, seen - self.number) :]
        *before, terminal = self.events
        first = max(self.number, seen) + 1
        room = max(0, self.last - first - len(before))
        numbered = [*enumerate([*before[:1] * room, *before], start=first)]
        return [*numbered, (max(self.last, first + len(numbered)), terminal)]


@dataclass(slots=True)
class _Log:
    events: list[Numbered] = field(default_factory=list)
    size: int = 0
    ended_at: float | None = None
    stream_ends: Mapping[str, StreamEnd] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class LogState:
    """``last`` is the number of the newest event; ``ended`` whether that is the terminal one."""

    last: int
    ended: bool


class EventLog:
    """All logs of this process. Ended logs are dropped when they are too old, or the oldest first when all together
    are too large. Safe to use from any thread."""

    def __init__(self, *, keep_seconds: float, max_bytes: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._keep_seconds = keep_seconds
        self._max_bytes = max_bytes
        self._clock = clock
        self._lock = threading.Lock()
        self._logs: dict[str, _Log] = {}
        self._ended: OrderedDict[str, None] = OrderedDict()
        self._size = 0

    def __len__(self) -> int:
        return len(self._logs)

    @property
    def size(self) -> int:
        """Bytes of event data kept, about."""
        return self._size

    def open(self, generation_id: uuid.UUID) -> None:
        """Makes a log without events, for subscribers that come before the first event."""
        with self._lock:
            self._logs.setdefault(channel_of(generation_id), _Log())

    def append(self, channel: str, name: str, data: str) -> Numbered:
        """Adds an event and gives it the next number. Raises ValueError after a terminal event."""
        with self._lock:
            log = self._logs.setdefault(channel, _Log())
            if log.ended_at is not None:
                raise ValueError(f"{channel} has ended: nothing follows its terminal event")
            event = Numbered(name, len(log.events) + 1, data)
            log.events.append(event)
            cost = len(data) * 2 + 200
            log.size += cost
            self._size += cost
            if name in TERMINAL:
                log.ended_at = self._clock()
                self._ended[channel] = None
            self._trim()
            return event

    def after(self, channel: str, number: int, limit: int) -> list[Numbered]:
        """At most ``limit`` events after ``number``. Raises KeyError when the channel is not in the log."""
        with self._lock:
            return self._logs[channel].events[number : number + limit]

    def is_over(self, channel: str, number: int) -> bool:
        """Whether nothing will come after ``number``."""
        with self._lock:
            log = self._logs.get(channel)
            return log is None or (log.ended_at is not None and number >= len(log.events))

    def state(self, generation_id: uuid.UUID) -> LogState | None:
        """How far the generation's log goes; None when there is none (any more)."""
        with self._lock:
            self._trim()
            log = self._logs.get(channel_of(generation_id))
            return None if log is None else LogState(len(log.events), log.ended_at is not None)

    def keep_stream_ends(self, generation_id: uuid.UUID, stream_ends: Mapping[str, StreamEnd]) -> None:
        """Keeps with the log how it ends for single sessions. The mapping may grow later."""
        with self._lock:
            log = self._logs.get(channel_of(generation_id))
            if log is not None:
                log.stream_ends = stream_ends

    def stream_ends(self, generation_id: uuid.UUID) -> Mapping[str, StreamEnd]:
        """How the log ends for single sessions, where that is not its last event."""
        with self._lock:
            log = self._logs.get(channel_of(generation_id))
            return {} if log is None else log.stream_ends

    def forget(self, generation_id: uuid.UUID) -> None:
        with self._lock:
            self._drop(channel_of(generation_id))

    def _trim(self) -> None:
        now = self._clock()
        while self._ended:
            oldest = next(iter(self._ended))
            ended_at = self._logs[oldest].ended_at
            age = now - (ended_at or 0)
            if age < LEAST_SECONDS or (self._size <= self._max_bytes and age < self._keep_seconds):
                return
            self._drop(oldest)

    def _drop(self, channel: str) -> None:
        log = self._logs.pop(channel, None)
        self._ended.pop(channel, None)
        if log is not None:
            self._size -= log.size


event_log = EventLog(
    keep_seconds=settings.LEAFRESH_EVENT_LOG_SECONDS,
    max_bytes=settings.LEAFRESH_EVENT_LOG_MEGABYTES * 1024 * 1024,
)
"""This process's log. At module level because django-eventstream makes a storage object per thread."""
