"""The event logs that others can read: each generation's events in a Redis Stream of its own, bounded and expiring.

The log in memory comes first; it is copied here in batches, behind the backs of those who listen: often when somebody
listens in another process, seldom when nobody does. Event n has the id ``n-0``. Signs stand between events: ``n-1``,
``n-2`` … behind event n.
"""

import asyncio
import logging
import uuid
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from chatbot.cluster.presence import Presence
from chatbot.cluster.redis import Client, Unreachable

logger = logging.getLogger(__name__)

GATHER_SECONDS = 0.05
"""Events of this long are copied together: the first ones, the last ones, and all that is heard elsewhere."""

SELDOM_SECONDS = 0.5
"""How often all others are copied. Who begins to listen elsewhere waits for so long at most."""

AGAIN_SECONDS = 0.25
"""After Redis did not answer."""

ERASED_SECONDS = 10.0
"""How often it is looked, while Redis does not answer, for what need not be copied any more."""

AT_ONCE = 20
"""Generations that are copied with one command, which keeps Redis from all others for the time it takes."""

BATCH = 500
"""Entries that are copied, or read, of one generation at once."""

LONGEST = 20_000
"""Entries of a generation that are kept. No answer has so many."""

GIVEN_UP = "given-up"
"""The sign that nothing more will come, without a terminal event."""

FAREWELL = "stream_end"
"""The sign that ends the stream for one session: ``data`` are the events it still gets."""

Place = tuple[int, int]
"""An entry's id: its event's number, and its place behind that event."""

BEGINNING: Place = (0, 0)
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
"""For the log and the ear of each generation: its last entry, and whether it is heard. Arguments: the seconds and the
number of entries that are kept, then of each generation the entry that is thought to be the last one, the number of
new ones, and their places, names, sessions and data."""


@dataclass(frozen=True, slots=True)
class Entry:
    """An event (``place[1]`` is 0) with its name and data, or a sign, for one session where it names one."""

    place: Place
    name: str
    data: str
    session: str = ""


@dataclass(slots=True)
class _Copy:
    """How far a generation's log was copied, and the signs in it."""

    copied: Place = BEGINNING
    has_subscribers: bool = False  # in another process, when it was last copied
    signs: list[Entry] = field(default_factory=list)
    has_end: bool = False  # what was copied says that nothing follows


class LogReplication:
    """Copies this process's logs, and reads those of others.

    ``read`` gives the events of a generation in memory behind a number, ``ends`` whether an event of that name is
    terminal. A generation is forgotten here when all of it was copied.
    """

    def __init__(
        self,
        client: Client,
        ears: Presence,
        *,
        read: Callable[[uuid.UUID, int], Sequence[Entry]],
        ends: Callable[[str], bool],
        keep_seconds: float,
    ) -> None:
        self._client = client
        self._ears = ears
        self._read = read
        self._ends = ends
        self._keep_seconds = max(1, round(keep_seconds))
        self._append = client.script(_APPEND)
        self._copies: dict[uuid.UUID, _Copy] = {}
        self._due: set[uuid.UUID] = set()
        self._soon: set[uuid.UUID] = set()  # of those that are due
        self._hurry = asyncio.Event()  # something is due before the time for all
        self._seldom_at = float("-inf")  # when all that was due was last copied, by the loop's clock
        self._looked_at = float("-inf")  # for what is erased, while Redis is away
        self._task: asyncio.Task[None] | None = None

    def __len__(self) -> int:
        """Generations that are not wholly copied."""
        return len(self._copies)

    def copy(self, generation_id: uuid.UUID, *, soon: bool = False) -> None:
        """There is more in the generation's log. Costs next to nothing: the copying is done later, elsewhere."""
        copy = self._copies.setdefault(generation_id, _Copy())
        self._due.add(generation_id)
        if soon or copy.has_subscribers or copy.copied == BEGINNING:
            self._soon.add(generation_id)
            self._hurry.set()
        if self._task is None:
            self._task = asyncio.create_task(self._work())

    def sign(self, generation_id: uuid.UUID, number: int, name: str, data: str = "", *, session: str = "") -> None:
        """Puts a sign behind event ``number``, the last one that was published."""
        signs = self._copies.setdefault(generation_id, _Copy()).signs
        part = sum(sign.place[0] == number for sign in signs) + 1
        signs.append(Entry((number, part), name, data, session))
        self.copy(generation_id, soon=True)

    async def settle(self) -> None:
        """Returns when all that is there has been copied."""
        while self._task is not None:
            self._seldom_at = float("-inf")
            self._hurry.set()
            await asyncio.wait({self._task}, timeout=SELDOM_SECONDS)

    async def entries(self, after: Mapping[uuid.UUID, Place]) -> dict[uuid.UUID, list[Entry]]:
        """What Redis has of the generations, each behind its place. Raises Unreachable."""
        if not after:
            return {}
        keys = {self._key(generation_id): generation_id for generation_id in after}
        streams: Any = {key: _text(after[generation_id]) for key, generation_id in keys.items()}
        found: Any = await self._client.run(lambda redis: redis.xread(streams, count=BATCH))
        return {keys[key]: [_entry(place, fields) for place, fields in entries] for key, entries in found}

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
                    self._forget_what_is_erased()
                    await asyncio.sleep(AGAIN_SECONDS)
        finally:
            self._task = None

    async def _gather(self) -> None:
        """Waits until it is worth a command. A process that need not wake up leaves the core to others."""
        left = self._seldom_at + SELDOM_SECONDS - asyncio.get_running_loop().time()
        with suppress(TimeoutError):
            async with asyncio.timeout(max(GATHER_SECONDS, left)):
                await self._hurry.wait()
                await asyncio.sleep(GATHER_SECONDS)
        self._hurry.clear()

    async def _copy_due(self) -> None:
        """All that is due now, so many generations with each command."""
        now = asyncio.get_running_loop().time()
        is_time_for_all = now - self._seldom_at >= SELDOM_SECONDS
        waiting = sorted(self._due if is_time_for_all else self._soon, key=lambda it: (it not in self._soon, it))
        while waiting:
            some, waiting = waiting[:AT_ONCE], waiting[AT_ONCE:]
            self._due.difference_update(some)
            self._soon.difference_update(some)
            try:
                await self._copy_all(some)
            except Exception as error:  # nothing is lost: it is in memory
                if not isinstance(error, Unreachable):
                    logger.exception("events could not be copied")
                for generation_id in some:
                    self.copy(generation_id, soon=True)
                return
        if is_time_for_all:
            self._seldom_at = now

    async def _copy_all(self, due: Sequence[uuid.UUID]) -> None:
        keys: list[str] = []
        arguments: list[str | int] = [self._keep_seconds, LONGEST]
        batches = {generation_id: self._batch(generation_id) for generation_id in due}
        for generation_id, entries in batches.items():
            keys += [self._key(generation_id), self._ears.key(generation_id)]
            arguments += [_text(self._copies[generation_id].copied), len(entries)]
            for entry in entries:
                arguments += [_text(entry.place), entry.name, entry.session, entry.data]
        said = await self._client.run(lambda redis: self._append(keys=keys, args=arguments, client=redis))
        for (generation_id, entries), (last, has_subscribers) in zip(batches.items(), said, strict=True):
            copy = self._copies[generation_id]
            # Redis may have less than was thought, when it began anew, or more, when its answer was lost.
            copy.copied = _place(last)
            copy.has_subscribers = bool(has_subscribers)
            self._go_on(generation_id, entries)

    def _batch(self, generation_id: uuid.UUID) -> list[Entry]:
        copy = self._copies[generation_id]
        events = self._read(generation_id, copy.copied[0])
        rest = [*events, *(sign for sign in copy.signs if sign.place > copy.copied)]
        return sorted(rest, key=lambda entry: entry.place)[:BATCH]

    def _go_on(self, generation_id: uuid.UUID, entries: Sequence[Entry]) -> None:
        """Forgets what was copied to its end; what was not is due again."""
        copy = self._copies[generation_id]
        last = entries[-1] if entries else None
        caught_up = last is not None and copy.copied == last.place
        copy.has_end |= any(
            (entry.name == GIVEN_UP or self._ends(entry.name)) and entry.place <= copy.copied for entry in entries
        )
        if self._batch(generation_id):
            self.copy(generation_id, soon=not caught_up or len(entries) == BATCH)
        elif copy.has_end or self._is_erased(generation_id, copy):
            self._forget(generation_id)

    def _forget_what_is_erased(self) -> None:
        """In a long outage the memory lets go of what ended long ago, and there is nothing left to copy."""
        now = asyncio.get_running_loop().time()
        if now - self._looked_at >= ERASED_SECONDS:
            self._looked_at = now
            for generation_id, copy in list(self._copies.items()):
                if self._is_erased(generation_id, copy):
                    self._forget(generation_id)

    def _forget(self, generation_id: uuid.UUID) -> None:
        del self._copies[generation_id]
        self._due.discard(generation_id)
        self._soon.discard(generation_id)

    def _is_erased(self, generation_id: uuid.UUID, copy: _Copy) -> bool:
        """Whether the memory no longer has what was last copied: nothing more comes, or it is numbered anew."""
        number = copy.copied[0]
        return (number > 0 or not copy.signs) and not self._read(generation_id, max(0, number - 1))


def _text(place: Place) -> str:
    return f"{place[0]}-{place[1]}"


def _place(text: str) -> Place:
    number, _, part = text.partition("-")
    return int(number), int(part)


def _entry(place: str, fields: Mapping[str, str]) -> Entry:
    return Entry(_place(place), fields["n"], fields["d"], fields["s"])
