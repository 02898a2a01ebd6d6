"""Who listens to what: a process says which generations of others are listened to in it, for a moment each time."""

import asyncio
import uuid
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from chatbot.cluster.redis import Client, Unreachable

if TYPE_CHECKING:
    from redis.asyncio import Redis

PRESENCE_SECONDS = 2.0
"""How long it counts that somebody listens to a generation in another process."""


class Presence:
    """The ears of the cluster, as one process of it sees them."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def key(self, generation_id: uuid.UUID) -> str:
        """The key that is there while somebody listens to the generation in another process."""
        return self._client.key("ear", generation_id)

    async def listen_to(self, generation_ids: Sequence[uuid.UUID]) -> None:
        """Says that somebody here listens to generations of other processes. Raises Unreachable."""
        keys = [self.key(generation_id) for generation_id in generation_ids]

        async def say(redis: "Redis") -> None:
            pipeline = redis.pipeline(transaction=False)
            for key in keys:
                pipeline.set(key, 1, px=round(PRESENCE_SECONDS * 1000))
            await pipeline.execute()

        if keys:
            await self._client.run(say)

    async def has_subscribers(self, generation_id: uuid.UUID) -> bool:
        """Whether somebody listens to the generation elsewhere. Raises Unreachable also when Redis cannot know: it
        began anew, or was away, so that who listens has had no chance to say so."""

        async def ask(redis: "Redis") -> tuple[int, dict[str, Any]]:
            return await redis.exists(self.key(generation_id)), await redis.info("server")

        has_subscribers, server = await self._client.run(ask)
        away = asyncio.get_running_loop().time() - self._client.back_at
        if not has_subscribers and min(away, float(server["uptime_in_seconds"])) < 2 * PRESENCE_SECONDS:
            raise Unreachable
        return bool(has_subscribers)
