"""Sliding windows: how many requests came in the last so many seconds, in memory or in Redis.

A request is counted in all of its windows or in none, in one step that nothing comes between. The library ``limits``
was looked at: its windows in memory use a thread for each key that expires and know no bound, those in Redis go by each
process's own clock, and neither takes several windows at once.
"""

import math
import re
import time
from collections import OrderedDict, deque
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from chatbot.cluster.redis import Client

MOST_WINDOWS = 50_000
"""Windows that are kept in memory; beyond that, those that were asked for longest ago are forgotten."""

_UNITS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}


@dataclass(frozen=True, slots=True)
class Window:
    """At most ``limit`` requests under ``key`` within ``seconds``."""

    key: str
    limit: int
    seconds: int


@lru_cache(maxsize=16)
def parse(rate: str) -> tuple[int, int]:
    """The requests and the seconds of a rate, which ``leafresh.environment.rate`` has checked: 20/m, 100/15min."""
    found = re.fullmatch(r"([0-9]+)/([0-9]*)([smhd])[a-z]*", rate)
    if found is None:
        raise ValueError(rate)
    return int(found[1]), int(found[2] or 1) * _UNITS[found[3]]


class MemoryWindows:
    """The windows of this process. ``take`` never waits, so that nothing comes between looking and counting."""

    def __init__(self, most: int = MOST_WINDOWS) -> None:
        self._most = most
        self._counted: OrderedDict[str, deque[float]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._counted)

    def take(self, windows: Sequence[Window]) -> float:
        """Counts one request, unless a window is full: then the seconds until none is."""
        now = time.monotonic()
        wait = max((self._wait(window, now) for window in windows), default=0.0)
        if not wait:
            for window in windows:
                self._counted[window.key].append(now)
        while len(self._counted) > self._most:
            self._counted.popitem(last=False)
        return wait

    def clear(self) -> None:
        self._counted.clear()

    def _wait(self, window: Window, now: float) -> float:
        counted = self._counted.setdefault(window.key, deque())
        self._counted.move_to_end(window.key)
        while counted and counted[0] <= now - window.seconds:
            counted.popleft()
        if len(counted) < window.limit:
            return 0.0
        return counted[-window.limit] + window.seconds - now


memory = MemoryWindows()
"""What this process counts, when it shares no Redis with others."""


_TAKE = """
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local wait = 0
for i, key in ipairs(KEYS) do
  local limit, window = tonumber(ARGV[2 * i - 1]), ARGV[2 * i] * 1000
  while (tonumber(redis.call('LINDEX', key, 0)) or now) <= now - window do redis.call('LPOP', key) end
  -- From before a clock was set back.
  while (tonumber(redis.call('LINDEX', key, -1)) or now) > now do redis.call('RPOP', key) end
  if redis.call('LLEN', key) >= limit then
    wait = math.max(wait, redis.call('LINDEX', key, -limit) + window - now)
  end
end
if wait == 0 then
  for i, key in ipairs(KEYS) do
    redis.call('RPUSH', key, string.format('%.0f', now))
    redis.call('PEXPIRE', key, ARGV[2 * i] * 1000)
  end
end
return wait
"""
"""The same by Redis, in one step, by its clock: that of all processes. Milliseconds."""


class RedisWindows:
    """The windows that all processes of a cluster share."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._take = client.script(_TAKE)

    async def take(self, windows: Sequence[Window]) -> float:
        """As in memory. Raises Unreachable."""
        if not windows:
            return 0.0
        keys = [self._client.key("rate", window.key) for window in windows]
        arguments = [number for window in windows for number in (window.limit, window.seconds)]
        milliseconds = await self._client.run(lambda redis: self._take(keys=keys, args=arguments, client=redis))
        return float(milliseconds) / 1000


def whole_seconds(wait: float, windows: Sequence[Window]) -> int:
    """For ``Retry-After``: not less than the wait, and never more than the longest window, whatever a clock said."""
    return min(math.ceil(wait), max(window.seconds for window in windows))
