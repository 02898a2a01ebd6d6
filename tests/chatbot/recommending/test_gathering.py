import asyncio

import pytest

from chatbot.recommending.gathering import Gatherer


class Reader:
    """Notes what it is given. Sees nothing in what stands in angle brackets, and breaks over an exclamation mark."""

    def __init__(self) -> None:
        self.texts: list[str] = []

    def __call__(self, text: str) -> bool:
        if text == "!":
            raise ValueError("!")
        self.texts.append(text)
        return not text.startswith("<")


async def test_the_first_piece_goes_at_once_the_next_together() -> None:
    reader = Reader()
    gatherer = Gatherer(reader, seconds=0.02)
    gatherer.add("가")
    assert reader.texts == ["가"]
    gatherer.add("나")
    gatherer.add("다")
    assert reader.texts == ["가"]
    await asyncio.sleep(0.05)
    assert reader.texts == ["가", "나다"]
    gatherer.add("라")
    assert reader.texts == ["가", "나다", "라"]


async def test_nothing_waits_behind_what_nobody_sees() -> None:
    reader = Reader()
    gatherer = Gatherer(reader, seconds=60)
    for piece in ("<생각", "<생각", "가", "나"):
        gatherer.add(piece)
    assert reader.texts == ["<생각", "<생각", "가"]
    gatherer.flush()
    assert reader.texts == ["<생각", "<생각", "가", "나"]


async def test_what_fails_later_is_raised_at_the_next_call() -> None:
    gatherer = Gatherer(Reader(), seconds=0.01)
    gatherer.add("가")
    gatherer.add("!")
    await asyncio.sleep(0.03)
    with pytest.raises(ValueError, match="!"):
        gatherer.add("나")
    with pytest.raises(ValueError, match="!"):
        gatherer.flush()


async def test_what_was_flushed_is_not_handed_on_again() -> None:
    reader = Reader()
    gatherer = Gatherer(reader, seconds=0.01)
    gatherer.add("가")
    gatherer.add("나")
    gatherer.flush()
    gatherer.flush()
    await asyncio.sleep(0.03)
    assert reader.texts == ["가", "나"]
