"""The results as a table, as JSON and as a plot, with the machine that they come from."""

import json
import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any

import psutil

from benchmarks.figures import Figure, line_through
from benchmarks.measurements.growing import Curve

PACKAGES = ("Django", "daphne", "django-eventstream", "langchain-openai", "fastapi", "sse-starlette", "uvicorn")
RESULTS = Path(__file__).parent / "results"
_HEAD = f"{'':<52} {'ours':>10} {'peer':>10} {'ratio':>7} {'expected':>18}"


def machine() -> dict[str, str]:
    """What matters for the figures: processor, memory, system, Python, versions, and how busy the machine is."""
    load = os.getloadavg()
    return {
        "processor": f"{os.cpu_count()} × {_processor()}",
        "memory": f"{psutil.virtual_memory().total / 2**30:.1f} GiB",
        "system": f"{platform.system()} {platform.release().partition('-')[0]}, {platform.machine()}",
        "python": platform.python_version(),
        "packages": ", ".join(f"{name} {version(name)}" for name in PACKAGES),
        "load before": f"{load[0]:.2f} in the last minute, {load[1]:.2f} in five",
    }


def _processor() -> str:
    """The processor's name, or else the architecture, with the clock where it is known."""
    lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    facts = {key.strip(): value.strip() for key, _, value in (line.partition(":") for line in lines)}
    name = facts.get("model name") or platform.machine()
    return f"{name} at {float(facts['cpu MHz']) / 1000:.1f} GHz" if "cpu MHz" in facts else name


def table(figures: Sequence[Figure], described: Mapping[str, str]) -> str:
    """One line per figure, with its expectation and whether it is met."""
    lines = [f"{key}: {value}" for key, value in described.items()]
    lines += ["", _HEAD, "-" * len(_HEAD)]
    lines += [row(figure) for figure in sorted(figures, key=lambda figure: int(figure.name[0]))]
    missed = sum(figure.verdict == "MISSED" for figure in figures)
    judged = sum(bool(figure.verdict) for figure in figures)
    return "\n".join([*lines, "", f"{judged - missed} of {judged} expectations met"]) + "\n"


def row(figure: Figure) -> str:
    """The figure's line."""
    name = f"{figure.name} ({figure.unit})" if figure.unit else figure.name
    peers = "" if figure.peers is None else _number(figure.peers)
    ratio = "" if figure.ratio is None else f"{figure.ratio:.2f}"
    line = f"{name:<52} {_number(figure.ours):>10} {peers:>10} {ratio:>7} {_expected(figure):>18} {figure.verdict}"
    return line.rstrip()


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1000 or value == int(value) else f"{value:.3g}"


def _expected(figure: Figure) -> str:
    if figure.limit is None:
        return ""
    sign = "≤" if figure.bound == "at most" else "≥"
    match figure.judged:
        case "ratio":
            return f"{sign} {figure.limit:g} × peer"
        case "difference":
            return f"{sign} peer + {figure.limit:g} {figure.unit}"
        case _:
            return f"{sign} {figure.limit:g}"


def write(figures: Sequence[Figure], curves: Sequence[Curve], described: Mapping[str, str], more: Any) -> Path:
    """Writes ``results.json``, ``table.txt`` and ``growth.png``; returns their folder."""
    RESULTS.mkdir(exist_ok=True)
    told = [{**asdict(figure), "ratio": figure.ratio, "verdict": figure.verdict} for figure in figures]
    value = {"machine": described, "figures": told, "curves": [asdict(curve) for curve in curves], **more}
    (RESULTS / "results.json").write_text(json.dumps(value, indent=1, ensure_ascii=False), "utf-8")
    (RESULTS / "table.txt").write_text(table(figures, described), "utf-8")
    if curves:
        plot(curves, RESULTS / "growth.png")
    return RESULTS


def plot(curves: Sequence[Curve], path: Path) -> None:
    """One panel for each curve, on logarithmic axes."""
    # Not at the top: tests of the table run without matplotlib.
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(2, 2, figsize=(10, 7.5), layout="constrained")
    for axis, curve in zip(axes.flat, curves, strict=False):
        axis.plot([max(x, 0.5) for x in curve.xs], curve.ys, "o-", color="#157a55")
        line = line_through(curve.xs, curve.ys)
        axis.set(xscale="log", yscale="log", xlabel=curve.x, ylabel=curve.y)
        axis.set_title(f"{curve.name} (line: R² = {line.fit:.3f})")
        axis.set_ylim(min(curve.ys) / 2, max(curve.ys) * 2)
        axis.grid(visible=True, which="both", alpha=0.25)
    figure.savefig(path, dpi=120)
    pyplot.close(figure)
