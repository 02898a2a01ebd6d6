"""The connection to Redis, and whether Redis answers."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from redis.asyncio import Redis

logger = logging.getLogger(__name__)

T = TypeVar("T")

PATIENCE_SECONDS = 1.0
"""The time limit of a command. After it, Redis counts as unreachable."""

AT_ONCE = 8
"""The maximum number of simultaneous commands, and so of connections. Redis runs one command at a time anyway."""


class Unreachable(Exception):
    """Redis does not answer. It is unknown whether Redis ran the command."""


class RedisClient:
    """The Redis client of one event loop. While Redis does not answer, all calls except probes fail at once."""

    def __init__(self, url: str, prefix: str) -> None:
        # Not at the top: a server without a cluster needs no redis package.
        from redis.asyncio import Redis
        from redis.asyncio.retry import Retry
        from redis.backoff import NoBackoff
        from redis.exceptions import RedisError

        self.reachable = True
        self.back_at = float("-inf")  # the loop's time when Redis last began to answer again
        self._failures = (RedisError, OSError, TimeoutError)
        self._prefix = prefix
        self._free = asyncio.Semaphore(AT_ONCE)
        self._redis: Redis = Redis.from_url(
            url,
            decode_responses=True,
            protocol=2,  # this package reads the replies of protocol 2
            socket_timeout=PATIENCE_SECONDS,
            socket_connect_timeout=PATIENCE_SECONDS,
            retry=Retry(NoBackoff(), 0),  # the callers decide when to try again
        )

    def key(self, *parts: object) -> str:
        """The name of a Redis key of this installation."""
        return ":".join([self._prefix, *map(str, parts)])

    def script(self, source: str) -> Any:
        """A Lua script, to be called within ``run``: ``await script(keys=…, args=…, client=…)``."""
        return self._redis.register_script(source)

    async def run(self, work: "Callable[[Redis], Awaitable[T]]", *, probe: bool = False) -> T:
        """Calls ``work`` with the connection, and returns its result. Raises Unreachable."""
        if probe:  # a heartbeat does not wait for its turn
            return await self._try(work)
        if not self.reachable:
            raise Unreachable
        async with self._free:
            if not self.reachable:
                raise Unreachable
            return await self._try(work)

    async def _try(self, work: "Callable[[Redis], Awaitable[T]]") -> T:
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                result = await work(self._redis)
        except Exception as error:  # after any error, the caller continues without Redis
            if not isinstance(error, self._failures):
                logger.exception("a Redis command could not be sent")
            if self.reachable:
                logger.warning("Redis does not answer (%s): this process continues without it", type(error).__name__)
            self.reachable = False
            raise Unreachable from error
        if not self.reachable:
            logger.warning("Redis answers again")
            self.reachable = True
            self.back_at = asyncio.get_running_loop().time()
        return result

    async def close(self) -> None:
        await self._redis.aclose()
