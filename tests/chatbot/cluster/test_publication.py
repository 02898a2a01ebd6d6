"""Publishing a generation to other processes while Redis is gone."""

import uuid
from types import SimpleNamespace
from typing import Any

import pytest

from chatbot.cluster.publication import ClusterPublisher
from chatbot.cluster.redis import Unreachable


class Away:
    """A cluster whose Redis does not answer. It is ``reachable`` until a command has failed."""

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
async def test_a_failed_start_is_published_only_if_other_processes_may_know_it(reachable: bool) -> None:
    away: Any = Away(reachable=reachable)
    mine = ClusterPublisher(away, uuid.uuid4(), [("anybody",)])
    assert await mine.claim() is None
    mine.give_up()
    assert len(away.markers) == reachable  # a command that was sent may have been done
    mine.count = 3
    mine.give_up()
    assert len(away.markers) == reachable + 1
