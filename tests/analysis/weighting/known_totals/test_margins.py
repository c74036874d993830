import numpy as np
import pytest

from analysis.errors import AnalysisError
from analysis.weighting.known_totals.calibrate import calibrate
from analysis.weighting.known_totals.margins import margin_columns

LABELS = {"sex": ["F", "M", "M", "F", "F"], "age": np.array([1, 2, 3, 1, 2])}
TOTALS = {"sex": {"F": 60, "M": 40}, "age": {1: 50, 2: 30, 3: 20}}


def test_each_level_but_the_first_gets_a_column():
    columns, totals = margin_columns(np.ones(5), LABELS, TOTALS)
    assert columns.tolist() == [[1, 0, 0, 0], [1, 1, 1, 0], [1, 1, 0, 1], [1, 0, 0, 0], [1, 0, 1, 0]]
    assert totals == {"N": 100, "sex=M": 40, "age=2": 30, "age=3": 20}


def test_calibrating_on_them_meets_all_levels():
    weight = calibrate(np.ones(5), *margin_columns(np.ones(5), LABELS, TOTALS), "raking").weight
    assert weight == pytest.approx([25, 20, 20, 25, 10])


def test_a_missing_level_may_get_a_column_of_its_own():
    labels = {"sex": ["F", "M", None, "F"]}
    columns, totals = margin_columns(np.ones(4), labels, {"sex": TOTALS["sex"]}, missing="own_level")
    assert columns[:, 2].tolist() == [0, 0, 1, 0]
    assert totals == {"N": 100, "sex=M": 30, "sex=(missing)": 25}


def test_margins_that_disagree_are_refused():
    with pytest.raises(AnalysisError, match="totals must add up to the same sum"):
        margin_columns(np.ones(5), LABELS, {**TOTALS, "sex": {"F": 60, "M": 41}})


def test_a_masked_label_is_a_missing_one():
    masked = {"sex": np.ma.array(["F", "M", "F", "M"], mask=[False, False, False, True])}
    listed = {"sex": ["F", "M", "F", None]}
    totals = {"sex": TOTALS["sex"]}
    with pytest.raises(AnalysisError, match="have a level in every row of positive weight"):
        margin_columns(np.ones(4), masked, totals)
    columns, names = margin_columns(np.ones(4), masked, totals, missing="own_level")
    expected, same_names = margin_columns(np.ones(4), listed, totals, missing="own_level")
    assert (columns.tolist(), names) == (expected.tolist(), same_names)
