"""When a generation without local subscribers ends in a cluster. A stub replaces Redis."""

import asyncio
import uuid
from types import SimpleNamespace
from typing import Any

import pytest

from chatbot.cluster.redis import Unreachable
from chatbot.generation import registry as module
from chatbot.generation.registry import GenerationRegistry
from chatbot.models import Outcome


class Cluster:
    """Returns, call after call, whether there are remote subscribers; "gone" means that Redis does not answer."""

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
    """Whether the generation is abandoned after these looks."""
    monkeypatch.setattr(module, "PRESENCE_SECONDS", 0.01)
    cluster: Any = Cluster(*looks)
    ended: list[Outcome] = []
    generation: Any = SimpleNamespace(id=uuid.uuid4(), subscriber_count=0, subscription_count=1, end=ended.append)
    unused: Any = None
    registry = GenerationRegistry(unused, cluster, max_generations=1, abandon_seconds=0.01)
    registry._running[generation.id] = generation
    registry._abandon_after(generation, 0.01)
    async with asyncio.timeout(10):
        while not cluster.asked_for_more:
            await asyncio.sleep(0.001)
        await asyncio.sleep(0.02)
    return ended == [Outcome.ABANDONED]


async def test_without_a_subscriber_anywhere_it_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    assert await ends(monkeypatch, False)


async def test_while_redis_cannot_tell_it_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not await ends(monkeypatch, "gone", True, "gone", True)


async def test_when_the_last_one_leaves_it_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    assert await ends(monkeypatch, True, "gone", False)
