"""Figures 5 and 7: a thousand open streams on one process, and how soon a server answers and what it holds."""

import re
import subprocess
import sys
import time
from collections import Counter

from benchmarks.figures import Figure, median, spread
from benchmarks.load import fetch, planned, put, selections
from benchmarks.measurements.streaming import spread_over
from benchmarks.processes import ROOT, clean_environment, enlarged_data
from benchmarks.provider import Pace
from benchmarks.servers import Bench, Memory, Service, ours, peer
from benchmarks.usage import Peak, memory_bytes

STREAMS = 1000
EVENTS_PER_SECOND = 5
TOKENS = 75
"""Fifteen seconds of a stream."""

RAMP_SECONDS = 5.0
QUICK_RAMP_SECONDS = 2.0
CATEGORIES = 70
"""With four locations and four work types there are more selections than streams: none shares another's answer."""

RUNS = 5
START_LIMIT_SECONDS = 3.0
PACE = Pace(50.0, 100, 100)
_IMPORT = re.compile(r"import time: +(\d+) \| +\d+ \| +(\w+)")
DEAREST = 15


def open_streams(bench: Bench) -> list[Figure]:
    """1,000 streams of different selections, 5 events a second each, without a model."""
    streams = 200 if bench.quick else STREAMS
    tokens, ramp = (60, QUICK_RAMP_SECONDS) if bench.quick else (TOKENS, RAMP_SECONDS)
    model = Memory(tokens, 1 / EVENTS_PER_SECOND)
    with ours(bench, model, data=enlarged_data(CATEGORIES, 0)).run() as running:
        (pid,) = running.pids
        offered = selections(running)
        put(running, planned(spread_over(1, 20), offered), tokens=tokens)
        before = memory_bytes(pid)
        peak = Peak()
        load = planned(spread_over(ramp, streams), offered[20:])
        run = put(running, load, tokens=tokens, seconds=300, look=lambda: peak.look(pid))
    return [
        Figure(f"5 memory per stream, {streams} open", "KB", (peak.memory - before) / 1000 / streams, limit=75),
        Figure("5 threads", "", peak.threads, limit=64),
        Figure("5 database handles", "", peak.database_handles, limit=32),
        Figure("5 processor, of one core", "", run.cpu / run.report.wall, limit=1.0),
        Figure("5 streams lost", "", len(run.report.faults), limit=0),
    ]


def start(bench: Bench) -> list[Figure]:
    """From starting the process to its first answer, and its memory half a second later."""
    services = {"catalogue": ours(bench, None), "hosted": ours(bench, PACE), "peer": peer(bench, PACE)}
    measured: dict[str, list[tuple[float, float]]] = {name: [] for name in services}
    for _ in range(bench.times(RUNS)):
        for name, service in services.items():
            measured[name].append(_once(service))
    seconds = {name: [each[0] for each in values] for name, values in measured.items()}
    took = {name: median(values) for name, values in seconds.items()}
    held = {name: median([each[1] for each in values]) for name, values in measured.items()}
    limit = START_LIMIT_SECONDS
    return [
        Figure("7 start to first answer", "s", took["catalogue"], None, limit, spread=spread(seconds["catalogue"])),
        Figure("7 start, hosted model", "s", took["hosted"], took["peer"], limit, spread=spread(seconds["hosted"])),
        Figure("7 idle memory", "MB", held["catalogue"]),
        Figure("7 idle memory, hosted model", "MB", held["hosted"], held["peer"]),
        Figure("7 LangChain modules without a hosted model", "", langchain_modules(services["catalogue"]), limit=0),
    ]


def _once(service: Service) -> tuple[float, float]:
    """Seconds to the first answer, and megabytes half a second later."""
    began = time.monotonic()
    with service.run() as running:
        fetch(f"http://127.0.0.1:{running.ports[0]}/health")
        took = time.monotonic() - began
        time.sleep(0.5)
        return took, memory_bytes(running.pids[0]) / 1e6


def _import_entry(service: Service, *options: str, then: str = "") -> subprocess.CompletedProcess[str]:
    """Imports the server's entry with the service's settings."""
    command = [sys.executable, *options, "-c", f"import leafresh.asgi; {then}"]
    env = clean_environment(**service.env)
    return subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=True)


def langchain_modules(service: Service) -> float:
    """How many of LangChain's modules the server's entry imports."""
    count = "import sys; print(sum(name.startswith('langchain') for name in sys.modules))"
    return float(_import_entry(service, then=count).stdout)


def import_costs(service: Service) -> dict[str, float]:
    """The packages that take longest to import with the server's entry point, in milliseconds for their modules."""
    spent: Counter[str] = Counter()
    for microseconds, package in _IMPORT.findall(_import_entry(service, "-X", "importtime").stderr):
        spent[package] += int(microseconds)
    return {package: of_package / 1000 for package, of_package in spent.most_common(DEAREST)}
