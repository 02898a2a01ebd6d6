"""Measured figures with their expectations, and the statistics for them."""

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Self


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the table. ``ours`` and ``peers`` are medians in ``unit``; ``peers`` is None where there is no peer.

    ``judged`` is ``ours`` itself (``value``), divided by the peer's (``ratio``), or less the peer's (``difference``).
    It must be at most, or at least, ``limit``. A figure without a limit is only reported. ``spread`` is the range of
    our runs.
    """

    name: str
    unit: str
    ours: float
    peers: float | None = None
    limit: float | None = None
    judged: Literal["value", "ratio", "difference"] = "value"
    bound: Literal["at most", "at least"] = "at most"
    spread: tuple[float, float] | None = None

    @classmethod
    def beside(
        cls,
        name: str,
        unit: str,
        ours: Sequence[float],
        peers: Sequence[float],
        *,
        limit: float | None = None,
        judged: Literal["value", "ratio", "difference"] = "value",
        bound: Literal["at most", "at least"] = "at most",
    ) -> Self:
        """The medians of both sides' runs."""
        return cls(name, unit, median(ours), median(peers), limit, judged, bound, spread(ours))

    @property
    def ratio(self) -> float | None:
        """Ours divided by the peer's."""
        return None if not self.peers else self.ours / self.peers

    @property
    def measured(self) -> float | None:
        """The number that is compared with the limit."""
        if self.judged == "value":
            return self.ours
        if self.judged == "ratio":
            return self.ratio
        return None if self.peers is None else self.ours - self.peers

    @property
    def verdict(self) -> Literal["met", "MISSED", ""]:
        """Whether it is as expected; "" without a limit."""
        measured = self.measured
        if self.limit is None or measured is None:
            return ""
        kept = measured <= self.limit if self.bound == "at most" else measured >= self.limit
        return "met" if kept else "MISSED"


def quantile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least ``share`` of all do not exceed (nearest rank). Raises ValueError without
    values."""
    if not values:
        raise ValueError("no values")
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def median(values: Sequence[float]) -> float:
    return statistics.median(values)


def spread(values: Sequence[float]) -> tuple[float, float]:
    """The least and the greatest."""
    return min(values), max(values)


@dataclass(frozen=True, slots=True)
class Line:
    """A straight line through points by least squares; ``fit`` is the coefficient of determination, 1 on the line."""

    slope: float
    intercept: float
    fit: float


def line_through(xs: Sequence[float], ys: Sequence[float]) -> Line:
    """Raises ValueError for fewer than two different ``xs``."""
    slope, intercept = statistics.linear_regression(xs, ys)
    mean = statistics.fmean(ys)
    total = sum((y - mean) ** 2 for y in ys)
    rest = sum((y - slope * x - intercept) ** 2 for x, y in zip(xs, ys, strict=True))
    return Line(slope, intercept, 1.0 if total == 0 else 1 - rest / total)


def exponent(xs: Sequence[float], ys: Sequence[float]) -> float:
    """The power of x with which y grows, fitted to logarithms: 1 is linear, 0 does not grow. All must be positive."""
    return statistics.linear_regression([math.log(x) for x in xs], [math.log(y) for y in ys]).slope
