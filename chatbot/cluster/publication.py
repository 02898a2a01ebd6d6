"""What one generation shares with other processes of the cluster: its questions, its events, how it ends."""

import json
import uuid
from collections.abc import Sequence
from contextlib import suppress

from chatbot.cluster.claims import Claim
from chatbot.cluster.current import cluster
from chatbot.cluster.heartbeat import ME
from chatbot.cluster.redis import Unreachable
from chatbot.cluster.replication import FAREWELL, GIVEN_UP
from chatbot.events.subscription import StreamEnd
from chatbot.events.types import TERMINAL, decode_event, encode_event


class ClusterPublication:
    """Of the generation that answers ``questions``: values whose ``repr`` is the same in every process."""

    def __init__(self, generation_id: uuid.UUID, questions: Sequence[object]) -> None:
        self._claim = Claim(generation_id, ME)
        self._questions = questions
        self._cluster = cluster()
        self._may_be_known = False  # whether another process may have found this generation by a question

    async def claim(self) -> Claim | None:
        """Claims the questions; who answers one of them already, if anybody does."""
        if self._cluster is None or not self._questions:
            return None
        try:
            await self._cluster.joined()
            self._may_be_known = self._cluster.client.reachable  # else nothing is sent
            return await self._cluster.questions.claim(self._claim.generation_id, self._questions)
        except Unreachable:  # this process goes on by itself
            return None

    async def release(self, questions: Sequence[object] | None = None) -> None:
        """Nobody new is answered by this generation: who asks one of the questions, all unless some are given."""
        if self._cluster is not None and self._questions:
            with suppress(Unreachable):  # whoever finds the claim then finds the generation ended
                await self._cluster.questions.release(self._claim, questions or self._questions)

    def event(self, name: str) -> None:
        """An event of that name was published."""
        if self._cluster is not None:
            self._cluster.log.copy(self._claim.generation_id, soon=name in TERMINAL)

    def stream_end(self, session_id: str, stream_end: StreamEnd) -> None:
        """The generation ends for one session, behind the last event that was published."""
        if self._cluster is not None:
            data = json.dumps([[event.name, encode_event(event)] for event in stream_end.events], ensure_ascii=False)
            self._cluster.log.sign(self._claim.generation_id, stream_end.number, FAREWELL, data, session=session_id)

    def give_up(self, number: int) -> None:
        """It ends behind event ``number``, without a terminal one."""
        if self._cluster is not None and (number or self._may_be_known):
            self._cluster.log.sign(self._claim.generation_id, number, GIVEN_UP)


def read_stream_end(number: int, data: str) -> StreamEnd:
    """What ``ClusterPublication.stream_end`` said."""
    return StreamEnd(number, [decode_event(name, event) for name, event in json.loads(data)])
