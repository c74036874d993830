import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis import AnalysisError, tally_counts, tally_responses
from tests.analysis.strategies import samples

COLUMNS = (
    "stratum",
    "psu",
    "n_respondents",
    "n_answers",
    "weight_sum",
    "weight_square_sum",
    "numerator",
    "denominator",
)


def assert_same_sums(one, other, rtol=1e-12):
    for name in COLUMNS:
        np.testing.assert_allclose(getattr(one, name), getattr(other, name), rtol=rtol, atol=1e-12)


def test_five_respondents_are_added_up_as_by_hand():
    sums = tally_responses(
        stratum=[1, 0, 0, 0, 1],
        psu=[9, 4, 4, 2, 9],
        weight=[2.0, 1.0, 3.0, 0.5, 0.0],
        satisfied=np.array([[1, 0], [1, 1], [0, 1], [0, 0], [1, 1]], dtype=bool),
        valid=np.array([[1, 1], [1, 1], [1, 1], [0, 1], [1, 1]], dtype=bool),
    )
    assert sums.psu.tolist() == [2, 4, 9]
    assert sums.stratum.tolist() == [0, 0, 1]
    assert sums.n_respondents.tolist() == [1, 2, 1]
    assert sums.n_answers.tolist() == [[0, 1], [2, 2], [1, 1]]
    assert sums.weight_sum.tolist() == [0.5, 4.0, 2.0]
    assert sums.weight_square_sum.tolist() == [0.25, 10.0, 4.0]
    assert sums.numerator.tolist() == [[0.0, 0.0], [1.0, 4.0], [2.0, 0.0]]
    assert sums.denominator.tolist() == [[0.0, 0.5], [4.0, 4.0], [2.0, 2.0]]


def test_a_psu_whose_respondents_weigh_nothing_keeps_its_row():
    sums = tally_responses([0, 0], [1, 2], [1.0, 0.0], [[True], [True]], [[True], [True]])
    assert sums.psu.tolist() == [1, 2]
    assert sums.n_respondents.tolist() == [1, 0]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"weight": [1.0, -1.0]}, "weight must not be negative; got -1.0"),
        ({"weight": [1.0, float("inf")]}, "weight must be finite; got inf"),
        ({"weight": [1.0]}, r"weight must have shape \(2,\); got \(1,\)"),
        ({"valid": [[True], [False]]}, "satisfied must be False where valid is False; got True"),
        ({"satisfied": [[True, True], [True, True]]}, r"satisfied must have shape \(2, 1\)"),
        ({"stratum": [0, 1]}, "psu must lie in one stratum only; got 5"),
        ({"stratum": [-1, -1]}, "stratum must not be negative; got -1"),
        ({"psu": ["a", "b"]}, "psu must hold whole numbers"),
    ],
)
def test_a_bad_row_is_refused(change, message):
    good = {
        "stratum": [0, 0],
        "psu": [5, 5],
        "weight": [1.0, 1.0],
        "satisfied": [[True], [True]],
        "valid": [[True], [True]],
    }
    with pytest.raises(AnalysisError, match=message):
        tally_responses(**(good | change))


@pytest.mark.parametrize(
    ("satisfied", "message"),
    [
        ([[3]], "n_satisfied must not exceed n_valid; got 3"),
        ([[-1]], "n_satisfied must not be negative; got -1"),
        ([3], r"n_satisfied must have shape \(1, 1\)"),
    ],
)
def test_a_bad_count_is_refused(satisfied, message):
    with pytest.raises(AnalysisError, match=message):
        tally_counts([0], [1], [2], satisfied, [[2]])


def test_no_response_at_all_gives_no_row():
    sums = tally_responses([], [], [], np.empty((0, 3), bool), np.empty((0, 3), bool))
    assert (sums.psu.size, sums.n_measures) == (0, 3)


@given(samples())
def test_counts_equal_responses_of_weight_one(sample):
    equal = sample.with_weight(np.ones(len(sample.psu)))
    counted = tally_counts(
        sample.stratum, sample.psu, np.ones(len(sample.psu), int), sample.satisfied * 1, sample.valid * 1
    )
    assert_same_sums(equal.tally(), counted, rtol=0)


@given(samples(), st.randoms(use_true_random=False))
def test_the_order_of_rows_changes_nothing(sample, random):
    rows = list(range(len(sample.psu)))
    random.shuffle(rows)
    assert_same_sums(sample.take(np.array(rows, dtype=int)).tally(), sample.tally())
