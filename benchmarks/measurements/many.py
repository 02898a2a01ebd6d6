"""Figure 5: a thousand open streams on one process."""

from benchmarks.figures import Figure
from benchmarks.load import asks, choices, put
from benchmarks.processes import enlarged_data
from benchmarks.servers import Bench, Memory, ours
from benchmarks.usage import Peak, memory_bytes

STREAMS = 1000
EVENTS_PER_SECOND = 5
TOKENS = 75
"""Fifteen seconds of a stream."""

RAMP_SECONDS = 5.0
QUICK_RAMP_SECONDS = 2.0
CATEGORIES = 70
"""With four locations and four work types more selections than streams: nobody joins another's answer."""


def open_streams(bench: Bench) -> list[Figure]:
    """1,000 streams of different selections, 5 events a second each, without a model."""
    streams = 200 if bench.quick else STREAMS
    tokens, ramp = (60, QUICK_RAMP_SECONDS) if bench.quick else (TOKENS, RAMP_SECONDS)
    model = Memory(tokens, 1 / EVENTS_PER_SECOND)
    us = ours(bench, model, data=enlarged_data(CATEGORIES, 0))
    with us.run() as running:
        offered = choices(running.port)
        put(us, running, asks([number / 20 for number in range(20)], offered), tokens=tokens)
        before = memory_bytes(running.pid)
        peak = Peak()
        moments = [number * ramp / streams for number in range(streams)]
        planned = asks(moments, offered[20:])
        run = put(us, running, planned, tokens=tokens, seconds=300, look=peak.look)
    return [
        Figure(f"5 memory per stream, {streams} open", "KB", (peak.memory - before) / 1000 / streams, limit=75),
        Figure("5 threads", "", peak.threads, limit=64),
        Figure("5 database handles", "", peak.database_handles, limit=32),
        Figure("5 processor, of one core", "", run.cpu / run.seen.wall, limit=1.0),
        Figure("5 streams lost", "", len(run.seen.faults), limit=0),
    ]
