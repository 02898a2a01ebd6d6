"""The event log: each generation's events, numbered 1, 2, 3 … without gaps, in memory.

A log lives while its generation runs and for a while after; then the database has the answer. Tokens are not rows.
"""

import threading
import time
import uuid
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from django.conf import settings
from django_eventstream.event import Event as StoredEvent
from django_eventstream.storage import EventDoesNotExist, StorageBase

from chatbot.events.cursor import channel_of
from chatbot.events.subscription import Numbered, StreamEnd
from chatbot.events.types import TERMINAL

LEAST_SECONDS = 2.0
"""How long the log of what has just ended is kept whatever its size: its listeners read the end from it."""


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
    """All logs of this process. Bounded: ended logs go when they are too old, or the oldest first when all together
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
        """Makes a log without events, for who listens before there are any."""
        with self._lock:
            self._logs.setdefault(channel_of(generation_id), _Log())

    def append(self, channel: str, name: str, data: str) -> Numbered:
        """Adds an event and gives it the next number. Raises ValueError behind a terminal event."""
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
        """At most ``limit`` events behind ``number``. Raises KeyError when the channel is not in the log."""
        with self._lock:
            return self._logs[channel].events[number : number + limit]

    def is_over(self, channel: str, number: int) -> bool:
        """Whether nothing will come behind ``number``."""
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
        """How the log ends for single sessions, as long as there is one; more may come into ``stream_ends``."""
        with self._lock:
            log = self._logs.get(channel_of(generation_id))
            if log is not None:
                log.stream_ends = stream_ends

    def stream_end(self, generation_id: uuid.UUID, session_id: str) -> StreamEnd | None:
        """How the log ends for the session, where it does not end with its last event."""
        with self._lock:
            log = self._logs.get(channel_of(generation_id))
            return None if log is None else log.stream_ends.get(session_id)

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


def _stored(channel: str, event: Numbered) -> StoredEvent:
    """As the library wants it: too large to be kept."""
    return StoredEvent(channel, event.name, event.data, id=event.number)


class EventLogStorage(StorageBase):  # type: ignore[misc]  # django_eventstream ships no types
    """What django-eventstream reads the log through (``EVENTSTREAM_STORAGE_CLASS``)."""

    def append_event(self, channel: str, event_type: str, data: str) -> StoredEvent:
        return _stored(channel, event_log.append(channel, event_type, data))

    def get_events(self, channel: str, last_id: int, limit: int = 100) -> list[StoredEvent]:
        try:
            return [_stored(channel, event) for event in event_log.after(channel, last_id, limit)]
        except KeyError:
            raise EventDoesNotExist(f"{channel} is not in the log", last_id) from None

    def get_current_id(self, channel: str) -> int:
        try:
            return len(event_log.after(channel, 0, 1_000_000))
        except KeyError:
            return 0
