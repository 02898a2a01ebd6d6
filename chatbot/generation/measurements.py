"""Figures of this process since it started, for ``/metrics``: attempts of models, fallbacks, times, refused requests.

Only what people asked for counts: trials and checks of the studio do not.
"""

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

from chatbot.generation.rows import Result
from chatbot.models import Outcome, Purpose

BOUNDS = (0.1, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 15.0, 30.0, 60.0)
"""The upper bounds of a histogram's buckets, in seconds."""


class Histogram:
    """How many values are within each bound."""

    def __init__(self) -> None:
        self.sum = 0.0
        self._counts = [0] * (len(BOUNDS) + 1)

    def add(self, seconds: float) -> None:
        self.sum += seconds
        self._counts[bisect_left(BOUNDS, seconds)] += 1

    def buckets(self) -> Iterator[tuple[str, int]]:
        """Each bound with the number of values up to it, as Prometheus wants them."""
        total = 0
        for bound, count in zip((*map(str, BOUNDS), "+Inf"), self._counts, strict=True):
            total += count
            yield bound, total


class Measurements:
    """Of one event loop, which alone writes it."""

    def __init__(self) -> None:
        self.attempts: Counter[tuple[str, str]] = Counter()  # by provider and by result: "completed", "failed"
        self.fallbacks: Counter[tuple[str, str]] = Counter()  # by the provider that was asked first, and who wrote
        self.first_token: defaultdict[str, Histogram] = defaultdict(Histogram)  # by the provider that wrote
        self.duration: defaultdict[str, Histogram] = defaultdict(Histogram)
        self.refused: Counter[int] = Counter()  # by the status that the client was told

    def note(self, result: Result, purpose: Purpose) -> None:
        """Counts a generation that ended."""
        if purpose is not Purpose.PUBLIC:
            return
        for provider, attempt in attempts(result.tried, ended=result.outcome not in _ENDED_BY_OTHERS):
            self.attempts[provider, attempt] += 1
        if result.tried and result.tried[0]["source"] != result.source:
            self.fallbacks[result.tried[0]["source"], result.source] += 1
        if result.first_token_ms is not None:
            self.first_token[result.source].add(result.first_token_ms / 1000)
        if result.outcome is Outcome.COMPLETED:
            self.duration[result.source].add(result.duration_ms / 1000)


_ENDED_BY_OTHERS = {Outcome.STOPPED, Outcome.ABANDONED, Outcome.INTERRUPTED}


def attempts(tried: Sequence[dict[str, Any]], *, ended: bool = True) -> Iterator[tuple[str, str]]:
    """Each provider that was asked, with its result. The last attempt of a generation that did not come to its own end
    says nothing about the provider. One that only filled up was no attempt."""
    for place, entry in enumerate(tried):
        if entry["error"]:
            yield entry["source"], "failed"
        elif not entry.get("challenges") and (ended or place < len(tried) - 1):
            yield entry["source"], "completed"
