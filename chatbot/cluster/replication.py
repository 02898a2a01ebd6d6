"""Replication: a copy of each generation's event log in Redis, bounded and expiring, for the other processes.

The log in memory comes first. A task copies it in batches: often when another process has a subscriber, seldom when
none has. Each log is a Redis Stream. Event n has the id ``n-0``. Markers come between events:
``n-1``, ``n-2`` … after event n.
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
"""The first events, the last ones, and those with subscribers elsewhere are copied together after so long."""

SELDOM_SECONDS = 0.5
"""How often all others are copied: a client that subscribes elsewhere waits for so long at most."""

AGAIN_SECONDS = 0.25
"""After Redis did not answer."""

ERASED_SECONDS = 10.0
"""How often, while Redis does not answer, logs are dropped that need not be copied any more."""

AT_ONCE = 20
"""Generations that are copied with one command, during which Redis serves no other."""

BATCH = 500
"""Entries of a generation that are copied, or read, at once."""

LONGEST = 20_000
"""Entries of a generation that are kept. No answer has so many."""

GIVEN_UP = "given-up"
"""The marker that nothing more will come, without a terminal event."""

STREAM_END = "stream-end"
"""The marker that ends the stream for one session: ``data`` are the events it still gets."""

Position = tuple[int, int]
"""An entry's id: its event's number, and its place after that event."""

BEGINNING: Position = (0, 0)
"""Before all entries."""

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
"""Keys: the log and the presence of each generation. Arguments: the seconds and the number of entries that are kept.
Then for each generation the entry that should be the last one, the number of new ones, and their positions, names,
sessions and data. Returns for each generation its last entry, and whether another process has subscribers."""


@dataclass(frozen=True, slots=True)
class Entry:
    """An event (``position[1]`` is 0) with its name and data, or a marker, for one session where it names one."""

    position: Position
    name: str
    data: str
    session: str = ""


def logged_entries(generation_id: uuid.UUID, number: int) -> list[Entry]:
    """The generation's events in memory after that number."""
    try:
        events = event_log.after(channel_of(generation_id), number, BATCH)
    except KeyError:
        return []
    return [Entry((event.number, 0), event.name, event.data) for event in events]


@dataclass(slots=True)
class _Copy:
    """How far a generation's log was copied, and the markers in it."""

    copied: Position = BEGINNING
    has_subscribers: bool = False  # in another process, when it was last copied
    markers: list[Entry] = field(default_factory=list)
    has_end: bool = False  # what was copied says that nothing follows


class LogReplication:
    """Copies this process's logs, and reads those of others.

    ``read`` returns the events of a generation in memory after a number. A generation is dropped here when all of it
    was copied.
    """

    def __init__(
        self,
        client: RedisClient,
        presence: Presence,
        *,
        keep_seconds: float,
        read: Callable[[uuid.UUID, int], Sequence[Entry]] = logged_entries,
    ) -> None:
        self._client = client
        self._presence = presence
        self._read = read
        self._keep_seconds = max(1, round(keep_seconds))
        self._append = client.script(_APPEND)
        self._copies: dict[uuid.UUID, _Copy] = {}
        self._due: set[uuid.UUID] = set()
        self._soon: set[uuid.UUID] = set()  # of those that are due
        self._hurry = asyncio.Event()  # something is due before the time for all
        self._seldom_at = float("-inf")  # when all that was due was last copied, by the loop's clock
        self._dropped_at = float("-inf")  # when erased logs were last dropped, while Redis is away
        self._task: asyncio.Task[None] | None = None

    def __len__(self) -> int:
        """Generations that are not wholly copied."""
        return len(self._copies)

    def copy(self, generation_id: uuid.UUID, *, soon: bool = False) -> None:
        """There is more in the generation's log. Cheap: a task copies later."""
        copy = self._copies.setdefault(generation_id, _Copy())
        self._due.add(generation_id)
        if soon or copy.has_subscribers or copy.copied == BEGINNING:
            self._soon.add(generation_id)
            self._hurry.set()
        if self._task is None:
            self._task = asyncio.create_task(self._work())

    def mark(self, generation_id: uuid.UUID, number: int, name: str, data: str = "", *, session: str = "") -> None:
        """Puts a marker after event ``number``, the last one that was published."""
        markers = self._copies.setdefault(generation_id, _Copy()).markers
        part = sum(marker.position[0] == number for marker in markers) + 1
        markers.append(Entry((number, part), name, data, session))
        self.copy(generation_id, soon=True)

    async def settle(self) -> None:
        """Returns when everything has been copied."""
        while self._task is not None:
            self._seldom_at = float("-inf")
            self._hurry.set()
            await asyncio.wait({self._task}, timeout=SELDOM_SECONDS)

    async def entries(self, after: Mapping[uuid.UUID, Position]) -> dict[uuid.UUID, list[Entry]]:
        """What Redis has of the generations, each after its position. Raises Unreachable."""
        if not after:
            return {}
        keys = {self._key(generation_id): generation_id for generation_id in after}
        streams: Any = {key: _text(after[generation_id]) for key, generation_id in keys.items()}
        found: Any = await self._client.run(lambda redis: redis.xread(streams, count=BATCH))
        return {keys[key]: [_entry(position, fields) for position, fields in entries] for key, entries in found}

    async def erase(self, generation_ids: Sequence[uuid.UUID]) -> None:
        """Raises Unreachable."""
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
        """Waits until a command is worth it. A process that need not wake up leaves the core to others."""
        left = self._seldom_at + SELDOM_SECONDS - asyncio.get_running_loop().time()
        with suppress(TimeoutError):
            async with asyncio.timeout(max(GATHER_SECONDS, left)):
                await self._hurry.wait()
                await asyncio.sleep(GATHER_SECONDS)
        self._hurry.clear()

    async def _copy_due(self) -> None:
        """Copies what is due now, ``AT_ONCE`` generations with each command."""
        now = asyncio.get_running_loop().time()
        is_time_for_all = now - self._seldom_at >= SELDOM_SECONDS
        waiting = sorted(self._due if is_time_for_all else self._soon, key=lambda it: (it not in self._soon, it))
        while waiting:
            some, waiting = waiting[:AT_ONCE], waiting[AT_ONCE:]
            self._due.difference_update(some)
            self._soon.difference_update(some)
            try:
                await self._copy_some(some)
            except Exception as error:  # nothing is lost: it is in memory
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
            # Redis may have less than expected, when it restarted, or more, when its answer was lost.
            copy.copied = _position(last)
            copy.has_subscribers = bool(has_subscribers)
            self._go_on(generation_id, entries)

    def _batch(self, generation_id: uuid.UUID) -> list[Entry]:
        copy = self._copies[generation_id]
        events = self._read(generation_id, copy.copied[0])
        rest = [*events, *(marker for marker in copy.markers if marker.position > copy.copied)]
        return sorted(rest, key=lambda entry: entry.position)[:BATCH]

    def _go_on(self, generation_id: uuid.UUID, entries: Sequence[Entry]) -> None:
        """Drops what was copied to its end. What was not is due again."""
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
        """Frees memory in a long outage: of generations that ended long ago nothing is left to copy."""
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
        """Whether the memory no longer has the event that was copied last: nothing more comes of that log."""
        number = copy.copied[0]
        return (number > 0 or not copy.markers) and not self._read(generation_id, max(0, number - 1))


def _text(position: Position) -> str:
    return f"{position[0]}-{position[1]}"


def _position(text: str) -> Position:
    number, _, part = text.partition("-")
    return int(number), int(part)


def _entry(position: str, fields: Mapping[str, str]) -> Entry:
    return Entry(_position(position), fields["n"], fields["d"], fields["s"])
