"""The table that ``make hostile`` prints, and the check of all bounds. Pure functions."""

import statistics
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from benchmarks.figures import Figure, quantile
from tests.e2e.hostile.cores import ALL_ELSE
from tests.e2e.hostile.observer import Look
from tests.e2e.hostile.plan import Seen

FIRST_TOKEN_MS = 1000
LAG_MS = 100
GROWTH_PERCENT = 5
HUNG_SECONDS = 5
STOP_SECONDS = 25
"""Seconds. The server gives requests 20 seconds to end."""

BUSY_CORES = 0.5
"""When all else on the machine used more, times say more about that than about the servers. nginx, Redis and the
database of a fleet are in it."""

LEFT_OPEN = 5
"""Connections of a server a few seconds after all clients are gone: the observer's own."""


@dataclass(frozen=True, slots=True)
class ServerFigures:
    """What was seen of one server; see ``observer.Watched``. ``raised`` are the errors whose tracebacks are in its log,
    ``left_open`` its connections after the load, ``stop_seconds`` what it took to end while its analyser hung, None
    when it did not."""

    looks: Sequence[Look]
    probes: Sequence[float]
    gauge: float | None
    raised: Sequence[str]
    left_open: int
    stop_seconds: float | None


@dataclass(frozen=True, slots=True)
class Run:
    """Everything that was measured. ``lags`` are those of the tool's own processes, by their names, ``cores``
    what each process used of them."""

    seconds: float
    seen: Seen
    servers: Sequence[ServerFigures]
    hung_seconds: Sequence[float] = ()
    thawed: int = 0
    lags: Mapping[str, Sequence[float]] = field(default_factory=dict)
    cores: Mapping[str, float] = field(default_factory=dict)

    def figures(self) -> list[Figure]:
        """In the order of the table."""
        return [
            *self._ordinary(),
            *self._hostile(),
            *(figure for number, each in enumerate(self.servers, 1) for figure in self._server(number, each)),
            *self._tool(),
        ]

    @property
    def all_bounds_hold(self) -> bool:
        return all(figure.verdict != "MISSED" for figure in self.figures())

    def _ordinary(self) -> Iterable[Figure]:
        times = self.seen.first_tokens
        for name, values in {**times, "all": [each for of in times.values() for each in of]}.items():
            if not values:
                continue
            limit = FIRST_TOKEN_MS if name == "all" else None
            yield Figure(f"ordinary, first token, {name}, p50", "ms", quantile(values, 0.5))
            yield Figure(f"ordinary, first token, {name}, p99", "ms", quantile(values, 0.99), limit=limit)
            yield Figure(f"ordinary, first token, {name}, longest", "ms", max(values))
        answered = self.seen.outcomes.get("ordinary", {}).get("answered", 0)
        yield Figure("ordinary, whole answers", "", answered, limit=1, bound="at least")
        yield Figure("ordinary, errors", "", len(self.seen.errors), limit=0)

    def _hostile(self) -> Iterable[Figure]:
        counted = [pair for counts in self.seen.outcomes.values() for pair in counts.items()]
        broken = sum(count for outcome, count in counted if outcome.startswith("500"))
        yield Figure("hostile, answered with 500", "", broken, limit=0)
        if self.seen.held:
            yield Figure("slow requests, held longest", "s", max(self.seen.held))
        if self.hung_seconds or self.thawed:
            yield Figure("hung analysers, ended by the server", "", len(self.hung_seconds))
            yield Figure("hung analysers, not ended in 15 s", "", self.thawed, limit=0)
        if self.hung_seconds:
            yield Figure("hung analysers, longest until ended", "s", max(self.hung_seconds), limit=HUNG_SECONDS)

    def _server(self, number: int, each: ServerFigures) -> Iterable[Figure]:
        name = f"server {number}"
        told = each.gauge is not None
        if each.gauge is not None:
            yield Figure(f"{name}, loop lag by its metric, max", "ms", each.gauge, limit=LAG_MS)
        if each.probes:
            yield Figure(f"{name}, /health/live, p99", "ms", quantile(each.probes, 0.99))
            longest = max(each.probes)
            yield Figure(f"{name}, /health/live, longest", "ms", longest, limit=None if told else LAG_MS)
        if each.looks:
            for share in (1 / 6, 1 / 2, 1):
                look = near(each.looks, self.seconds * share)
                yield Figure(f"{name}, memory at {self.seconds * share:.0f} s", "MiB", look.memory)
                yield Figure(f"{name}, its children at {self.seconds * share:.0f} s", "MiB", look.children)
            yield Figure(
                f"{name}, memory grows in last third", "%", growth(each.looks, self.seconds), limit=GROWTH_PERCENT
            )
            yield Figure(f"{name}, connections, most", "", max(look.connections for look in each.looks))
        yield Figure(f"{name}, connections left open", "", each.left_open, limit=LEFT_OPEN)
        yield Figure(f"{name}, tracebacks in its log", "", len(each.raised), limit=0)
        stopped = float("inf") if each.stop_seconds is None else each.stop_seconds
        yield Figure(f"{name}, stops with a hung analyser in", "s", stopped, limit=STOP_SECONDS)

    def _tool(self) -> Iterable[Figure]:
        for name, lags in self.lags.items():
            if lags:
                yield Figure(f"this tool, {name}: own loop lag, p99", "ms", quantile(lags, 0.99))
                yield Figure(f"this tool, {name}: own loop lag, max", "ms", max(lags))
        for name, used in self.cores.items():
            yield Figure(f"{name}, used on average", "cores", used)


def near(looks: Sequence[Look], at: float) -> Look:
    """The look nearest to the moment."""
    return min(looks, key=lambda look: abs(look.at - at))


def growth(looks: Sequence[Look], seconds: float) -> float:
    """Percent by which memory grew in the last third: medians of the looks about its beginning and its end."""
    around = max(seconds / 24, 2.0)
    begin, end = (_median(looks, at, around) for at in (seconds * 2 / 3, seconds - around))
    return (end / begin - 1) * 100


def _median(looks: Sequence[Look], at: float, around: float) -> float:
    values = [look.memory for look in looks if abs(look.at - at) <= around] or [near(looks, at).memory]
    return statistics.median(values)


def table(run: Run) -> str:
    """Figures with their limits, then what became of hostile requests, then what ordinary clients met."""
    figures = run.figures()
    head = f"{'':<60} {'measured':>10} {'bound':>10}"
    lines = [head, "-" * (len(head) + 7), *(_row(figure) for figure in figures), ""]
    for kind, counts in sorted(run.seen.outcomes.items()):
        lines.append(
            f"{kind:<20} " + ", ".join(f"{count} × {outcome}" for outcome, count in Counter(counts).most_common())
        )
    raised = Counter(error[:150] for each in run.servers for error in each.raised)
    lines += ["", *(f"{count} × logged: {error}" for error, count in raised.most_common(10)), *run.seen.errors[:20]]
    if (else_used := run.cores.get(ALL_ELSE, 0.0)) > BUSY_CORES:
        lines.append(f"Something else used {else_used:.1f} cores meanwhile: the times above cannot be relied on.")
    judged = [figure for figure in figures if figure.verdict]
    held = sum(figure.verdict == "met" for figure in judged)
    return "\n".join([*lines, f"{held} of {len(judged)} bounds hold"]) + "\n"


def _row(figure: Figure) -> str:
    name = f"{figure.name} ({figure.unit})" if figure.unit else figure.name
    sign = "≤" if figure.bound == "at most" else "≥"
    bound = "" if figure.limit is None else f"{sign} {figure.limit:g}"
    value = (
        f"{figure.ours:,.1f}"
        if figure.unit in {"s", "%"}
        else f"{figure.ours:.2f}"
        if figure.unit == "cores"
        else f"{figure.ours:,.0f}"
    )
    return f"{name:<60} {value:>10} {bound:>10} {figure.verdict}".rstrip()
