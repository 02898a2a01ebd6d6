import uuid
from collections.abc import Sequence

import pytest
from pytest_django import Settings

from chatbot.fleet import fleet as module
from chatbot.fleet.client import Unreachable
from chatbot.fleet.fleet import Duties, Fleet
from chatbot.fleet.shared_log import Entry
from tests.e2e.redis_server import RunningRedis


def nothing(generation_id: uuid.UUID, number: int) -> Sequence[Entry]:
    return []


async def never() -> None:
    raise AssertionError


def part(redis: RunningRedis, prefix: str) -> Fleet:
    duties = Duties(read=nothing, ends=lambda name: False, handle=lambda what: never(), sweep=never)  # type: ignore[arg-type,return-value]  # never called
    return Fleet(redis.url, prefix, duties)


async def test_who_listens_elsewhere_is_known(
    redis: RunningRedis, prefix: str, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = part(redis, prefix), part(redis, prefix)
    heard, unheard = uuid.uuid4(), uuid.uuid4()
    await other.listen_to([heard])
    await other.listen_to([])
    assert await one.is_heard(heard)
    monkeypatch.setattr(module, "EAR_SECONDS", 0.0)
    assert not await one.is_heard(unheard)
    await one.client.close()
    await other.client.close()


async def test_a_redis_that_began_anew_does_not_know_that_nobody_listens(
    mortal_redis: RunningRedis, prefix: str
) -> None:
    one = part(mortal_redis, prefix)
    with pytest.raises(Unreachable):
        await one.is_heard(uuid.uuid4())
    await one.client.close()
