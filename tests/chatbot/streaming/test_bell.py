import asyncio

from chatbot.streaming.bell import Bell


async def test_who_listens_hears_the_bell() -> None:
    bell = Bell()
    with bell.listening("one") as more, bell.listening("one") as same, bell.listening("two") as other:
        bell.ring("one")
        await asyncio.wait_for(more.wait(), 10)
        assert (same.is_set(), other.is_set()) == (True, False)


async def test_nobody_hears_what_rang_before_or_after() -> None:
    bell = Bell()
    bell.ring("one")
    with bell.listening("one") as more:
        assert not more.is_set()
    bell.ring("one")
    assert not more.is_set()
