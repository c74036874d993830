import numpy as np
import pytest
from hypothesis import given, strategies as st

from analysis.design import SurveyDesign
from analysis.errors import AnalysisError
from analysis.sums.tally import tally_counts, tally_responses
from tests.analysis.strategies import FEW, samples
from tests.analysis.sums.test_psu_sums import assert_same_sums

# Three wards, the last respondent of weight 0.
DESIGN = SurveyDesign(weight=[2.0, 1.0, 3.0, 0.5, 0.0], stratum=[1, 0, 0, 0, 1], psu=[9, 4, 4, 2, 9])
SATISFIED = [[1, 0], [1, 1], [0, 1], [0, 0], [1, 1]]
VALID = [[1, 1], [1, 1], [1, 1], [0, 1], [1, 1]]


def test_five_respondents_are_added_up_as_by_hand():
    sums = tally_responses(DESIGN, SATISFIED, VALID).condense()
    assert sums.psu.tolist() == [0, 1, 2]  # wards 2, 4 and 9
    assert sums.n_respondents.tolist() == [1, 2, 1]
    assert sums.n_answers.tolist() == [[0, 1], [2, 2], [1, 1]]
    assert sums.weight_sum.tolist() == [0.5, 4.0, 2.0]
    assert sums.weight_square_sum.tolist() == [0.25, 10.0, 4.0]
    assert sums.numerator.tolist() == [[0.0, 0.0], [1.0, 4.0], [2.0, 0.0]]
    assert sums.denominator.tolist() == [[0.0, 0.5], [4.0, 4.0], [2.0, 2.0]]


def test_there_is_one_row_per_respondent_also_of_weight_0():
    sums = tally_responses(DESIGN, SATISFIED, VALID, cell=[0, 1, 0, 1, 0])
    assert sums.psu.tolist() == [2, 1, 1, 0, 2]
    assert sums.cell.tolist() == [0, 1, 0, 1, 0]
    assert sums.n_respondents.tolist() == [1, 1, 1, 1, 0]
    assert sums.n_answers[4].tolist() == [0, 0]


def test_a_variable_and_its_answers_are_told_apart():
    design = SurveyDesign([2.0, 1.0])
    sums = tally_responses(design, [[-3.5], [0.0]], [[10.0], [0.0]], n_answers=[[1], [0]])
    assert sums.numerator.tolist() == [[-7.0], [0.0]]
    assert sums.denominator.tolist() == [[20.0], [0.0]]
    assert sums.n_answers.tolist() == [[1], [0]]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"numerator": [[1]] * 5}, r"numerator must have shape \(5, 2\); got \(5, 1\)"),
        ({"denominator": VALID[:4]}, r"denominator must have shape \(5, any\); got \(4, 2\)"),
        ({"numerator": [[np.nan, 0]] * 5}, "numerator must be finite; got nan"),
        ({"numerator": [[1, 0]] * 5}, "numerator must be 0 where n_answers or weight_sum is 0"),
        ({"denominator": np.array(VALID) * 0.5}, "n_answers must hold whole numbers"),
        ({"n_answers": [[1]] * 5}, r"n_answers must have shape \(5, 2\)"),
        ({"cell": [0, 0]}, r"cell must have shape \(5,\)"),
        ({"cell": [-1, 0, 0, 0, 0]}, "cell must not be negative"),
    ],
)
def test_responses_that_do_not_fit_are_refused(change, message):
    with pytest.raises(AnalysisError, match=message):
        tally_responses(**({"design": DESIGN, "numerator": SATISFIED, "denominator": VALID} | change))


def test_counts_with_a_weight_per_row():
    sums = tally_counts([0, 1], [3, 6], [[3], [5]], [[3], [6]], weight=[1.0, 2.5], cell=[4, 2])
    assert sums.weight_sum.tolist() == [3.0, 15.0]
    assert sums.weight_square_sum.tolist() == [3.0, 37.5]
    assert sums.numerator.tolist() == [[3.0], [12.5]]
    assert sums.denominator.tolist() == [[3.0], [15.0]]
    assert sums.cell.tolist() == [4, 2]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"n_satisfied": [[3]]}, "n_satisfied must not exceed n_valid; got 3"),
        ({"n_satisfied": [[-1]]}, "n_satisfied must not be negative; got -1"),
        ({"n_satisfied": [3]}, r"n_satisfied must have shape \(1, 1\)"),
        ({"n_valid": [[2.0]]}, "n_valid must hold whole numbers"),
        ({"weight": [0.0]}, "weight must be positive; got 0.0"),
        ({"psu": [-1]}, "psu must not be negative; got -1"),
        ({"psu": ["W7"]}, "psu must hold whole numbers"),
        ({"cell": [0, 1]}, r"cell must have shape \(1,\)"),
        ({"n_respondents": [0]}, "must be 0 where n_answers or weight_sum is 0"),
    ],
)
def test_a_bad_count_is_refused(change, message):
    good = {"psu": [1], "n_respondents": [2], "n_satisfied": [[1]], "n_valid": [[2]]}
    with pytest.raises(AnalysisError, match=message):
        tally_counts(**(good | change))


def test_no_count_at_all_gives_no_row():
    sums = tally_counts([], [], np.empty((0, 3), int), np.empty((0, 3), int))
    assert (sums.psu.size, sums.n_columns) == (0, 3)


@FEW
@given(samples())
def test_counts_are_the_sums_of_responses_of_one_weight(sample):
    weight = np.full(len(sample), 2.5)
    responses, ratings = sample.with_weight(weight).tally(), sample.ratings()
    counts = tally_counts(
        sample.design().psu_code,
        np.ones(len(sample), int),
        ratings.satisfied * 1,
        ratings.valid * 1,
        weight=weight,
        cell=(sample.sex == "M") * 1,
    )
    assert_same_sums(responses, counts, rtol=0)


@FEW
@given(samples(), st.randoms(use_true_random=False))
def test_the_order_of_rows_changes_nothing(sample, random):
    rows = list(range(len(sample)))
    random.shuffle(rows)
    assert_same_sums(sample.take(np.array(rows)).tally().condense(), sample.tally().condense())
