"""Figures 1, 2 and 4: processor time for tokens from the provider, from memory, and for many who ask the same."""

from benchmarks.figures import Figure, quantile
from benchmarks.load import Run, alternate, asks, choices, fetch, put
from benchmarks.provider import Pace
from benchmarks.servers import Bench, Memory, ours, peer

RUNS = 5
TOKENS = 200
QUICK_TOKENS = 100
STREAMS = 100
RATE = 50.0
MEMORY_STREAMS = 50
MEMORY_WAVES = 3
"""A wave is over in a third of a second: several make one run."""

WAVE_SECONDS = 1.2
"""From one wave to the next: it is over by then, also on a machine that is slow."""

TOGETHER = 200


def through_the_model(bench: Bench) -> list[Figure]:
    """100 streams of different selections, 50 tokens a second each, through the same model class."""
    tokens = QUICK_TOKENS if bench.quick else TOKENS
    pace = Pace(RATE, tokens, 100)
    us, them = ours(bench, pace), peer(bench, pace)
    with us.run() as our_server, them.run() as peer_server:
        offered = choices(our_server.port)
        moments = [number / STREAMS for number in range(STREAMS)]
        for service, running in ((us, our_server), (them, peer_server)):
            put(service, running, asks(moments[:20], offered), tokens=tokens)
        mine, theirs = alternate(
            bench.times(RUNS),
            [
                lambda: put(us, our_server, asks(moments, offered), tokens=tokens),
                lambda: put(them, peer_server, asks(moments, offered), tokens=tokens),
            ],
        )
    per_thousand = [[run.cpu * 1e6 / (STREAMS * tokens) for run in runs] for runs in (mine, theirs)]
    name = "1 CPU per 1,000 tokens, through the model"
    return [
        Figure.beside(name, "ms", *per_thousand, limit=1.0, judged="ratio"),
        *(_delay(mine, theirs, share) for share in (0.5, 0.99)),
    ]


def _delay(mine: list[Run], theirs: list[Run], share: float) -> Figure:
    name = f"6 delay of a token, {STREAMS} streams at {RATE:.0f}/s, p{share * 100:.0f}"
    return Figure.beside(name, "ms", *([quantile(run.seen.delays, share) for run in runs] for runs in (mine, theirs)))


def from_memory(bench: Bench) -> list[Figure]:
    """The model taken away: 50 streams of 200 tokens as fast as they go."""
    us, them = ours(bench, Memory(TOKENS)), peer(bench, Memory(TOKENS))
    delivered = MEMORY_STREAMS * TOKENS * MEMORY_WAVES
    with us.run() as our_server, them.run() as peer_server:
        offered = choices(our_server.port)
        moments = [wave * WAVE_SECONDS for wave in range(MEMORY_WAVES) for _ in range(MEMORY_STREAMS)]
        for service, running in ((us, our_server), (them, peer_server)):
            put(service, running, asks(moments[:MEMORY_STREAMS], offered), tokens=TOKENS)
        mine, theirs = alternate(
            bench.times(RUNS),
            [
                lambda: put(us, our_server, asks(moments, offered), tokens=TOKENS),
                lambda: put(them, peer_server, asks(moments, offered), tokens=TOKENS),
            ],
        )
    rates = [[delivered / run.cpu for run in runs] for runs in (mine, theirs)]
    name = "2 tokens per CPU-second, without the model"
    return [Figure.beside(name, "", *rates, limit=2.0, judged="ratio", bound="at least")]


def asking_the_same(bench: Bench) -> list[Figure]:
    """200 people ask for the same selection within one second."""
    tokens = QUICK_TOKENS if bench.quick else TOKENS
    pace = Pace(RATE, tokens, 100)
    us, them = ours(bench, pace), peer(bench, pace)
    calls: list[list[int]] = [[], []]
    with us.run() as our_server, them.run() as peer_server:
        offered = choices(our_server.port)
        moments = [number / TOGETHER for number in range(TOGETHER)]
        places = iter(range(1_000_000))

        def once(side: int) -> Run:
            service, running = ((us, our_server), (them, peer_server))[side]
            fetch(f"http://127.0.0.1:{bench.provider_port}/calls")
            same = [offered[next(places) % len(offered)]]
            run = put(service, running, asks(moments, same), tokens=tokens)
            calls[side].append(fetch(f"http://127.0.0.1:{bench.provider_port}/calls"))
            return run

        for service, running in ((us, our_server), (them, peer_server)):
            put(service, running, asks(moments[:20], offered), tokens=tokens)
        mine, theirs = alternate(bench.times(RUNS), [lambda: once(0), lambda: once(1)])
    cpu = [[run.cpu for run in runs] for runs in (mine, theirs)]
    asked, asked_by_peer = (float(max(counted)) for counted in calls)
    return [
        Figure("4 provider calls for 200 who ask the same", "", asked, asked_by_peer, limit=1.0),
        Figure.beside("4 CPU for 200 who ask the same", "s", *cpu, limit=0.1, judged="ratio"),
    ]
