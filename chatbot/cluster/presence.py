"""Presence: each process announces to which generations of other processes it has subscribers."""

import asyncio
import uuid
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from chatbot.cluster.redis import RedisClient, Unreachable

if TYPE_CHECKING:
    from redis.asyncio import Redis

PRESENCE_SECONDS = 2.0
"""The lifetime of an announcement. Processes renew it."""


class Presence:
    """Announces subscribers of this process, and asks about those of other processes."""

    def __init__(self, client: RedisClient) -> None:
        self._client = client

    def key(self, generation_id: uuid.UUID) -> str:
        """The Redis key that exists while another process has a subscriber to the generation."""
        return self._client.key("presence", generation_id)

    async def announce(self, generation_ids: Sequence[uuid.UUID]) -> None:
        """Announces that this process has subscribers to these generations of other processes. Raises Unreachable."""
        keys = [self.key(generation_id) for generation_id in generation_ids]

        async def say(redis: "Redis") -> None:
            pipeline = redis.pipeline(transaction=False)
            for key in keys:
                pipeline.set(key, 1, px=round(PRESENCE_SECONDS * 1000))
            await pipeline.execute()

        if keys:
            await self._client.run(say)

    async def has_subscribers(self, generation_id: uuid.UUID) -> bool:
        """Whether another process has a subscriber to the generation. Raises Unreachable.

        It also raises Unreachable when Redis restarted or was unavailable a moment ago: then the other processes had no
        time to announce their subscribers.
        """

        async def ask(redis: "Redis") -> tuple[int, dict[str, Any]]:
            return await redis.exists(self.key(generation_id)), await redis.info("server")

        has_subscribers, server = await self._client.run(ask)
        away = asyncio.get_running_loop().time() - self._client.back_at
        if not has_subscribers and min(away, float(server["uptime_in_seconds"])) < 2 * PRESENCE_SECONDS:
            raise Unreachable
        return bool(has_subscribers)
