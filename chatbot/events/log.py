"""The event log: the events of each generation in memory, numbered 1, 2, 3 … without gaps.

A log is kept while its generation runs and for some time after that. Then only the database has the answer. Events are
not stored in the database.
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
"""The minimum time for which an ended log is kept, even if it is large: subscribers still read its end."""

_CURSOR = re.compile(r"generation-([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}):([1-9][0-9]{0,8})")


def channel_of(generation_id: uuid.UUID) -> str:
    """The name of the generation's channel, which is the key of its log."""
    return f"generation-{generation_id}"


def event_id(generation_id: uuid.UUID, number: int) -> str:
    """The id of an event in SSE. A client sends it back as ``Last-Event-ID``."""
    return f"{channel_of(generation_id)}:{number}"


@dataclass(frozen=True, slots=True)
class Cursor:
    """The last event that a client has seen of a generation. Numbers count from 1."""

    generation_id: uuid.UUID
    number: int


def parse_cursor(text: str | None) -> Cursor | None:
    """Parses the cursor that a client sent; None when it is missing or malformed."""
    match = _CURSOR.fullmatch(text or "")
    return Cursor(uuid.UUID(match[1]), int(match[2])) if match else None


@dataclass(frozen=True, slots=True)
class Numbered:
    """An event in a log: its name, its number in the generation, and its data (the encoded envelope)."""

    name: str
    number: int
    data: str


@dataclass(frozen=True, slots=True)
class StreamEnd:
    """The early end of one session's stream: ``events`` follow event ``number``. The last of them is terminal.

    With ``last``, they replace other events with numbers up to ``last`` that were already sent. A client that has not
    seen ``last`` gets all of them. The terminal event has the number ``last``, or a higher one if there are more
    events. If there are fewer, the first event (a ``rewrite``) is repeated, so that no number is missing.
    """

    number: int
    events: Sequence[Event]
    last: int = 0

    @property
    def end(self) -> int:
        """The number of the terminal event."""
        return self.last or self.number + len(self.events)

    def after(self, seen: int) -> Sequence[tuple[int, Event]]:
        """The events with their numbers for a client that has seen event ``seen``."""
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
    """``last`` is the number of the newest event. ``ended``: that event is terminal."""

    last: int
    ended: bool


class EventLog:
    """All logs of this process. Safe to use from any thread.

    An ended log is dropped after ``keep_seconds``. If all logs together exceed ``max_bytes``, the oldest ended logs are
    dropped first.
    """

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
        """The approximate number of bytes of event data."""
        return self._size

    def open(self, generation_id: uuid.UUID) -> None:
        """Creates an empty log, so that clients can subscribe before the first event."""
        with self._lock:
            self._logs.setdefault(channel_of(generation_id), _Log())

    def append(self, channel: str, name: str, data: str) -> Numbered:
        """Adds an event with the next number. Raises ValueError after a terminal event."""
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
        """Whether no event will come after ``number``."""
        with self._lock:
            log = self._logs.get(channel)
            return log is None or (log.ended_at is not None and number >= len(log.events))

    def state(self, generation_id: uuid.UUID) -> LogState | None:
        """The state of the generation's log; None when it does not exist, or was dropped."""
        with self._lock:
            self._trim()
            log = self._logs.get(channel_of(generation_id))
            return None if log is None else LogState(len(log.events), log.ended_at is not None)

    def keep_stream_ends(self, generation_id: uuid.UUID, stream_ends: Mapping[str, StreamEnd]) -> None:
        """Stores the early ends of single sessions' streams with the log. The mapping may grow later."""
        with self._lock:
            log = self._logs.get(channel_of(generation_id))
            if log is not None:
                log.stream_ends = stream_ends

    def stream_ends(self, generation_id: uuid.UUID) -> Mapping[str, StreamEnd]:
        """The early ends of streams by session id."""
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
"""The log of this process. It is at module level because django-eventstream makes a storage object per thread."""
