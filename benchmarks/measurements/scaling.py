"""Figure 9: what streams cost on several processes, and what Redis adds to a token."""

import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from benchmarks import fleet
from benchmarks.figures import Figure, median, spread
from benchmarks.fleet import NoFleet
from benchmarks.load import Choice, Run, asks, choices, put
from benchmarks.processes import Listener
from benchmarks.servers import Bench, Memory, Service

PROCESSES = (1, 2, 4)
STREAMS = 120
TOKENS = 60
PAUSE = 0.1
"""Ten tokens a second: a load that one core bears on one process."""

RAMP_SECONDS = 3.0
RUNS = 2
FAST_TOKENS = 200
FAST_STREAMS = 96


def on_processes(bench: Bench) -> list[Figure]:
    """The same streams on 1, 2 and 4 processes. Without PostgreSQL or Redis nothing is measured, which is said."""
    try:
        with fleet.database() as url:
            return [*_paced(bench, url), *_as_fast_as_possible(bench, url)]
    except NoFleet as missing:
        sys.stderr.write(f"figure 9 is not measured: {missing}\n")
        return []


def _paced(bench: Bench, url: str) -> list[Figure]:
    model = Memory(TOKENS, PAUSE)
    moments = [number * RAMP_SECONDS / STREAMS for number in range(STREAMS)]
    costs: dict[int, list[float]] = {}
    for count in PROCESSES:
        costs[count] = _cost_per_stream(bench, model, url, count, moments)
    alone = _cost_per_stream(bench, model, url, 1, moments, redis=False)
    figures = [
        Figure(
            f"9 CPU per stream, {count} process{'es'[: 2 * (count > 1)]}",
            "ms",
            median(costs[count]),
            spread=spread(costs[count]),
        )
        for count in PROCESSES
    ]
    figures += [
        Figure(f"9 CPU per stream, {count} processes by 1", "", median(costs[count]) / median(costs[1]), limit=1.15)
        for count in PROCESSES[1:]
    ]
    per_token = (median(costs[1]) - median(alone)) * 1000 / TOKENS
    return [*figures, Figure("9 CPU that Redis adds to a token", "µs", per_token)]


def _cost_per_stream(
    bench: Bench, model: Memory, url: str, count: int, moments: Sequence[float], *, redis: bool = True
) -> list[float]:
    """Milliseconds of all processes together, of each run."""
    with fleet.processes(bench, model, url, count, redis=redis) as (service, running):
        offered = choices(running[0].port)
        warm = moments[: 20 * count]  # every process as much: opening a connection to the database costs milliseconds
        _put_on_all(service, running, warm, offered, tokens=TOKENS)
        runs = [_put_on_all(service, running, moments, offered, tokens=TOKENS) for _ in range(bench.times(RUNS))]
    return [sum(run.cpu for run in each) * 1000 / STREAMS for each in runs]


def _as_fast_as_possible(bench: Bench, url: str) -> list[Figure]:
    figures = []
    for count in PROCESSES:
        with fleet.processes(bench, Memory(FAST_TOKENS), url, count) as (service, running):
            offered = choices(running[0].port)
            _put_on_all(service, running, [0.0] * 16, offered, tokens=FAST_TOKENS)
            runs = _put_on_all(service, running, [0.0] * FAST_STREAMS, offered, tokens=FAST_TOKENS)
            rate = FAST_STREAMS * FAST_TOKENS / max(run.seen.wall for run in runs)
        figures.append(Figure(f"9 tokens per second, {count} process{'es'[: 2 * (count > 1)]}", "", rate))
    return figures


def _put_on_all(
    service: Service, running: Sequence[Listener], moments: Sequence[float], offered: Sequence[Choice], *, tokens: int
) -> list[Run]:
    """The streams in turns to all processes, by a client for each. Selections are different: nobody joins another."""
    count = len(running)

    def part(place: int) -> Run:
        selections = offered[place::count]
        return put(service, running[place], asks(moments[place::count], selections), tokens=tokens)

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(part, range(count)))
