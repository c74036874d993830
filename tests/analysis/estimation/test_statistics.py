import math

import numpy as np
import pytest
from hypothesis import given, strategies as st

from analysis.design import SurveyDesign
from analysis.errors import AnalysisError
from analysis.estimation.statistics import mean, proportion, ratio, total
from tests.analysis.strategies import FEW, assert_same_estimates, samples

NAN = math.nan
DESIGN = SurveyDesign([1.0, 2.0, 1.0, 1.0])
OFFICE = {"office": ["A", "A", "B", "B"]}


def test_a_mean_agrees_with_paper_and_pencil():
    # 80/4 = 20 over three answers; u = (-10, 0, 10)/4, and 0 where not answered: 4/3 · 2 · 100/16
    estimate = mean(DESIGN, {"minutes": [10, 20, 30, NAN]})[0, "minutes"]
    assert estimate.value == 20.0
    assert estimate.standard_error**2 == pytest.approx(4 / 3 * 200 / 16)
    assert (estimate.degrees_of_freedom, estimate.n_respondents, estimate.kind) == (2, 3, "mean")


def test_a_total_agrees_with_paper_and_pencil():
    # w y = (10, 40, 30, 0): sum 80, mean 20, squares 100 + 400 + 100 + 400, times 4/3
    estimate = total(DESIGN, {"minutes": [10, 20, 30, NAN]})[0, "minutes"]
    assert estimate.value == 80.0
    assert estimate.standard_error**2 == pytest.approx(4 / 3 * 1000)


def test_a_ratio_agrees_with_paper_and_pencil():
    # y = (1, 2, 0), x = (10, 10, 5), the fourth not answered: R = 5/35 = 1/7
    # u = ((1 - 10/7), 2 (2 - 10/7), -5/7)/35 = (-3, 8, -5)/245, and 0: 4/3 · 98/245²
    estimate = ratio(DESIGN, {"late": [1, 2, 0, 4]}, {"late": [10, 10, 5, NAN]})[0, "late"]
    assert estimate.value == pytest.approx(1 / 7)
    assert estimate.standard_error**2 == pytest.approx(4 / 3 * 98 / 245**2)
    assert estimate.kind == "ratio"


def test_a_denominator_of_0_is_an_answer_too():
    estimate = ratio(DESIGN, {"late": [1, 2, 0, 4]}, {"late": [10, 10, 5, 0]})[0, "late"]
    assert estimate.value == pytest.approx((1 + 4 + 0 + 4) / (10 + 20 + 5))
    assert estimate.n_answers == 4


@pytest.mark.parametrize("values", [[1, 0, 1, NAN], [1.0, 0.0, 1.0, NAN]])
def test_a_proportion_is_the_mean_of_yes_and_no_with_an_interval_that_stays_in_range(values):
    # R = 2/4; u = (1/8, -1/4, 1/8), and 0: 4/3 · 6/64
    share, average = (estimate(DESIGN, {"q": values})[0, "q"] for estimate in (proportion, mean))
    assert (share.value, share.standard_error) == (average.value, average.standard_error)
    assert (share.value, share.standard_error**2) == (0.5, pytest.approx(1 / 8))
    assert share.confidence_interval().low > 0 > average.confidence_interval().low


def test_booleans_are_0_and_1():
    assert proportion(DESIGN, {"q": [True, False, True, True]})[0, "q"].value == 3 / 5


def test_several_variables_share_a_table_and_each_has_its_own_gaps():
    found = mean(DESIGN, {"a": [1.0, 2, 3, 4], "b": [NAN, NAN, 5.0, 7.0]}, by=OFFICE)
    np.testing.assert_array_equal(found.value, [[5 / 3, NAN], [3.5, 6.0]])
    assert found.n_answers.tolist() == [[2, 0], [2, 2]]
    assert found[{"office": "A"}, "b"].reason == "no_answers"


def test_a_total_that_nobody_answered_is_not_0():
    estimate = total(DESIGN, {"a": [NAN, NAN, 3.0, 4.0]}, by=OFFICE)[{"office": "A"}, "a"]
    assert estimate.reason == "no_answers"
    assert estimate.confidence_interval() is None


@pytest.mark.parametrize("value", [0.3, 1.1, 1 / 3, 85.3])
def test_a_constant_has_no_spread_however_the_weights_round(value):
    design = SurveyDesign(0.1 * np.arange(1, 9))
    x = np.arange(1, 9) / 7
    assert mean(design, {"y": np.full(8, value)})[0, "y"].reason == "no_spread"
    assert ratio(design, {"y": value * x}, {"y": x})[0, "y"].reason == "no_spread"


CALLS = {
    "mean": lambda **change: mean(**({"design": DESIGN, "variables": {"q": [1, 0, 1, 0]}} | change)),
    "total": lambda **change: total(**({"design": DESIGN, "variables": {"q": [1, 0, 1, 0]}} | change)),
    "proportion": lambda **change: proportion(
        **({"design": DESIGN, "variables": {"q": [1, 0, 1, 0]}} | change)
    ),
}


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"variables": {}}, "variables must name at least one variable"),
        ({"variables": {"q": [1, 0]}}, r"q must have shape \(4,\); got \(2,\)"),
        ({"variables": {"q": [1, 0, 1, math.inf]}}, "q must be finite or NaN; got inf"),
        ({"variables": {"q": ["1", "0", "1", "0"]}}, "q must hold numbers, NaN where missing"),
        ({"variables": {"q": [1, 0, 1, None]}}, "q must hold numbers, NaN where missing"),
        ({"by": {"office": ["A"]}}, r"office must have shape \(4,\)"),
        ({"by": {"office": [1.0, 2.0, NAN, 1.0]}}, "office must not be NaN"),
        ({"df": "all"}, "df must be one of domain, full"),
    ],
)
def test_variables_that_do_not_fit_are_refused(call, change, message):
    with pytest.raises(AnalysisError, match=message):
        CALLS[call](**change)


@pytest.mark.parametrize("values", [[2, 0, 1, 0], [0.5, 0, 1, 0], [-1, 0, 1, 0]])
def test_a_proportion_of_other_than_0_and_1_is_refused(values):
    with pytest.raises(AnalysisError, match="q must hold 0, 1 or NaN"):
        proportion(DESIGN, {"q": values})


@pytest.mark.parametrize("below", [{}, {"b": [1, 1, 1, 1]}, {"a": [1, 1, 1, 1], "b": [1, 1, 1, 1]}])
def test_a_ratio_of_other_names_is_refused(below):
    with pytest.raises(AnalysisError, match=r"denominators must have the names \['a'\]"):
        ratio(DESIGN, {"a": [1, 2, 3, 4]}, below)


@FEW
@given(samples(), st.sampled_from([0, 1, 2]), st.floats(-50, 50), st.floats(0.1, 50))
def test_a_mean_moves_and_stretches_with_its_variable(sample, n_stages, shift, stretch):
    design, by = sample.design(n_stages, lone_psu="certainty"), {"sex": sample.sex}
    one = mean(design, {"y": sample.answers[:, 0]}, by)
    other = mean(design, {"y": shift + stretch * sample.answers[:, 0]}, by)
    np.testing.assert_allclose(other.value, shift + stretch * one.value, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(other.standard_error, stretch * one.standard_error, rtol=1e-6, atol=1e-5)
    np.testing.assert_array_equal(one.degrees_of_freedom, other.degrees_of_freedom)


@FEW
@given(samples(), st.sampled_from([0, 1, 2]))
def test_a_mean_is_the_ratio_to_a_count_and_domains_of_a_total_add_up(sample, n_stages):
    design, y = sample.design(n_stages), {"y": sample.answers[:, 0]}
    assert_same_estimates(mean(design, y), ratio(design, y, {"y": np.ones(len(sample))}))
    by_sex, whole = total(design, y, {"sex": sample.sex}), total(design, y)
    assert by_sex.value.sum() == pytest.approx(whole.value[0, 0], rel=1e-12, abs=1e-9)
