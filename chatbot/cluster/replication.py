"""Replication: copies each generation's event log to Redis for the other processes.

Events are written to the log in memory first. A task copies them in batches: often if another process has a subscriber,
otherwise seldom. A copy is bounded and expires. It is a Redis Stream in which event n has the id ``n-0``. Markers stand
between events: ``n-1``, ``n-2`` … after event n.
"""

import asyncio
import logging
import uuid
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from chatbot.cluster.presence import Presence
from chatbot.cluster.redis import RedisClient, Unreachable
from chatbot.events.log import channel_of, event_log
from chatbot.events.types import TERMINAL

logger = logging.getLogger(__name__)

GATHER_SECONDS = 0.05
"""The delay before a batch is copied. It applies to the first and last events of a generation, and to all events of one
with subscribers in other processes."""

SELDOM_SECONDS = 0.5
"""How often all other events are copied. A client that subscribes at another process waits at most so long."""

AGAIN_SECONDS = 0.25
"""After Redis did not answer."""

ERASED_SECONDS = 10.0
"""While Redis does not answer: how often logs are dropped that no longer need to be copied."""

AT_ONCE = 20
"""How many generations are copied with one command. Redis runs no other command in that time."""

BATCH = 500
"""How many entries of a generation are copied, or read, with one command."""

LONGEST = 20_000
"""The maximum number of entries of a generation in Redis. No answer has so many."""

GIVEN_UP = "given-up"
"""The marker of a generation that ended without a terminal event."""

STREAM_END = "stream-end"
"""The marker that ends the stream of one session. Its ``data`` are the last events that the session gets."""

Position = tuple[int, int]
"""The id of an entry: an event's number, and 0 for the event itself or the number of the marker after it."""

BEGINNING: Position = (0, 0)
"""The position before all entries."""

_APPEND = """
local reply, at = {}, 3
for k = 1, #KEYS, 2 do
  local top = redis.call('XREVRANGE', KEYS[k], '+', '-', 'COUNT', 1)
  local last = top[1] and top[1][1] or '0-0'
  local is_as_thought, first = last == ARGV[at], at + 2
  at = first + 4 * ARGV[at + 1]
  if is_as_thought and first < at then
    for i = first, at - 1, 4 do
      last = redis.call(
        'XADD', KEYS[k], 'MAXLEN', '~', ARGV[2], ARGV[i], 'n', ARGV[i + 1], 's', ARGV[i + 2], 'd', ARGV[i + 3])
    end
    redis.call('EXPIRE', KEYS[k], ARGV[1])
  end
  reply[#reply + 1] = {last, redis.call('EXISTS', KEYS[k + 1])}
end
return reply
"""
"""Appends entries to the logs of several generations.

Keys: the log and the presence of each generation. Arguments: the lifetime in seconds, and the maximum number of
entries. Then follow for each generation the expected last entry, the number of new entries, and their positions, names,
sessions and data. Returns for each generation its last entry, and whether another process has subscribers.
"""


@dataclass(frozen=True, slots=True)
class EventLogEntry:
    """An event (``position[1]`` is 0) or a marker, with its name and data. A marker may be for one ``session`` only."""

    position: Position
    name: str
    data: str
    session: str = ""


def logged_entries(generation_id: uuid.UUID, number: int) -> list[EventLogEntry]:
    """The generation's events after ``number`` from the log in memory."""
    try:
        events = event_log.after(channel_of(generation_id), number, BATCH)
    except KeyError:
        return []
    return [EventLogEntry((event.number, 0), event.name, event.data) for event in events]


@dataclass(slots=True)
class _Copy:
    """How far a generation's log has been copied, and its markers."""

    copied: Position = BEGINNING
    has_subscribers: bool = False  # whether another process had a subscriber at the last copy
    markers: list[EventLogEntry] = field(default_factory=list)
    has_end: bool = False  # whether the last entry was copied


class LogReplication:
    """Copies the logs of this process to Redis, and reads those of other processes.

    ``read`` returns a generation's events after a number from memory. A generation is dropped here when its whole log
    has been copied.
    """

    def __init__(
        self,
        client: RedisClient,
        presence: Presence,
        *,
        keep_seconds: float,
        read: Callable[[uuid.UUID, int], Sequence[EventLogEntry]] = logged_entries,
    ) -> None:
        self._client = client
        self._presence = presence
        self._read = read
        self._keep_seconds = max(1, round(keep_seconds))
        self._append = client.script(_APPEND)
        self._copies: dict[uuid.UUID, _Copy] = {}
        self._due: set[uuid.UUID] = set()
        self._soon: set[uuid.UUID] = set()  # those of the due generations that are copied after GATHER_SECONDS
        self._hurry = asyncio.Event()  # set when a generation must be copied soon
        self._seldom_at = float("-inf")  # the loop's time when all due generations were last copied
        self._dropped_at = float("-inf")  # the loop's time when erased logs were last dropped
        self._task: asyncio.Task[None] | None = None

    def __len__(self) -> int:
        """The number of generations that are not completely copied."""
        return len(self._copies)

    def copy(self, generation_id: uuid.UUID, *, soon: bool = False) -> None:
        """Marks the generation's log for copying. Returns at once: a task copies it later."""
        copy = self._copies.setdefault(generation_id, _Copy())
        self._due.add(generation_id)
        if soon or copy.has_subscribers or copy.copied == BEGINNING:
            self._soon.add(generation_id)
            self._hurry.set()
        if self._task is None:
            self._task = asyncio.create_task(self._work())

    def mark(self, generation_id: uuid.UUID, number: int, name: str, data: str = "", *, session: str = "") -> None:
        """Adds a marker after event ``number``, the last one that was published."""
        markers = self._copies.setdefault(generation_id, _Copy()).markers
        part = sum(marker.position[0] == number for marker in markers) + 1
        markers.append(EventLogEntry((number, part), name, data, session))
        self.copy(generation_id, soon=True)

    async def settle(self) -> None:
        """Waits until all entries have been copied."""
        while self._task is not None:
            self._seldom_at = float("-inf")
            self._hurry.set()
            await asyncio.wait({self._task}, timeout=SELDOM_SECONDS)

    async def entries(self, after: Mapping[uuid.UUID, Position]) -> dict[uuid.UUID, list[EventLogEntry]]:
        """Reads the entries of each generation after its position from Redis. Raises Unreachable."""
        if not after:
            return {}
        keys = {self._key(generation_id): generation_id for generation_id in after}
        streams: Any = {key: _text(after[generation_id]) for key, generation_id in keys.items()}
        found: Any = await self._client.run(lambda redis: redis.xread(streams, count=BATCH))
        return {keys[key]: [_entry(position, fields) for position, fields in entries] for key, entries in found}

    async def erase(self, generation_ids: Sequence[uuid.UUID]) -> None:
        """Erases the copies of the generations. Raises Unreachable."""
        if generation_ids:
            await self._client.run(lambda redis: redis.delete(*map(self._key, generation_ids)))

    def _key(self, generation_id: uuid.UUID) -> str:
        return self._client.key("log", generation_id)

    async def _work(self) -> None:
        try:
            while self._due:
                if self._client.reachable:
                    await self._gather()
                    await self._copy_due()
                else:
                    self._drop_erased()
                    await asyncio.sleep(AGAIN_SECONDS)
        finally:
            self._task = None

    async def _gather(self) -> None:
        """Waits until enough entries are due for a command, so that the process wakes up less often."""
        left = self._seldom_at + SELDOM_SECONDS - asyncio.get_running_loop().time()
        with suppress(TimeoutError):
            async with asyncio.timeout(max(GATHER_SECONDS, left)):
                await self._hurry.wait()
                await asyncio.sleep(GATHER_SECONDS)
        self._hurry.clear()

    async def _copy_due(self) -> None:
        """Copies all due entries, ``AT_ONCE`` generations with each command."""
        now = asyncio.get_running_loop().time()
        is_time_for_all = now - self._seldom_at >= SELDOM_SECONDS
        waiting = sorted(self._due if is_time_for_all else self._soon, key=lambda it: (it not in self._soon, it))
        while waiting:
            some, waiting = waiting[:AT_ONCE], waiting[AT_ONCE:]
            self._due.difference_update(some)
            self._soon.difference_update(some)
            try:
                await self._copy_some(some)
            except Exception as error:  # no event is lost: the log in memory has them
                if not isinstance(error, Unreachable):
                    logger.exception("events could not be copied")
                for generation_id in some:
                    self.copy(generation_id, soon=True)
                return
        if is_time_for_all:
            self._seldom_at = now

    async def _copy_some(self, due: Sequence[uuid.UUID]) -> None:
        keys: list[str] = []
        arguments: list[str | int] = [self._keep_seconds, LONGEST]
        batches = {generation_id: self._batch(generation_id) for generation_id in due}
        for generation_id, entries in batches.items():
            keys += [self._key(generation_id), self._presence.key(generation_id)]
            arguments += [_text(self._copies[generation_id].copied), len(entries)]
            for entry in entries:
                arguments += [_text(entry.position), entry.name, entry.session, entry.data]
        replies = await self._client.run(lambda redis: self._append(keys=keys, args=arguments, client=redis))
        for (generation_id, entries), (last, has_subscribers) in zip(batches.items(), replies, strict=True):
            copy = self._copies[generation_id]
            # Redis may have fewer entries than expected after a restart, or more if its reply was lost.
            copy.copied = _position(last)
            copy.has_subscribers = bool(has_subscribers)
            self._go_on(generation_id, entries)

    def _batch(self, generation_id: uuid.UUID) -> list[EventLogEntry]:
        copy = self._copies[generation_id]
        events = self._read(generation_id, copy.copied[0])
        rest = [*events, *(marker for marker in copy.markers if marker.position > copy.copied)]
        return sorted(rest, key=lambda entry: entry.position)[:BATCH]

    def _go_on(self, generation_id: uuid.UUID, entries: Sequence[EventLogEntry]) -> None:
        """Drops the generation if its log is completely copied; otherwise marks it as due again."""
        copy = self._copies[generation_id]
        last = entries[-1] if entries else None
        caught_up = last is not None and copy.copied == last.position
        copy.has_end |= any(
            (entry.name == GIVEN_UP or entry.name in TERMINAL) and entry.position <= copy.copied for entry in entries
        )
        if self._batch(generation_id):
            self.copy(generation_id, soon=not caught_up or len(entries) == BATCH)
        elif copy.has_end or self._is_erased(generation_id, copy):
            self._drop(generation_id)

    def _drop_erased(self) -> None:
        """Frees memory in a long outage: generations that ended long ago have no events left to copy."""
        now = asyncio.get_running_loop().time()
        if now - self._dropped_at >= ERASED_SECONDS:
            self._dropped_at = now
            for generation_id, copy in list(self._copies.items()):
                if self._is_erased(generation_id, copy):
                    self._drop(generation_id)

    def _drop(self, generation_id: uuid.UUID) -> None:
        del self._copies[generation_id]
        self._due.discard(generation_id)
        self._soon.discard(generation_id)

    def _is_erased(self, generation_id: uuid.UUID, copy: _Copy) -> bool:
        """Whether the log in memory no longer has the event that was copied last. Then no more events will come."""
        number = copy.copied[0]
        return (number > 0 or not copy.markers) and not self._read(generation_id, max(0, number - 1))


def _text(position: Position) -> str:
    return f"{position[0]}-{position[1]}"


def _position(text: str) -> Position:
    number, _, part = text.partition("-")
    return int(number), int(part)


def _entry(position: str, fields: Mapping[str, str]) -> EventLogEntry:
    return EventLogEntry(_position(position), fields["n"], fields["d"], fields["s"])
