import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from chatbot.generation.coalescer import TextCoalescer
from chatbot.generation.loop_lag import LoopLag


class Reader:
    """Notes what it is given. Sees nothing in what stands in angle brackets, and breaks over an exclamation mark."""

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
    """Stands in for the event loop's clock and timers."""

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
        """Lets the last timer come due; the loop is ``late`` with it."""
        self.now = self.dues[-1] + late
        self._later()

    def wait_of(self, coalescer: TextCoalescer, *, late: float = 0.0) -> float:
        """How long a piece waits behind another; the loop is ``late`` with it."""
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


async def test_nothing_waits_behind_what_nobody_sees() -> None:
    reader = Reader()
    coalescer = coalesced(reader, seconds=60)
    for piece in ("<생각", "<생각", "가", "나"):
        coalescer.add(piece)
    assert reader.texts == ["<생각", "<생각", "가"]
    coalescer.flush()
    assert reader.texts == ["<생각", "<생각", "가", "나"]


async def test_what_fails_later_is_raised_at_the_next_call() -> None:
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
