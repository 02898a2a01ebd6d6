"""Figure 9: what streams cost on several processes, beside the peer's, and what Redis adds to a token."""

import operator
import sys
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

from benchmarks.figures import Figure, median, spread
from benchmarks.load import planned, put, selections
from benchmarks.measurements.streaming import spread_over
from benchmarks.servers import Bench, Memory, NoCluster, RunningService, cluster_database, clustered, peer

PROCESSES = (1, 2, 4)
BESIDE = (1, 4)
"""Processes of the peer."""

STREAMS = 120
TOKENS = 60
PAUSE = 0.1
"""Ten tokens a second: one process on one core keeps up with this load."""

RAMP_SECONDS = 2.0
ROUNDS = 3
FAST_TOKENS = 200
FAST_STREAMS = 96
GROWTH = 1.15
"""What a stream on several processes may cost, divided by its cost on one."""


def on_processes(bench: Bench) -> list[Figure]:
    """The same streams on 1, 2 and 4 processes. Without PostgreSQL or Redis it says so and measures nothing."""
    try:
        with cluster_database() as url:
            return [*_paced(bench, url), *_as_fast_as_possible(bench, url)]
    except NoCluster as missing:
        sys.stderr.write(f"figure 9 is not measured: {missing}\n")
        return []


def _paced(bench: Bench, url: str) -> list[Figure]:
    """The peer's processes know nothing of each other: the growth of their cost is the machine's."""
    model = Memory(TOKENS, PAUSE)
    with ExitStack() as stack:
        services = {f"ours {count}": clustered(bench, model, url).run(count) for count in PROCESSES}
        services["without Redis"] = clustered(bench, model, url, redis=False).run()
        services |= {f"peer {count}": peer(bench, model).run(count) for count in BESIDE}
        groups = {name: stack.enter_context(running) for name, running in services.items()}
        costs = _in_turns(groups, bench.times(ROUNDS))
    mine = {count: costs[f"ours {count}"] for count in PROCESSES}
    theirs = {count: costs[f"peer {count}"] for count in BESIDE}
    figures = [
        Figure(f"9 CPU per stream, {_name(count)}", "ms", median(several), spread=spread(several))
        for count, several in mine.items()
    ]
    figures += [_growth(count, mine, theirs) for count in PROCESSES[1:]]
    added = [seconds * 1000 / TOKENS for seconds in _each(operator.sub, mine[1], costs["without Redis"])]
    return [*figures, Figure("9 CPU that Redis adds to a token", "µs", median(added), spread=spread(added))]


def _growth(count: int, mine: Mapping[int, list[float]], theirs: Mapping[int, list[float]]) -> Figure:
    """The cost of a stream on so many processes, divided by its cost on one.

    More processes than cores cannot run at once. The peer's figure shows what that costs without our code.
    """
    name = f"9 CPU per stream, {_name(count)} by 1"
    ratios = _each(operator.truediv, mine[count], mine[1])
    peers = _each(operator.truediv, theirs[count], theirs[1]) if count in theirs else None
    return Figure(name, "", median(ratios), median(peers) if peers else None, limit=GROWTH, spread=spread(ratios))


def _in_turns(groups: Mapping[str, RunningService], rounds: int) -> dict[str, list[float]]:
    """The cost of a stream in each round: milliseconds of all processes of the group together.

    The groups get the load in turns. The machine's speed changes by the minute, so only results of one round are
    compared. One client serves all processes of a group, so that more processes do not mean more clients.
    """
    moments = spread_over(RAMP_SECONDS, STREAMS)
    offered = selections(groups["ours 1"])

    def cost(name: str) -> float:
        return put(groups[name], planned(moments, offered), tokens=TOKENS).cpu * 1000 / STREAMS

    with ThreadPoolExecutor() as pool:  # the first load opens connections to the database
        list(pool.map(cost, groups))
    costs: dict[str, list[float]] = {name: [] for name in groups}
    for _ in range(rounds):
        for name, values in costs.items():
            values.append(cost(name))
    return costs


def _each(of: Callable[[float, float], float], several: Sequence[float], others: Sequence[float]) -> list[float]:
    return [of(one, other) for one, other in zip(several, others, strict=True)]


def _name(count: int) -> str:
    return f"{count} process{'es'[: 2 * (count > 1)]}"


def _as_fast_as_possible(bench: Bench, url: str) -> list[Figure]:
    figures = []
    for count in PROCESSES:
        with clustered(bench, Memory(FAST_TOKENS), url).run(count) as running:
            offered = selections(running)
            put(running, planned([0.0] * 16, offered), tokens=FAST_TOKENS)
            run = put(running, planned([0.0] * FAST_STREAMS, offered), tokens=FAST_TOKENS)
            rate = FAST_STREAMS * FAST_TOKENS / run.report.wall
        figures.append(Figure(f"9 tokens per second, {_name(count)}", "", rate))
    return figures
