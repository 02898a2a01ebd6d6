"""Claims: they tell all processes which generation answers a single-flight key.

If a claim is lost (Redis was unavailable, or restarted), a model may be called once more. No answer becomes wrong.
"""

import hashlib
import uuid
from collections.abc import Iterable
from dataclasses import dataclass

from chatbot.cluster.heartbeat import Heartbeat
from chatbot.cluster.redis import RedisClient

CLAIM_SECONDS = 180
"""The lifetime of a claim. A generation ends long before that, and releases its claims."""

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
    """A generation and the process that runs it."""

    generation_id: uuid.UUID
    process: str

    def __str__(self) -> str:
        return f"{self.generation_id}:{self.process}"


class Claims:
    """The claims of the cluster. A key is any value whose ``repr`` is the same in every process."""

    def __init__(self, client: RedisClient, heartbeat: Heartbeat) -> None:
        self._client = client
        self._heartbeat = heartbeat
        self._claim = client.script(_CLAIM)
        self._release = client.script(_RELEASE)

    async def claim(self, generation_id: uuid.UUID, keys: Iterable[object]) -> Claim | None:
        """Claims the keys for a generation of this process. Returns None, or the existing claim of one of the keys.

        Claims of dead processes and other claims of this process are replaced. Raises Unreachable.
        """
        names = self._names(keys)
        if not names:
            return None
        mine = Claim(generation_id, self._heartbeat.me)
        arguments = [str(mine), CLAIM_SECONDS, self._heartbeat.key(""), self._heartbeat.me]
        found = await self._client.run(lambda redis: self._claim(keys=names, args=arguments, client=redis))
        if not found:
            return None
        generation, _, process = found.partition(":")
        return Claim(uuid.UUID(generation), process)

    async def release(self, claim: Claim, keys: Iterable[object]) -> None:
        """Removes the claim from the keys, as far as it still holds them. Raises Unreachable."""
        names = self._names(keys)
        if names:
            await self._client.run(lambda redis: self._release(keys=names, args=[str(claim)], client=redis))

    def _names(self, keys: Iterable[object]) -> list[str]:
        return [self._client.key("claim", hashlib.sha256(repr(key).encode()).hexdigest()) for key in keys]
