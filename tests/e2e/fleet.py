"""A fleet for tests: several servers with one database and one Redis, and a real nginx in front."""

import os
import re
import time
import uuid
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from functools import partial
from types import TracebackType
from typing import Any, Self

import httpx
import psutil
import pytest

from tests.e2e import nginx, redis_server
from tests.e2e.nginx import RunningNginx
from tests.e2e.redis_server import RunningRedis
from tests.e2e.server import RunningServer

WAIT_SECONDS = 60

needs_a_fleet = pytest.mark.skipif(
    not os.environ.get("TEST_REDIS_URL") or not nginx.EXECUTABLE or not redis_server.EXECUTABLE,
    reason="needs PostgreSQL, Redis and nginx: `make test-fleet` has them",
)


def until(condition: Callable[[], Any], what: str = "it") -> Any:
    """Waits until the condition returns a true value, and returns it."""
    deadline = time.monotonic() + WAIT_SECONDS
    while not (value := condition()):
        assert time.monotonic() < deadline, f"{what} did not happen"
        time.sleep(0.05)
    return value


class RunningFleet:
    """``with RunningFleet(2) as fleet: … fleet.url``. ``redis`` is its own, to be stopped and frozen.

    Only one server is forked from preloaded libraries: those that are would share the order in which sets keep texts.
    """

    def __init__(self, count: int, **env: str) -> None:
        self.redis = RunningRedis()
        self.nginx: RunningNginx | None = None
        self.servers: list[RunningServer] = []
        self._count = count
        self._env = {
            "LEAFRESH_REDIS_PREFIX": f"leafresh-test-{uuid.uuid4().hex[:16]}",
            "LEAFRESH_METRICS": "true",
            "LEAFRESH_ABANDON_SECONDS": "1",
            "LEAFRESH_DRAIN_SECONDS": "20",
            "LEAFRESH_CATALOG_TOKEN_DELAY_MS": "15",
            **env,
        }
        self._stack = ExitStack()

    @property
    def url(self) -> str:
        """Of nginx."""
        assert self.nginx is not None
        return self.nginx.url

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            self._env["REDIS_URL"] = stack.enter_context(self.redis).url
            first = stack.enter_context(RunningServer(env=self._env))
            self.servers = [first]
            for _ in range(1, self._count):
                server = RunningServer(env=self._env, data_dir=first.data_dir, fresh=True)
                self.servers.append(stack.enter_context(server))
            self.nginx = stack.enter_context(RunningNginx([server.port for server in self.servers]))
            self._stack = stack.pop_all()
        return self

    def restart(self, server: RunningServer) -> RunningServer:
        """Starts another process in place of one that has ended."""
        number = self.servers.index(server)
        anew = RunningServer(env=self._env, data_dir=self.servers[0].data_dir, port=server.port, fresh=True)
        self.servers[number] = self._stack.enter_context(anew)
        return anew

    def metric(self, server: RunningServer, name: str) -> float:
        text = httpx.get(f"{server.url}/metrics").text
        found = re.search(rf"^leafresh_{name} (\S+)$", text, re.MULTILINE)
        assert found is not None, name
        return float(found[1])

    def _is_idle(self, server: RunningServer, names: Sequence[str]) -> bool:
        return all(self.metric(server, name) == 0 for name in names)

    def rows(self) -> list[tuple[str, str]]:
        """The outcome and the error of every generation, the oldest first."""
        statement = "SELECT outcome, error FROM chatbot_generation ORDER BY started_at"
        return [(str(outcome), str(error)) for outcome, error in self.servers[0].sql(statement)]

    def outcomes(self) -> list[str]:
        return [outcome for outcome, _ in self.rows()]

    def check_nothing_is_left(self) -> None:
        """Checks that no row, generation, subscriber, follower or copy is left. Raises AssertionError."""
        names = ("generations_running", "listeners", "generations_followed", "generations_to_copy")
        living = [server for server in self.servers if server.process is not None and server.process.poll() is None]
        for server in living:
            until(partial(self._is_idle, server, names), "rest")
        until(lambda: "running" not in self.outcomes(), "an end of every row")
        for server in living:
            assert psutil.Process(server.pid).num_threads() <= 40
            assert "Traceback" not in server.output, server.output[-4000:]

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.__exit__(kind, error, trace)
