"""Who answers what: a question is claimed for one generation, so that who asks the same joins it, wherever.

A claim that is lost (Redis was gone, or began anew) means one call of a model more, never a wrong answer.
"""

import hashlib
import uuid
from collections.abc import Iterable
from dataclasses import dataclass

from chatbot.cluster.heartbeat import Heartbeat
from chatbot.cluster.redis import Client

CLAIM_SECONDS = 180
"""How long a claim holds at most; a generation ends long before, and gives its claims up."""

_CLAIM = """
local found = false
for i = 1, #KEYS do
  local claim = redis.call('GET', KEYS[i])
  local process = claim and string.match(claim, ':(.+)$')
  if process and process ~= ARGV[4] and redis.call('EXISTS', ARGV[3] .. process) == 1 then
    found = claim
    break
  end
end
if not found then
  for i = 1, #KEYS do redis.call('SET', KEYS[i], ARGV[1], 'EX', ARGV[2]) end
end
return found
"""

_RELEASE = """
for i = 1, #KEYS do
  if redis.call('GET', KEYS[i]) == ARGV[1] then redis.call('DEL', KEYS[i]) end
end
"""


@dataclass(frozen=True, slots=True)
class Claim:
    """A generation, and the process that runs it."""

    generation_id: uuid.UUID
    process: str

    def __str__(self) -> str:
        return f"{self.generation_id}:{self.process}"


class Claims:
    """The claims of the cluster. A question is any value whose ``repr`` is the same in every process."""

    def __init__(self, client: Client, members: Heartbeat) -> None:
        self._client = client
        self._members = members
        self._claim = client.script(_CLAIM)
        self._release = client.script(_RELEASE)

    async def claim(self, generation_id: uuid.UUID, questions: Iterable[object]) -> Claim | None:
        """Claims the questions for a generation of this process; None when that was done, else who answers one of them.
        Claims of a dead process do not count, nor do others of this one, which knows better itself. Raises
        Unreachable."""
        mine = Claim(generation_id, self._members.me)
        keys = self._keys(questions)
        if not keys:
            return None
        arguments = [str(mine), CLAIM_SECONDS, self._members.key(""), self._members.me]
        found = await self._client.run(lambda redis: self._claim(keys=keys, args=arguments, client=redis))
        if not found:
            return None
        generation, _, process = found.partition(":")
        return Claim(uuid.UUID(generation), process)

    async def release(self, claim: Claim, questions: Iterable[object]) -> None:
        """Gives the claim up, wherever it stands. Raises Unreachable."""
        keys = self._keys(questions)
        if keys:
            await self._client.run(lambda redis: self._release(keys=keys, args=[str(claim)], client=redis))

    def _keys(self, questions: Iterable[object]) -> list[str]:
        return [self._client.key("question", hashlib.sha256(repr(it).encode()).hexdigest()) for it in questions]
