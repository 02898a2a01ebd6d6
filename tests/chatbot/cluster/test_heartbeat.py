import asyncio

import pytest

from chatbot.cluster import heartbeat as module
from chatbot.cluster.heartbeat import Heartbeat
from chatbot.cluster.redis import RedisClient, Unreachable
from tests.e2e.redis_server import RunningRedis


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "ALIVE_SECONDS", 0.3)
    monkeypatch.setattr(module, "MISSED_SECONDS", 0.2)


async def until_dead(watcher: Heartbeat, process: str) -> None:
    async with asyncio.timeout(20):
        while process not in await watcher.dead({process}):
            await asyncio.sleep(0.02)


async def test_a_process_without_heartbeats_is_dead_after_a_while(
    redis: RunningRedis, prefix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = RedisClient(redis.url, prefix)
    one, other = Heartbeat(client, "one"), Heartbeat(client, "other")
    await one.beat()
    assert await other.dead({"one"}) == set()
    await until_dead(other, "one")
    monkeypatch.setattr(module, "ALIVE_SECONDS", 60.0)
    await one.beat()
    assert await other.dead({"one"}) == set()
    await client.close()


async def test_an_unknown_process_is_dead_only_after_a_while(redis: RunningRedis, prefix: str) -> None:
    """Redis may have restarted: all processes need a moment to report their heartbeat."""
    client = RedisClient(redis.url, prefix)
    watcher = Heartbeat(client, "me")
    assert await watcher.dead({"unknown"}) == set()
    await until_dead(watcher, "unknown")
    await client.close()


async def test_a_process_never_considers_itself_dead(redis: RunningRedis, prefix: str) -> None:
    client = RedisClient(redis.url, prefix)
    watcher = Heartbeat(client, "me")
    await watcher.dead({"me"})
    await asyncio.sleep(0.3)
    assert await watcher.dead({"me"}) == set()
    await client.close()


async def test_a_process_that_leaves_is_dead(redis: RunningRedis, prefix: str) -> None:
    client = RedisClient(redis.url, prefix)
    one, other = Heartbeat(client, "one"), Heartbeat(client, "other")
    await one.beat()
    await one.leave()
    await other.dead({"one"})
    await until_dead(other, "one")
    await client.close()


async def test_while_redis_is_gone_no_process_is_dead(mortal_redis: RunningRedis, prefix: str) -> None:
    client = RedisClient(mortal_redis.url, prefix)
    watcher = Heartbeat(client, "me")
    await watcher.dead({"one"})
    mortal_redis.stop()
    with pytest.raises(Unreachable):
        await watcher.dead({"one"})
    await asyncio.sleep(0.3)
    mortal_redis.start()
    await watcher.beat()
    assert await watcher.dead({"one"}) == set()  # missed only since Redis answers again
    await client.close()
