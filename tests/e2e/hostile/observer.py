"""Watches servers from outside while they are under load: memory, connections, and how late the event loop is."""

import asyncio
import contextlib
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

import httpx
import psutil

from tests.e2e.hostile.analyser import analysers
from tests.e2e.hostile.generator import watch_lag
from tests.e2e.reader import client
from tests.e2e.server import RunningServer

PROBE_SECONDS = 0.1
PROBE_PATIENCE_SECONDS = 60.0
LOOK_SECONDS = 2.0

REMEMBERED_SECONDS = 60.0
"""The server tells the greatest lag of so long: what was before the load is in it at first."""

_LAG = re.compile(
    r"^leafresh_event_loop_lag(?!\w*_(?:count|sum|created|bucket)\b)\w*(?:\{[^}]*\})? (\S+)$", re.MULTILINE
)


def lag_told(metrics: str) -> float | None:
    """The greatest lag of the event loop in a server's metrics, in milliseconds; None when it tells none."""
    return max((float(value) * 1000 for value in _LAG.findall(metrics)), default=None)


@dataclass(frozen=True, slots=True)
class Look:
    """A server at a moment of the load: MiB of its process and of its children, connections of clients."""

    at: float
    memory: float
    children: float
    connections: int


@dataclass(slots=True)
class ToldLag:
    """The greatest lag under load that a server told in its metrics, in milliseconds; None when it tells none."""

    greatest: float | None = None
    before: float = 0.0

    def note(self, told: float | None, elapsed: float) -> None:
        """Takes what the server tells into account, unless that may have been before the load."""
        if told is None:
            return
        if self.greatest is None:
            self.before, self.greatest = told, 0.0
        if told > self.before or elapsed > REMEMBERED_SECONDS:
            self.greatest = max(self.greatest, told)


@dataclass(slots=True)
class Watched:
    """One server. ``probes`` are milliseconds that ``/health/live`` took."""

    server: RunningServer
    looks: list[Look] = field(default_factory=list)
    probes: list[float] = field(default_factory=list)
    told: ToldLag = field(default_factory=ToldLag)

    def look(self, began: float) -> None:
        process = psutil.Process(self.server.pid)
        children = 0
        for child in analysers(self.server.pid):
            with contextlib.suppress(psutil.NoSuchProcess):
                children += child.memory_info().rss
        self.looks.append(
            Look(
                at=time.monotonic() - began,
                memory=process.memory_info().rss / 2**20,
                children=children / 2**20,
                connections=connections(self.server),
            )
        )


def connections(server: RunningServer) -> int:
    """Connections of clients that the server's process holds."""
    found = psutil.Process(server.pid).net_connections("tcp")
    return sum(bool(each.raddr) and each.laddr.port == server.port for each in found)


@dataclass(slots=True)
class Observer:
    """``await watch()`` until it is cancelled. ``lags`` are those of this process's loop, in milliseconds."""

    watched: list[Watched]
    lags: list[float] = field(default_factory=list)

    @classmethod
    def of(cls, servers: Sequence[RunningServer]) -> "Observer":
        return cls([Watched(server) for server in servers])

    async def watch(self) -> None:
        began = time.monotonic()
        async with client() as http, asyncio.TaskGroup() as tasks:
            tasks.create_task(watch_lag(self.lags))
            for each in self.watched:
                tasks.create_task(self._probe(each, http))
                tasks.create_task(self._read_gauge(each, http, began))
                tasks.create_task(self._look(each, began))

    async def _probe(self, each: Watched, http: httpx.AsyncClient) -> None:
        while True:
            began = time.monotonic()
            with contextlib.suppress(httpx.HTTPError):
                await http.get(f"{each.server.url}/health/live", timeout=PROBE_PATIENCE_SECONDS)
            each.probes.append((time.monotonic() - began) * 1000)
            await asyncio.sleep(PROBE_SECONDS)

    async def _read_gauge(self, each: Watched, http: httpx.AsyncClient, began: float) -> None:
        while True:
            with contextlib.suppress(httpx.HTTPError):
                response = await http.get(f"{each.server.url}/metrics", timeout=PROBE_PATIENCE_SECONDS)
                each.told.note(lag_told(response.text), time.monotonic() - began)
            await asyncio.sleep(LOOK_SECONDS / 2)

    async def _look(self, each: Watched, began: float) -> None:
        while True:
            with contextlib.suppress(psutil.NoSuchProcess):
                await asyncio.to_thread(each.look, began)
            await asyncio.sleep(LOOK_SECONDS)
