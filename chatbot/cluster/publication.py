"""Publishes one generation to the other processes: its claim, its events and its end."""

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
    """Publishes the generation that answers the single-flight ``keys``. Without a cluster it does nothing."""

    def __init__(self, cluster: Cluster | None, generation_id: uuid.UUID, keys: Sequence[object] = ()) -> None:
        self.generation_id = generation_id
        self._cluster = cluster
        self._keys = keys
        self._claim = Claim(generation_id, ME)
        self._may_be_known = False  # whether another process may have found the generation by a key

    async def claim(self) -> Claim | None:
        """Claims the keys. Returns None when the generation may run here, else the existing claim of one of the
        keys."""
        if self._cluster is None or not self._keys:
            return None
        try:
            await self._cluster.joined()
            self._may_be_known = self._cluster.redis.reachable  # else nothing is sent
            return await self._cluster.claims.claim(self.generation_id, self._keys)
        except Unreachable:  # this process works alone
            return None

    async def release(self, keys: Sequence[object] | None = None) -> None:
        """Releases the given keys, or all: requests at other processes no longer join the generation by them."""
        if self._cluster is not None and self._keys:
            with suppress(Unreachable):  # a process that still finds the claim finds that the generation has ended
                await self._cluster.claims.release(self._claim, keys or self._keys)

    async def withdraw(self) -> None:
        """Releases the claim of a generation that does not start, and tells the processes that already follow it."""
        await self.release()
        self.give_up(0)

    def event(self, name: str) -> None:
        """Copies an event that was published. ``name`` is its type."""
        if self._cluster is not None:
            self._cluster.replication.copy(self.generation_id, soon=name in TERMINAL)

    def stream_end(self, session_id: str, stream_end: StreamEnd) -> None:
        """Ends the stream of one session, after the last event that was published."""
        if self._cluster is not None:
            data = json.dumps([[event.name, encode_event(event)] for event in stream_end.events], ensure_ascii=False)
            replication = self._cluster.replication
            replication.mark(self.generation_id, stream_end.number, STREAM_END, data, session=session_id)

    def give_up(self, number: int) -> None:
        """Ends the generation after event ``number``, without a terminal event."""
        if self._cluster is not None and (number or self._may_be_known):
            self._cluster.replication.mark(self.generation_id, number, GIVEN_UP)


def read_stream_end(number: int, data: str) -> StreamEnd:
    """Decodes the data that ``ClusterPublication.stream_end`` wrote."""
    return StreamEnd(number, [decode_event(name, event) for name, event in json.loads(data)])
