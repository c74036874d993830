import math

import pytest

from analysis import AnalysisError
from analysis.intervals.student import critical_value, t_interval


def test_critical_values_agree_with_r():
    # R 4.2.2: qt(.975, c(1, 5, 212)); qnorm(.975)
    got = critical_value(0.95, [1, 5, 212, math.inf])
    assert got == pytest.approx([12.70620473617, 2.57058183564, 1.97121701255, 1.95996398454], rel=1e-9)


def test_the_t_interval_is_symmetric_and_may_pass_one():
    low, high = t_interval(0.95, 0.03, 5)
    assert (low + high) / 2 == pytest.approx(0.95)
    assert high == pytest.approx(0.95 + 0.03 * 2.570581836, rel=1e-9)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: critical_value(1.0, 5), "level must lie between 0 and 1; got 1.0"),
        (lambda: critical_value(95, 5), "level must lie between 0 and 1; got 95"),
        (lambda: critical_value(0.95, 0), "degrees_of_freedom must be positive; got 0"),
        (lambda: t_interval(0.5, -0.1, 5), "standard_error must not be negative; got -0.1"),
        (lambda: t_interval(math.nan, 0.1, 5), "value must be a number; got nan"),
    ],
)
def test_numbers_out_of_range_are_refused(call, message):
    with pytest.raises(AnalysisError, match=message):
        call()
