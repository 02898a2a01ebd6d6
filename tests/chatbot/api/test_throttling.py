"""Rate limits as the service meets them: a callable that lets a request pass or raises."""

import asyncio
import time
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.test import RequestFactory
from pytest_django import Settings

from chatbot.api import throttling
from chatbot.api.throttling import MemoryWindows, RateLimiter, Window, whole_seconds
from chatbot.errors import TooManyRequests
from chatbot.websocket.handshake import handshake_request


class Clock:
    """The time as the windows see it."""

    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(time, "monotonic", clock)
    return clock


@pytest.fixture(autouse=True)
def _rates(settings: Settings) -> None:
    settings.LEAFRESH_SESSION_RATE = 3, 60
    settings.LEAFRESH_ADDRESS_RATE = 5, 60


def ask(session_key: str, address: str = "203.0.113.9", **headers: str) -> int:
    """The seconds to wait; 0 when the request is allowed."""
    request = RequestFactory().get("/", headers=headers, REMOTE_ADDR=address)
    return refusal(RateLimiter(request), session_key)


def refusal(limiter: RateLimiter, session_key: str) -> int:
    try:
        async_to_sync(limiter.admit)(session_key)
    except TooManyRequests as error:
        return error.retry_after or -1
    return 0


def test_a_session_has_its_share_of_every_minute(clock: Clock) -> None:
    answers = []
    for _ in range(5):
        answers.append(ask("s"))
        clock.now += 10
    assert answers == [0, 0, 0, 30, 20]
    clock.now += 9.5
    assert ask("s") == 1
    clock.now += 0.5
    assert ask("s") == 0  # the first is a minute old
    assert ask("s") == 10


def test_sessions_do_not_share(clock: Clock) -> None:
    assert [ask("s", "192.0.2.1") for _ in range(4)] == [0, 0, 0, 60]
    assert ask("t", "192.0.2.1") == 0


def test_an_address_has_its_share_whatever_the_sessions(clock: Clock) -> None:
    assert [ask(f"s{number}") for number in range(7)] == [0, 0, 0, 0, 0, 60, 60]
    assert ask("s0", "203.0.113.10") == 0


def test_what_is_refused_is_not_counted(clock: Clock) -> None:
    """A refused request counts neither for the address nor for the session."""
    assert [ask("busy") for _ in range(50)] == [0, 0, 0, *[60] * 47]
    assert [ask("calm") for _ in range(50)] == [0, 0, *[60] * 48]
    assert [ask("calm", "203.0.113.10") for _ in range(2)] == [0, 60]
    clock.now += 60
    assert ask("busy") == 0


def test_a_request_after_the_wait_is_allowed_by_both_windows(clock: Clock) -> None:
    """The address is free in 30 seconds, the session in 45: the response has the later time."""
    for number in range(5):
        assert ask("s" if number > 1 else f"s{number}") == 0
        clock.now += 10 if number == 1 else 5
    seconds = ask("s")
    assert seconds == 45
    clock.now += seconds
    assert ask("s") == 0


@pytest.mark.parametrize("wait", [1, 90, 86_400])
def test_the_wait_fits_the_rate(settings: Settings, clock: Clock, wait: int) -> None:
    settings.LEAFRESH_SESSION_RATE = 3, wait
    assert [ask("s") for _ in range(4)] == [0, 0, 0, wait]
    clock.now += wait
    assert ask("s") == 0


def test_a_rate_that_is_off_is_no_limit(settings: Settings) -> None:
    settings.LEAFRESH_SESSION_RATE = None
    assert [ask("s") > 0 for _ in range(6)] == [False] * 5 + [True]
    settings.LEAFRESH_ADDRESS_RATE = None
    assert [ask("s") for _ in range(1000)] == [0] * 1000


def test_a_rate_that_was_lowered_refuses_with_a_time(settings: Settings, clock: Clock) -> None:
    for _ in range(3):
        ask("s")
    settings.LEAFRESH_SESSION_RATE = 2, 60
    assert ask("s") == 60


def test_forwarded_addresses_of_a_trusted_proxy_are_counted(settings: Settings) -> None:
    settings.LEAFRESH_SESSION_RATE = None
    assert [ask("s", "10.0.0.1", X_Forwarded_For=f"198.51.100.{n}") > 0 for n in range(6)] == [False] * 5 + [True]
    settings.LEAFRESH_TRUSTED_PROXIES = ["10.0.0.0/8"]
    assert [ask("s", "10.0.0.1", X_Forwarded_For=f"198.51.100.{n}") for n in range(6)] == [0] * 6
    sent = [f"192.0.2.{n}, 198.51.100.99" for n in range(6)]  # what the client made up, what the proxy saw
    assert [ask("s", "10.0.0.1", X_Forwarded_For=value) > 0 for value in sent] == [False] * 5 + [True]


def test_a_handshake_is_counted_with_the_requests_of_its_client(settings: Settings) -> None:
    settings.LEAFRESH_TRUSTED_PROXIES = ["10.0.0.1"]
    scope: dict[str, Any] = {
        "path": "/ws/chatbot/s",
        "client": ["10.0.0.1", 40000],
        "headers": [
            (b"host", b"x"),
            (b"x-forwarded-for", b"192.0.2.77"),
            (b"x-forwarded-for", b"203.0.113.9\xff, 10.0.0.1"),
        ],
    }
    for _ in range(3):
        assert refusal(RateLimiter(handshake_request(scope)), "s") == 0
    assert refusal(RateLimiter(handshake_request(scope)), "s") > 0
    assert ask("s", "192.0.2.1") > 0
    assert refusal(RateLimiter(handshake_request({"path": "/", "client": None, "headers": []})), "t") == 0


def test_a_limit_outlives_thousands_of_other_sessions(settings: Settings) -> None:
    settings.LEAFRESH_ADDRESS_RATE = None
    for _ in range(3):
        ask("s")
    for number in range(3000):
        ask(f"other{number}")
    assert ask("s") > 0


def test_memory_is_bounded_and_keeps_the_latest_windows(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.LEAFRESH_ADDRESS_RATE = None
    small = MemoryWindows(30)
    monkeypatch.setattr(throttling, "memory", small)
    for number in range(300):
        ask(f"other{number}")
        if number % 10 == 0:
            ask("s")
    assert len(small) <= 30
    assert ask("s") > 0


def test_of_two_hundred_requests_at_once_twenty_pass(settings: Settings) -> None:
    settings.LEAFRESH_SESSION_RATE, settings.LEAFRESH_ADDRESS_RATE = (20, 60), (100, 60)
    limiter = RateLimiter(RequestFactory().get("/"))

    async def everybody() -> list[object]:
        return await asyncio.gather(*(limiter.admit("s") for _ in range(200)), return_exceptions=True)

    assert [answer is None for answer in async_to_sync(everybody)()] == [True] * 20 + [False] * 180


def test_after_a_clock_jump_a_client_waits_at_most_one_window(monkeypatch: pytest.MonkeyPatch) -> None:
    now = time.time
    monkeypatch.setattr(time, "time", lambda: now() + 7200)
    assert [ask("s") for _ in range(4)] == [0, 0, 0, 60]
    monkeypatch.setattr(time, "time", now)
    assert 0 < ask("s") <= 60
    monkeypatch.setattr(time, "time", lambda: now() + 100 * 86400)
    assert 0 < ask("s") <= 60


@pytest.mark.parametrize(
    ("seconds", "when"),
    [(1, "1초"), (59, "59초"), (60, "1분"), (61, "2분"), (3540, "59분"), (3541, "1시간"), (3601, "2시간")],
)
def test_the_message_tells_when_to_try_again(seconds: int, when: str) -> None:
    error = TooManyRequests(seconds)
    assert (error.status, error.retry_after) == (429, seconds)
    assert error.message == f"요청이 너무 많습니다. {when} 후에 다시 시도해 주세요."


def test_a_wait_is_at_most_one_window() -> None:
    assert whole_seconds(7256, [Window("session:s", 20, 60)]) == 60
    assert whole_seconds(0.2, [Window("session:s", 20, 60)]) == 1
