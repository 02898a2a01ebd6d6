"""Publishes one generation to the other processes: its claim, its events and its end."""

import json
import uuid
from collections.abc import Sequence
from contextlib import suppress

from chatbot.cluster.claims import Claim
from chatbot.cluster.cluster import Cluster
from chatbot.cluster.heartbeat import THIS_PROCESS
from chatbot.cluster.redis import Unreachable
from chatbot.cluster.replication import GIVEN_UP, STREAM_END
from chatbot.events.eventstream import Publisher
from chatbot.events.log import StreamEnd
from chatbot.events.types import TERMINAL, decode_event, encode_event


class ClusterPublisher(Publisher):
    """Publishes the generation for the single-flight ``keys`` to all processes."""

    def __init__(self, cluster: Cluster, generation_id: uuid.UUID, keys: Sequence[object] = ()) -> None:
        super().__init__(generation_id)
        self._cluster = cluster
        self._keys = keys
        self._claim = Claim(generation_id, THIS_PROCESS)
        self._may_be_known = False  # whether another process may have found the generation by a key

    async def claim(self) -> Claim | None:
        """Claims the keys. Returns None when the generation may run here, else the existing claim of one of the
        keys."""
        if not self._keys:
            return None
        try:
            await self._cluster.joined()
            self._may_be_known = self._cluster.redis.reachable  # else nothing is sent
            return await self._cluster.claims.claim(self.generation_id, self._keys)
        except Unreachable:  # this process works alone
            return None

    def pass_on(self, name: str, data: str) -> None:
        super().pass_on(name, data)
        self._cluster.replication.copy(self.generation_id, soon=name in TERMINAL)

    def end_for(self, session_id: str, stream_end: StreamEnd) -> None:
        super().end_for(session_id, stream_end)
        data = json.dumps([[event.name, encode_event(event)] for event in stream_end.events], ensure_ascii=False)
        self._cluster.replication.mark(self.generation_id, stream_end.number, STREAM_END, data, session=session_id)

    def give_up(self) -> None:
        super().give_up()
        self._mark_given_up()

    async def release(self, keys: Sequence[object] | None = None) -> None:
        if self._keys:
            with suppress(Unreachable):  # a process that still finds the claim finds that the generation has ended
                await self._cluster.claims.release(self._claim, keys or self._keys)

    async def withdraw(self) -> None:
        """Releases the claim of a generation that does not start, and tells the processes that already follow it."""
        await self.release()
        self._mark_given_up()

    def _mark_given_up(self) -> None:
        if self.count or self._may_be_known:
            self._cluster.replication.mark(self.generation_id, self.count, GIVEN_UP)


def read_stream_end(number: int, data: str) -> StreamEnd:
    """Decodes the data that ``ClusterPublisher.end_for`` wrote."""
    return StreamEnd(number, [decode_event(name, event) for name, event in json.loads(data)])
