"""Putting load on a running service by a client process, and what the service spent on it."""

import functools
import itertools
import json
import select
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks.client.plan import Ask, Plan, Seen
from benchmarks.processes import ROOT, Listener, clean_environment
from benchmarks.servers import Service
from benchmarks.usage import processor_seconds

SETTLE_SECONDS = 0.3
"""What a service still does after its last byte (rows, timers) belongs to its cost."""

_session = itertools.count()


class FaultyRun(Exception):
    """A stream was not whole: the run counts for nothing."""


@dataclass(frozen=True, slots=True)
class Choice:
    """A selection by its labels."""

    location: str
    work_type: str
    category: str


@dataclass(frozen=True, slots=True)
class Run:
    """What one load cost the service, in seconds of processor time, and what the client saw."""

    cpu: float
    seen: Seen


def fetch(url: str) -> Any:
    """The JSON at a loopback address."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(url, timeout=30) as response:
        return json.loads(response.read())


def choices(port: int) -> list[Choice]:
    """All selections that our service on ``port`` offers, neighbours of different categories."""
    options = fetch(f"http://127.0.0.1:{port}/api/challenges/options")["data"]
    locations, works, categories = (
        [option["label"] for option in options[kind]] for kind in ("locations", "workTypes", "categories")
    )
    return [Choice(*labels) for labels in itertools.product(locations, works, categories)]


def asks(moments: Sequence[float], offered: Sequence[Choice], *, sessions: Sequence[str] = ()) -> list[Ask]:
    """A stream at each moment (seconds), of one selection after the other, each of a session of its own: new, or those
    given."""
    planned = []
    for number, (at, choice) in enumerate(zip(moments, itertools.cycle(offered), strict=False)):
        session = sessions[number] if sessions else f"bench{next(_session)}"
        query = {
            "location": choice.location,
            "workType": choice.work_type,
            "category": choice.category,
            "sessionId": session,
        }
        planned.append(Ask(at, query, choice.category))
    return planned


def put(
    service: Service,
    running: Listener,
    planned: list[Ask],
    *,
    tokens: int,
    seconds: float = 120,
    look: Callable[[int], None] | None = None,
) -> Run:
    """Carries out the streams, calling ``look`` with the service's process id ten times a second meanwhile. Raises
    FaultyRun."""
    watch = functools.partial(look, running.pid) if look is not None else None
    return put_on_all(service, [running], planned, tokens=tokens, seconds=seconds, look=watch)


def put_on_all(
    service: Service,
    running: Sequence[Listener],
    planned: list[Ask],
    *,
    tokens: int,
    seconds: float = 120,
    look: Callable[[], None] | None = None,
) -> Run:
    """Carries out the streams by one client, on the service's processes in turns; the cost is that of all of them.
    Calls ``look`` ten times a second meanwhile. Raises FaultyRun."""
    plan = Plan(service.dialect, [process.port for process in running], service.path, tokens, planned, seconds)
    command = [sys.executable, "-m", "benchmarks.client"]
    before = _spent(running)
    with subprocess.Popen(
        command, cwd=ROOT, env=clean_environment(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as client:
        assert client.stdin is not None
        assert client.stdout is not None
        try:
            client.stdin.write(plan.as_json())
            client.stdin.close()
            while look is not None and client.poll() is None:
                look()
                time.sleep(0.1)
                if _is_writing(client):
                    break
            said = client.stdout.read()
        except BaseException:
            client.kill()
            raise
    time.sleep(SETTLE_SECONDS)
    cpu = _spent(running) - before
    seen = Seen.from_json(said)
    if seen.faults:
        raise FaultyRun(f"{len(seen.faults)} of {len(planned)} streams ({service.dialect}), such as: {seen.faults[0]}")
    return Run(cpu, seen)


def _spent(running: Sequence[Listener]) -> float:
    return sum(processor_seconds(process.pid) for process in running)


def _is_writing(client: subprocess.Popen[str]) -> bool:
    """Whether the client has come to its report, which a full pipe would hold up."""
    assert client.stdout is not None
    return bool(select.select([client.stdout.fileno()], [], [], 0)[0])


def alternate(runs: int, measure: Sequence[Callable[[], Run]]) -> list[list[Run]]:
    """Each measurement so many times, in turns (us, peer, us, peer …). A faulty run is discarded and repeated once;
    raises FaultyRun when that is faulty, too."""
    results: list[list[Run]] = [[] for _ in measure]
    for _ in range(runs):
        for place, once in enumerate(measure):
            try:
                results[place].append(once())
            except FaultyRun as fault:
                sys.stderr.write(f"discarded a run: {fault}\n")
                time.sleep(2)
                results[place].append(once())
    return results
