"""A fleet for measurements: a PostgreSQL database of its own, keys of its own in Redis, several of our processes."""

import os
import uuid
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from urllib.parse import urlsplit, urlunsplit

from benchmarks.processes import Listener, clean_environment, run_python
from benchmarks.servers import Bench, Memory, Service, ours

DATABASE = os.environ.get("TEST_DATABASE_URL", "postgres://127.0.0.1:5432/leafresh")
REDIS = os.environ.get("TEST_REDIS_URL", "redis://127.0.0.1:6379/0")
"""Where the tests on PostgreSQL and Redis look for them, too."""


class NoFleet(Exception):
    """PostgreSQL or Redis does not answer; the message says which."""


@contextmanager
def database() -> Iterator[str]:
    """The URL of a new database with the catalogue and the prompts, removed in the end. Raises NoFleet."""
    import psycopg
    import redis

    try:
        redis.Redis.from_url(REDIS, socket_connect_timeout=3).ping()
    except redis.RedisError:
        raise NoFleet("Redis (TEST_REDIS_URL) does not answer") from None
    address = urlsplit(DATABASE)
    name = f"leafresh_bench_{uuid.uuid4().hex[:12]}"
    try:
        server = psycopg.connect(urlunsplit(address._replace(path="/postgres")), autocommit=True, connect_timeout=3)
    except psycopg.OperationalError:
        raise NoFleet("PostgreSQL (TEST_DATABASE_URL) does not answer") from None
    with server:
        server.execute(f"CREATE DATABASE {name}")
        try:
            url = urlunsplit(address._replace(path=f"/{name}"))
            for command in ("migrate", "load_catalog", "load_prompts", "load_roles", "load_word_lists"):
                run_python(["manage.py", command], clean_environment(DATABASE_URL=url))
            yield url
        finally:
            server.execute(f"DROP DATABASE {name} WITH (FORCE)")


@contextmanager
def processes(
    bench: Bench, model: Memory, database_url: str, count: int, *, redis: bool = True
) -> Iterator[tuple[Service, Sequence[Listener]]]:
    """So many processes of one fleet; without ``redis`` they do not know of each other."""
    service = ours(bench, model)
    env = {**service.env, "DATABASE_URL": database_url}
    if redis:
        env |= {"REDIS_URL": REDIS, "LEAFRESH_REDIS_PREFIX": f"leafresh-bench-{uuid.uuid4().hex[:12]}"}
    service = replace(service, env=env)
    with ExitStack() as stack, ThreadPoolExecutor(count) as pool:
        starting = [pool.submit(stack.enter_context, service.run()) for _ in range(count)]
        yield service, [running.result() for running in starting]
