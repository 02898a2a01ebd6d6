import asyncio

from chatbot.events.notifier import Notifier


async def test_who_listens_hears_the_bell() -> None:
    notifier = Notifier()
    with notifier.listening("one") as more, notifier.listening("one") as same, notifier.listening("two") as other:
        notifier.ring("one")
        await asyncio.wait_for(more.wait(), 10)
        assert (same.is_set(), other.is_set()) == (True, False)


async def test_nobody_hears_what_rang_before_or_after() -> None:
    notifier = Notifier()
    notifier.ring("one")
    with notifier.listening("one") as more:
        assert not more.is_set()
    notifier.ring("one")
    assert not more.is_set()
