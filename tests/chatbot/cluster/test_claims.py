import uuid

from chatbot.cluster.claims import Claim, Claims
from chatbot.cluster.heartbeat import Heartbeat
from chatbot.cluster.redis import RedisClient
from tests.e2e.redis_server import RunningRedis

ANYBODY = ("anybody", 1, "catalog", "city")
MINE = ("session", "나", "city")
YOURS = ("session", "너", "city")


class Process:
    def __init__(self, client: RedisClient, name: str) -> None:
        self.heartbeat = Heartbeat(client, name)
        self.claims = Claims(client, self.heartbeat)


async def test_the_first_claim_wins_and_the_others_get_it(redis: RunningRedis, prefix: str) -> None:
    client = RedisClient(redis.url, prefix)
    one, other = Process(client, "one"), Process(client, "other")
    await one.heartbeat.beat()
    first, second = uuid.uuid4(), uuid.uuid4()
    assert await one.claims.claim(first, [MINE, ANYBODY]) is None
    assert await other.claims.claim(second, [YOURS, ANYBODY]) == Claim(first, "one")
    assert await other.claims.claim(uuid.uuid4(), [YOURS]) is None  # joining claims nothing
    await client.close()


async def test_a_released_key_can_be_claimed(redis: RunningRedis, prefix: str) -> None:
    client = RedisClient(redis.url, prefix)
    one, other = Process(client, "one"), Process(client, "other")
    await one.heartbeat.beat()
    first, second = uuid.uuid4(), uuid.uuid4()
    await one.claims.claim(first, [ANYBODY])
    await one.claims.release(Claim(second, "one"), [ANYBODY])  # another's claim is not given up
    assert await other.claims.claim(second, [ANYBODY]) == Claim(first, "one")
    await one.claims.release(Claim(first, "one"), [ANYBODY])
    assert await other.claims.claim(second, [ANYBODY]) is None
    await client.close()


async def test_the_dead_answer_nothing(redis: RunningRedis, prefix: str) -> None:
    client = RedisClient(redis.url, prefix)
    one, other = Process(client, "one"), Process(client, "other")
    await one.heartbeat.beat()
    await one.claims.claim(uuid.uuid4(), [ANYBODY])
    await one.heartbeat.leave()
    assert await other.claims.claim(uuid.uuid4(), [ANYBODY]) is None
    await client.close()


async def test_a_process_knows_itself_better(redis: RunningRedis, prefix: str) -> None:
    client = RedisClient(redis.url, prefix)
    one = Process(client, "one")
    await one.heartbeat.beat()
    assert await one.claims.claim(uuid.uuid4(), [ANYBODY]) is None
    assert await one.claims.claim(uuid.uuid4(), [ANYBODY]) is None
    assert await one.claims.claim(uuid.uuid4(), []) is None
    await client.close()
