import numpy as np
import pytest

from analysis.errors import AnalysisError
from analysis.ratings import Ratings

NAN = float("nan")
CODES = {"q1": [5, 4, 3, 9, NAN], "q2": [1, 7, 9, 9, 2]}


def test_codes_are_satisfied_valid_or_outside_of_the_scale():
    ratings = Ratings.from_codes(CODES)
    assert ratings.items == ("q1", "q2")
    assert ratings.satisfied.T.tolist() == [[True, True, False, False, False], [False] * 5]
    assert ratings.valid.T.tolist() == [[True, True, True, False, False], [True, False, False, False, True]]
    assert ratings.outside == {"q1": {9.0: 1}, "q2": {7.0: 1, 9.0: 2}}
    assert repr(ratings) == "Ratings(5 respondents, 2 items, 50.0 % valid)"


def test_another_scale_says_which_codes_are_valid_and_satisfied():
    ratings = Ratings.from_codes({"q1": [1, 2, 9, 0]}, satisfied={2}, valid={1, 2, 9})
    assert ratings.satisfied[:, 0].tolist() == [False, True, False, False]
    assert ratings.valid[:, 0].tolist() == [True, True, True, False]
    assert ratings.outside == {"q1": {0.0: 1}}


def test_yes_and_no_may_be_booleans():
    ratings = Ratings.from_codes({"on time": [True, False]}, satisfied=[1], valid=[0, 1])
    assert ratings.satisfied[:, 0].tolist() == [True, False]


def test_places_finds_the_columns_of_items():
    assert Ratings.from_codes(CODES).places(["q2", "q1"]) == [1, 0]


@pytest.mark.parametrize("names", [["q3"], ["q1", "q1"], []])
def test_unknown_repeated_or_no_items_are_refused(names):
    with pytest.raises(AnalysisError, match="items must be among q1, q2, each once"):
        Ratings.from_codes(CODES).places(names)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"answers": {}}, "answers must name at least one item"),
        ({"answers": {"q1": [1, 2], "q2": [1]}}, r"q2 must have shape \(2,\); got \(1,\)"),
        ({"answers": {"q1": [[1, 2]]}}, r"q1 must have shape \(2,\); got \(1, 2\)"),
        ({"answers": {"q1": ["5", "4"]}}, "q1 must hold numbers, NaN where missing"),
        ({"answers": {"q1": [5, None]}}, "q1 must hold numbers, NaN where missing"),
        ({"answers": {"q1": [5, float("inf")]}}, "q1 must be finite or NaN; got inf"),
        (
            {"answers": {"q1": [5]}, "satisfied": (5, 6)},
            r"satisfied must be among the valid codes; got \[6\]",
        ),
    ],
)
def test_answers_that_are_no_codes_are_refused(arguments, message):
    with pytest.raises(AnalysisError, match=message):
        Ratings.from_codes(**arguments)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"satisfied": [[True], [True]]}, "satisfied must be False where valid is False; got True"),
        ({"satisfied": [[True]]}, r"satisfied must have shape \(2, 1\)"),
        ({"valid": [[1], [0]]}, "valid must hold booleans"),
        (
            {"items": ("q1", "q1"), "valid": np.ones((2, 2), bool), "satisfied": np.ones((2, 2), bool)},
            "items must",
        ),
        ({"items": (), "valid": np.ones((2, 0), bool), "satisfied": np.ones((2, 0), bool)}, "items must"),
    ],
)
def test_flags_that_cannot_be_are_refused(change, message):
    good = {"items": ("q1",), "satisfied": [[True], [False]], "valid": [[True], [False]], "outside": {}}
    with pytest.raises(AnalysisError, match=message):
        Ratings(**(good | change))


def test_flags_may_be_lists_and_become_arrays():
    ratings = Ratings(("q1",), [[True], [False]], [[True], [True]], {})
    assert repr(ratings) == "Ratings(2 respondents, 1 items, 100.0 % valid)"
    assert ratings.satisfied.dtype == ratings.valid.dtype == np.bool_


def test_no_respondent_is_legal():
    assert Ratings.from_codes({"q1": np.empty(0), "q2": np.empty(0)}).valid.shape == (0, 2)
