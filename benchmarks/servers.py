"""The two services that are compared, on the same model: ours as users start it, and the peer."""

import os
import uuid
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from benchmarks.client.plan import Dialect
from benchmarks.processes import COMMANDS, Listener, clean_environment, copy_of, prepared_data, run_python
from benchmarks.provider import Pace

DATABASE = os.environ.get("TEST_DATABASE_URL", "postgres://127.0.0.1:5432/leafresh")
REDIS = os.environ.get("TEST_REDIS_URL", "redis://127.0.0.1:6379/0")
"""PostgreSQL and Redis for figure 9. The tests use the same variables."""


@dataclass(frozen=True, slots=True)
class Memory:
    """No model: ``count`` tokens from memory, with ``pause`` seconds after each."""

    count: int
    pause: float = 0.0


Model = Pace | Memory | None
"""Who writes: the provider's stub at a pace, memory, or (ours alone) the catalogue."""


@dataclass(frozen=True, slots=True)
class Bench:
    """What all measurements share. ``sleep_ms`` makes ours slow on purpose; ``quick`` measures less of everything."""

    provider_port: int
    sleep_ms: float = 0.0
    quick: bool = False

    def times(self, runs: int) -> int:
        """The number of runs, which is 1 when ``quick``."""
        return 1 if self.quick else runs


@dataclass(frozen=True, slots=True)
class Service:
    """A service that can be started, and the way to its streams."""

    dialect: Dialect
    path: str
    arguments: list[str]
    env: Mapping[str, str] = field(default_factory=dict)

    @contextmanager
    def run(self, processes: int = 1) -> Iterator["RunningService"]:
        with ExitStack() as stack, ThreadPoolExecutor(processes) as pool:
            listeners = [Listener(self.arguments, clean_environment(**self.env)) for _ in range(processes)]
            yield RunningService(self, list(pool.map(stack.enter_context, listeners)))


@dataclass(frozen=True, slots=True)
class RunningService:
    """A service's processes, which run side by side."""

    service: Service
    processes: list[Listener]

    @property
    def ports(self) -> list[int]:
        return [process.port for process in self.processes]

    @property
    def pids(self) -> list[int]:
        return [process.pid for process in self.processes]


def _access(bench: Bench) -> dict[str, str]:
    return {"OPENAI_BASE_URL": f"http://127.0.0.1:{bench.provider_port}/v1", "OPENAI_API_KEY": "none"}


def ours(bench: Bench, model: Model, *, data: Path | None = None) -> Service:
    """Our service, by ``manage.py serve``. Only Memory and ``bench.sleep_ms`` change it before it serves.

    Rates and the number of generations are not limited, because one address makes all requests. ``data`` is copied.
    """
    changes: list[str] = []
    env = {
        "LEAFRESH_DATA_DIR": str(copy_of(data or prepared_data())),
        "LEAFRESH_ANALYSER": "lazy",  # loading it takes processor time from what is measured
        "LEAFRESH_SESSION_RATE": "off",
        "LEAFRESH_ADDRESS_RATE": "off",
        "LEAFRESH_MAX_GENERATIONS": "10000",
        "LEAFRESH_MODEL_CONCURRENCY": "10000",
        "LEAFRESH_CATALOG_TOKEN_DELAY_MS": "0",
        # The peer waits for its model for ten minutes, the default of its client.
        "LEAFRESH_CONNECT_SECONDS": "600",
        "LEAFRESH_FIRST_TOKEN_SECONDS": "600",
        "LEAFRESH_TOKEN_SILENCE_SECONDS": "600",
        "LEAFRESH_ANSWER_SECONDS": "600",
        **_access(bench),
    }
    if isinstance(model, Pace):
        env["LEAFRESH_CHAT_MODEL"] = f"openai:{model.model}"
    elif isinstance(model, Memory):
        changes += ["--memory", str(model.count), str(model.pause)]
    if bench.sleep_ms:
        changes += ["--sleep-in-publisher", str(bench.sleep_ms)]
    program = ["-m", "benchmarks.launcher", *changes] if changes else ["manage.py"]
    arguments = [*program, "serve", "--host", "127.0.0.1", "--port", "0"]
    return Service("ours", "/ai/chatbot/recommendation/base-info", arguments, env)


def peer(bench: Bench, model: Pace | Memory) -> Service:
    """The peer's service, by uvicorn with uvloop and httptools."""
    name = model.model if isinstance(model, Pace) else f"memory-{model.count}-{model.pause}"
    arguments = ["-m", "uvicorn", "benchmarks.peer:app", "--host", "127.0.0.1", "--port", "0"]
    return Service("peer", "/recommendation", arguments, {**_access(bench), "PEER_MODEL": name})


@contextmanager
def both(bench: Bench, model: Pace | Memory) -> Iterator[list[RunningService]]:
    """Ours and the peer."""
    with ours(bench, model).run() as our_service, peer(bench, model).run() as peers_service:
        yield [our_service, peers_service]


class NoCluster(Exception):
    """PostgreSQL or Redis does not answer; the message says which."""


@contextmanager
def cluster_database() -> Iterator[str]:
    """The URL of a new PostgreSQL database with the catalogue and the prompts, dropped at the end. Raises NoCluster."""
    # Not at the top: only figure 9 needs the drivers.
    import psycopg
    import redis

    try:
        redis.Redis.from_url(REDIS, socket_connect_timeout=3).ping()
    except redis.RedisError:
        raise NoCluster("Redis (TEST_REDIS_URL) does not answer") from None
    address = urlsplit(DATABASE)
    name = f"leafresh_bench_{uuid.uuid4().hex[:12]}"
    try:
        server = psycopg.connect(urlunsplit(address._replace(path="/postgres")), autocommit=True, connect_timeout=3)
    except psycopg.OperationalError:
        raise NoCluster("PostgreSQL (TEST_DATABASE_URL) does not answer") from None
    with server:
        server.execute(f"CREATE DATABASE {name}")
        try:
            url = urlunsplit(address._replace(path=f"/{name}"))
            for command in COMMANDS:
                run_python(["manage.py", command], clean_environment(DATABASE_URL=url))
            yield url
        finally:
            server.execute(f"DROP DATABASE {name} WITH (FORCE)")


def clustered(bench: Bench, model: Memory, database_url: str, *, redis: bool = True) -> Service:
    """Our service on a cluster's database. Without ``redis`` its processes do not know of each other."""
    service = ours(bench, model)
    env = {**service.env, "DATABASE_URL": database_url}
    if redis:
        env |= {"REDIS_URL": REDIS, "LEAFRESH_REDIS_PREFIX": f"leafresh-bench-{uuid.uuid4().hex[:12]}"}
    return replace(service, env=env)
