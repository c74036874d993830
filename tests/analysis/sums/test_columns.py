import numpy as np
import pytest

from analysis import AnalysisError
from analysis.sums.columns import AnswerCodes, ResponseColumns


def test_kinds_tell_satisfied_valid_and_other_codes_apart():
    kinds = AnswerCodes(satisfied={9, 10}, valid=range(11)).kinds
    assert kinds[:12].tolist() == [1] * 9 + [2, 2, 0]
    assert kinds[255] == 0


@pytest.mark.parametrize(
    ("codes", "message"),
    [
        ({"valid": set()}, "valid must hold codes from 0 to 254, at least one"),
        ({"valid": {1, 255}, "satisfied": {1}}, "valid must hold codes from 0 to 254"),
        ({"valid": {-1, 1}, "satisfied": {1}}, "valid must hold codes from 0 to 254"),
        ({"valid": {1.0, 2}, "satisfied": {1.0}}, "satisfied must hold whole numbers; got 1.0"),
        ({"valid": {1, 2.5}, "satisfied": {1}}, "valid must hold whole numbers; got 2.5"),
        ({"valid": {True}, "satisfied": set()}, "valid must hold whole numbers; got True"),
        ({"valid": {1, "2"}, "satisfied": {1}}, "valid must hold whole numbers; got '2'"),
        ({"valid": {1, 2}, "satisfied": {2, 3}}, r"satisfied must hold valid codes only; got \[3\]"),
    ],
)
def test_codes_that_contradict_each_other_are_refused(codes, message):
    with pytest.raises(AnalysisError, match=message):
        AnswerCodes(**codes)


def test_whole_numbers_of_numpy_are_codes():
    assert AnswerCodes(satisfied={np.int64(2)}, valid=np.uint8([1, 2])) == AnswerCodes({2}, {1, 2})


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"items": {}}, "items must name at least one column"),
        ({"items": {"psu": AnswerCodes()}}, "columns must be named once each"),
        ({"items": {"q1": AnswerCodes()}, "weight": "q1"}, "columns must be named once each"),
    ],
)
def test_a_column_has_one_role(columns, message):
    with pytest.raises(AnalysisError, match=message):
        ResponseColumns("psu", **columns)
