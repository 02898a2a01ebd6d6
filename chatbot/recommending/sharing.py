"""What one generation shares with other processes: its questions, its events, how it ends. Nothing without a fleet."""

import json
import uuid
from collections.abc import Sequence
from contextlib import suppress

from chatbot.fleet.client import Unreachable
from chatbot.fleet.members import ME
from chatbot.fleet.questions import Claim
from chatbot.fleet.shared_log import FAREWELL, GIVEN_UP
from chatbot.recommending.fleetwide import fleet
from chatbot.streaming.events import TERMINAL, decode_event, encode_event
from chatbot.streaming.listening import Farewell


class Sharing:
    """Of the generation that answers ``questions``: values whose ``repr`` is the same in every process."""

    def __init__(self, generation_id: uuid.UUID, questions: Sequence[object]) -> None:
        self._claim = Claim(generation_id, ME)
        self._questions = questions
        self._fleet = fleet()
        self._may_be_known = False  # whether another process may have found this generation by a question

    async def claim(self) -> Claim | None:
        """Claims the questions; who answers one of them already, if anybody does."""
        if self._fleet is None or not self._questions:
            return None
        try:
            await self._fleet.joined()
            self._may_be_known = self._fleet.client.reachable  # else nothing is sent
            return await self._fleet.questions.claim(self._claim.generation_id, self._questions)
        except Unreachable:  # this process goes on by itself
            return None

    async def release(self, questions: Sequence[object] | None = None) -> None:
        """Nobody new is answered by this generation: who asks one of the questions, all unless some are given."""
        if self._fleet is not None and self._questions:
            with suppress(Unreachable):  # whoever finds the claim then finds the generation ended
                await self._fleet.questions.release(self._claim, questions or self._questions)

    def event(self, name: str) -> None:
        """An event of that name was published."""
        if self._fleet is not None:
            self._fleet.log.copy(self._claim.generation_id, soon=name in TERMINAL)

    def farewell(self, session_id: str, farewell: Farewell) -> None:
        """The generation ends for one session, behind the last event that was published."""
        if self._fleet is not None:
            data = json.dumps([[event.name, encode_event(event)] for event in farewell.events], ensure_ascii=False)
            self._fleet.log.sign(self._claim.generation_id, farewell.number, FAREWELL, data, session=session_id)

    def give_up(self, number: int) -> None:
        """It ends behind event ``number``, without a terminal one."""
        if self._fleet is not None and (number or self._may_be_known):
            self._fleet.log.sign(self._claim.generation_id, number, GIVEN_UP)


def read_farewell(number: int, data: str) -> Farewell:
    """What ``Sharing.farewell`` said."""
    return Farewell(number, [decode_event(name, event) for name, event in json.loads(data)])
