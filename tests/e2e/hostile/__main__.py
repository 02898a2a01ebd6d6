"""``python -m tests.e2e.hostile``: a load of hostile and ordinary clients on a real server, and a table of its effects.

``--processes 2`` is a fleet with Redis behind nginx, on PostgreSQL where ``DATABASE_URL`` names one. Every client
connects from a separate loopback address, so that the default rates count each client separately. A single server sees
the address; nginx, which is a trusted proxy, passes it on to the servers of a fleet. The exit status is 1 when a bound
does not hold. ``--only KIND`` is one kind of hostile clients alone.
"""

import argparse
import asyncio
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from tests.e2e.fleet import RunningFleet
from tests.e2e.hostile import kinds, preparing
from tests.e2e.hostile.analyser import HANG_EVERY_SECONDS, Hangs, resume, stop_all
from tests.e2e.hostile.cores import ProcessorTime
from tests.e2e.hostile.observer import Observer, Watched, connections
from tests.e2e.hostile.plan import Client, Plan, Seen
from tests.e2e.hostile.report import Run, ServerFigures, table
from tests.e2e.server import OF_TESTS, ROOT, RunningServer

NICENESS = 5
"""The niceness of the hostile clients' process. It shares the cores with the servers, and is not measured."""

SETTLE_SECONDS = 5.0

AS_INSTALLED = {**dict.fromkeys((*OF_TESTS, "LEAFRESH_ABANDON_SECONDS"), ""), "LEAFRESH_METRICS": "true"}
"""Default values for settings that the tests' servers usually change: an empty variable means the default."""

_RAISED = re.compile(r"^Traceback .*\n(?:[ \t].*\n|\n)+(.*)", re.M)
"""The last line of a traceback."""


@dataclass(frozen=True, slots=True)
class Place:
    url: str
    servers: list[RunningServer]


@contextmanager
def running(processes: int) -> Iterator[Place]:
    """One server, or several with nginx as a trusted proxy in front."""
    if processes == 1:
        with RunningServer(env=AS_INSTALLED) as server:
            yield Place(server.url, [server])
    else:
        with RunningFleet(processes, **AS_INSTALLED, LEAFRESH_TRUSTED_PROXIES="127.0.0.1") as fleet:
            yield Place(fleet.url, fleet.servers)


async def generate(plan: Plan) -> Seen:
    """Runs the plan in another process."""
    if not plan.clients:
        return Seen()
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.e2e.hostile.generator"),
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    try:
        out, _ = await process.communicate(plan.as_json().encode())
    finally:
        if process.returncode is None:
            process.kill()
    if process.returncode:
        raise RuntimeError(f"a generator ended with {process.returncode}")
    return Seen.from_json(out.decode())


@dataclass(frozen=True, slots=True)
class Loaded:
    """Runs and watches the load. Returns the results of ordinary and hostile clients, and the cores that each process
    used."""

    observer: Observer
    hangs: Hangs
    ordinary: Seen
    hostile: Seen
    cores: dict[str, float]


async def load(place: Place, clients: Sequence[Client], options: Any) -> Loaded:
    ordinary = [each for each in clients if each.kind == kinds.ORDINARY]
    hostile = [each for each in clients if each.kind != kinds.ORDINARY]
    plan = Plan(place.url, options.seconds, options.seed, ordinary)
    attack = Plan(place.url, options.seconds, options.seed + 1, hostile, NICENESS)
    observer, hangs, before = Observer.of(place.servers), Hangs(), ProcessorTime.now(place.servers)
    beside = [asyncio.create_task(observer.watch())]
    if options.only in {None, kinds.ANALYSER} and options.hostile:
        pids = [server.pid for server in place.servers]
        beside.append(asyncio.create_task(hangs.go_on(pids, min(HANG_EVERY_SECONDS, options.seconds / 3))))
    try:
        of_ordinary, of_hostile = await asyncio.gather(generate(plan), generate(attack))
        cores = ProcessorTime.now(place.servers).cores_since(before)
    finally:
        for task in beside:
            task.cancel()
        await asyncio.gather(*beside, return_exceptions=True)
    return Loaded(observer, hangs, of_ordinary, of_hostile, cores)


def aftermath(watched: Watched) -> ServerFigures:
    """Stops the server. Returns what is left of the load, and whether it stops while its analyser hangs."""
    server = watched.server
    left_open = connections(server)
    hung = stop_all(server.pid)
    began = time.monotonic()
    stopped: float | None
    try:
        server.stop()
        stopped = time.monotonic() - began
    except subprocess.TimeoutExpired:
        stopped = None
        assert server.process is not None
        server.process.send_signal(signal.SIGKILL)
    for process in hung:
        resume(process)
    raised = _RAISED.findall(server.output)
    return ServerFigures(watched.looks, watched.probes, watched.told.greatest, raised, left_open, stopped)


def measure(options: Any) -> Run:
    with running(options.processes) as place:
        clients = preparing.clients(place.url, place.servers, options)
        loaded = asyncio.run(load(place, clients, options))
        time.sleep(SETTLE_SECONDS)
        servers = [aftermath(each) for each in loaded.observer.watched]
    ordinary, hostile, observer = loaded.ordinary, loaded.hostile, loaded.observer
    return Run(
        seconds=options.seconds,
        seen=Seen.together([ordinary, hostile]),
        servers=servers,
        hung_seconds=loaded.hangs.seconds,
        thawed=loaded.hangs.thawed,
        lags={"ordinary clients": ordinary.lags, "hostile clients": hostile.lags, "observer": observer.lags},
        cores=loaded.cores,
    )


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.e2e.hostile")
    parser.add_argument("--seconds", type=float, default=120)
    parser.add_argument("--processes", type=int, choices=(1, 2), default=1)
    parser.add_argument("--hostile", type=int, default=50, help="how many hostile clients")
    parser.add_argument("--ordinary", type=int, default=50, help="how many ordinary clients")
    parser.add_argument("--only", choices=(*kinds.KINDS, kinds.ANALYSER), metavar="KIND", help=", ".join(kinds.KINDS))
    parser.add_argument("--long", type=int, default=200, help="turns of a long session")
    parser.add_argument("--very-long", type=int, default=5000, help="turns of a very long session")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    busy = os.getloadavg()[0]
    run = measure(options)
    database = "one process" if options.processes == 1 else f"{options.processes} processes, Redis, nginx"
    sys.stdout.write(f"\n{options.hostile} hostile and {options.ordinary} ordinary clients, ")
    sys.stdout.write(f"{options.seconds:.0f} s, {database}; ")
    sys.stdout.write(f"{os.cpu_count()} cores, which {busy:.1f} other processes wanted\n\n{table(run)}")
    return 0 if run.all_bounds_hold else 1


if __name__ == "__main__":
    sys.exit(main())
