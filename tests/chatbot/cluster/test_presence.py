import uuid

import pytest

from chatbot.cluster import presence as module
from chatbot.cluster.presence import Presence
from chatbot.cluster.redis import RedisClient, Unreachable
from tests.e2e.redis_server import RunningRedis


async def test_subscribers_at_other_processes_are_known(
    redis: RunningRedis, prefix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    clients = [RedisClient(redis.url, prefix) for _ in range(2)]
    one, other = map(Presence, clients)
    heard, unheard = uuid.uuid4(), uuid.uuid4()
    await other.announce([heard])
    await other.announce([])
    assert await one.has_subscribers(heard)
    monkeypatch.setattr(module, "PRESENCE_SECONDS", 0.0)
    assert not await one.has_subscribers(unheard)
    for client in clients:
        await client.close()


async def test_after_a_restart_of_redis_presence_is_unknown(mortal_redis: RunningRedis, prefix: str) -> None:
    client = RedisClient(mortal_redis.url, prefix)
    with pytest.raises(Unreachable):
        await Presence(client).has_subscribers(uuid.uuid4())
    await client.close()
