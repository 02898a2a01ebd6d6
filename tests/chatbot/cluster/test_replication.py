import asyncio
import uuid
from collections.abc import Callable
from contextlib import suppress

import pytest

from chatbot.cluster import replication as module
from chatbot.cluster.presence import Presence
from chatbot.cluster.redis import RedisClient, Unreachable
from chatbot.cluster.replication import GIVEN_UP, STREAM_END, EventLogEntry, LogReplication, Position
from tests.e2e.redis_server import RunningRedis

BEGINNING: Position = (0, 0)


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "GATHER_SECONDS", 0.005)
    monkeypatch.setattr(module, "SELDOM_SECONDS", 0.02)
    monkeypatch.setattr(module, "AGAIN_SECONDS", 0.02)


class Written:
    """A generation's log in memory."""

    def __init__(self) -> None:
        self.id = uuid.uuid4()
        self.events: list[EventLogEntry] = []

    def write(self, *texts: str, name: str = "challenge") -> list[EventLogEntry]:
        for text in texts:
            self.events.append(EventLogEntry((len(self.events) + 1, 0), name, text))
        return self.events[-len(texts) :]

    def close(self) -> None:
        self.write("끝", name="close")


def log_of(client: RedisClient, *logs: Written) -> LogReplication:
    known = {log.id: log for log in logs}

    def read(generation_id: uuid.UUID, number: int) -> list[EventLogEntry]:
        return known[generation_id].events[number:]

    return LogReplication(client, Presence(client), read=read, keep_seconds=60)


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not condition():
            await asyncio.sleep(0.005)


async def test_events_are_read_as_they_were_written(redis: RunningRedis, prefix: str) -> None:
    client = RedisClient(redis.url, prefix)
    one, other = Written(), Written()
    log = log_of(client, one, other)
    one.write("가", "나")
    other.write("🌱\n")
    log.copy(one.id)
    log.copy(other.id)
    await log.settle()
    found = await log.entries({one.id: BEGINNING, other.id: BEGINNING, uuid.uuid4(): BEGINNING})
    assert found == {one.id: one.events, other.id: other.events}
    assert await log.entries({one.id: (1, 0)}) == {one.id: one.events[1:]}
    assert await log.entries({one.id: (2, 0)}) == {}
    assert await log.entries({}) == {}
    await client.close()


async def test_what_is_whole_is_forgotten(redis: RunningRedis, prefix: str) -> None:
    client = RedisClient(redis.url, prefix)
    one = Written()
    log = log_of(client, one)
    one.write("가")
    log.copy(one.id)
    await log.settle()
    assert len(log) == 1
    one.close()
    log.copy(one.id)
    await log.settle()
    assert len(log) == 0
    assert (await log.entries({one.id: BEGINNING}))[one.id] == one.events
    await client.close()


async def numbers(log: LogReplication, one: Written) -> list[int]:
    """The events that Redis has."""
    return [entry.position[0] for entry in (await log.entries({one.id: BEGINNING})).get(one.id, [])]


async def copied_soon(log: LogReplication, one: Written, number: int) -> None:
    """Waits until Redis has so many."""
    async with asyncio.timeout(20):
        while (await numbers(log, one))[-1:] != [number]:
            await asyncio.sleep(0.005)


async def test_first_and_last_events_and_those_with_remote_subscribers_are_copied_soon(
    redis: RunningRedis, prefix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "SELDOM_SECONDS", 3600.0)
    client = RedisClient(redis.url, prefix)
    before, one = Written(), Written()
    log = log_of(client, before, one)
    before.close()
    log.copy(before.id)
    await log.settle()  # the time for all is past, the next one is far away

    one.write("가")
    log.copy(one.id)
    await copied_soon(log, one, 1)
    one.write("나")
    log.copy(one.id)
    await asyncio.sleep(0.1)
    assert await numbers(log, one) == [1]

    await Presence(client).announce([one.id])
    log.copy(one.id, soon=True)  # says that it is heard
    await copied_soon(log, one, 2)
    one.write("다")
    log.copy(one.id)
    await copied_soon(log, one, 3)

    await client.run(lambda it: it.delete(Presence(client).key(one.id)))
    one.write("라")
    log.copy(one.id)
    await copied_soon(log, one, 4)  # says that it is not
    await until(lambda: not log._copies[one.id].has_subscribers)  # which takes a moment to come
    one.write("마")
    log.copy(one.id)
    await asyncio.sleep(0.1)
    assert await numbers(log, one) == [1, 2, 3, 4]
    one.close()
    log.copy(one.id, soon=True)
    await copied_soon(log, one, 6)
    await client.close()


async def test_events_without_subscribers_wake_the_process_seldom(
    redis: RunningRedis, prefix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "SELDOM_SECONDS", 0.4)
    client = RedisClient(redis.url, prefix)
    one = Written()
    log = log_of(client, one)
    one.write("가")
    log.copy(one.id)
    await copied_soon(log, one, 1)
    looks = 0
    look = LogReplication._copy_due

    async def counted(log: LogReplication) -> None:
        nonlocal looks
        looks += 1
        await look(log)

    monkeypatch.setattr(LogReplication, "_copy_due", counted)
    began = asyncio.get_running_loop().time()
    for _ in range(28):
        one.write("나")
        log.copy(one.id)
        await asyncio.sleep(0.03)
    await copied_soon(log, one, 29)
    passed = asyncio.get_running_loop().time() - began
    assert looks <= passed / 0.4 + 3  # and not every 0.005 seconds
    one.close()
    log.copy(one.id, soon=True)
    await copied_soon(log, one, 30)
    await client.close()


async def test_what_is_due_again_without_anything_new_is_kept(redis: RunningRedis, prefix: str) -> None:
    """A marker after an event has its own position, no matter when the events before it were copied."""
    client = RedisClient(redis.url, prefix)
    one = Written()
    log = log_of(client, one)
    one.write("가")
    log.mark(one.id, 1, STREAM_END, "[]", session="나")
    await log.settle()
    log.copy(one.id)
    await log.settle()
    log.mark(one.id, 1, STREAM_END, "[]", session="너")
    await log.settle()
    assert (await log.entries({one.id: BEGINNING}))[one.id] == [
        one.events[0],
        EventLogEntry((1, 1), STREAM_END, "[]", "나"),
        EventLogEntry((1, 2), STREAM_END, "[]", "너"),
    ]
    await client.close()


async def test_what_was_erased_here_is_copied_no_more(redis: RunningRedis, prefix: str) -> None:
    client = RedisClient(redis.url, prefix)
    one = Written()
    log = log_of(client, one)
    one.write("가")
    log.copy(one.id)
    await log.settle()
    one.events.clear()
    log.copy(one.id)
    await log.settle()
    assert len(log) == 0
    one.write("가", "나")
    log.copy(one.id)
    await log.settle()
    one.events.clear()
    log.mark(one.id, 2, STREAM_END, "[]", session="나")  # comes when the memory is gone
    await log.settle()
    assert len(log) == 0
    await client.close()


async def test_what_was_erased_while_redis_is_gone_is_forgotten(
    mortal_redis: RunningRedis, prefix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "ERASED_SECONDS", 0.02)
    client = RedisClient(mortal_redis.url, prefix)
    stays, *others = [Written() for _ in range(100)]
    log = log_of(client, stays, *others)
    mortal_redis.stop()
    for each in (stays, *others):
        each.write("가")
        log.copy(each.id)
    await until(lambda: not client.reachable)
    assert len(log) == 100
    for each in others:
        each.events.clear()
    await until(lambda: len(log) == 1)
    mortal_redis.start()
    while not client.reachable:
        with suppress(Unreachable):
            await client.run(lambda redis: redis.ping(), probe=True)
    await until(lambda: log._copies[stays.id].copied == (1, 0))
    assert await log.entries({stays.id: BEGINNING}) == {stays.id: stays.events}
    await client.close()


async def test_two_may_leave_before_the_first_event(redis: RunningRedis, prefix: str) -> None:
    client = RedisClient(redis.url, prefix)
    one = Written()
    log = log_of(client, one)
    for session in ("나", "너"):
        log.mark(one.id, 0, STREAM_END, "[]", session=session)
        await log.settle()
    one.write("가")
    log.copy(one.id)
    await log.settle()
    assert (await log.entries({one.id: BEGINNING}))[one.id] == [
        EventLogEntry((0, 1), STREAM_END, "[]", "나"),
        EventLogEntry((0, 2), STREAM_END, "[]", "너"),
        one.events[0],
    ]
    await client.close()


async def test_signs_stand_behind_the_event_that_was_last(redis: RunningRedis, prefix: str) -> None:
    client = RedisClient(redis.url, prefix)
    one = Written()
    log = log_of(client, one)
    one.write("가", "나")
    log.copy(one.id)
    log.mark(one.id, 2, STREAM_END, "[]", session="나")
    log.mark(one.id, 2, STREAM_END, "[]", session="너")
    one.write("다")
    log.mark(one.id, 3, GIVEN_UP)
    await log.settle()
    assert (await log.entries({one.id: BEGINNING}))[one.id] == [
        *one.events[:2],
        EventLogEntry((2, 1), STREAM_END, "[]", "나"),
        EventLogEntry((2, 2), STREAM_END, "[]", "너"),
        one.events[2],
        EventLogEntry((3, 1), GIVEN_UP, ""),
    ]
    assert len(log) == 0
    await client.close()


async def test_many_events_are_copied_in_pieces(
    redis: RunningRedis, prefix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "BATCH", 3)
    client = RedisClient(redis.url, prefix)
    one = Written()
    log = log_of(client, one)
    one.write(*map(str, range(10)))
    one.close()
    log.copy(one.id)
    await log.settle()
    read: list[EventLogEntry] = []
    while more := await log.entries({one.id: read[-1].position if read else BEGINNING}):
        read += more[one.id]
    assert read == one.events
    await client.close()


async def test_a_redis_that_begins_anew_gets_everything_again(mortal_redis: RunningRedis, prefix: str) -> None:
    client = RedisClient(mortal_redis.url, prefix)
    one = Written()
    log = log_of(client, one)
    one.write("가", "나")
    log.copy(one.id)
    await log.settle()
    mortal_redis.stop()
    one.write("다")
    log.copy(one.id)
    await until(lambda: not client.reachable)
    mortal_redis.start()
    await client.run(lambda it: it.ping(), probe=True)
    one.close()
    log.copy(one.id)
    await log.settle()
    assert (await log.entries({one.id: BEGINNING}))[one.id] == one.events
    assert len(log) == 0
    await client.close()


async def test_an_answer_of_redis_that_was_lost_writes_nothing_twice(redis: RunningRedis, prefix: str) -> None:
    """The same log, copied by an object that does not know how far it has been copied."""
    client = RedisClient(redis.url, prefix)
    one = Written()
    one.write("가", "나")
    first = log_of(client, one)
    first.copy(one.id)
    await first.settle()
    one.close()
    second = log_of(client, one)
    second.copy(one.id)
    await second.settle()
    assert (await second.entries({one.id: BEGINNING}))[one.id] == one.events
    assert len(second) == 0
    await client.close()


async def test_what_is_erased_is_gone(redis: RunningRedis, prefix: str) -> None:
    client = RedisClient(redis.url, prefix)
    one = Written()
    log = log_of(client, one)
    one.write("가")
    log.copy(one.id)
    await log.settle()
    assert await client.run(lambda it: it.ttl(f"{prefix}:log:{one.id}")) > 0
    await log.erase([one.id])
    assert await log.entries({one.id: BEGINNING}) == {}
    await client.close()
