import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis import AnalysisError, critical_value, t_interval, wilson_effective, wilson_interval

PROPORTIONS = st.just(0.0) | st.just(1.0) | st.floats(0, 1)
SIZES = st.floats(0.1, 1e7)
LEVELS = st.floats(0.01, 0.999)


@pytest.mark.parametrize(
    ("percent", "n", "low", "high"),
    [
        (84.45, 35_268, "84.068", "84.824"),
        (83.94, 36_525, "83.560", "84.313"),
        (100 * 29_784 / 35_268, 35_268, "84.069", "84.825"),  # the nearest whole count to 84.45 %
        (100, 27, "87.544", "100.000"),
    ],
)
def test_published_shares_have_these_limits_under_simple_random_sampling(percent, n, low, high):
    limits = wilson_effective(percent / 100, n, math.inf)
    assert tuple(f"{100 * float(limit):.3f}" for limit in limits) == (low, high)


def test_27_of_30_lie_between_74_and_97_percent():
    low, high = wilson_effective(27 / 30, 30, math.inf)
    assert (f"{low:.0%}", f"{high:.0%}") == ("74%", "97%")


def test_wilson_limits_solve_the_score_equation():
    p, n, q = 0.93, 41.5, 2.26
    for limit in map(float, wilson_interval(p, n, q)):
        assert abs(p - limit) == pytest.approx(q * math.sqrt(limit * (1 - limit) / n), rel=1e-12)


def test_critical_values_agree_with_r():
    # R 4.2.2: qt(.975, c(1, 5, 212)); qnorm(.975)
    got = critical_value(0.95, [1, 5, math.inf])
    assert got == pytest.approx([12.706204736, 2.570581836, 1.959963985], rel=1e-9)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: critical_value(1.0, 5), "level must lie between 0 and 1; got 1.0"),
        (lambda: critical_value(95, 5), "level must lie between 0 and 1; got 95"),
        (lambda: critical_value(0.95, 0), "degrees_of_freedom must be positive; got 0"),
        (lambda: t_interval(0.5, -0.1, 5), "standard_error must not be negative; got -0.1"),
        (lambda: t_interval(math.nan, 0.1, 5), "value must be a number; got nan"),
        (lambda: wilson_interval(1.2, 5, 2), r"proportion must lie in \[0, 1\]; got 1.2"),
        (lambda: wilson_interval(0.5, 0, 2), "n_effective must be positive and finite; got 0"),
        (lambda: wilson_interval(0.5, 5, -2), "quantile must be positive and finite; got -2"),
    ],
)
def test_numbers_out_of_range_are_refused(call, message):
    with pytest.raises(AnalysisError, match=message):
        call()


def test_functions_work_on_whole_tables():
    low, high = wilson_effective(np.full((3, 2), 0.9), 50, [[5], [9], [20]])
    assert low.shape == high.shape == (3, 2)
    assert (np.diff(low[:, 0]) > 0).all()


@given(PROPORTIONS, SIZES, st.integers(1, 500), LEVELS)
def test_wilson_contains_the_estimate_stays_in_range_and_has_width(p, n, freedom, level):
    low, high = wilson_effective(p, n, freedom, level)
    assert 0 <= low <= p <= high <= 1
    assert low < high


@given(PROPORTIONS, SIZES, st.integers(1, 500), LEVELS, LEVELS)
def test_a_higher_level_is_not_narrower(p, n, freedom, one, other):
    low, high = wilson_effective(p, n, freedom, min(one, other))
    wide_low, wide_high = wilson_effective(p, n, freedom, max(one, other))
    assert wide_low <= low + 1e-12
    assert wide_high >= high - 1e-12


@given(PROPORTIONS, SIZES, st.integers(1, 500))
def test_dissatisfied_is_the_mirror_of_satisfied(p, n, freedom):
    low, high = wilson_effective(p, n, freedom)
    mirrored_low, mirrored_high = wilson_effective(1 - p, n, freedom)
    assert 1 - mirrored_high == pytest.approx(low, abs=1e-9)
    assert 1 - mirrored_low == pytest.approx(high, abs=1e-9)
