import math

import pytest

from analysis.intervals.beta import clopper_pearson_interval
from analysis.intervals.transformed import arcsine_interval, likelihood_interval, logit_interval


def test_logit_limits_have_odds_in_proportion():
    low, high = map(float, logit_interval(0.9, 30, 1.96))
    half = math.log(9) - math.log(low / (1 - low))
    assert half == pytest.approx(1.96 / math.sqrt(30 * 0.9 * 0.1), rel=1e-12)
    assert math.log(high / (1 - high)) - math.log(9) == pytest.approx(half, rel=1e-12)


def test_without_log_odds_the_limits_are_clopper_and_pearsons():
    assert logit_interval(1.0, 27, 1.96) == clopper_pearson_interval(1.0, 27, 1.96)
    assert logit_interval(0.0, 27, 1.96) == clopper_pearson_interval(0.0, 27, 1.96)


def test_a_share_next_to_one_of_very_few_answers_leaves_everything_open():
    low, high = logit_interval(1 - 1e-12, 0.1, 1.96)
    assert (low, high) == (0, 1)


def test_the_angle_does_not_turn_back():
    low, high = arcsine_interval([0.99, 1.0], 10, 1.96)
    assert high.tolist() == [1.0, 1.0]
    assert low[1] == pytest.approx(math.cos(0.98 / math.sqrt(10)) ** 2, rel=1e-12)


def test_likelihood_limits_lose_two_log_units():
    low, high = map(float, likelihood_interval(0.9, 30, 2.0))

    def log_likelihood(pi):
        return 27 * math.log(pi) + 3 * math.log(1 - pi)

    for limit in (low, high):
        assert log_likelihood(0.9) - log_likelihood(limit) == pytest.approx(2.0, rel=1e-9)


def test_where_all_are_satisfied_the_likelihood_is_a_power():
    low, high = likelihood_interval(1.0, 27, 1.96)
    assert low == pytest.approx(math.exp(-(1.96**2) / 54), rel=1e-12)
    assert high == 1.0
