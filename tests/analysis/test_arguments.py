import numpy as np
import pytest

from analysis import AnalysisError
from analysis.arguments import (
    as_booleans,
    as_integers,
    as_labels,
    as_measurements,
    as_numbers,
    as_reals,
    require,
    require_choice,
)


@pytest.mark.parametrize(
    ("check", "value", "shape", "message"),
    [
        (as_integers, [1.5], (None,), "x must hold whole numbers; got 'float64'"),
        (as_integers, [[1]], (None,), r"x must have shape \(any,\); got \(1, 1\)"),
        (as_integers, [1, 2], (3,), r"x must have shape \(3,\); got \(2,\)"),
        (as_reals, [1.0, float("nan")], (None,), "x must be finite; got nan"),
        (as_reals, ["a"], (None,), "x must hold numbers; got 'str32'"),
        (as_reals, [[1], [1, 2]], (2, None), "x must be a rectangular array"),
        (as_booleans, [0, 1], (None,), "x must hold booleans; got 'int64'"),
    ],
)
def test_what_does_not_fit_is_refused_by_name_rule_and_value(check, value, shape, message):
    with pytest.raises(AnalysisError, match=message):
        check("x", value, shape)


@pytest.mark.parametrize("value", ["a", None, float("nan"), [[1], [1, 2]]])
def test_what_is_no_number_is_refused(value):
    with pytest.raises(AnalysisError, match="x must"):
        as_numbers("x", value)


def test_whole_numbers_beyond_64_bits_are_refused_not_wrapped():
    with pytest.raises(AnalysisError, match="x must"):
        as_integers("x", np.array([2**63], dtype=np.uint64), (None,))


def test_a_checked_array_is_a_copy():
    mine = np.array([1.0, 2.0])
    as_reals("x", mine, (2,))[0] = 7.0
    assert mine[0] == 1.0


def test_measurements_are_numbers_with_gaps():
    assert as_measurements("x", [True, False], 2).tolist() == [1.0, 0.0]
    assert np.isnan(as_measurements("x", [1.0, float("nan")], 2)).tolist() == [False, True]


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ([1.0, float("inf")], "x must be finite or NaN; got inf"),
        ([1.0, None], "x must hold numbers, NaN where missing; got 'object'"),
        (["1", "2"], "x must hold numbers, NaN where missing; got 'str32'"),
        ([1.0], r"x must have shape \(2,\); got \(1,\)"),
    ],
)
def test_what_is_no_measurement_is_refused(value, message):
    with pytest.raises(AnalysisError, match=message):
        as_measurements("x", value, 2)


@pytest.mark.parametrize("labels", [[3, 1], [True, False], [2.5, 1.0], ["b", "a"]])
def test_labels_stay_what_they_are(labels):
    assert as_labels("x", labels, 2).tolist() == labels


def test_labels_of_objects_become_texts_in_the_composed_form():
    labels = np.array(["Hue\N{COMBINING CIRCUMFLEX ACCENT}\N{COMBINING ACUTE ACCENT}", "Huế"], dtype=object)
    assert as_labels("x", labels, 2).tolist() == ["Huế", "Huế"]


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ([1.0, float("nan")], "x must not be NaN; got nan"),
        (["a", "b", "c"], r"x must have shape \(2,\); got \(3,\)"),
        ("ab", r"x must have shape \(2,\); got \(\)"),
        ([b"a", b"b"], "x must"),
        (np.array(["2025-01-01", "2026-01-01"], dtype="M8[D]"), "x must"),
        (np.array(["a", None], dtype=object), "x must"),
        (np.array(["a", float("nan")], dtype=object), "x must"),
        (["a", float("nan")], "x must"),
    ],
)
def test_what_labels_nothing_is_refused(labels, message):
    with pytest.raises(AnalysisError, match=message):
        as_labels("x", labels, 2)


def test_an_empty_list_fits_every_kind():
    assert as_integers("x", [], (None,)).dtype == np.int64
    assert as_booleans("x", np.empty((0, 2)), (0, None)).shape == (0, 2)
    assert as_labels("x", [], 0).size == as_measurements("x", [], 0).size == 0


def test_a_broken_rule_names_the_first_offender():
    with pytest.raises(AnalysisError, match="x must be small; got 7"):
        require(np.array([True, False, False]), "x", "be small", np.array([1, 7, 8]))


def test_an_unknown_option_names_the_known_ones():
    with pytest.raises(AnalysisError, match="method must be one of t, wilson; got 'wald'"):
        require_choice("method", "wald", ("wilson", "t"))


@pytest.mark.parametrize(
    "labels", [[2**63, 2**63 + 1, -1], np.array([1e16, 1e16 + 2, 0.0]), ["x", "x\0", "y"]]
)
def test_labels_that_numpy_cannot_tell_apart_are_refused(labels):
    with pytest.raises(AnalysisError, match="x must"):
        as_labels("x", labels, 3)


def test_masked_values_are_not_read_as_if_they_were_none():
    masked = np.ma.array([1.0, 2.0, 999.0], mask=[0, 0, 1])
    for check in (lambda: as_measurements("x", masked, 3), lambda: as_reals("x", masked, (3,))):
        with pytest.raises(AnalysisError, match="x must be no masked array"):
            check()
    assert as_measurements("x", np.ma.array([1.0, 2.0]), 2).tolist() == [1.0, 2.0]
