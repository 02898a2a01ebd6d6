"""Presence: a process says for a moment each time which generations of other processes have subscribers in it."""

import asyncio
import uuid
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from chatbot.cluster.redis import RedisClient, Unreachable

if TYPE_CHECKING:
    from redis.asyncio import Redis

PRESENCE_SECONDS = 2.0
"""How long it counts that another process has a subscriber."""


class Presence:
    """The presence of subscribers in the cluster, as one process sees it."""

    def __init__(self, client: RedisClient) -> None:
        self._client = client

    def key(self, generation_id: uuid.UUID) -> str:
        """The Redis key that exists while another process has a subscriber to the generation."""
        return self._client.key("presence", generation_id)

    async def announce(self, generation_ids: Sequence[uuid.UUID]) -> None:
        """Says that this process has subscribers to these generations of others. Raises Unreachable."""
        keys = [self.key(generation_id) for generation_id in generation_ids]

        async def say(redis: "Redis") -> None:
            pipeline = redis.pipeline(transaction=False)
            for key in keys:
                pipeline.set(key, 1, px=round(PRESENCE_SECONDS * 1000))
            await pipeline.execute()

        if keys:
            await self._client.run(say)

    async def has_subscribers(self, generation_id: uuid.UUID) -> bool:
        """Whether another process has a subscriber to the generation. Raises Unreachable also when Redis cannot know:
        it restarted or was away a moment ago, so the others had no chance to say so."""

        async def ask(redis: "Redis") -> tuple[int, dict[str, Any]]:
            return await redis.exists(self.key(generation_id)), await redis.info("server")

        has_subscribers, server = await self._client.run(ask)
        away = asyncio.get_running_loop().time() - self._client.back_at
        if not has_subscribers and min(away, float(server["uptime_in_seconds"])) < 2 * PRESENCE_SECONDS:
            raise Unreachable
        return bool(has_subscribers)
