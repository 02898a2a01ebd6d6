import asyncio
from collections.abc import Callable
from typing import Any

from channels.layers import InMemoryChannelLayer

from chatbot.streaming.bell import GROUP, Bell

NEVER = 3600.0


class CountingLayer(InMemoryChannelLayer):  # type: ignore[misc]  # channels ships no types
    """Remembers what was said to the group."""

    def __init__(self) -> None:
        super().__init__()
        self.said: list[list[str]] = []

    async def group_send(self, group: str, message: dict[str, Any]) -> None:
        assert (group, message["type"]) == (GROUP, "more")
        self.said.append(message["channels"])
        await super().group_send(group, message)


class DeafLayer(CountingLayer):
    """Loses every message."""

    async def receive(self, channel: str) -> Any:
        await asyncio.Event().wait()


class BrokenLayer(CountingLayer):
    """Answers nothing but errors while it is broken."""

    broken = True

    async def group_add(self, group: str, channel: str) -> None:
        if self.broken:
            raise ConnectionError
        await super().group_add(group, channel)

    async def group_send(self, group: str, message: dict[str, Any]) -> None:
        raise ConnectionError


async def until(condition: Callable[[], Any]) -> None:
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0.001)


async def settled(more: asyncio.Event) -> None:
    """Behind the first look, which comes with the membership of the group."""
    await asyncio.wait_for(more.wait(), 10)
    more.clear()


async def test_who_listens_hears_the_bell() -> None:
    bell = Bell(CountingLayer(), look_seconds=NEVER)
    with bell.listening("one") as more, bell.listening("two") as other:
        await settled(more)
        other.clear()
        bell.ring("one")
        await asyncio.wait_for(more.wait(), 10)
        assert not other.is_set()


async def test_what_rings_at_once_is_said_once() -> None:
    layer = CountingLayer()
    bell = Bell(layer, look_seconds=NEVER)
    with bell.listening("one") as more, bell.listening("two") as other:
        await settled(more)
        other.clear()
        for _ in range(5):
            bell.ring("one")
            bell.ring("two")
        await asyncio.wait_for(more.wait(), 10)
        await asyncio.wait_for(other.wait(), 10)
    assert layer.said == [["one", "two"]]


async def test_nothing_is_said_when_nobody_listens_here_and_others_are_not_reached() -> None:
    layer = CountingLayer()
    bell = Bell(layer, look_seconds=NEVER)
    bell.ring("one")
    with bell.listening("two") as more:
        await settled(more)
        bell.ring("one")
    bell.ring("two")
    await asyncio.sleep(0.01)
    assert layer.said == []


async def test_a_lost_message_is_made_up_for_by_looking() -> None:
    bell = Bell(DeafLayer(), look_seconds=0.01)
    with bell.listening("one") as more:
        for _ in range(3):
            await settled(more)


async def test_a_broken_layer_is_tried_again(monkeypatch: Any) -> None:
    monkeypatch.setattr("chatbot.streaming.bell.RETRY_SECONDS", 0.01)
    layer = BrokenLayer()
    bell = Bell(layer, look_seconds=NEVER)
    with bell.listening("one") as more:
        await settled(more)  # who listens looks even so
        bell.ring("one")
        layer.broken = False
        await until(lambda: layer.groups.get(GROUP))


async def test_nothing_is_left_when_nobody_listens_any_more() -> None:
    layer = CountingLayer()
    bell = Bell(layer, look_seconds=NEVER)
    before = asyncio.all_tasks()
    for _ in range(3):
        with bell.listening("one") as more:
            await settled(more)
            assert len(layer.groups[GROUP]) == 1
        await until(lambda: asyncio.all_tasks() == before)
        assert layer.groups == {}
