import pytest

from chatbot.cluster.redis import RedisClient, Unreachable
from tests.e2e.redis_server import RunningRedis


async def test_an_answer(redis: RunningRedis, prefix: str) -> None:
    client = RedisClient(redis.url, prefix)
    await client.run(lambda it: it.set(client.key("a", 1), "가"))
    assert await client.run(lambda it: it.get(f"{prefix}:a:1")) == "가"
    assert client.reachable
    await client.close()


async def test_a_redis_that_is_gone_is_asked_by_probes_alone(mortal_redis: RunningRedis, prefix: str) -> None:
    client = RedisClient(mortal_redis.url, prefix)
    await client.run(lambda it: it.ping())
    mortal_redis.stop()
    with pytest.raises(Unreachable):
        await client.run(lambda it: it.ping())
    assert not client.reachable
    mortal_redis.start()
    with pytest.raises(Unreachable):  # no caller waits until Redis is known to be back
        await client.run(lambda it: it.ping())
    assert await client.run(lambda it: it.ping(), probe=True)
    assert client.reachable
    assert await client.run(lambda it: it.ping())
    await client.close()


async def test_a_redis_that_is_frozen_counts_as_gone(
    mortal_redis: RunningRedis, prefix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chatbot.cluster.redis.PATIENCE_SECONDS", 60)
    client = RedisClient(mortal_redis.url, prefix)
    await client.run(lambda it: it.ping())
    mortal_redis.freeze()
    monkeypatch.setattr("chatbot.cluster.redis.PATIENCE_SECONDS", 0.1)
    with pytest.raises(Unreachable):
        await client.run(lambda it: it.ping())
    mortal_redis.thaw()
    monkeypatch.setattr("chatbot.cluster.redis.PATIENCE_SECONDS", 60)
    assert await client.run(lambda it: it.ping(), probe=True)
    await client.close()


async def test_a_password_is_not_logged(prefix: str, caplog: pytest.LogCaptureFixture) -> None:
    client = RedisClient("redis://:hunter2@127.0.0.1:1/0", prefix)
    with pytest.raises(Unreachable):
        await client.run(lambda it: it.ping())
    assert "Redis does not answer" in caplog.text
    assert "hunter2" not in caplog.text
    await client.close()
