"""Rate limits: they decide whether a client may have another answer now.

A view or a connection creates a ``RateLimiter`` for its client and passes it to the service::

    await RateLimiter(request).admit(rate_key)  # raises TooManyRequests

The service calls it once, just before a request joins or starts a generation. It counts the request for the client's
address and for the ``rate_key`` (``chatbot.sessions.ownership.rate_key``), which is made of the session and its proven
owner. Refused requests and those that only resume are not counted. Requests that need no answer count only for the
address (``admit_reading``). Counting uses neither the database nor a thread. It waits only for Redis. While Redis does
not answer, no request is refused.

A rate is a sliding window. One atomic step counts a request in all of its windows, or in none. The library ``limits``
cannot do that for several windows. In memory it has no bound for the number of keys, and with Redis it uses the clock
of each process.
"""

import functools
import math
import time
from collections import OrderedDict, deque
from collections.abc import Sequence
from dataclasses import dataclass

from django.conf import settings
from django.http import HttpRequest

from chatbot.api.client import TrustedProxies, client_address
from chatbot.cluster.redis import RedisClient, Unreachable
from chatbot.errors import TooManyRequests
from chatbot.runtime import runtime
from chatbot.service import Limiter

MOST_WINDOWS = 50_000
"""The maximum number of windows in memory. Above that, the least recently used ones are dropped."""


@dataclass(frozen=True, slots=True)
class Window:
    """Allows at most ``limit`` requests for ``key`` within ``seconds``."""

    key: str
    limit: int
    seconds: int


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


class RateLimiter(Limiter):
    """Checks the rates of the client that sent a request."""

    def __init__(self, request: HttpRequest) -> None:
        self._request = request

    async def admit(self, rate_key: str) -> None:
        """Counts a request for the key and for the client's address. Raises TooManyRequests."""
        await _admit([*_of_address(self._request), *_of_session(rate_key)])

    async def begun(self, rate_key: str) -> None:
        """Counts the request that began a session for its new owner. It was already counted for the address."""
        await _take(_of_session(rate_key))


async def admit_reading(request: HttpRequest) -> None:
    """Counts a request that needs no answer (reading, erasing, rating, stopping). Raises TooManyRequests."""
    await _admit(_of_address(request))


async def _admit(windows: list[Window]) -> None:
    """Counts a request in all windows. Raises TooManyRequests with the seconds until none is full."""
    wait = await _take(windows)
    if wait:
        raise TooManyRequests(whole_seconds(wait, windows))


async def _take(windows: list[Window]) -> float:
    """Counts a request in all windows and returns 0. If one is full, returns the seconds until none is."""
    if not windows:
        return 0
    if (cluster := runtime().cluster) is None:
        return memory.take(windows)
    try:
        return await RedisWindows(cluster.redis).take(windows)
    except Unreachable:
        return 0


def _of_address(request: HttpRequest) -> list[Window]:
    if (rate := settings.LEAFRESH_ADDRESS_RATE) is None:
        return []
    address = client_address(
        peer=request.META.get("REMOTE_ADDR"),
        forwarded_for=request.META.get("HTTP_X_FORWARDED_FOR", ""),
        trusted=_trusted(tuple(settings.LEAFRESH_TRUSTED_PROXIES)),
    )
    return [Window(f"address:{address}", *rate)]


def _of_session(rate_key: str) -> list[Window]:
    rate = settings.LEAFRESH_SESSION_RATE
    return [] if rate is None else [Window(f"session:{rate_key}", *rate)]


_trusted = functools.lru_cache(maxsize=4)(TrustedProxies.parse)
