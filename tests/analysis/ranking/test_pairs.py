import numpy as np
import pytest

from analysis.ranking.pairs import PairRule, SharedErrors

ESTIMATE, SCALE = np.array([90.0, 84.0, 84.0]), np.array([3.0, 4.0, 0.0])
ONES = np.ones(3)


def test_scales_combine_as_intervals_or_as_an_interval_of_the_difference():
    first, second = np.array([0, 0, 2]), np.array([1, 2, 2])
    assert PairRule(ESTIMATE, SCALE, True, None, ONES).distance(first, second).tolist() == [7, 3, 0]
    assert PairRule(ESTIMATE, SCALE, False, None, ONES).distance(first, second).tolist() == [5, 3, 0]


def test_a_covariance_takes_its_part_and_leaves_no_rounding_behind():
    covariance = np.array([[9.0, 6.0, 0.0], [6.0, 16.0, 0.0], [0.0, 0.0, 0.0]])
    shared = SharedErrors(covariance, SCALE, ONES)
    rule = PairRule(ESTIMATE, SCALE, False, shared, ONES)
    assert rule.distance(np.array([0]), np.array([1])) == pytest.approx([np.sqrt(9 + 16 - 12)])
    scale = np.array([0.1, 0.1, 0.3])
    one = PairRule(ESTIMATE, scale, False, SharedErrors(np.full((3, 3), 0.1 * 0.1), scale, ONES), ONES)
    assert one.distance(np.array([0]), np.array([1])).tolist() == [0]


def test_pairs_that_share_much_are_named_and_the_others_bounded():
    covariance = np.array([[9.0, 7.2, 0.0], [7.2, 16.0, -4.0], [0.0, -4.0, 4.0]])
    scale = np.array([3.0, 4.0, 2.0])
    rule = PairRule(ESTIMATE, scale, False, SharedErrors(covariance, scale, ONES), ONES)
    first, second = rule.close_pairs
    assert (first.tolist(), second.tolist()) == ([0, 1], [1, 0])  # 7.2 of 3 · 4
    assert rule.distance(first, second) == pytest.approx([np.sqrt(9 + 16 - 14.4)] * 2)
    assert rule.least_share == 1.0  # the others share nothing, or less than nothing
    rule = PairRule(ESTIMATE, scale, False, SharedErrors(covariance / 2, scale, ONES), ONES)
    assert rule.close_pairs[0].size == 0
    assert rule.least_share == pytest.approx(1 - 3.6 / 12)


def test_each_office_is_counted_by_its_own_critical_value():
    rule = PairRule(ESTIMATE, SCALE, False, None, np.array([1.0, 1.3, 3.0]))
    higher, lower = rule.count_shown()
    # 90 - 84 = 6 against 5 · 1.0, 5 · 1.3, 3 · 1.0 and 3 · 3.0
    assert lower.tolist() == [2, 0, 0]
    assert higher.tolist() == [0, 0, 0]
    assert rule.shown_higher(np.array([0, 0, 1]), np.array([1, 2, 0])).tolist() == [True, True, False]


def test_blocks_of_a_large_table_leave_nobody_out():
    estimate = np.arange(1300.0)
    higher, lower = PairRule(estimate, np.full(1300, 0.1), False, None, np.ones(1300)).count_shown()
    assert lower.tolist() == estimate.tolist()
    assert higher.tolist() == estimate[::-1].tolist()
