import math

import pytest
from hypothesis import given, strategies as st

from analysis.intervals.score import agresti_coull_interval, wilson_interval
from analysis.intervals.student import critical_value

NORMAL = critical_value(0.95, math.inf)


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
    limits = wilson_interval(percent / 100, n, NORMAL)
    assert tuple(f"{100 * float(limit):.3f}" for limit in limits) == (low, high)


def test_27_of_30_lie_between_74_and_97_percent():
    low, high = wilson_interval(27 / 30, 30, NORMAL)
    assert (f"{low:.0%}", f"{high:.0%}") == ("74%", "97%")


def test_wilson_limits_solve_the_score_equation():
    p, n, q = 0.93, 41.5, 2.26
    for limit in map(float, wilson_interval(p, n, q)):
        assert abs(p - limit) == pytest.approx(q * math.sqrt(limit * (1 - limit) / n), rel=1e-12)


def test_agresti_and_coull_add_two_satisfied_and_two_dissatisfied():
    low, high = agresti_coull_interval(8 / 10, 10, 2)
    assert (low, high) == pytest.approx(
        (10 / 14 - 2 * (40 / 14**3) ** 0.5, 10 / 14 + 2 * (40 / 14**3) ** 0.5)
    )


def test_at_one_half_agresti_and_coull_agree_with_wilson():
    assert agresti_coull_interval(0.5, 40, 1.96) == pytest.approx(wilson_interval(0.5, 40, 1.96), rel=1e-14)


@given(st.floats(0, 1), st.floats(0.1, 1e6), st.floats(0.1, 5))
def test_agresti_and_coull_lie_around_wilson(p, n, q):
    inner_low, inner_high = wilson_interval(p, n, q)
    low, high = agresti_coull_interval(p, n, q)
    assert low <= inner_low + 1e-12
    assert high >= inner_high - 1e-12
