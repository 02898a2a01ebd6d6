"""``python -m benchmarks``: everything that ``make bench`` measures, as one table; see docs/performance.md.

Stops with status 1 when an expectation is missed. ``--only NAME …`` measures parts; ``--sleep-in-publisher MS`` starts
ours with a sleep before each event, which the table must show.
"""

import argparse
import signal
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from types import FrameType

from benchmarks import report
from benchmarks.figures import Figure
from benchmarks.load import FaultyRun
from benchmarks.measurements import growing, resources, scaling, streaming
from benchmarks.measurements.growing import Curve
from benchmarks.processes import Listener, clean_environment
from benchmarks.servers import Bench, ours

Part = Callable[[Bench], list[Figure]]

PARTS: Mapping[str, tuple[int, Part]] = {
    "model": (1, streaming.through_the_model),
    "memory": (2, streaming.from_memory),
    "first": (3, streaming.first_text),
    "same": (4, streaming.asking_the_same),
    "many": (5, resources.open_streams),
    "delay": (6, streaming.every_token),
    "start": (7, resources.start),
    "processes": (9, scaling.on_processes),
}
"""Parts that can be measured, with the figure's number."""

CURVES: Mapping[str, Callable[[Bench], Curve]] = {
    "growth-answer": growing.by_answer,
    "growth-session": growing.by_session,
    "growth-catalog": growing.by_catalog,
    "growth-streams": growing.by_streams,
}
"""The parts of figure 8."""

QUICK = ("model", "memory", "first", "same", "many", "start")
"""Parts that fit into two minutes."""


def run(bench: Bench, names: Sequence[str]) -> tuple[list[Figure], list[Curve]]:
    """The figures and curves of the parts. A part with a run that was faulty twice counts as missed."""
    figures: list[Figure] = []
    curves: list[Curve] = []
    for name in names:
        began = time.monotonic()
        number, measure = PARTS.get(name, (8, None))
        try:
            if measure is not None:
                figures += measure(bench)
            else:
                curves.append(CURVES[name](bench))
                figures += curves[-1].figures()
        except FaultyRun as fault:
            sys.stderr.write(f"{name}: {fault}\n")
            figures.append(Figure(f"{number} faulty runs ({name})", "", 2, limit=0))
        sys.stderr.write(f"{name}: {time.monotonic() - began:.0f} s\n")
    return figures, curves


def _end(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt  # so that all started processes are stopped


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks")
    parser.add_argument("--quick", action="store_true", help="less of everything, in under two minutes")
    parser.add_argument("--only", nargs="+", choices=[*PARTS, *CURVES], default=[], help="these parts alone")
    parser.add_argument("--sleep-in-publisher", type=float, default=0.0, metavar="MS", help="make ours slow")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, _end)
    described = report.machine()
    with Listener(["-m", "benchmarks.provider"], clean_environment()) as provider:
        bench = Bench(provider.port, options.sleep_in_publisher, options.quick)
        names = options.only or (QUICK if options.quick else (*PARTS, *CURVES))
        figures, curves = run(bench, names)
        models = {"catalogue": None, "hosted": resources.PACE} if "start" in names else {}
        imports = {name: resources.import_costs(ours(bench, model)) for name, model in models.items()}
    sys.stdout.write(report.table(figures, described))
    folder = report.write(figures, curves, described, {"import ms": imports, "slowed_by_ms": bench.sleep_ms})
    sys.stdout.write(f"Written to {folder.relative_to(folder.parents[1])}/\n")
    if any(figure.verdict == "MISSED" for figure in figures):
        sys.exit(1)


if __name__ == "__main__":
    main()
