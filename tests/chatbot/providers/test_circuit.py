"""A model that fails again and again is skipped for a while; then one call tries it."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterator
from dataclasses import replace

import pytest
from asgiref.sync import async_to_sync
from pytest_django import Settings

from chatbot.providers.base import ProviderError
from chatbot.providers.circuit import WINDOW_SECONDS, Call, CircuitBreaker, open_circuits
from chatbot.providers.langchain import LangChainProvider, circuit_of
from tests.chatbot.providers.test_langchain import SECRET, request
from tests.provider import TEXT, Provider


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def breaker(clock: Clock) -> CircuitBreaker:
    return CircuitBreaker("openai:x", failures=3, pause=30, clock=clock)


def begin(breaker: CircuitBreaker) -> Call:
    call = breaker.enter()
    assert call is not None
    return call


def fail(breaker: CircuitBreaker, times: int) -> None:
    for _ in range(times):
        begin(breaker).failed()


def test_failures_in_a_row_open_it(breaker: CircuitBreaker) -> None:
    fail(breaker, 2)
    begin(breaker).succeeded()
    fail(breaker, 3)
    assert not breaker.enter()
    assert (breaker.is_open, open_circuits()["openai:x"]) == (True, 3)


def test_one_call_tries_after_the_pause(breaker: CircuitBreaker, clock: Clock) -> None:
    fail(breaker, 3)
    clock.now += 30
    trial = begin(breaker)
    assert breaker.enter() is None
    trial.failed()
    clock.now += 29
    assert breaker.enter() is None
    clock.now += 1
    begin(breaker).succeeded()
    assert all([breaker.enter(), breaker.enter()])
    assert "openai:x" not in open_circuits()


def test_a_person_who_leaves_lets_the_next_one_try(breaker: CircuitBreaker, clock: Clock) -> None:
    fail(breaker, 3)
    clock.now += 30
    begin(breaker).left()
    assert breaker.enter()


@pytest.mark.parametrize("end", [Call.succeeded, Call.failed, Call.rejected, Call.left])
def test_calls_from_before_it_opened_do_not_decide_for_the_trial(
    breaker: CircuitBreaker, clock: Clock, end: Callable[[Call], None]
) -> None:
    early = begin(breaker)
    fail(breaker, 3)
    end(early)
    assert (breaker.is_open, breaker.failures) == (True, 3)
    clock.now += 30
    trial = begin(breaker)
    end(early)
    assert (breaker.is_open, breaker.failures, breaker.enter()) == (True, 3, None)
    trial.succeeded()
    end(early)
    assert (breaker.is_open, breaker.failures) == (False, 0)


def test_rejected_requests_count_unless_others_succeeded_lately(breaker: CircuitBreaker, clock: Clock) -> None:
    begin(breaker).succeeded()
    for _ in range(3):
        begin(breaker).rejected()
    assert not breaker.is_open
    clock.now += WINDOW_SECONDS + 1
    for _ in range(3):
        begin(breaker).rejected()
    assert breaker.is_open


def test_rare_failures_do_not_add_up(breaker: CircuitBreaker, clock: Clock) -> None:
    for _ in range(5):
        fail(breaker, 1)
        clock.now += WINDOW_SECONDS + 1
    assert not breaker.is_open


def test_it_can_be_switched_off() -> None:
    breaker = CircuitBreaker("openai:y", failures=0, pause=30)
    fail(breaker, 100)
    assert not breaker.is_open


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Provider]:
    with Provider() as running:
        monkeypatch.setenv("OPENAI_BASE_URL", running.url)
        monkeypatch.setenv("OPENAI_API_KEY", SECRET)
        yield running


async def outcome(pieces: AsyncGenerator[str, None]) -> str:
    try:
        return "".join([piece async for piece in pieces])
    except ProviderError as error:
        return str(error)


def test_a_model_that_always_fails_is_not_asked_for_each_answer(settings: Settings, server: Provider) -> None:
    settings.LEAFRESH_BREAKER_FAILURES = 2

    async def ask() -> list[str]:
        provider = LangChainProvider("openai:status_401")
        return [await outcome(provider.stream(request())) for _ in range(4)]

    failed = "openai:status_401: HTTP 401"
    skipped = "openai:status_401: skipped after 2 failures in a row"
    assert async_to_sync(ask)() == [failed, failed, skipped, skipped]
    assert len(server.requests) == 2


def test_a_model_that_rejects_every_request_is_skipped(settings: Settings, server: Provider) -> None:
    """Some servers answer 400 to a wrong key."""
    settings.LEAFRESH_BREAKER_FAILURES = 2

    async def ask(circuit: CircuitBreaker) -> list[str]:
        provider = LangChainProvider("openai:status_400", circuit=circuit)
        return [await outcome(provider.stream(request())) for _ in range(3)]

    rejected, skipped = "openai:status_400: HTTP 400", "openai:status_400: skipped after 2 failures in a row"
    fresh, proven = circuit_of("openai:status_400"), circuit_of("openai:status_400")
    begin(proven).succeeded()
    assert async_to_sync(ask)(fresh) == [rejected, rejected, skipped]
    assert async_to_sync(ask)(proven) == [rejected] * 3


@pytest.mark.parametrize(("model", "seconds"), [("openai:empty", 60), ("openai:whitespace_forever", 0.2)])
def test_answers_without_text_are_failures(settings: Settings, server: Provider, model: str, seconds: float) -> None:
    settings.LEAFRESH_BREAKER_FAILURES = 1
    settings.LEAFRESH_SCHEMA_MODE = {model: "wording"}

    async def ask() -> int:
        circuit = circuit_of(model)
        soon = asyncio.get_running_loop().time() + seconds
        await outcome(LangChainProvider(model, circuit=circuit).stream(replace(request(), deadline=soon)))
        return circuit.failures

    assert async_to_sync(ask)() == 1


def test_an_answer_that_a_person_leaves_is_no_failure(settings: Settings, server: Provider) -> None:
    settings.LEAFRESH_BREAKER_FAILURES = 1

    async def ask() -> str:
        provider = LangChainProvider("openai:normal")
        pieces = provider.stream(request())
        await anext(pieces)
        await pieces.aclose()
        return await outcome(provider.stream(request()))

    assert async_to_sync(ask)() == TEXT
