import math

import numpy as np
import pytest
from hypothesis import given, strategies as st

from analysis import AnalysisError
from analysis.comparison.multiplicity import adjust_p_values
from tests.analysis.reference_data import read_rows

METHODS = ["holm", "hochberg", "bonferroni", "benjamini_hochberg", "benjamini_yekutieli", "none"]
NAMES_IN_R = {"benjamini_hochberg": "BH", "benjamini_yekutieli": "BY"}
ROWS = read_rows("methods/expected_p_adjust.csv")

p_values = st.lists(st.floats(0, 1), min_size=1, max_size=12)


@pytest.mark.parametrize("method", METHODS[:-1])
@pytest.mark.parametrize("row", range(len(ROWS)))
def test_adjusted_p_values_are_those_of_r(method, row):
    adjusted = adjust_p_values([float(r["p"]) for r in ROWS], method)
    assert adjusted[row] == pytest.approx(float(ROWS[row][NAMES_IN_R.get(method, method)]), rel=1e-8)


@pytest.mark.parametrize(
    ("method", "expected"),
    [
        ("bonferroni", [0.03, 0.12, 0.09]),
        ("holm", [0.03, 0.06, 0.06]),
        ("hochberg", [0.03, 0.04, 0.04]),
        ("benjamini_hochberg", [0.03, 0.04, 0.04]),
        ("benjamini_yekutieli", [0.055, 0.04 * 11 / 6, 0.04 * 11 / 6]),
        ("none", [0.01, 0.04, 0.03]),
    ],
)
def test_three_p_values_adjusted_by_hand(method, expected):
    assert adjust_p_values([0.01, 0.04, 0.03], method) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("method", METHODS)
def test_a_test_not_done_stays_so_and_does_not_count(method):
    whole = adjust_p_values([0.01, 0.04, 0.03], method)
    with_gap = adjust_p_values([0.01, math.nan, 0.04, 0.03], method)
    assert math.isnan(with_gap[1])
    assert with_gap[[0, 2, 3]].tolist() == whole.tolist()


@pytest.mark.parametrize("method", METHODS)
def test_no_tests_and_one_test_need_no_adjustment(method):
    assert adjust_p_values([], method).size == 0
    assert adjust_p_values([0.3], method) == pytest.approx([0.3])


@given(p_values, st.sampled_from(METHODS), st.randoms(use_true_random=False))
def test_the_order_of_tests_changes_nothing(p, method, random):
    order = list(range(len(p)))
    random.shuffle(order)
    shuffled = adjust_p_values(np.array(p)[order], method)
    assert shuffled == pytest.approx(adjust_p_values(p, method)[order], rel=1e-12)


@given(p_values)
def test_adjusting_never_lowers_and_the_methods_keep_their_order(p):
    found = {method: adjust_p_values(p, method) for method in METHODS}
    slack = 1 + 1e-12
    for gentler, stricter in (
        ("none", "benjamini_hochberg"),
        ("benjamini_hochberg", "hochberg"),
        ("hochberg", "holm"),
        ("holm", "bonferroni"),
        ("benjamini_hochberg", "benjamini_yekutieli"),
    ):
        assert np.all(found[gentler] <= found[stricter] * slack)
    assert max(values.max() for values in found.values()) <= 1


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: adjust_p_values([0.1, 1.2]), r"p_value must lie in \[0, 1\]; got 1.2"),
        (lambda: adjust_p_values([-0.1]), r"p_value must lie in \[0, 1\]; got -0.1"),
        (lambda: adjust_p_values([[0.1]]), r"p_value must have shape \(any,\); got \(1, 1\)"),
        (lambda: adjust_p_values(["small"]), "p_value must hold numbers"),
        (lambda: adjust_p_values([0.1], "BH"), "method must be one of benjamini_hochberg, .*; got 'BH'"),
    ],
)
def test_what_is_no_p_value_is_refused(call, message):
    with pytest.raises(AnalysisError, match=message):
        call()
