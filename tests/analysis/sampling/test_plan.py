import math

import pytest

from analysis import AnalysisError
from analysis.sampling.frame import SamplingFrame
from analysis.sampling.plan import Stage, plan_lists

FRAME = SamplingFrame.from_columns(
    ["A1", "A2", "A3", "B1", "B2"], list("XXXYY"), size=[3, 1, 2, 5, 4], order=[2, 2, 1, 9, -3]
)


def test_lists_run_in_implicit_order_and_ties_by_id():
    first, second = plan_lists(Stage(FRAME, {"X": 2, "Y": 1}, "pps_systematic", {"X": 1}), ["X", "Y"])
    assert (first.label, first.rows.tolist(), first.sizes.tolist()) == ("X", [2, 0, 1], [2, 3, 1])
    assert (first.n, first.n_reserve, first.start) == (2, 1, 0.0)
    assert (second.rows.tolist(), second.sizes.tolist()) == ([4, 3], [4, 5])
    assert (second.n, second.n_reserve) == (1, 0)


def test_equal_methods_take_no_notice_of_size():
    (plan,) = plan_lists(Stage(FRAME, 1, "systematic"), ["X"])
    assert plan.sizes.tolist() == [1, 1, 1]


def test_one_number_stands_for_all_strata():
    plans = plan_lists(Stage(FRAME, 1, reserve=1, start=0.25), ["X", "Y"])
    assert [(plan.n, plan.n_reserve, plan.start) for plan in plans] == [(1, 1, 0.25)] * 2


def test_names_of_strata_are_normalised():
    frame = SamplingFrame.from_columns(["A", "B"], ["Ấp 1", "Ấp 1"])
    assert plan_lists(Stage(frame, {"A\u0302\u0301p 1": 2}), ["Ấp 1"])[0].n == 2


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"n": 3}, "n must not exceed, with the reserve, the 2 units of stratum 'Y'; got 3"),
        ({"n": 2, "reserve": 1}, "n must not exceed, with the reserve, the 2 units of stratum 'Y'; got 3"),
        ({"n": {"X": 1, "Z": 1}}, "n must name strata that have units in the frame; got 'Z'"),
        ({"n": 1, "reserve": {"Z": 1}}, "reserve must name strata that have units in the frame; got 'Z'"),
        ({"n": 1, "start": {"Z": 0.5}}, "start must name strata that have units in the frame; got 'Z'"),
        ({"n": 0}, "n must be a whole number of at least 1; got 0"),
        ({"n": {"X": 1, "Y": 0}}, "n must be a whole number of at least 1; got 0"),
        ({"n": -1}, "n must be a whole number of at least 1; got -1"),
        ({"n": math.nan}, "n must be a whole number; got nan"),
        ({"n": 1.0}, "n must be a whole number; got 1.0"),
        ({"n": 1, "reserve": -1}, "reserve must be a whole number of at least 0; got -1"),
        ({"n": 1, "start": 1.0}, "start must be at least 0 and below 1; got 1.0"),
        ({"n": 1, "start": math.nan}, "start must be a finite number; got nan"),
        ({"n": 1, "start": 0.5, "method": "systematic"}, "start must be 0 for method 'systematic'; got 0.5"),
        (
            {"n": 1, "method": "lottery"},
            "method must be one of pareto, pps_systematic, sequential_poisson, simple, systematic",
        ),
    ],
)
def test_plans_that_do_not_fit_their_frame_are_refused(arguments, message):
    with pytest.raises(AnalysisError, match=message):
        Stage(FRAME, **arguments)


def test_sizes_are_needed_where_a_method_uses_them():
    with pytest.raises(AnalysisError, match="frame must have sizes for method 'pps_systematic'"):
        Stage(SamplingFrame.from_columns(["A"]), 1, "pps_systematic")


def test_a_stratum_named_twice_after_normalising_is_refused():
    frame = SamplingFrame.from_columns(["A", "B"], ["Ấp", "Ấp"])
    with pytest.raises(AnalysisError, match="n must name each stratum once, also after NFC"):
        Stage(frame, {"Ấp": 1, "A\u0302\u0301p": 1})
