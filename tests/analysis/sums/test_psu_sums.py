import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis import AnalysisError, PsuSums, tally_counts
from tests.analysis.strategies import samples

GOOD = {
    "stratum": [0, 0, 1],
    "psu": [1, 2, 3],
    "n_respondents": [2, 3, 0],
    "n_answers": [[2, 1], [3, 3], [0, 0]],
    "weight_sum": [2.0, 4.0, 0.0],
    "weight_square_sum": [2.0, 6.0, 0.0],
    "numerator": [[1.0, 1.0], [3.0, 4.0], [0.0, 0.0]],
    "denominator": [[2.0, 1.0], [4.0, 4.0], [0.0, 0.0]],
}
COLUMNS = tuple(GOOD)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"psu": [1, 1, 3]}, "psu must have one row each; got 1"),
        ({"psu": [1, 2, 2]}, "psu must lie in one stratum only; got 2"),
        ({"stratum": [0, 0]}, r"numerator must have shape \(2, any\); got \(3, 2\)"),
        ({"n_respondents": [2, -3, 0]}, "n_respondents must not be negative; got -3"),
        ({"n_answers": [[2.5, 1], [3, 3], [0, 0]]}, "n_answers must hold whole numbers"),
        ({"weight_sum": [2.0, float("nan"), 0.0]}, "weight_sum must be finite; got nan"),
        ({"weight_square_sum": [2.0, 5.0, 0.0]}, "weight_square_sum must be at least weight_sum² / n_respon"),
        ({"numerator": [[2.5, 1.0], [3.0, 4.0], [0.0, 0.0]]}, "numerator must not exceed denominator; got 2"),
        ({"numerator": [1.0, 3.0, 0.0]}, r"numerator must have shape \(3, any\); got \(3,\)"),
        ({"numerator": np.empty((3, 0))}, "numerator must have at least one measure"),
        ({"denominator": [[2.0, 1.0], [4.0, 4.0], [1.0, 0.0]]}, "denominator must be 0 where n_answers or"),
    ],
)
def test_sums_that_cannot_be_are_refused(change, message):
    with pytest.raises(AnalysisError, match=message):
        PsuSums(**(GOOD | change))


def test_rounding_does_not_make_a_full_score_illegal():
    third = 0.1 + 0.2  # just above 0.3
    sums = PsuSums([0], [1], [1], [[1]], [0.3], [0.09], [[third]], [[0.3]])
    assert sums.numerator[0, 0] == third


def test_sums_are_read_only_and_leave_the_arrays_of_the_caller_alone():
    mine = np.array([2, 3, 0])
    sums = PsuSums(**(GOOD | {"n_respondents": mine}))
    mine[0] = 7
    assert sums.n_respondents[0] == 2
    with pytest.raises(ValueError, match="read-only"):
        sums.n_respondents[0] = 9


def test_measures_are_sums_of_items():
    both = PsuSums(**GOOD).collapse([[0, 1], [1]])
    assert both.numerator.tolist() == [[2.0, 1.0], [7.0, 4.0], [0.0, 0.0]]
    assert both.denominator.tolist() == [[3.0, 1.0], [8.0, 4.0], [0.0, 0.0]]
    assert both.n_answers.tolist() == [[3, 1], [6, 3], [0, 0]]


@pytest.mark.parametrize("groups", [[[0, 0]], [[]], [[0], [2]], [[-1]], []])
def test_a_measure_without_items_or_of_unknown_ones_is_refused(groups):
    with pytest.raises(AnalysisError, match=r"groups must|numerator must"):
        PsuSums(**GOOD).collapse(groups)


def test_parts_with_other_measures_do_not_merge():
    with pytest.raises(AnalysisError, match="others must have 2 measures; got 1"):
        PsuSums(**GOOD).merge(tally_counts([0], [1], [1], [[1]], [[1]]))


def test_parts_that_place_a_psu_in_two_strata_do_not_merge():
    with pytest.raises(AnalysisError, match="psu must lie in one stratum only"):
        PsuSums(**GOOD).merge(tally_counts([4], [1], [1], [[1, 1]], [[1, 1]]))


@given(samples(), st.lists(st.integers(0, 2), min_size=40, max_size=40))
def test_parts_merge_to_the_whole_in_any_order(sample, parts):
    part = np.array(parts[: len(sample.psu)], dtype=int)
    first, second, third = (sample.take(part == k).tally() for k in range(3))
    whole = sample.tally()
    for merged in (first.merge(second, third), third.merge(first).merge(second)):
        for name in COLUMNS:
            np.testing.assert_allclose(getattr(merged, name), getattr(whole, name), rtol=1e-12, atol=1e-12)


@given(samples(), samples())
def test_merging_two_parts_commutes_to_the_last_bit(one, other):
    there, back = one.tally().merge(other.tally()), other.tally().merge(one.tally())
    for name in COLUMNS:
        np.testing.assert_array_equal(getattr(there, name), getattr(back, name))
