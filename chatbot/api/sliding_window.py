"""Sliding windows count the requests of the last seconds, in memory or in Redis.

One atomic step counts a request in all of its windows, or in none. The library ``limits`` cannot do that for several
windows. In memory it has no bound for the number of keys, and with Redis it uses the clock of each process.
"""

import math
import re
import time
from collections import OrderedDict, deque
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from chatbot.cluster.redis import RedisClient

MOST_WINDOWS = 50_000
"""The maximum number of windows in memory. Above that, the least recently used ones are dropped."""

_UNITS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}


@dataclass(frozen=True, slots=True)
class Window:
    """Allows at most ``limit`` requests for ``key`` within ``seconds``."""

    key: str
    limit: int
    seconds: int


@lru_cache(maxsize=16)
def parse(rate: str) -> tuple[int, int]:
    """The number of requests and the seconds of a rate such as 20/m or 100/15min.

    ``leafresh.environment.rate`` has already checked the rate.
    """
    found = re.fullmatch(r"([0-9]+)/([0-9]*)([smhd])[a-z]*", rate)
    if found is None:
        raise ValueError(rate)
    return int(found[1]), int(found[2] or 1) * _UNITS[found[3]]


class MemoryWindows:
    """Windows in the memory of this process. ``take`` is synchronous, so it is atomic."""

    def __init__(self, most: int = MOST_WINDOWS) -> None:
        self._most = most
        self._counted: OrderedDict[str, deque[float]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._counted)

    def take(self, windows: Sequence[Window]) -> float:
        """Counts one request and returns 0. If a window is full, returns the seconds until none is, and counts
        nothing."""
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
"""The windows of a process without Redis."""

_TAKE = """
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local wait = 0
for i, key in ipairs(KEYS) do
  local limit, window = tonumber(ARGV[2 * i - 1]), ARGV[2 * i] * 1000
  while (tonumber(redis.call('LINDEX', key, 0)) or now) <= now - window do redis.call('LPOP', key) end
  -- Requests from before the clock was set back.
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
"""The Lua script of ``RedisWindows.take``. It uses the clock of Redis. Times are in milliseconds."""


class RedisWindows:
    """Windows that all processes of a cluster share."""

    def __init__(self, client: RedisClient) -> None:
        self._client = client
        self._take = client.script(_TAKE)

    async def take(self, windows: Sequence[Window]) -> float:
        """As ``MemoryWindows.take``. Raises Unreachable."""
        if not windows:
            return 0.0
        keys = [self._client.key("rate", window.key) for window in windows]
        arguments = [number for window in windows for number in (window.limit, window.seconds)]
        milliseconds = await self._client.run(lambda redis: self._take(keys=keys, args=arguments, client=redis))
        return float(milliseconds) / 1000


def whole_seconds(wait: float, windows: Sequence[Window]) -> int:
    """The seconds for ``Retry-After``: rounded up, and at most the longest window, in case a clock has jumped."""
    return min(math.ceil(wait), max(window.seconds for window in windows))
