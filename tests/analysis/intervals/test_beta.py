import math

import pytest
from hypothesis import given, strategies as st
from scipy.special import bdtr, bdtrc

from analysis.intervals.beta import clopper_pearson_interval, jeffreys_interval
from analysis.intervals.student import critical_value

NORMAL = critical_value(0.95, math.inf)


def test_all_of_27_satisfied_leave_the_root_of_two_and_a_half_percent():
    low, high = clopper_pearson_interval(1.0, 27, NORMAL)
    assert low == pytest.approx(0.025 ** (1 / 27), rel=1e-12)
    assert high == 1.0


@given(st.integers(1, 99))
def test_clopper_and_pearson_leave_two_and_a_half_percent_at_either_end(x):
    low, high = map(float, clopper_pearson_interval(x / 100, 100, NORMAL))
    assert bdtrc(x - 1, 100, low) == pytest.approx(0.025, rel=1e-9)
    assert bdtr(x, 100, high) == pytest.approx(0.025, rel=1e-9)


def test_without_answers_jeffreys_interval_would_be_that_of_the_arcsine_law():
    # Beta(1/2, 1/2) has the quantile sin²(pi a / 2).
    low, high = jeffreys_interval(0.5, 1e-9, NORMAL)
    edge = math.sin(math.pi * 0.025 / 2) ** 2
    assert (low, high) == pytest.approx((edge, 1 - edge), rel=1e-6)


@given(st.integers(0, 50))
def test_jeffreys_interval_lies_within_clopper_and_pearsons(x):
    low, high = jeffreys_interval(x / 50, 50, NORMAL)
    outer_low, outer_high = clopper_pearson_interval(x / 50, 50, NORMAL)
    assert outer_low <= low < high <= outer_high


def test_more_answers_than_quantiles_can_tell_apart_still_give_an_interval():
    for interval in (clopper_pearson_interval, jeffreys_interval):
        low, high = interval([0.0, 0.3, 1.0], 1e20, NORMAL)
        assert (high - low > 0).all()
        assert (high - low < 1e-5).all()
