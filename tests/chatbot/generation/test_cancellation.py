"""Stopping and erasing shared generations: they end for sessions that leave, and continue for others."""

import asyncio
import random
import threading
import uuid
from collections.abc import Collection, Iterator
from typing import Any

import pytest
from asgiref.sync import async_to_sync, sync_to_async
from pytest_django import Settings

from chatbot import service
from chatbot.dialogue.base_info import BaseInfoRequest
from chatbot.events.log import event_log
from chatbot.events.types import Close
from chatbot.generation import cancellation, local, single_flight
from chatbot.generation.local import LocalGeneration
from chatbot.generation.rows import GenerationStart, record_start
from chatbot.models import ChatSession, Generation, Outcome, Turn
from chatbot.runtime import runtime
from chatbot.sessions import erasure
from chatbot.sessions.conversation import conversation
from chatbot.sessions.ownership import Ownership
from tests.generations import forget, recommend, stop

pytestmark = pytest.mark.django_db


def selection_request(session_id: str) -> BaseInfoRequest:
    return BaseInfoRequest("도시", "사무직", "비건", session_id)


@pytest.mark.parametrize("delay", [0, 1])
def test_a_joining_session_keeps_its_answer_while_another_is_erased(settings: Settings, delay: int) -> None:
    settings.LEAFRESH_CATALOG_TOKEN_DELAY_MS = delay
    chance = random.Random(7)

    async def attempt(number: int) -> Any:
        beginning = asyncio.create_task(recommend(selection_request(f"forgets{number}")))
        while not len(runtime().registry):
            await asyncio.sleep(0)
        joining = asyncio.create_task(service.answer(selection_request(f"joins{number}")))
        await asyncio.sleep(chance.uniform(0, 0.015))  # what it takes to join
        forgetting = asyncio.create_task(forget(f"forgets{number}"))
        return await asyncio.gather(joining, forgetting, beginning, return_exceptions=True)

    for number in range(40):
        (close, joined), forgotten, begun = async_to_sync(attempt)(number)
        assert (forgotten, begun[1]) == (None, f"forgets{number}")
        assert isinstance(close, Close)
        assert (close.stopped, len(close.challenges)) == (False, 3)
        [turn] = conversation(f"joins{number}")["turns"]
        assert turn["generationId"] == str(joined.generation.id)
        assert turn["answer"] == close.payload()
        state = event_log.state(joined.generation.id)
        assert state is not None
        assert state.ended
        assert not ChatSession.objects.filter(pk=f"forgets{number}").exists()
    assert Turn.objects.count() == 40
    assert Generation.objects.count() == 40


async def shared(*sessions: str) -> LocalGeneration:
    """A generation that all of these sessions have requested."""
    generations = [(await recommend(selection_request(session)))[0] for session in sessions]
    assert len(set(generations)) == 1
    return generations[0]


def test_without_a_session_only_what_one_session_asked_for_is_stopped(settings: Settings) -> None:
    settings.LEAFRESH_CATALOG_TOKEN_DELAY_MS = 20

    async def scenario() -> None:
        generation = await shared("one", "two", "three")
        for _ in range(2):
            assert await stop(generation.id) == Outcome.RUNNING
        assert await stop(generation.id, session_id="one") == Outcome.STOPPED
        assert await stop(generation.id) == Outcome.RUNNING
        assert await stop(generation.id, session_id="two") == Outcome.STOPPED
        for _ in range(2):
            assert await stop(generation.id) == Outcome.STOPPED
        assert isinstance(generation.conclusion, Close)
        assert generation.conclusion.stopped

    async_to_sync(scenario)()


@pytest.mark.parametrize("leaves", ["forgets", "stops", "stops it for all"])
def test_a_session_that_waits_for_the_first_row_keeps_the_generation(
    monkeypatch: pytest.MonkeyPatch, settings: Settings, leaves: str
) -> None:
    settings.LEAFRESH_CATALOG_TOKEN_DELAY_MS = 20
    written = asyncio.Event()

    async def write_late(beginning: GenerationStart) -> Ownership:
        await written.wait()
        return await record_start(beginning)

    monkeypatch.setattr(local, "record_start", write_late)

    async def scenario() -> Any:
        first = asyncio.create_task(recommend(selection_request("first")))
        while not len(runtime().registry):
            await asyncio.sleep(0.01)
        (generation,) = runtime().registry._running.values()
        second = asyncio.create_task(service.answer(selection_request("second")))
        await asyncio.sleep(0.3)  # it waits for the first one's row
        match leaves:
            case "forgets":
                leaving: Any = forget("first")
            case "stops":
                leaving = stop(generation.id, session_id="first")
            case _:
                leaving = stop(generation.id)
        left = asyncio.create_task(leaving)
        await asyncio.sleep(0.1)
        written.set()
        return await asyncio.gather(second, left, first)

    (close, joined), *_ = async_to_sync(scenario)()
    assert (close.stopped, len(close.challenges)) == (False, 3)
    [turn] = conversation("second")["turns"]
    assert (turn["generationId"], turn["answer"]) == (str(joined.generation.id), close.payload())
    assert ChatSession.objects.filter(pk="first").exists() == (leaves != "forgets")


def test_a_turn_that_is_written_late_finds_its_generation(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> None:
    settings.LEAFRESH_CATALOG_TOKEN_DELAY_MS = 5
    late, forgotten = asyncio.Event(), asyncio.Event()

    async def note_late(start: GenerationStart) -> Ownership:
        late.set()
        await forgotten.wait()
        return await record_start(start)

    monkeypatch.setattr(single_flight, "record_start", note_late)

    async def scenario() -> Any:
        generation, _ = await recommend(selection_request("forgets"))
        joining = asyncio.create_task(service.answer(selection_request("joins")))
        await late.wait()
        await forget("forgets")
        forgotten.set()
        close, joined = await joining
        return close, joined.generation is generation

    close, is_same = async_to_sync(scenario)()
    assert (close.stopped, len(close.challenges), is_same) == (False, 3, True)
    assert [turn["answer"] for turn in conversation("joins")["turns"]] == [close.payload()]
    assert conversation("forgets")["turns"] == []
    assert Generation.objects.count() == 1


def test_what_is_forgotten_ends_for_this_session_and_goes_on_for_others(settings: Settings) -> None:
    settings.LEAFRESH_CATALOG_TOKEN_DELAY_MS = 20

    async def scenario() -> LocalGeneration:
        generation = await shared("forgets", "stays")
        await forget("forgets")
        stream_end = generation.stream_end("forgets")
        assert stream_end is not None
        await generation.ended.wait()
        again, _ = await recommend(selection_request("forgets"))
        assert again is not generation
        return generation

    generation = async_to_sync(scenario)()
    assert isinstance(generation.conclusion, Close)
    assert not generation.conclusion.stopped
    assert len(conversation("stays")["turns"]) == 1


def test_a_session_that_joined_and_is_no_more_known_begins_another(settings: Settings) -> None:
    """The generation was erased at the same moment at which the session joined."""
    settings.LEAFRESH_CATALOG_TOKEN_DELAY_MS = 20

    async def scenario() -> tuple[LocalGeneration, Close]:
        generation, _ = await recommend(selection_request("forgets"))
        await Generation.objects.filter(pk=generation.id).adelete()
        close, joined = await service.answer(selection_request("joins"))
        assert joined.generation is not generation
        return generation, close

    _, close = async_to_sync(scenario)()
    assert (close.stopped, len(close.challenges)) == (False, 3)
    assert len(conversation("joins")["turns"]) == 1


def test_a_long_session_is_hidden_before_the_client_is_answered_and_erased_after(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    may_erase, erase = threading.Event(), erasure.forgetting

    def held(key: str, *, spare: Collection[uuid.UUID]) -> Iterator[list[uuid.UUID]]:
        steps = erase(key, spare=spare)
        yield next(steps)
        while not may_erase.is_set():
            yield []
        yield from steps

    monkeypatch.setattr(erasure, "forgetting", held)
    monkeypatch.setattr(cancellation, "FORGET_SECONDS", 0.01)

    def there() -> tuple[list[Any], bool]:
        return conversation("forgets")["turns"], ChatSession.objects.filter(pk="forgets").exists()

    async def scenario() -> None:
        generation, _ = await recommend(selection_request("forgets"))
        await generation.ended.wait()
        await forget("forgets")
        assert await sync_to_async(there)() == ([], True)
        may_erase.set()
        while (await sync_to_async(there)())[1]:
            await asyncio.sleep(0.01)

    async_to_sync(scenario)()
    assert not Turn.objects.filter(session_id="forgets").exists()
