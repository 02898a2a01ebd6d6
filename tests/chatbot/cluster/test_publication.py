"""What a generation shares with other processes, when Redis is away."""

import uuid
from types import SimpleNamespace
from typing import Any

import pytest

from chatbot.cluster.publication import ClusterPublisher
from chatbot.cluster.redis import Unreachable


class Away:
    """A cluster whose Redis does not answer: ``reachable`` until somebody has found that out."""

    def __init__(self, *, reachable: bool) -> None:
        self.markers: list[tuple[Any, ...]] = []
        self.redis = SimpleNamespace(reachable=reachable)
        self.claims = SimpleNamespace(claim=self._claim)
        self.replication = SimpleNamespace(mark=lambda *marker: self.markers.append(marker))

    async def joined(self) -> None:
        pass

    async def _claim(self, generation_id: uuid.UUID, keys: Any) -> None:
        raise Unreachable


@pytest.mark.parametrize("reachable", [False, True])
async def test_a_start_that_fails_is_told_only_to_who_may_know_of_it(reachable: bool) -> None:
    away: Any = Away(reachable=reachable)
    mine = ClusterPublisher(away, uuid.uuid4(), [("anybody",)])
    assert await mine.claim() is None
    mine.give_up()
    assert len(away.markers) == reachable  # a command that was sent may have been done
    mine.count = 3
    mine.give_up()
    assert len(away.markers) == reachable + 1
