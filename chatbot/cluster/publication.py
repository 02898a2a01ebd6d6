"""What one generation shares with the other processes: its claim, its events, how it ends."""

import json
import uuid
from collections.abc import Sequence
from contextlib import suppress

from chatbot.cluster.claims import Claim
from chatbot.cluster.cluster import Cluster
from chatbot.cluster.heartbeat import ME
from chatbot.cluster.redis import Unreachable
from chatbot.cluster.replication import GIVEN_UP, STREAM_END
from chatbot.events.log import StreamEnd
from chatbot.events.types import TERMINAL, decode_event, encode_event


class ClusterPublication:
    """Of the generation that answers the single-flight ``keys``. Without a cluster it does nothing."""

    def __init__(self, cluster: Cluster | None, generation_id: uuid.UUID, keys: Sequence[object] = ()) -> None:
        self.generation_id = generation_id
        self._cluster = cluster
        self._keys = keys
        self._claim = Claim(generation_id, ME)
        self._may_be_known = False  # whether another process may have found the generation by a key

    async def claim(self) -> Claim | None:
        """Claims the keys. None when the generation may run here, else the claim that holds one of them."""
        if self._cluster is None or not self._keys:
            return None
        try:
            await self._cluster.joined()
            self._may_be_known = self._cluster.redis.reachable  # else nothing is sent
            return await self._cluster.claims.claim(self.generation_id, self._keys)
        except Unreachable:  # this process works alone
            return None

    async def release(self, keys: Sequence[object] | None = None) -> None:
        """Requests at other processes no longer join: all requests, or those with one of the given keys."""
        if self._cluster is not None and self._keys:
            with suppress(Unreachable):  # who finds the claim then finds the generation ended
                await self._cluster.claims.release(self._claim, keys or self._keys)

    async def withdraw(self) -> None:
        """The generation does not start: releases the claim, and tells those who follow it already."""
        await self.release()
        self.give_up(0)

    def event(self, name: str) -> None:
        """An event of that name was published."""
        if self._cluster is not None:
            self._cluster.replication.copy(self.generation_id, soon=name in TERMINAL)

    def stream_end(self, session_id: str, stream_end: StreamEnd) -> None:
        """The stream ends for one session, after the last event that was published."""
        if self._cluster is not None:
            data = json.dumps([[event.name, encode_event(event)] for event in stream_end.events], ensure_ascii=False)
            replication = self._cluster.replication
            replication.mark(self.generation_id, stream_end.number, STREAM_END, data, session=session_id)

    def give_up(self, number: int) -> None:
        """The generation ends after event ``number``, without a terminal one."""
        if self._cluster is not None and (number or self._may_be_known):
            self._cluster.replication.mark(self.generation_id, number, GIVEN_UP)


def read_stream_end(number: int, data: str) -> StreamEnd:
    """What ``ClusterPublication.stream_end`` wrote."""
    return StreamEnd(number, [decode_event(name, event) for name, event in json.loads(data)])
