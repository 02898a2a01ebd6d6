"""Windows as two processes share them in Redis."""

import asyncio
from collections.abc import Iterator

import pytest

from chatbot.api.throttling import RedisWindows, Window
from chatbot.cluster.redis import RedisClient, Unreachable
from tests.e2e import redis_server
from tests.e2e.redis_server import RunningRedis

SESSION, ADDRESS = Window("session:s", 20, 60), Window("address:a", 100, 60)


@pytest.fixture
def redis() -> Iterator[RunningRedis]:
    if redis_server.EXECUTABLE is None:
        pytest.skip("needs redis-server (Debian's package redis-server)")
    with RunningRedis() as running:
        yield running


@pytest.mark.parametrize("processes", [1, 2])
async def test_of_two_hundred_requests_at_once_twenty_pass(redis: RunningRedis, processes: int) -> None:
    clients = [RedisClient(redis.url, "test") for _ in range(processes)]
    windows = [RedisWindows(client) for client in clients]
    waits = await asyncio.gather(*(windows[number % processes].take([ADDRESS, SESSION]) for number in range(200)))
    assert sum(wait == 0 for wait in waits) == 20
    assert all(0 <= wait <= 60 for wait in waits)
    # What the session's window refused used up nothing of the address's.
    more = [await windows[0].take([ADDRESS, Window(f"session:{number}", 20, 60)]) for number in range(90)]
    assert [wait == 0 for wait in more] == [True] * 80 + [False] * 10
    # And the other way round.
    other = Window("session:85", 1, 60)
    assert await windows[0].take([ADDRESS, other]) > 0
    assert await windows[0].take([other]) == 0
    await asyncio.gather(*(client.close() for client in clients))


async def test_a_window_slides_and_is_forgotten(redis: RunningRedis) -> None:
    client = RedisClient(redis.url, "test")
    windows, window = RedisWindows(client), Window("session:s", 2, 1)
    assert [await windows.take([window]) for _ in range(2)] == [0, 0]
    wait = await windows.take([window])
    assert 0 < wait <= 1
    await asyncio.sleep(wait + 0.05)
    assert await windows.take([window]) == 0
    assert 0 < await client.run(lambda it: it.pttl("test:rate:session:s")) <= 1000
    await client.close()


async def test_stamps_in_the_future_are_ignored(redis: RunningRedis) -> None:
    """Time stamps of a clock that was two hours fast."""
    client = RedisClient(redis.url, "test")
    seconds, _ = await client.run(lambda it: it.time())
    await client.run(lambda it: it.rpush("test:rate:session:s", *[(seconds + 7200) * 1000] * 20))
    windows = RedisWindows(client)
    assert [await windows.take([SESSION]) for _ in range(20)] == [0] * 20
    assert 0 < await windows.take([SESSION]) <= 60
    await client.close()


async def test_a_rate_that_was_lowered_refuses_with_a_time(redis: RunningRedis) -> None:
    client = RedisClient(redis.url, "test")
    windows = RedisWindows(client)
    for _ in range(5):
        await windows.take([SESSION])
    assert 59 < await windows.take([Window(SESSION.key, 2, 60)]) <= 60
    await client.close()


async def test_a_redis_that_is_gone_is_no_answer(redis: RunningRedis) -> None:
    client = RedisClient(redis.url, "test")
    windows = RedisWindows(client)
    await windows.take([SESSION])
    redis.stop()
    for _ in range(50):
        with pytest.raises(Unreachable):
            await windows.take([SESSION])
    await client.close()
