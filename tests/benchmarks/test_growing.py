import pytest

from benchmarks.measurements.growing import Curve


def test_a_curve_tells_how_well_a_line_fits() -> None:
    curve = Curve("Length", "tokens", "ms", [100, 200, 400], [12, 22, 42])
    exponent, slope, fit = curve.figures()
    assert (exponent.limit, slope.limit, fit.limit) == (1.15, None, None)
    assert slope.ours == pytest.approx(100)
    assert fit.ours == pytest.approx(1)
