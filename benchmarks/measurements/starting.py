"""Figure 7: how soon a server answers, what it holds when idle, and what its imports cost."""

import re
import subprocess
import sys
import time
from collections import Counter

from benchmarks.figures import Figure, median, spread
from benchmarks.load import fetch
from benchmarks.processes import ROOT, clean_environment
from benchmarks.provider import Pace
from benchmarks.servers import Bench, Service, ours, peer
from benchmarks.usage import memory_bytes

RUNS = 5
START_LIMIT_SECONDS = 3.0
PACE = Pace(50.0, 100, 100)
_IMPORT = re.compile(r"import time: +(\d+) \| +\d+ \| +(\w+)")
DEAREST = 15


def start(bench: Bench) -> list[Figure]:
    """From starting the process to its first answer, and its memory half a second later."""
    services = {
        "catalogue": ours(bench, None),
        "hosted": ours(bench, PACE),
        "peer": peer(bench, PACE),
    }
    seconds: dict[str, list[float]] = {name: [] for name in services}
    memory: dict[str, list[float]] = {name: [] for name in services}
    for _ in range(bench.times(RUNS)):
        for name, service in services.items():
            once = _once(service)
            seconds[name].append(once[0])
            memory[name].append(once[1])
    took = {name: median(values) for name, values in seconds.items()}
    held = {name: median(values) for name, values in memory.items()}
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
        fetch(f"http://127.0.0.1:{running.port}/health")
        took = time.monotonic() - began
        time.sleep(0.5)
        return took, memory_bytes(running.pid) / 1e6


def langchain_modules(service: Service) -> float:
    """How many of LangChain's modules the server's entry imports."""
    code = "import leafresh.asgi, sys; print(sum(name.startswith('langchain') for name in sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=clean_environment(**service.env), capture_output=True, check=True
    )
    return float(done.stdout)


def import_costs(service: Service) -> dict[str, float]:
    """Milliseconds that the modules of each package take to import when the server's entry is imported, of the dearest
    packages, the dearest first."""
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-c", "import leafresh.asgi"],
        cwd=ROOT,
        env=clean_environment(**service.env),
        capture_output=True,
        text=True,
        check=True,
    )
    spent: Counter[str] = Counter()
    for microseconds, package in _IMPORT.findall(done.stderr):
        spent[package] += int(microseconds)
    return {package: of_package / 1000 for package, of_package in spent.most_common(DEAREST)}
