import pytest

from benchmarks.figures import Figure, exponent, line_through, quantile
from benchmarks.report import row


def test_quantiles_are_values_that_were_measured() -> None:
    values = [5.0, 1.0, 4.0, 2.0, 3.0]
    assert [quantile(values, share) for share in (0, 0.2, 0.5, 0.99, 1)] == [1, 1, 3, 5, 5]
    with pytest.raises(ValueError, match="no values"):
        quantile([], 0.5)


@pytest.mark.parametrize(
    ("figure", "verdict"),
    [
        (Figure("told", "", 5), ""),
        (Figure("value", "", 5, limit=5), "met"),
        (Figure("value", "", 5.1, limit=5), "MISSED"),
        (Figure("ratio", "", 5, 10, 0.5, "ratio"), "met"),
        (Figure("ratio", "", 6, 10, 0.5, "ratio"), "MISSED"),
        (Figure("at least", "", 20, 10, 2, "ratio", "at least"), "met"),
        (Figure("at least", "", 19, 10, 2, "ratio", "at least"), "MISSED"),
        (Figure("difference", "", 15, 10, 5, "difference"), "met"),
        (Figure("difference", "", 15.1, 10, 5, "difference"), "MISSED"),
    ],
)
def test_a_figure_is_judged_by_its_limit(figure: Figure, verdict: str) -> None:
    assert figure.verdict == verdict
    assert row(figure).endswith(verdict)


def test_a_line_is_fitted() -> None:
    line = line_through([1, 2, 3], [12, 14, 16])
    assert (round(line.slope, 6), round(line.intercept, 6), round(line.fit, 6)) == (2, 10, 1)


def test_the_exponent_tells_how_cost_grows() -> None:
    xs = [10.0, 100.0, 1000.0]
    assert exponent(xs, [3 * x for x in xs]) == pytest.approx(1)
    assert exponent(xs, [3 * x * x for x in xs]) == pytest.approx(2)
    assert exponent(xs, [3.0, 3.0, 3.0]) == pytest.approx(0)
