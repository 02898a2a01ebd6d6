"""The figures of a process for /metrics."""

from dataclasses import replace
from typing import Any

import pytest

from chatbot.generation.measurements import BOUNDS, Histogram, Measurements, attempts
from chatbot.generation.rows import Result
from chatbot.models import Enforcement, Outcome, Purpose

FAILED = {"source": "openai:a", "error": "gone"}
CATALOG = {"source": "catalog", "error": ""}


def _result(*tried: dict[str, Any], **more: Any) -> Result:
    result = Result(
        outcome=Outcome.COMPLETED,
        answer=None,
        error="",
        source=tried[-1]["source"],
        tried=list(tried),
        enforcement=Enforcement.AS_IT_CAME,
        mends={},
        tokens_in=None,
        tokens_out=None,
        raw="",
        first_token_ms=300,
        duration_ms=2500,
    )
    return replace(result, **more)


def test_an_outage_counts_for_the_model_and_not_for_who_replaces_it() -> None:
    measured = Measurements()
    for _number in range(4):
        measured.note(_result(FAILED, CATALOG), Purpose.PUBLIC)
    assert dict(measured.attempts) == {("openai:a", "failed"): 4, ("catalog", "completed"): 4}
    assert dict(measured.fallbacks) == {("openai:a", "catalog"): 4}
    assert list(measured.first_token) == ["catalog"]


@pytest.mark.parametrize("purpose", [Purpose.TRIAL, Purpose.CHECK])
def test_trials_and_checks_are_not_counted(purpose: Purpose) -> None:
    measured = Measurements()
    measured.note(_result(FAILED, CATALOG), purpose)
    assert not measured.attempts
    assert not measured.first_token


def test_what_a_person_stopped_says_nothing_of_the_model() -> None:
    measured = Measurements()
    measured.note(_result({"source": "openai:a", "error": ""}, outcome=Outcome.STOPPED), Purpose.PUBLIC)
    assert not measured.attempts
    assert list(attempts([FAILED, CATALOG], ended=False)) == [("openai:a", "failed")]


def test_who_only_filled_up_made_no_attempt() -> None:
    assert list(attempts([FAILED, {**CATALOG, "challenges": [3]}])) == [("openai:a", "failed")]


def test_buckets_count_all_values_up_to_their_bound() -> None:
    times = Histogram()
    for seconds in (0.05, 0.1, 0.3, 100.0):
        times.add(seconds)
    buckets = dict(times.buckets())
    assert (buckets["0.1"], buckets["0.25"], buckets["0.5"], buckets["60.0"], buckets["+Inf"]) == (2, 2, 3, 3, 4)
    assert len(buckets) == len(BOUNDS) + 1
    assert times.sum == pytest.approx(100.45)
