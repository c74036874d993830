import json

import numpy as np
import pytest
from hypothesis import given, strategies as st

from analysis.calibration import Calibration
from analysis.errors import AnalysisError
from analysis.weighting.trimming import trim_weights

WEIGHT = [1.0, 2.0, 3.0, 9.0, 15.0]
weights = st.lists(st.floats(0.01, 100), min_size=1, max_size=30)


def as_r_does(weight, lower, upper):
    """R's trimWeights(strict=TRUE): pass after pass, until rounding moves nothing over a limit."""
    for _ in range(100_000):
        outside = (weight < lower) | (weight > upper)
        if not outside.any():
            return weight
        cut = np.clip(weight, lower, upper)
        cut[~outside] += (weight - cut).sum() / (~outside).sum()
        weight = cut
    return weight


def test_one_pass_by_paper_and_pencil():
    # 15 → 10; its 5 go in four parts of 1.25
    result = trim_weights(WEIGHT, upper=10, strict=False)
    assert result.weight.tolist() == [2.25, 3.25, 4.25, 10.25, 10]
    assert (result.n_lowered, result.n_outside) == (1, 1)


def test_strict_trimming_by_paper_and_pencil():
    # two at 10 leave 10 for the three others, which had 6
    result = trim_weights(WEIGHT, upper=10)
    assert result.weight == pytest.approx([7 / 3, 10 / 3, 13 / 3, 10, 10], rel=1e-14)
    assert (result.n_raised, result.n_lowered, result.n_outside) == (0, 1, 0)


def test_raising_takes_from_the_others():
    assert trim_weights([1.0, 6.0, 8.0], lower=3).weight.tolist() == [3, 5, 7]
    # 4 goes below 3 by what it gives, so the largest gives more
    assert trim_weights([0.5, 3.5, 9.0], lower=3).weight.tolist() == [3, 3, 7]


@given(weights, st.floats(0.1, 0.95), st.floats(1.05, 5))
def test_strict_trimming_is_the_limit_of_passes_as_r_makes_them(weight, low, high):
    weight = np.array(weight)
    lower, upper = low * weight.mean(), high * weight.mean()
    if ((weight < lower) | (weight > upper)).all():
        return  # R divides by zero there
    found = trim_weights(weight, lower, upper).weight
    np.testing.assert_allclose(found, as_r_does(weight, lower, upper), rtol=1e-8)


@given(weights, st.floats(0.05, 0.95), st.floats(1.05, 5), st.floats(0.01, 100), st.randoms())
def test_limits_and_the_sum_are_kept_and_neither_scale_nor_order_matters(weight, low, high, factor, random):
    weight = np.array(weight)
    lower, upper = low * weight.mean(), high * weight.mean()
    result = trim_weights(weight, lower, upper)
    assert result.n_outside == 0
    assert lower <= result.weight.min() <= result.weight.max() <= upper
    assert result.weight.sum() == pytest.approx(weight.sum(), rel=1e-12)
    scaled = trim_weights(weight * factor, lower * factor, upper * factor).weight
    np.testing.assert_allclose(scaled, result.weight * factor, rtol=1e-9)
    order = random.sample(range(weight.size), weight.size)
    np.testing.assert_allclose(
        trim_weights(weight[order], lower, upper).weight, result.weight[order], rtol=1e-9
    )


def test_weights_within_the_limits_stay_as_they_are():
    result = trim_weights(WEIGHT, 1, 15)
    assert result.weight.tolist() == WEIGHT
    assert (result.n_raised, result.n_lowered) == (0, 0)


def test_equal_weights_and_a_single_row_stay_as_they_are():
    assert trim_weights([0.1] * 7, 0.1, 0.1).weight.tolist() == [0.1] * 7
    assert trim_weights([4.0], 1, 5).weight.tolist() == [4]


def test_where_every_weight_is_outside_all_share():
    # 1 → 2 and 10 → 8 leave 1 over; 8 is full, so 2 takes it
    assert trim_weights([1.0, 10.0], 2, 8).weight.tolist() == [3, 8]


def test_rows_of_weight_zero_stay_out():
    assert trim_weights([0.0, 1.0, 6.0, 8.0], lower=3).weight.tolist() == [0, 3, 5, 7]


def test_the_calibration_is_told():
    calibration = Calibration(np.ones((5, 1)), np.ones(5))
    result = trim_weights(WEIGHT, upper=10, calibration=calibration)
    np.testing.assert_allclose(result.calibration.later_factor, result.weight / WEIGHT)
    assert trim_weights(WEIGHT, upper=10).calibration is None


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([1.0, -1.0],), "weight must not be negative; got -1.0"),
        (([0.0, 0.0],), "weight must hold a positive weight"),
        (([1.0, np.nan],), "weight must be finite"),
        ((WEIGHT, 5, 4), "lower must lie between 0 and upper=4; got 5"),
        ((WEIGHT, -1, 4), "lower must lie between 0 and upper=4; got -1"),
        ((WEIGHT, np.nan, 4), "lower must lie between 0 and upper=4; got nan"),
        ((WEIGHT, 0, 5), r"lower, upper must leave room for the sum 30 of 5 weights; got \(0, 5\)"),
        ((WEIGHT, 7, 50), r"lower, upper must leave room for the sum 30 of 5 weights; got \(7, 50\)"),
        (
            ([0.1] * 9 + [1.1, 20], 1, np.inf, False),
            "strict must be True where one pass makes a weight negative",
        ),
        ((WEIGHT, 0, 10, True, Calibration([[1.0]], [1.0])), "calibration must have 5 rows; got 1"),
    ],
)
def test_what_can_not_be_trimmed_is_refused(arguments, message):
    with pytest.raises(AnalysisError, match=message):
        trim_weights(*arguments)


def test_the_result_tells_what_was_done():
    result = trim_weights(WEIGHT, upper=10)
    told = json.loads(json.dumps(result.to_dict()))
    assert (told["n_lowered"], told["weight_sum"], told["ratio_maximum"]) == (1, 30, pytest.approx(7 / 3))
    assert repr(result).startswith("TrimmedWeights(0 raised, 1 lowered, 0 still outside; sum 30, ")


def test_sums_have_no_single_weights_to_trim():
    calibration = Calibration(np.ones((2, 1)), [4.0, 9.0]).for_sums([2, 3])
    with pytest.raises(AnalysisError, match="calibration must be one of respondents: limits are of single"):
        trim_weights([4.0, 9.0], upper=8, calibration=calibration)
