"""``python -m benchmarks``: everything that ``make bench`` measures, as one table; see docs/performance.md.

Stops with status 1 when an expectation is missed. ``--only NAME …`` measures parts; ``--sleep-in-publisher MS`` starts
ours with a sleep before each event, which the table must show.
"""

import argparse
import signal
import sys
import time
from collections.abc import Callable, Mapping
from types import FrameType

from benchmarks import machine, report
from benchmarks.figures import Figure
from benchmarks.load import FaultyRun
from benchmarks.measurements import arriving, growing, many, starting, streaming
from benchmarks.measurements.growing import Curve
from benchmarks.processes import Listener, clean_environment
from benchmarks.servers import Bench, ours

PARTS: Mapping[str, Callable[[Bench], list[Figure]]] = {
    "model": streaming.through_the_model,
    "memory": streaming.from_memory,
    "first": arriving.first_text,
    "same": streaming.asking_the_same,
    "many": many.open_streams,
    "delay": arriving.every_token,
    "start": starting.start,
}
CURVES: Mapping[str, Callable[[Bench], Curve]] = {
    "growth-answer": growing.by_answer,
    "growth-session": growing.by_session,
    "growth-catalogue": growing.by_catalogue,
    "growth-streams": growing.by_streams,
}


def run(bench: Bench, only: list[str]) -> tuple[list[Figure], list[Curve]]:
    """The figures and curves of the parts. A part whose runs were faulty is told as such, and missed."""
    figures: list[Figure] = []
    curves: list[Curve] = []
    for name in (*PARTS, *CURVES):
        if only and name not in only:
            continue
        began = time.monotonic()
        try:
            if name in PARTS:
                figures += PARTS[name](bench)
            else:
                curve = CURVES[name](bench)
                curves.append(curve)
                figures += curve.figures()
        except FaultyRun as fault:
            sys.stderr.write(f"{name}: {fault}\n")
            number = {"model": 1, "memory": 2, "first": 3, "same": 4, "many": 5, "delay": 6, "start": 7}.get(name, 8)
            figures.append(Figure(f"{number} faulty runs ({name})", "", 2, limit=0))
        sys.stderr.write(f"{name}: {time.monotonic() - began:.0f} s\n")
    return figures, curves


def _end(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt  # so that what was started is stopped on the way out


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks")
    parser.add_argument("--quick", action="store_true", help="less of everything, in under two minutes")
    parser.add_argument("--only", nargs="+", choices=[*PARTS, *CURVES], default=[], help="these parts alone")
    parser.add_argument("--sleep-in-publisher", type=float, default=0.0, metavar="MS", help="make ours slow")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, _end)
    described = machine.describe()
    with Listener(["-m", "benchmarks.provider"], clean_environment()) as provider:
        bench = Bench(provider.port, options.sleep_in_publisher, options.quick)
        only = options.only or (QUICK if options.quick else [])
        figures, curves = run(bench, only)
        imports = starting.import_costs(ours(bench, starting.PACE)) if not only or "start" in only else {}
    sys.stdout.write(report.table(figures, described))
    folder = report.write(figures, curves, described, {"imports": imports, "slowed_by_ms": bench.sleep_ms})
    sys.stdout.write(f"Written to {folder.relative_to(folder.parents[1])}/\n")
    if any(figure.verdict == "MISSED" for figure in figures):
        sys.exit(1)


QUICK = ["model", "memory", "first", "same", "many", "start"]

if __name__ == "__main__":
    main()
