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
"""A command that takes longer counts as unanswered."""

AT_ONCE = 8
"""Commands, hence connections, at once. Redis does one after the other anyway."""


class Unreachable(Exception):
    """Redis does not answer. Whether it did the command is unknown."""


class RedisClient:
    """Redis, for one event loop. While Redis does not answer, every call but a probe fails at once."""

    def __init__(self, url: str, prefix: str) -> None:
        # Not at the top: a server without a cluster needs no redis package.
        from redis.asyncio import Redis
        from redis.asyncio.retry import Retry
        from redis.backoff import NoBackoff
        from redis.exceptions import RedisError

        self.reachable = True
        self.back_at = float("-inf")  # when Redis last began to answer again, by the loop's clock
        self._failures = (RedisError, OSError, TimeoutError)
        self._prefix = prefix
        self._free = asyncio.Semaphore(AT_ONCE)
        self._redis: Redis = Redis.from_url(
            url,
            decode_responses=True,
            protocol=2,  # the shapes of answers that this package reads
            socket_timeout=PATIENCE_SECONDS,
            socket_connect_timeout=PATIENCE_SECONDS,
            retry=Retry(NoBackoff(), 0),  # the callers know better when to try again
        )

    def key(self, *parts: object) -> str:
        """The name of a Redis key of this installation."""
        return ":".join([self._prefix, *map(str, parts)])

    def script(self, source: str) -> Any:
        """A Lua script: ``await script(keys=…, args=…, client=…)``, within ``run``."""
        return self._redis.register_script(source)

    async def run(self, work: "Callable[[Redis], Awaitable[T]]", *, probe: bool = False) -> T:
        """The result of ``work``, which gets the connection. Raises Unreachable."""
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
        except Exception as error:  # whatever it is, the caller does without Redis
            if not isinstance(error, self._failures):
                logger.exception("a command for Redis could not be given")
            if self.reachable:
                logger.warning("Redis does not answer (%s): this process goes on by itself", type(error).__name__)
            self.reachable = False
            raise Unreachable from error
        if not self.reachable:
            logger.warning("Redis answers again")
            self.reachable = True
            self.back_at = asyncio.get_running_loop().time()
        return result

    async def close(self) -> None:
        await self._redis.aclose()
