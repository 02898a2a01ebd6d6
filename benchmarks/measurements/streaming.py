"""Figures 1 to 4 and 6: processor time for tokens, and how long clients wait for the first text and for each token."""

import itertools
import random
from collections import defaultdict
from functools import partial

from benchmarks.figures import Figure, quantile
from benchmarks.load import Labels, Run, alternate, fetch, planned, put, selections
from benchmarks.provider import Pace
from benchmarks.servers import Bench, Memory, RunningService, both

RUNS = 5
TOKENS = 200
QUICK_TOKENS = 100
STREAMS = 100
RATE = 50.0
MEMORY_STREAMS = 50
MEMORY_WAVES = 3
"""A wave is over in a third of a second: several make one run."""

WAVE_SECONDS = 1.2
"""From one wave to the next, which is long enough on a slow machine, too."""

TOGETHER = 200
ARRIVALS_PER_SECOND = 20.0
WINDOW_SECONDS = 12.0
WINDOWS = 5
"""Five windows of twelve seconds are the minute of each side, in turns."""

FIRST = Pace(50.0, 60, 200)

STEADY = Pace(10.0, 60, 100)
"""The pace at which 300 streams are measured: on one core the peer keeps up with it, too."""

DELAY_RUNS = 2
"""Figure 6 has no limits, and each run has hundreds of tokens."""

MEDIAN_LIMIT_MS = 5.0
P99_LIMIT_MS = 25.0


def spread_over(seconds: float, count: int) -> list[float]:
    """``count`` moments at equal distances."""
    return [number * seconds / count for number in range(count)]


def through_the_model(bench: Bench) -> list[Figure]:
    """100 streams of different selections, 50 tokens a second each, through the same model class."""
    tokens = QUICK_TOKENS if bench.quick else TOKENS
    moments = spread_over(1, STREAMS)
    with both(bench, Pace(RATE, tokens, 100)) as sides:
        offered = selections(sides[0])
        for side in sides:  # warms up
            put(side, planned(moments[:20], offered), tokens=tokens)
        measured = alternate(bench.times(RUNS), sides, lambda side: put(side, planned(moments, offered), tokens=tokens))
    per_thousand = [[run.cpu * 1e6 / (STREAMS * tokens) for run in runs] for runs in measured]
    name = "1 CPU per 1,000 tokens, through the model"
    return [Figure.beside(name, "ms", *per_thousand, limit=1.0, judged="ratio"), *_delays(measured, STREAMS, RATE)]


def _delays(measured: list[list[Run]], streams: int, rate: float) -> list[Figure]:
    figures = []
    for share in (0.5, 0.99):
        name = f"6 delay of a token, {streams} streams at {rate:.0f}/s, p{share * 100:.0f}"
        delays = ([quantile(run.report.delays, share) for run in runs] for runs in measured)
        figures.append(Figure.beside(name, "ms", *delays))
    return figures


def from_memory(bench: Bench) -> list[Figure]:
    """Without a model: 50 streams of 200 tokens as fast as possible."""
    delivered = MEMORY_STREAMS * TOKENS * MEMORY_WAVES
    moments = [wave * WAVE_SECONDS for wave in range(MEMORY_WAVES) for _ in range(MEMORY_STREAMS)]
    with both(bench, Memory(TOKENS)) as sides:
        offered = selections(sides[0])
        for side in sides:
            put(side, planned(moments[:MEMORY_STREAMS], offered), tokens=TOKENS)
        measured = alternate(bench.times(RUNS), sides, lambda side: put(side, planned(moments, offered), tokens=TOKENS))
    rates = [[delivered / run.cpu for run in runs] for runs in measured]
    name = "2 tokens per CPU-second, without the model"
    return [Figure.beside(name, "", *rates, limit=2.0, judged="ratio", bound="at least")]


def arrivals(seed: int, seconds: float, rate: float) -> list[float]:
    """Moments of a Poisson process, ``rate`` a second; the same for the same seed."""
    chance = random.Random(seed)  # noqa: S311  a repeatable load, no secret
    moments, at = [], chance.expovariate(rate)
    while at < seconds:
        moments.append(at)
        at += chance.expovariate(rate)
    return moments


def first_text(bench: Bench) -> list[Figure]:
    """Time to the first text beyond the provider's own, with 20 arrivals a second whatever the service does."""
    seconds = 5.0 if bench.quick else WINDOW_SECONDS
    windows: defaultdict[str, itertools.count[int]] = defaultdict(lambda: itertools.count(1))
    with both(bench, FIRST) as sides:
        offered = selections(sides[0])

        def once(side: RunningService) -> Run:
            moments = arrivals(next(windows[side.service.dialect]), seconds, ARRIVALS_PER_SECOND)
            return put(side, planned(moments, offered), tokens=FIRST.count)

        for side in sides:
            put(side, planned(arrivals(0, 1, 20), offered), tokens=FIRST.count)
        measured = alternate(bench.times(WINDOWS), sides, once)
    waits = [[wait for run in runs for wait in run.report.added] for runs in measured]
    name = "3 added time to the first text"
    p99, p99_of_peer = (quantile(side, 0.99) for side in waits)
    return [
        Figure.beside(f"{name}, median", "ms", *waits, limit=MEDIAN_LIMIT_MS, judged="difference"),
        Figure(f"{name}, p99", "ms", p99, p99_of_peer, limit=P99_LIMIT_MS, judged="difference"),
    ]


def asking_the_same(bench: Bench) -> list[Figure]:
    """200 people ask for the same selection within one second."""
    tokens = QUICK_TOKENS if bench.quick else TOKENS
    moments = spread_over(1, TOGETHER)
    calls: dict[str, list[int]] = {"ours": [], "peer": []}
    with both(bench, Pace(RATE, tokens, 100)) as sides:
        offered = selections(sides[0])
        in_turns = itertools.cycle(offered)

        def once(side: RunningService) -> Run:
            fetch(f"http://127.0.0.1:{bench.provider_port}/calls")
            run = put(side, planned(moments, [next(in_turns)]), tokens=tokens)
            calls[side.service.dialect].append(fetch(f"http://127.0.0.1:{bench.provider_port}/calls"))
            return run

        for side in sides:
            put(side, planned(moments[:20], offered), tokens=tokens)
        measured = alternate(bench.times(RUNS), sides, once)
    cpu = [[run.cpu for run in runs] for runs in measured]
    most, most_of_peer = (float(max(counted)) for counted in calls.values())
    return [
        Figure("4 provider calls for 200 who ask the same", "", most, most_of_peer, limit=1.0),
        Figure.beside("4 CPU for 200 who ask the same", "s", *cpu, limit=0.1, judged="ratio"),
    ]


def every_token(bench: Bench) -> list[Figure]:
    """From the moment when the provider sends a token to its arrival, with 10, 100 and 300 streams."""
    figures: list[Figure] = []
    with both(bench, STEADY) as sides:
        offered = selections(sides[0])
        for count in (10, 100) if bench.quick else (10, 100, 300):
            measure = partial(_steady, moments=spread_over(1, count), offered=offered)
            figures += _delays(alternate(bench.times(DELAY_RUNS), sides, measure), count, STEADY.rate)
    return figures


def _steady(side: RunningService, *, moments: list[float], offered: list[Labels]) -> Run:
    return put(side, planned(moments, offered), tokens=STEADY.count)
