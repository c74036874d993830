import numpy as np
import pytest

from analysis import AnalysisError
from analysis.arguments import as_booleans, as_integers, as_numbers, as_reals, require, require_choice


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


def test_an_empty_list_fits_every_kind():
    assert as_integers("x", [], (None,)).dtype == np.int64
    assert as_booleans("x", np.empty((0, 2)), (0, None)).shape == (0, 2)


def test_a_broken_rule_names_the_first_offender():
    with pytest.raises(AnalysisError, match="x must be small; got 7"):
        require(np.array([True, False, False]), "x", "be small", np.array([1, 7, 8]))


def test_an_unknown_option_names_the_known_ones():
    with pytest.raises(AnalysisError, match="method must be one of t, wilson; got 'wald'"):
        require_choice("method", "wald", ("wilson", "t"))
