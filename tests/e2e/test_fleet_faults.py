"""A fleet loses no event when one of its parts fails."""

import asyncio
import signal

import httpx
import pytest

from tests.e2e.fleet import RunningFleet, needs_a_fleet, until
from tests.e2e.reader import Reading, read
from tests.e2e.server import RunningServer
from tests.e2e.sse import SELECTION
from tests.e2e.websocket import close_code, events, opened, receive, tell

pytestmark = needs_a_fleet

CATEGORIES = ("VEGAN", "PLOGGING", "MEDIA", "UPCYCLING", "ZERO_WASTE", "ENERGY_SAVING", "DIGITAL_CARBON")


async def events_came(readings: list[Reading], count: int) -> None:
    async with asyncio.timeout(30):
        while any(len(reading.events) < count for reading in readings):
            await asyncio.sleep(0.02)


def reading_at(url: str, session: str, **selection: str) -> tuple[Reading, "asyncio.Task[Reading]"]:
    """A client that reads to the end in spite of failures."""
    seen = Reading()
    asked = {**SELECTION, **selection}
    return seen, asyncio.create_task(read(url, reading=seen, sessionId=session, **asked))


async def test_a_process_is_killed_in_the_middle_of_a_sentence() -> None:
    """Its own clients reconnect to the other process. Clients at the other process get a new generation there."""
    with RunningFleet(2, LEAFRESH_CATALOG_TOKEN_DELAY_MS="40") as fleet:
        owner, other = fleet.servers
        seen, first = reading_at(owner.url, "first")
        await events_came([seen], 2)
        followers = [reading_at(other.url, f"follower{number}") for number in range(5)]
        behind = [reading_at(fleet.url, f"behind{number}") for number in range(10)]
        await events_came([reading for reading, _ in (*followers, *behind)], 4)
        owner.stop(signal.SIGKILL)
        first.cancel()
        for _, task in (*followers, *behind):
            reading = await task
            reading.check()
            assert reading.resets == 1
        answered = {reading.events[0].id for reading, _ in (*followers, *behind)}
        assert len(answered) == 1  # started again once, whoever listened
        for reading, _ in followers:
            assert reading.connections == 1
        assert fleet.rows() == [("interrupted", "The server ended while it ran."), ("completed", "")]
        fleet.check_nothing_is_left()


async def test_rows_of_a_dead_fleet_are_closed_by_the_next() -> None:
    with RunningFleet(2, LEAFRESH_CATALOG_TOKEN_DELAY_MS="40") as fleet:
        seen = [
            reading_at(server.url, f"s{server.port}", category=category)
            for server, category in zip(fleet.servers, CATEGORIES, strict=False)
        ]
        await events_came([reading for reading, _ in seen], 3)
        for server in fleet.servers:
            server.stop(signal.SIGKILL)
        for _, task in seen:
            task.cancel()
        fleet.restart(fleet.servers[0])
        until(lambda: fleet.outcomes() == ["interrupted", "interrupted"], "an end of the rows")


async def test_a_process_is_stopped_under_a_hundred_streams() -> None:
    with RunningFleet(2, LEAFRESH_CATALOG_TOKEN_DELAY_MS="25") as fleet:
        stopped, _ = fleet.servers
        seen = [
            reading_at(fleet.url, f"many{number}", category=CATEGORIES[number % len(CATEGORIES)])
            for number in range(100)
        ]
        await events_came([reading for reading, _ in seen], 3)
        loop = asyncio.get_running_loop()
        status = loop.run_in_executor(None, stopped.stop)
        late = [reading_at(fleet.url, f"late{number}") for number in range(5)]
        for _, task in (*seen, *late):
            reading = await task
            reading.check()
            assert (reading.resets, reading.connections) == (0, 1)
        assert await status == 0
        assert "Traceback" not in stopped.output
        assert set(fleet.outcomes()) == {"completed"}
        fleet.check_nothing_is_left()


async def test_a_stop_waits_for_who_listens_elsewhere() -> None:
    with RunningFleet(2, LEAFRESH_CATALOG_TOKEN_DELAY_MS="70") as fleet:
        stopped, other = fleet.servers
        begun = await read(stopped.url, until=lambda it: len(it.events) >= 2, sessionId="left", **SELECTION)
        reading, task = reading_at(other.url, "elsewhere")
        await events_came([reading], 3)
        assert reading.events[0].id == begun.events[0].id
        assert await asyncio.get_running_loop().run_in_executor(None, stopped.stop) == 0
        (await task).check()
        assert (reading.resets, reading.connections) == (0, 1)
        assert fleet.outcomes() == ["completed"]
        fleet.check_nothing_is_left()


async def test_a_stop_waits_for_a_websocket_that_comes_back() -> None:
    with RunningFleet(2, LEAFRESH_CATALOG_TOKEN_DELAY_MS="70", LEAFRESH_ABANDON_SECONDS="10") as fleet:
        stopped, other = fleet.servers
        loop = asyncio.get_running_loop()
        with opened(stopped, "talks") as connection:
            tell(connection, "recommend", **SELECTION)
            seen = [receive(connection).event for _ in range(3)]
            status = loop.run_in_executor(None, stopped.stop)
            await asyncio.to_thread(close_code, connection)
        await asyncio.sleep(2)
        with opened(other, "talks") as connection:
            tell(connection, "resume", lastEventId=seen[-1].id)
            rest = await asyncio.to_thread(events, connection)
        assert await status == 0
        whole = Reading()
        for event in (*seen, *rest):
            whole.take(event)
        whole.check()
        assert fleet.outcomes() == ["completed"]
        fleet.check_nothing_is_left()


async def test_streams_that_outlast_the_patience_go_on_elsewhere() -> None:
    with RunningFleet(2, LEAFRESH_CATALOG_TOKEN_DELAY_MS="40", LEAFRESH_DRAIN_SECONDS="0.5") as fleet:
        stopped, other = fleet.servers
        mine = [reading_at(fleet.url, f"long{number}", category=category) for number, category in enumerate(CATEGORIES)]
        await events_came([reading for reading, _ in mine], 1)  # some of them are the other's
        joined = [reading_at(other.url, f"joins{number}", category=each) for number, each in enumerate(CATEGORIES)]
        await events_came([reading for reading, _ in (*mine, *joined)], 3)
        loop = asyncio.get_running_loop()
        assert await loop.run_in_executor(None, stopped.stop) == 0
        for _, task in (*mine, *joined):
            (await task).check()
        assert set(fleet.outcomes()) == {"completed", "interrupted"}
        fleet.check_nothing_is_left()


async def test_all_processes_are_restarted_one_after_the_other_under_load() -> None:
    with RunningFleet(3, LEAFRESH_DRAIN_SECONDS="1") as fleet:
        over = False
        whole: list[Reading] = []

        async def visit(number: int) -> None:
            turn = 0
            while not over:
                turn += 1
                category = CATEGORIES[(number + turn) % len(CATEGORIES)]
                reading = await read(fleet.url, sessionId=f"visitor{number}", **{**SELECTION, "category": category})
                reading.check()
                whole.append(reading)

        visits = [asyncio.create_task(visit(number)) for number in range(20)]
        await asyncio.sleep(1)
        loop = asyncio.get_running_loop()
        for server in list(fleet.servers):
            assert await loop.run_in_executor(None, server.stop) == 0
            await loop.run_in_executor(None, fleet.restart, server)
        over = True
        await asyncio.gather(*visits)
        assert len(whole) >= 20
        fleet.check_nothing_is_left()


async def test_nginx_reads_its_configuration_anew() -> None:
    with RunningFleet(2, LEAFRESH_CATALOG_TOKEN_DELAY_MS="25") as fleet:
        seen = [reading_at(fleet.url, f"s{number}") for number in range(20)]
        await events_came([reading for reading, _ in seen], 3)
        assert fleet.nginx is not None
        fleet.nginx.reload()
        for _, task in seen:
            reading = await task
            reading.check()
            assert (reading.resets, reading.connections) == (0, 1)


async def test_a_client_that_does_not_read_holds_nobody_up() -> None:
    with RunningFleet(2) as fleet:
        assert fleet.nginx is not None
        reader, writer = await asyncio.open_connection("127.0.0.1", fleet.nginx.port)
        query = str(httpx.QueryParams({**SELECTION, "sessionId": "frozen"}))
        writer.write(f"GET /ai/chatbot/recommendation/base-info?{query} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        await writer.drain()
        readings = await asyncio.gather(*(read(fleet.url, sessionId=f"s{number}", **SELECTION) for number in range(20)))
        for reading in readings:
            reading.check()
            assert reading.connections == 1
        writer.close()
        del reader
        fleet.check_nothing_is_left()


class Outage:
    """Redis is away for a while, in the middle of streams."""

    def __init__(self, fleet: RunningFleet, *, frozen: bool) -> None:
        self._fleet = fleet
        self._frozen = frozen

    def begin(self) -> None:
        if self._frozen:
            self._fleet.redis.freeze()
        else:
            self._fleet.redis.stop()

    def end(self) -> None:
        if self._frozen:
            self._fleet.redis.thaw()
        else:
            self._fleet.redis.start()  # empty


@pytest.mark.parametrize("frozen", [False, True], ids=["restarted empty", "frozen"])
@pytest.mark.parametrize("seconds", [0.3, 4.0])
async def test_redis_is_gone(seconds: float, frozen: bool) -> None:
    with RunningFleet(2, LEAFRESH_CATALOG_TOKEN_DELAY_MS="70") as fleet:
        await redis_is_gone(fleet, seconds, frozen=frozen)


@pytest.mark.long
async def test_redis_is_gone_for_a_minute() -> None:
    with RunningFleet(2, LEAFRESH_CATALOG_TOKEN_DELAY_MS="700") as fleet:
        await redis_is_gone(fleet, 60, frozen=False)


async def test_an_answer_that_ends_while_redis_is_gone_is_told_elsewhere() -> None:
    with RunningFleet(2, LEAFRESH_CATALOG_TOKEN_DELAY_MS="30", LEAFRESH_ABANDON_SECONDS="30") as fleet:
        owner, other = fleet.servers
        begun = await read(owner.url, until=lambda it: len(it.events) >= 3, sessionId="moves", **SELECTION)
        fleet.redis.stop()
        moved = await read(other.url, reading=begun, sessionId="moves", **SELECTION)
        moved.check()
        assert moved.resets == 0
        assert fleet.outcomes() == ["completed"]
        again = await read(other.url, reading=Reading([moved.events]), sessionId="moves", **SELECTION)
        assert again.refused == [204]  # it was the only end
        fleet.redis.start()
        until(lambda: all(fleet.metric(server, "redis_up") == 1 for server in fleet.servers))
        fleet.check_nothing_is_left()


async def redis_is_gone(fleet: RunningFleet, seconds: float, *, frozen: bool) -> None:
    owner, other = fleet.servers
    outage = Outage(fleet, frozen=frozen)
    local, reads_on = reading_at(owner.url, "local")
    await events_came([local], 3)
    follower, follows = reading_at(other.url, "follower")
    leaver = await read(owner.url, until=lambda it: len(it.events) >= 4, sessionId="local", **SELECTION)
    await events_came([follower], 4)
    outage.begin()
    began = len(local.events)
    resumed = asyncio.create_task(read(other.url, reading=leaver, sessionId="local", **SELECTION))
    await asyncio.sleep(seconds)
    assert len(local.events) > began or seconds < 1  # local listeners do not notice
    if seconds >= 4:
        await check_it_is_said(owner, other)
    outage.end()
    for reading in await asyncio.gather(reads_on, follows, resumed):
        reading.check()
        assert reading.resets == 0
        assert reading.events[0].id == local.events[0].id
    assert local.connections == 1
    assert follower.connections == 1
    until(lambda: all(fleet.metric(server, "redis_up") == 1 for server in fleet.servers))
    fleet.check_nothing_is_left()


async def check_it_is_said(*servers: RunningServer) -> None:
    """While Redis is away, the servers say so, and answer new requests."""
    async with httpx.AsyncClient(timeout=20) as http:
        for server in servers:
            ready = await http.get(f"{server.url}/health/ready")
            assert (ready.status_code, ready.json()["data"]) == (200, {"database": "ok", "redis": "gone"})
            assert "leafresh_redis_up 0.0" in (await http.get(f"{server.url}/metrics")).text
    new = [
        read(
            server.url,
            until=lambda it: len(it.events) >= 2,
            sessionId=f"new{server.port}",
            **{**SELECTION, "category": "PLOGGING"},
        )
        for server in servers
    ]
    for reading in await asyncio.gather(*new):
        assert (reading.connections, reading.refused) == (1, [])
