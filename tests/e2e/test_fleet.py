"""Several processes form one service: no event is lost or repeated at any process, and the model is called once."""

import asyncio
from collections.abc import Iterator

import httpx
import pytest

from tests.e2e.conversations import make_readable
from tests.e2e.fleet import RunningFleet, needs_a_fleet, until
from tests.e2e.reader import Reading, read
from tests.e2e.sse import SELECTION
from tests.provider import Provider

pytestmark = needs_a_fleet


@pytest.fixture(scope="module")
def fleet() -> Iterator[RunningFleet]:
    with RunningFleet(2) as running:
        yield running


async def generation_of(reading: Reading, count: int) -> str:
    """The id of the generation that is being read, once so many of its events came."""
    async with asyncio.timeout(20):
        while len(reading.events) < count:
            await asyncio.sleep(0.02)
    generation_id: str = reading.events[0].payload["generationId"]
    return generation_id


async def test_a_client_goes_on_at_the_other_process_from_every_event(fleet: RunningFleet) -> None:
    one, other = fleet.servers

    async def change(number: int) -> Reading:
        """Reads ``number`` events here and the rest there."""
        session = f"changer{number}"
        reading = await read(one.url, until=lambda it: len(it.events) >= number, sessionId=session, **SELECTION)
        return await read(other.url, reading=reading, sessionId=session, **SELECTION)

    before = len(fleet.rows())
    readings = await asyncio.gather(*(change(number) for number in range(1, 26)))
    for reading in readings:
        reading.check()
        assert reading.resets == 0
    assert len({reading.events[0].id for reading in readings}) == 1  # all asked the same, all got the same
    assert fleet.outcomes()[before:] == ["completed"]
    fleet.check_nothing_is_left()


async def test_a_client_goes_on_at_the_other_process_when_all_is_over(fleet: RunningFleet) -> None:
    one, other = fleet.servers
    whole = await read(one.url, sessionId="late", **SELECTION)
    until(lambda: fleet.metric(one, "generations_to_copy") == 0)
    again = Reading(generations=[whole.events[:3]])
    await read(other.url, reading=again, sessionId="late", **SELECTION)
    assert again.events == whole.events
    again.over = False
    await read(other.url, reading=again, until=lambda it: bool(it.refused), sessionId="late", **SELECTION)
    assert again.refused == [204]


async def test_stopping_at_the_other_process(fleet: RunningFleet) -> None:
    one, other = fleet.servers
    seen = Reading()
    reading = asyncio.create_task(read(one.url, reading=seen, sessionId="stopper", **SELECTION))
    generation_id = await generation_of(seen, 6)
    async with httpx.AsyncClient() as http:
        answer = await http.post(f"{other.url}/api/chatbot/generations/{generation_id}/stop")
    assert answer.json()["data"] == {"generationId": generation_id, "outcome": "stopped"}
    stopped = await reading
    stopped.check()
    assert stopped.events[-1].payload["stopped"] is True


async def test_one_of_many_stops_for_itself_alone_wherever_all_are(fleet: RunningFleet) -> None:
    one, other = fleet.servers
    selection = {**SELECTION, "category": "PLOGGING"}
    stays = asyncio.create_task(read(one.url, sessionId="stays", **selection))
    await asyncio.sleep(0.3)
    seen = Reading()
    going = asyncio.create_task(read(other.url, reading=seen, sessionId="goes", **selection))
    generation_id = await generation_of(seen, 5)
    async with httpx.AsyncClient() as http:
        stop = f"/api/chatbot/generations/{generation_id}/stop?sessionId=goes"
        answers = await asyncio.gather(*(http.post(server.url + stop) for server in (one, other, one, other)))
    assert {answer.json()["data"]["outcome"] for answer in answers} == {"stopped"}
    gone = await going
    gone.check()
    assert gone.events[-1].payload["stopped"] is True
    again = await read(other.url, sessionId="goes", **selection)
    again.check()
    assert again.events[0].id != gone.events[0].id
    kept = await stays
    kept.check()
    assert kept.events[0].id == gone.events[0].id
    assert "stopped" not in kept.events[-1].payload


async def test_forgetting_at_the_other_process(fleet: RunningFleet) -> None:
    one, other = fleet.servers
    selection = {**SELECTION, "category": "MEDIA"}
    begun = await read(one.url, until=lambda it: len(it.events) >= 3, sessionId="forgetful", **selection)
    async with httpx.AsyncClient() as http:
        address = f"{other.url}/api/chatbot/sessions/forgetful"
        make_readable(one, "forgetful")
        assert (await http.delete(address)).status_code == 200
        assert (await http.get(f"{one.url}/api/chatbot/sessions/forgetful")).json()["data"]["turns"] == []
    for server in (one, other):
        again = await read(server.url, reading=Reading([begun.events[:2]]), sessionId=f"f{server.port}", **selection)
        again.check()
        assert again.resets == 1


async def test_who_leaves_everywhere_is_not_written_for() -> None:
    with RunningFleet(2, LEAFRESH_CATALOG_TOKEN_DELAY_MS="150") as fleet:
        one, other = fleet.servers
        begun = await read(one.url, until=lambda it: len(it.events) >= 3, sessionId="leaver", **SELECTION)
        await read(other.url, reading=begun, until=lambda it: len(it.events) >= 5, sessionId="leaver", **SELECTION)
        until(lambda: fleet.outcomes() == ["abandoned"])
        fleet.check_nothing_is_left()


async def test_who_listens_elsewhere_keeps_it_going(fleet: RunningFleet) -> None:
    one, other = fleet.servers
    selection = {**SELECTION, "category": "ZERO_WASTE"}
    begun = await read(one.url, until=lambda it: len(it.events) >= 3, sessionId="mover", **selection)
    moved = await read(other.url, reading=begun, sessionId="mover", **selection)
    moved.check()
    assert moved.resets == 0


async def test_the_answer_in_one_piece_joins_too(fleet: RunningFleet) -> None:
    one, other = fleet.servers
    selection = {**SELECTION, "category": "ENERGY_SAVING"}
    reading = asyncio.create_task(read(one.url, sessionId="streams", **selection))
    await asyncio.sleep(0.4)
    async with httpx.AsyncClient(timeout=60) as http:
        answer = await http.post(
            f"{other.url}/ai/chatbot/recommendation/base-info", json={**selection, "sessionId": "waits"}
        )
    streamed = await reading
    assert answer.json()["data"] == streamed.events[-1].payload
    assert answer.headers["X-Leafresh-Generation"] == streamed.events[0].payload["generationId"]


async def test_who_joins_what_cannot_begin_is_answered_by_its_own_process() -> None:
    with Provider() as provider:
        env = {
            "OPENAI_BASE_URL": provider.url,
            "OPENAI_API_KEY": "none",
            "LEAFRESH_CHAT_MODEL": "openai:slow",
            "LEAFRESH_MODEL_CONCURRENCY": "1",
            "LEAFRESH_MODEL_QUEUE_SECONDS": "1",
        }
        with RunningFleet(2, **env) as fleet:
            one, other = fleet.servers
            seen = Reading()
            busy = asyncio.create_task(read(one.url, reading=seen, sessionId="first", **SELECTION))
            await generation_of(seen, 1)
            selection = {**SELECTION, "location": "beach"}
            waits = asyncio.create_task(
                read(one.url, until=lambda it: bool(it.refused), sessionId="waits", **selection)
            )
            await asyncio.sleep(0.3)
            joined = await read(other.url, sessionId="joins", **selection)
            joined.check()
            assert (joined.connections, joined.refused) == (1, [])
            assert (await waits).refused == [503]
            (await busy).check()
            assert len(provider.requests) == 2
            fleet.check_nothing_is_left()


async def test_who_joins_what_waits_long_for_a_model_waits_too() -> None:
    with Provider() as provider:
        env = {
            "OPENAI_BASE_URL": provider.url,
            "OPENAI_API_KEY": "none",
            "LEAFRESH_CHAT_MODEL": "openai:obedient",
            "LEAFRESH_MODEL_CONCURRENCY": "1",
            "LEAFRESH_MODEL_QUEUE_SECONDS": "30",
            "LEAFRESH_TOKEN_SILENCE_SECONDS": "60",
        }
        with RunningFleet(2, **env) as fleet:
            one, other = fleet.servers
            seen = Reading()
            provider.holds = True
            busy = asyncio.create_task(read(one.url, reading=seen, sessionId="first", **SELECTION))
            await generation_of(seen, 1)
            selection = {**SELECTION, "location": "beach"}
            waits = asyncio.create_task(read(one.url, sessionId="waits", **selection))
            await asyncio.sleep(0.5)
            joins = asyncio.create_task(read(other.url, sessionId="joins", **selection))
            await asyncio.sleep(8)  # longer than rows are not asked
            provider.holds = False
            for reading in await asyncio.gather(busy, waits, joins):
                reading.check()
                assert (reading.connections, reading.resets) == (1, 0)
            assert len(provider.requests) == 2
            fleet.check_nothing_is_left()


async def test_two_hundred_same_questions_on_four_processes_call_the_model_once() -> None:
    with Provider() as provider:
        env = {"OPENAI_BASE_URL": provider.url, "OPENAI_API_KEY": "none", "LEAFRESH_CHAT_MODEL": "openai:slow"}
        with RunningFleet(4, **env) as fleet:
            readings = await asyncio.gather(
                *(read(fleet.url, sessionId=f"same{number}", **SELECTION) for number in range(200))
            )
            for reading in readings:
                reading.check()
                assert (reading.resets, reading.connections) == (0, 1)
            assert len({reading.events[0].id for reading in readings}) == 1
            assert len(provider.requests) == 1
            fleet.check_nothing_is_left()
