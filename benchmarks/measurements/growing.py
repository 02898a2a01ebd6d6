"""Figure 8: how the cost of a stream grows with its answer, its session, the catalogue, and the number of streams."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from benchmarks.figures import Figure, exponent, line_through
from benchmarks.load import Labels, planned, put, selections
from benchmarks.measurements.streaming import spread_over
from benchmarks.processes import enlarged_data
from benchmarks.servers import Bench, Memory, RunningService, ours

ANSWER_TOKENS = (60, 100, 200, 400, 800)
SESSION_TURNS = (0, 1, 3, 8, 20)
CATALOGUE_ROWS = (1_000, 10_000, 100_000)
STREAM_COUNTS = (10, 100, 300, 1000)
STREAMS = 40
LINEAR = 1.15
"""The exponent up to which growth counts as linear: measured points scatter."""


@dataclass(frozen=True, slots=True)
class Curve:
    """Processor milliseconds (``ys``) over what grows (``xs``)."""

    name: str
    x: str
    y: str
    xs: list[float] = field(default_factory=list)
    ys: list[float] = field(default_factory=list)

    def add(self, x: float, y: float) -> None:
        self.xs.append(x)
        self.ys.append(y)

    def figures(self, limit: float | None = LINEAR) -> list[Figure]:
        """Its exponent, and the straight line through it: its slope, and how well it fits (R²)."""
        line = line_through(self.xs, self.ys)
        power = exponent([max(x, 1.0) for x in self.xs], self.ys)
        return [
            Figure(f"8 growth with {self.x}, exponent", "", power, limit=limit),
            Figure(f"8 growth with {self.x}, per 1,000", "ms", line.slope * 1000),
            Figure(f"8 growth with {self.x}, R² of a line", "", line.fit),
        ]


def _some(bench: Bench, points: Sequence[int]) -> Sequence[int]:
    return points[:3] if bench.quick else points


def _cost(running: RunningService, offered: Sequence[Labels], tokens: int) -> float:
    """Processor milliseconds of one stream, after a first run that warms up."""
    moments = spread_over(1, STREAMS)
    put(running, planned(moments[:20], offered[-20:]), tokens=tokens)
    return put(running, planned(moments, offered), tokens=tokens).cpu * 1000 / STREAMS


def by_answer(bench: Bench) -> Curve:
    """Answers of more tokens, 200 a second, without a model."""
    curve = Curve("Answer length", "tokens of an answer", "CPU per stream (ms)")
    for tokens in _some(bench, ANSWER_TOKENS):
        with ours(bench, Memory(tokens, 0.005)).run() as running:
            curve.add(tokens, _cost(running, selections(running), tokens))
    return curve


def by_session(bench: Bench) -> Curve:
    """Sessions with more earlier answers. The catalogue writes them; it has 10,000 challenges to choose from."""
    curve = Curve("Session length", "answers before", "CPU per stream (ms)")
    service = ours(bench, None, data=enlarged_data(0, 1_000 if bench.quick else 10_000))
    sessions = [f"long{number}" for number in range(STREAMS)]
    with service.run() as running:
        offered = selections(running)[:STREAMS]
        moments = spread_over(1, STREAMS)
        put(running, planned(moments, offered), tokens=0)
        answers = 0
        for turns in _some(bench, SESSION_TURNS):
            while answers < turns:
                put(running, planned([0.0] * STREAMS, offered, sessions=sessions), tokens=0)
                answers += 1
            run = put(running, planned(moments, offered, sessions=sessions), tokens=0)
            answers += 1
            curve.add(turns, run.cpu * 1000 / STREAMS)
    return curve


def by_catalog(bench: Bench) -> Curve:
    """Answers of the catalogue, from catalogues of more challenges."""
    curve = Curve("Catalogue", "challenges in the catalogue", "CPU per stream (ms)")
    for rows in (1_000, 3_000, 10_000) if bench.quick else CATALOGUE_ROWS:
        with ours(bench, None, data=enlarged_data(0, rows)).run() as running:
            curve.add(rows, _cost(running, selections(running), 0))
    return curve


def by_streams(bench: Bench) -> Curve:
    """More streams at once, 5 tokens a second each, without a model: the cost of all together."""
    curve = Curve("Streams at once", "streams at once", "CPU of all streams (ms)")
    with ours(bench, Memory(60, 0.2), data=enlarged_data(70, 0)).run() as running:
        offered = selections(running)
        put(running, planned([0.0] * 20, offered[-20:]), tokens=60)
        for count in _some(bench, STREAM_COUNTS):
            run = put(running, planned(spread_over(3, count), offered), tokens=60, seconds=300)
            curve.add(count, run.cpu * 1000)
            time.sleep(1)
    return curve
