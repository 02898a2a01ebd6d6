"""Figure 9: what streams cost on several processes, beside the peer's, and what Redis adds to a token."""

import operator
import sys
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

from benchmarks import fleet
from benchmarks.figures import Figure, median, spread
from benchmarks.fleet import NoFleet
from benchmarks.load import asks, choices, put_on_all
from benchmarks.processes import Listener
from benchmarks.servers import Bench, Memory, Service, peer

PROCESSES = (1, 2, 4)
BESIDE = (1, 4)
"""Processes of the peer."""

STREAMS = 120
TOKENS = 60
PAUSE = 0.1
"""Ten tokens a second: a load that one core bears on one process."""

RAMP_SECONDS = 2.0
ROUNDS = 3
FAST_TOKENS = 200
FAST_STREAMS = 96
GROWTH = 1.15
"""What a stream may cost on several processes, of what it costs on one."""

Group = tuple[Service, Sequence[Listener]]
"""Processes that run side by side, and how they are asked."""


def on_processes(bench: Bench) -> list[Figure]:
    """The same streams on 1, 2 and 4 processes. Without PostgreSQL or Redis nothing is measured, which is said."""
    try:
        with fleet.database() as url:
            return [*_paced(bench, url), *_as_fast_as_possible(bench, url)]
    except NoFleet as missing:
        sys.stderr.write(f"figure 9 is not measured: {missing}\n")
        return []


def _paced(bench: Bench, url: str) -> list[Figure]:
    """The peer's processes know nothing of each other: what a stream costs more on several of them is the machine's."""
    model = Memory(TOKENS, PAUSE)
    with ExitStack() as stack:
        groups = {
            f"ours {count}": stack.enter_context(fleet.processes(bench, model, url, count)) for count in PROCESSES
        }
        groups["without Redis"] = stack.enter_context(fleet.processes(bench, model, url, 1, redis=False))
        for count in BESIDE:
            others = peer(bench, model)
            groups[f"peer {count}"] = others, [stack.enter_context(others.run()) for _ in range(count)]
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
    """What a stream costs on so many processes by what it costs on one. More processes than there are cores cannot run
    at once: the peer's figure, which is only told, says what that costs anybody."""
    name = f"9 CPU per stream, {_name(count)} by 1"
    ratios = _each(operator.truediv, mine[count], mine[1])
    peers = _each(operator.truediv, theirs[count], theirs[1]) if count in theirs else None
    return Figure(name, "", median(ratios), median(peers) if peers else None, limit=GROWTH, spread=spread(ratios))


def _in_turns(groups: Mapping[str, Group], rounds: int) -> dict[str, list[float]]:
    """What a stream cost in each round, milliseconds of all processes of the group together. The groups have the load
    in turns: the machine's speed changes by the minute, so that only what was measured in one round is compared. One
    client asks all processes of a group: with one for each, there would be more clients to more processes."""
    moments = [number * RAMP_SECONDS / STREAMS for number in range(STREAMS)]
    offered = choices(groups["ours 1"][1][0].port)

    def cost(name: str) -> float:
        return put_on_all(*groups[name], asks(moments, offered), tokens=TOKENS).cpu * 1000 / STREAMS

    with ThreadPoolExecutor() as pool:  # the first time, connections to the database are opened
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
        with fleet.processes(bench, Memory(FAST_TOKENS), url, count) as (service, running):
            offered = choices(running[0].port)
            put_on_all(service, running, asks([0.0] * 16, offered), tokens=FAST_TOKENS)
            run = put_on_all(service, running, asks([0.0] * FAST_STREAMS, offered), tokens=FAST_TOKENS)
            rate = FAST_STREAMS * FAST_TOKENS / run.seen.wall
        figures.append(Figure(f"9 tokens per second, {_name(count)}", "", rate))
    return figures
