"""Figures 3 and 6: how long people wait for the first text, and for each token."""

import random
from functools import partial

from benchmarks.figures import Figure, quantile
from benchmarks.load import Run, alternate, asks, choices, put
from benchmarks.provider import Pace
from benchmarks.servers import Bench, ours, peer

ARRIVALS_PER_SECOND = 20.0
WINDOW_SECONDS = 12.0
WINDOWS = 5
"""Five windows of twelve seconds are the minute of each side, in turns."""

FIRST = Pace(50.0, 60, 200)

STEADY = Pace(10.0, 60, 100)
"""The pace at which 300 streams are measured: the peer, too, keeps up with it on one core."""

DELAY_RUNS = 2
"""Nothing is expected of these: each run has hundreds of tokens."""

MEDIAN_LIMIT_MS = 5.0
P99_LIMIT_MS = 25.0


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
    us, them = ours(bench, FIRST), peer(bench, FIRST)
    seconds = 5.0 if bench.quick else WINDOW_SECONDS
    with us.run() as our_server, them.run() as peer_server:
        offered = choices(our_server.port)
        windows = [0, 0]

        def once(side: int) -> Run:
            service, running = ((us, our_server), (them, peer_server))[side]
            windows[side] += 1
            moments = arrivals(windows[side], seconds, ARRIVALS_PER_SECOND)
            return put(service, running, asks(moments, offered), tokens=FIRST.count)

        for service, running in ((us, our_server), (them, peer_server)):
            put(service, running, asks(arrivals(0, 1, 20), offered), tokens=FIRST.count)
        mine, theirs = alternate(bench.times(WINDOWS), [lambda: once(0), lambda: once(1)])
    waits = [[wait for run in runs for wait in run.seen.added] for runs in (mine, theirs)]
    name = "3 added time to the first text"
    p99, p99_of_peer = (quantile(side, 0.99) for side in waits)
    return [
        Figure.beside(f"{name}, median", "ms", *waits, limit=MEDIAN_LIMIT_MS, judged="difference"),
        Figure(f"{name}, p99", "ms", p99, p99_of_peer, limit=P99_LIMIT_MS, judged="difference"),
    ]


def every_token(bench: Bench) -> list[Figure]:
    """From the provider's sending a token to its arrival, with 10, 100 and 300 streams."""
    us, them = ours(bench, STEADY), peer(bench, STEADY)
    figures: list[Figure] = []
    with us.run() as our_server, them.run() as peer_server:
        offered = choices(our_server.port)

        def once(side: int, count: int) -> Run:
            service, running = ((us, our_server), (them, peer_server))[side]
            moments = [number / count for number in range(count)]
            return put(service, running, asks(moments, offered), tokens=STEADY.count)

        for count in (10, 100) if bench.quick else (10, 100, 300):
            sides = alternate(bench.times(DELAY_RUNS), [partial(once, 0, count), partial(once, 1, count)])
            for share in (0.5, 0.99):
                name = f"6 delay of a token, {count} streams at {STEADY.rate:.0f}/s, p{share * 100:.0f}"
                shares = ([quantile(run.seen.delays, share) for run in runs] for runs in sides)
                figures.append(Figure.beside(name, "ms", *shares))
    return figures
