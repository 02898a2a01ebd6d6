"""Load on running services: a client process opens streams, and the services' processor time is measured."""

import itertools
import json
import select
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from benchmarks.client.plan import Plan, PlannedStream, Report
from benchmarks.processes import ROOT, clean_environment
from benchmarks.servers import RunningService
from benchmarks.usage import processor_seconds

SETTLE_SECONDS = 0.3
"""The service's work after its last byte (rows, timers) belongs to its cost."""

_session = itertools.count()


class FaultyRun(Exception):
    """A stream was not whole: the run counts for nothing."""


@dataclass(frozen=True, slots=True)
class Labels:
    """A selection by its labels."""

    location: str
    work_type: str
    category: str


@dataclass(frozen=True, slots=True)
class Run:
    """What one load cost the service, in seconds of processor time, and what the client saw."""

    cpu: float
    report: Report


def fetch(url: str) -> Any:
    """The JSON at a loopback address."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(url, timeout=30) as response:
        return json.loads(response.read())


def selections(ours: RunningService) -> list[Labels]:
    """All selections that our service offers; neighbours have different categories."""
    options = fetch(f"http://127.0.0.1:{ours.ports[0]}/api/challenges/options")["data"]
    kinds = [[option["label"] for option in options[kind]] for kind in ("locations", "workTypes", "categories")]
    return [Labels(*labels) for labels in itertools.product(*kinds)]


def planned(
    moments: Sequence[float], offered: Sequence[Labels], *, sessions: Sequence[str] = ()
) -> list[PlannedStream]:
    """A stream at each moment (seconds), of one selection after the other, each of a new session or a given one."""
    streams = []
    for number, (at, labels) in enumerate(zip(moments, itertools.cycle(offered), strict=False)):
        session = sessions[number] if sessions else f"bench{next(_session)}"
        query = {"location": labels.location, "workType": labels.work_type, "category": labels.category}
        streams.append(PlannedStream(at, {**query, "sessionId": session}, labels.category))
    return streams


def put(
    running: RunningService,
    streams: list[PlannedStream],
    *,
    tokens: int,
    seconds: float = 120,
    look: Callable[[], None] | None = None,
) -> Run:
    """Opens the streams by one client, on the service's processes in turns; the cost is that of all of them.

    Calls ``look`` ten times a second until the load ends. Raises FaultyRun.
    """
    service = running.service
    plan = Plan(service.dialect, running.ports, service.path, tokens, streams, seconds)
    command = [sys.executable, "-m", "benchmarks.client"]
    before = _spent(running)
    with subprocess.Popen(
        command, cwd=ROOT, env=clean_environment(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as client:
        assert client.stdin is not None
        assert client.stdout is not None
        try:
            client.stdin.write(json.dumps(asdict(plan), ensure_ascii=False))
            client.stdin.close()
            # The client has come to its report, which a full pipe would block, when its output can be read.
            while look is not None and not select.select([client.stdout.fileno()], [], [], 0.1)[0]:
                look()
            output = client.stdout.read()
        except BaseException:
            client.kill()
            raise
    time.sleep(SETTLE_SECONDS)
    cpu = _spent(running) - before
    report = Report(**json.loads(output))
    if report.faults:
        count = f"{len(report.faults)} of {len(streams)} streams"
        raise FaultyRun(f"{count} ({service.dialect}), such as: {report.faults[0]}")
    return Run(cpu, report)


def _spent(running: RunningService) -> float:
    return sum(map(processor_seconds, running.pids))


def alternate(runs: int, sides: Sequence[RunningService], measure: Callable[[RunningService], Run]) -> list[list[Run]]:
    """Measures each side so many times, in turns (ours, the peer, ours, the peer …).

    A faulty run is discarded and repeated once. Raises FaultyRun when the repetition is faulty, too.
    """
    results: list[list[Run]] = [[] for _ in sides]
    for _ in range(runs):
        for side, of_side in zip(sides, results, strict=True):
            try:
                of_side.append(measure(side))
            except FaultyRun as fault:
                sys.stderr.write(f"discarded a run: {fault}\n")
                time.sleep(2)
                of_side.append(measure(side))
    return results
