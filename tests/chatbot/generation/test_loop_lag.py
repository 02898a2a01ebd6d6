"""How late the event loop is."""

import asyncio
from collections.abc import Callable

import pytest
from django.test import AsyncClient
from pytest_django import Settings

from chatbot.generation.loop_lag import LoopLag
from chatbot.runtime import runtime


class Clock:
    """Stands in for the event loop: its timers come when the test says so."""

    def __init__(self) -> None:
        self.now = 1000.0
        self._timer: tuple[float, Callable[[float], None]] = (0.0, lambda due: None)

    def time(self) -> float:
        return self.now

    def call_at(self, when: float, callback: Callable[[float], None], *args: float) -> None:
        self._timer = (when, callback)

    def fire(self, *, late: float = 0.0) -> None:
        due, callback = self._timer
        self.now = due + late
        callback(due)


def test_it_looks_every_tenth_of_a_second() -> None:
    clock = Clock()
    lag = LoopLag(clock)  # type: ignore[arg-type]  # all that it uses of a loop
    assert (lag.latest, lag.greatest) == (0.0, 0.0)
    clock.fire(late=0.25)
    assert (clock.now, lag.latest, lag.greatest) == pytest.approx((1000.35, 0.25, 0.25))
    clock.fire()
    assert (clock.now, lag.latest, lag.greatest) == pytest.approx((1000.45, 0.0, 0.25))


def test_the_greatest_is_forgotten_after_a_minute() -> None:
    clock = Clock()
    lag = LoopLag(clock)  # type: ignore[arg-type]  # as above
    clock.fire(late=3.0)
    clock.now += 30
    lag.note(1.0)
    assert lag.greatest == pytest.approx(3.0)
    clock.now += 31
    assert lag.greatest == pytest.approx(1.0)
    clock.now += 61
    assert lag.greatest == 0.0


async def test_there_is_one_for_a_loop() -> None:
    assert runtime() is runtime()
    lag = runtime().loop_lag
    before = lag.latest
    while lag.latest == before:  # it goes on by itself
        await asyncio.sleep(0.01)


async def test_metrics_tell_it(settings: Settings) -> None:
    settings.LEAFRESH_METRICS = True
    runtime().loop_lag.note(0.75)
    lines = (await AsyncClient().get("/metrics")).content.decode().splitlines()
    assert "leafresh_event_loop_lag_max_seconds 0.75" in lines
    assert any(line.startswith("leafresh_event_loop_lag_seconds ") for line in lines)
