import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from django.test import AsyncClient
from pytest_django import Settings

from chatbot.generation.coalescer import LoopLag, TextCoalescer
from chatbot.runtime import runtime


class Reader:
    """Records its texts. Text in angle brackets is not visible, and an exclamation mark raises an error."""

    def __init__(self) -> None:
        self.texts: list[str] = []

    def __call__(self, text: str) -> bool:
        if text == "!":
            raise ValueError("!")
        self.texts.append(text)
        return not text.startswith("<")


def coalesced(take: Callable[[str], bool], **options: Any) -> TextCoalescer:
    return TextCoalescer(take, loop_lag=LoopLag(asyncio.get_running_loop()), **options)


class Clock:
    """A stub for the clock and the timers of the event loop."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 1000.0
        self.dues: list[float] = []
        self._later: Callable[[], None] = lambda: None
        self._loop = asyncio.get_running_loop()
        monkeypatch.setattr(self._loop, "time", lambda: self.now)
        monkeypatch.setattr(self._loop, "call_at", self._call_at)

    def _call_at(self, due: float, callback: Callable[[float], None], given: float) -> asyncio.TimerHandle:
        self.dues.append(due)
        self._later = lambda: callback(given)
        return asyncio.TimerHandle(due, lambda: None, (), self._loop)

    def fire(self, *, late: float = 0.0) -> None:
        """Runs the last timer, ``late`` seconds too late."""
        self.now = self.dues[-1] + late
        self._later()

    def wait_of(self, coalescer: TextCoalescer, *, late: float = 0.0) -> float:
        """How long a piece waits after another one, if the loop is ``late`` seconds late."""
        self.now += 1.0
        coalescer.add("가")
        began = self.now
        coalescer.add("나")
        self.fire(late=late)
        return self.dues[-1] - began


async def test_the_first_piece_goes_at_once_the_next_together(monkeypatch: pytest.MonkeyPatch) -> None:
    clock, reader = Clock(monkeypatch), Reader()
    coalescer = coalesced(reader)
    coalescer.add("가")
    assert reader.texts == ["가"]
    coalescer.add("나")
    coalescer.add("다")
    assert reader.texts == ["가"]
    clock.fire()
    assert reader.texts == ["가", "나다"]
    clock.now += 1.0
    coalescer.add("라")
    assert reader.texts == ["가", "나다", "라"]


async def test_text_after_invisible_text_is_not_delayed() -> None:
    reader = Reader()
    coalescer = coalesced(reader, seconds=60)
    for piece in ("<생각", "<생각", "가", "나"):
        coalescer.add(piece)
    assert reader.texts == ["<생각", "<생각", "가"]
    coalescer.flush()
    assert reader.texts == ["<생각", "<생각", "가", "나"]


async def test_a_later_error_is_raised_by_the_next_call() -> None:
    coalescer = coalesced(Reader(), seconds=0.01)
    coalescer.add("가")
    coalescer.add("!")
    await asyncio.sleep(0.03)
    with pytest.raises(ValueError, match="!"):
        coalescer.add("나")
    with pytest.raises(ValueError, match="!"):
        coalescer.flush()


async def test_what_was_flushed_is_not_handed_on_again() -> None:
    reader = Reader()
    coalescer = coalesced(reader, seconds=0.01)
    coalescer.add("가")
    coalescer.add("나")
    coalescer.flush()
    coalescer.flush()
    await asyncio.sleep(0.03)
    assert reader.texts == ["가", "나"]


async def test_a_busy_process_gathers_for_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock(monkeypatch)
    coalescer = coalesced(Reader())
    waits = [clock.wait_of(coalescer, late=late) for late in (0.03, 0.0, 7.0, 0.0)]
    assert waits == pytest.approx([0.05, 0.11, 0.05, 0.25])


@pytest.mark.parametrize(("subscribers", "wait"), [(0, 0.05), (1, 0.05), (100, 0.05), (200, 0.1), (5000, 0.25)])
async def test_for_many_subscribers_it_gathers_for_longer(
    monkeypatch: pytest.MonkeyPatch, subscribers: int, wait: float
) -> None:
    assert Clock(monkeypatch).wait_of(coalesced(Reader(), subscriber_count=lambda: subscribers)) == pytest.approx(wait)


class LoopClock:
    """A stub for the event loop. The test runs its timers."""

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
    clock = LoopClock()
    lag = LoopLag(clock)  # type: ignore[arg-type]  # all that it uses of a loop
    assert (lag.latest, lag.greatest) == (0.0, 0.0)
    clock.fire(late=0.25)
    assert (clock.now, lag.latest, lag.greatest) == pytest.approx((1000.35, 0.25, 0.25))
    clock.fire()
    assert (clock.now, lag.latest, lag.greatest) == pytest.approx((1000.45, 0.0, 0.25))


def test_the_greatest_is_forgotten_after_a_minute() -> None:
    clock = LoopClock()
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
