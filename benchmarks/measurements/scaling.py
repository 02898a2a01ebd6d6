"""Figure 9: what streams cost on several processes, and what Redis adds to a token."""

import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

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

RAMP_SECONDS = 2.0
ROUNDS = 4
FAST_TOKENS = 200
FAST_STREAMS = 96

ALONE = "1 process without Redis"


def on_processes(bench: Bench) -> list[Figure]:
    """The same streams on 1, 2 and 4 processes. Without PostgreSQL or Redis nothing is measured, which is said."""
    try:
        with fleet.database() as url:
            return [*_paced(bench, url), *_as_fast_as_possible(bench, url)]
    except NoFleet as missing:
        sys.stderr.write(f"figure 9 is not measured: {missing}\n")
        return []


def _paced(bench: Bench, url: str) -> list[Figure]:
    """All fleets run side by side and have the load in turns: the machine's speed changes by the minute, so that only
    what is measured in the same round is compared."""
    model = Memory(TOKENS, PAUSE)
    moments = [number * RAMP_SECONDS / STREAMS for number in range(STREAMS)]
    costs: dict[str, list[float]] = {}
    with ExitStack() as stack:
        fleets = {_name(count): stack.enter_context(fleet.processes(bench, model, url, count)) for count in PROCESSES}
        fleets[ALONE] = stack.enter_context(fleet.processes(bench, model, url, 1, redis=False))
        offered = choices(fleets[ALONE][1][0].port)

        def cost(name: str) -> float:
            """Milliseconds of all processes together."""
            return sum(run.cpu for run in _put_on_all(*fleets[name], moments, offered, tokens=TOKENS)) * 1000 / STREAMS

        with ThreadPoolExecutor() as pool:  # the first time, connections to the database are opened
            list(pool.map(cost, fleets))
        for _ in range(bench.times(ROUNDS)):
            for name in fleets:
                costs.setdefault(name, []).append(cost(name))
    one = costs[_name(1)]
    figures = [
        Figure(
            f"9 CPU per stream, {_name(count)}", "ms", median(costs[_name(count)]), spread=spread(costs[_name(count)])
        )
        for count in PROCESSES
    ]
    for count in PROCESSES[1:]:
        ratios = [many / of_one for many, of_one in zip(costs[_name(count)], one, strict=True)]
        figures.append(
            Figure(f"9 CPU per stream, {_name(count)} by 1", "", median(ratios), limit=1.15, spread=spread(ratios))
        )
    added = [(mine - alone) * 1000 / TOKENS for mine, alone in zip(one, costs[ALONE], strict=True)]
    return [*figures, Figure("9 CPU that Redis adds to a token", "µs", median(added), spread=spread(added))]


def _name(count: int) -> str:
    return f"{count} process{'es'[: 2 * (count > 1)]}"


def _as_fast_as_possible(bench: Bench, url: str) -> list[Figure]:
    figures = []
    for count in PROCESSES:
        with fleet.processes(bench, Memory(FAST_TOKENS), url, count) as (service, running):
            offered = choices(running[0].port)
            _put_on_all(service, running, [0.0] * 16, offered, tokens=FAST_TOKENS)
            runs = _put_on_all(service, running, [0.0] * FAST_STREAMS, offered, tokens=FAST_TOKENS)
            rate = FAST_STREAMS * FAST_TOKENS / max(run.seen.wall for run in runs)
        figures.append(Figure(f"9 tokens per second, {_name(count)}", "", rate))
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
