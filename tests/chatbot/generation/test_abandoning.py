"""When a generation ends that has no subscriber here, in a cluster: Redis is asked through a stand-in that is told what
to answer."""

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from chatbot.cluster.redis import Unreachable
from chatbot.generation import registry as module
from chatbot.generation.registry import GenerationRegistry
from chatbot.models import Outcome


class Cluster:
    """Says, look after look, whether somebody listens elsewhere; "gone" when Redis does not answer."""

    def __init__(self, *looks: bool | str) -> None:
        self._looks = list(looks)
        self.presence = self

    async def has_subscribers(self, generation_id: object) -> bool:
        look = self._looks.pop(0) if self._looks else True
        if isinstance(look, str):
            raise Unreachable
        return look

    @property
    def asked_for_more(self) -> bool:
        return not self._looks


async def ends(monkeypatch: pytest.MonkeyPatch, *looks: bool | str) -> bool:
    """Whether the generation is given up behind these looks."""
    monkeypatch.setattr(module, "PRESENCE_SECONDS", 0.01)
    part = Cluster(*looks)
    monkeypatch.setattr(module, "cluster", lambda: part)
    ended: list[Outcome] = []
    generation: Any = SimpleNamespace(id="g", listeners=0, attached=1, ended=asyncio.Event(), end=ended.append)
    registry = GenerationRegistry(max_generations=1, abandon_seconds=0.01)
    registry._check_later(generation, 0.01)
    async with asyncio.timeout(10):
        while not part.asked_for_more:
            await asyncio.sleep(0.001)
        await asyncio.sleep(0.02)
    return ended == [Outcome.ABANDONED]


async def test_when_nobody_listens_anywhere_it_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    assert await ends(monkeypatch, False)


async def test_while_nobody_can_know_it_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not await ends(monkeypatch, "gone", True, "gone", True)


async def test_when_the_last_one_leaves_it_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    assert await ends(monkeypatch, True, "gone", False)
