"""Simultaneous requests: one starts a generation, and the others join it, also across processes."""

import asyncio
import uuid
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import pytest

from chatbot.cluster.claims import Claim
from chatbot.cluster.remote_generation import RemoteGeneration
from chatbot.cluster.replication import EventLogEntry
from chatbot.dialogue.base_info import BaseInfoRequest
from chatbot.errors import NotOwner
from chatbot.events.types import Token, encode_event
from chatbot.generation.job import Job
from chatbot.generation.local import LocalGeneration
from chatbot.generation.single_flight import Flight, SingleFlight
from chatbot.models import Generation, Purpose, Turn
from chatbot.runtime import runtime
from chatbot.sessions.ownership import NO_PROOF

pytestmark = pytest.mark.django_db

KEY = ("session", "s", "free-text", "안녕")


async def job_of(session_id: str) -> Job:
    return await runtime().make_base_info_job(BaseInfoRequest("도시", "사무직", "비건", session_id).checked())


class Asked:
    """Equal requests of one session. Creating the job takes a while."""

    def __init__(self, flight: SingleFlight | None = None, *, session_id: str = "s") -> None:
        self.made = 0
        self.may_be_made = asyncio.Event()
        self.errors: list[Exception] = []
        self._flight = flight or runtime().single_flight
        self._session_id = session_id

    async def __call__(self) -> Flight:
        return await self._flight.join_or_start(self._session_id, NO_PROOF, [KEY], self._make_job)

    async def _make_job(self) -> Job:
        self.made += 1
        await self.may_be_made.wait()
        if self.errors:
            raise self.errors.pop()
        return await job_of(self._session_id)


async def until_made(asked: Asked, count: int = 1) -> None:
    async with asyncio.timeout(10):
        while asked.made < count:
            await asyncio.sleep(0.001)


async def test_requests_of_one_moment_make_one_job_and_one_generation() -> None:
    asked = Asked()
    requests = [asyncio.create_task(asked()) for _ in range(3)]
    await until_made(asked)
    asked.may_be_made.set()
    flights = await asyncio.gather(*requests)
    assert asked.made == 1
    assert len({flight.generation.id for flight in flights}) == 1
    assert [flight.access is None for flight in flights] == [False, True, True]
    await flights[0].generation.ended.wait()
    assert await Turn.objects.acount() == 1


async def test_a_refusal_of_the_first_request_refuses_no_other() -> None:
    asked = Asked()
    asked.errors.append(NotOwner())
    first, second = asyncio.create_task(asked()), asyncio.create_task(asked())
    await until_made(asked)
    asked.may_be_made.set()
    with pytest.raises(NotOwner):
        await first
    flight = await second
    await flight.generation.ended.wait()
    assert asked.made == 2


async def test_a_start_ends_with_its_last_request() -> None:
    asked = Asked()
    first, second = asyncio.create_task(asked()), asyncio.create_task(asked())
    await until_made(asked)
    first.cancel()
    await asyncio.sleep(0.01)
    assert len(runtime().single_flight._starts) == 1
    second.cancel()
    await asyncio.gather(first, second, return_exceptions=True)
    await asyncio.sleep(0.01)
    assert not runtime().single_flight._starts
    assert not await Generation.objects.aexists()


class Cluster:
    """Returns the claim of another process."""

    def __init__(self, claim: Claim | None) -> None:
        self.claims = self.replication = self.rpc = self
        self.redis = SimpleNamespace(reachable=True)
        self.asked: list[Sequence[object]] = []
        self.released: list[Sequence[object]] = []
        self.markers: list[Any] = []
        self._claim = claim

    async def joined(self) -> None:
        pass

    async def claim(self, generation_id: uuid.UUID, keys: Sequence[object]) -> Claim | None:
        await asyncio.sleep(0.01)
        self.asked.append(keys)
        return self._claim

    async def release(self, claim: Claim, keys: Sequence[object]) -> None:
        self.released.append(keys)
        self._claim = None

    async def ask(self, process: str, **what: Any) -> dict[str, Any]:
        return {"joined": True}

    def mark(self, *marker: Any) -> None:
        self.markers.append(marker)

    def copy(self, generation_id: uuid.UUID, *, soon: bool) -> None:
        pass


class Remote:
    """Follows the generation of the other process, or finds that it has ended."""

    def __init__(self, generation: RemoteGeneration | None) -> None:
        self.joined = 0
        self._generation = generation

    async def join(self, claim: Claim) -> RemoteGeneration | None:
        self.joined += 1
        return self._generation


async def remote_generation() -> RemoteGeneration:
    row = await Generation.objects.acreate(purpose=Purpose.TRIAL, source="catalog", seed=1, process="other")
    generation = RemoteGeneration(Claim(row.pk, "other"))
    generation.take(EventLogEntry((1, 0), "challenge", encode_event(Token("가"))))
    return generation


async def test_simultaneous_requests_claim_once() -> None:
    generation = await remote_generation()
    cluster: Any = Cluster(Claim(generation.id, "other"))
    remote: Any = Remote(generation)
    asked = Asked(SingleFlight(runtime().registry, cluster, remote))
    asked.may_be_made.set()
    flights = await asyncio.gather(asked(), asked(), asked())
    assert [flight.generation for flight in flights] == [generation] * 3
    assert (len(cluster.asked), remote.joined, len(runtime().registry)) == (1, 3, 0)


async def test_a_claim_of_an_ended_generation_is_released_and_the_request_starts_one() -> None:
    cluster: Any = Cluster(Claim(uuid.uuid4(), "other"))
    remote: Any = Remote(None)
    asked = Asked(SingleFlight(runtime().registry, cluster, remote))
    asked.may_be_made.set()
    flight = await asked()
    assert isinstance(flight.generation, LocalGeneration)
    await flight.generation.ended.wait()
    assert cluster.released[0] == [KEY]


async def test_a_start_that_fails_is_withdrawn() -> None:
    cluster: Any = Cluster(None)
    asked = Asked(SingleFlight(runtime().registry, cluster, None))
    asked.errors.append(NotOwner())
    asked.may_be_made.set()
    with pytest.raises(NotOwner):
        await asked()
    assert (cluster.released, len(cluster.markers)) == ([[KEY]], 1)


async def test_another_process_may_join_before_the_generation_is_there() -> None:
    """Its request has seen the claim while this process still makes the job."""
    cluster: Any = Cluster(None)
    flight = SingleFlight(runtime().registry, cluster, None)
    asked = Asked(flight)
    request = asyncio.create_task(asked())
    await until_made(asked)
    (start,) = set(flight._starts.values())
    welcomed = asyncio.create_task(flight.welcome(start.generation_id, "elsewhere"))
    await asyncio.sleep(0.01)
    asked.may_be_made.set()
    assert await welcomed
    started = (await request).generation
    assert isinstance(started, LocalGeneration)
    assert started.sessions == {"s", "elsewhere"}
    await started.ended.wait()
    assert not await flight.welcome(uuid.uuid4(), "late")


async def test_a_session_that_joins_writes_its_turn() -> None:
    first = Asked(session_id="one")
    first.may_be_made.set()
    flight = await first()
    second = Asked(session_id="two")
    second.may_be_made.set()
    joined = await second()
    assert joined.generation is flight.generation
    assert joined.ownership is not None
    await joined.generation.ended.wait()
    assert {turn.session_id async for turn in Turn.objects.all()} == {"one", "two"}
