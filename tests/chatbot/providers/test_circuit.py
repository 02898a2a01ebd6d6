"""A model that fails again and again is skipped for a while; then one call tries it."""

from collections.abc import AsyncGenerator, Iterator

import pytest
from asgiref.sync import async_to_sync
from pytest_django import Settings

from chatbot.providers.base import ProviderError
from chatbot.providers.circuit import WINDOW_SECONDS, CircuitBreaker, open_circuits
from chatbot.providers.langchain import LangChainProvider
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


def fail(breaker: CircuitBreaker, times: int) -> None:
    for _ in range(times):
        assert breaker.enter()
        breaker.failed()


def test_failures_in_a_row_open_it(breaker: CircuitBreaker) -> None:
    fail(breaker, 2)
    assert breaker.enter()
    breaker.succeeded()
    fail(breaker, 3)
    assert not breaker.enter()
    assert (breaker.is_open, open_circuits()["openai:x"]) == (True, 3)


def test_one_call_tries_after_the_pause(breaker: CircuitBreaker, clock: Clock) -> None:
    fail(breaker, 3)
    clock.now += 30
    assert [breaker.enter(), breaker.enter()] == [True, False]
    breaker.failed()
    clock.now += 29
    assert not breaker.enter()
    clock.now += 1
    assert breaker.enter()
    breaker.succeeded()
    assert [breaker.enter(), breaker.enter()] == [True, True]
    assert "openai:x" not in open_circuits()


def test_a_person_who_leaves_lets_the_next_one_try(breaker: CircuitBreaker, clock: Clock) -> None:
    fail(breaker, 3)
    clock.now += 30
    assert breaker.enter()
    breaker.left()
    assert breaker.enter()


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


def test_requests_that_a_model_does_not_like_say_nothing_of_the_model(settings: Settings, server: Provider) -> None:
    settings.LEAFRESH_BREAKER_FAILURES = 2

    async def ask() -> list[str]:
        provider = LangChainProvider("openai:status_400")
        return [await outcome(provider.stream(request())) for _ in range(3)]

    assert async_to_sync(ask)() == ["openai:status_400: HTTP 400"] * 3


def test_an_answer_that_a_person_leaves_is_no_failure(settings: Settings, server: Provider) -> None:
    settings.LEAFRESH_BREAKER_FAILURES = 1

    async def ask() -> str:
        provider = LangChainProvider("openai:normal")
        pieces = provider.stream(request())
        await anext(pieces)
        await pieces.aclose()
        return await outcome(provider.stream(request()))

    assert async_to_sync(ask)() == TEXT
