import unicodedata

import numpy as np
import pytest
from hypothesis import given, strategies as st

from analysis.errors import AnalysisError
from analysis.weighting.known_totals.poststratification import post_stratify

TOTALS = {"a": 8.0, "b": 4.0}
weights = st.lists(st.floats(0.01, 1000), min_size=2, max_size=30)


def test_groups_reach_their_totals_in_proportion_to_the_weights():
    result = post_stratify([1.0, 3.0, 2.0], ["a", "a", "b"], TOTALS)
    assert result.weight.tolist() == [2, 6, 4]
    assert result.calibration.residuals([[1.0], [5.0], [7.0]]).ravel().tolist() == [-3, 1, 0]


def test_equal_weights_share_the_total():
    assert post_stratify(np.ones(4), ["a", "b", "a", "a"], TOTALS).weight == pytest.approx(
        [8 / 3, 4, 8 / 3, 8 / 3]
    )


def test_a_single_row_takes_the_whole_total():
    result = post_stratify([3.0], ["a"], {"a": 12})
    assert result.weight.tolist() == [12]
    assert result.calibration.residuals([[0.7]]).item() == pytest.approx(0, abs=1e-15)


def test_rows_of_weight_zero_stay_out_whatever_their_group():
    result = post_stratify([1.0, 0.0, 0.0, 2.0], ["a", None, "elsewhere", "b"], TOTALS)
    assert result.weight.tolist() == [8, 0, 0, 4]


def test_whole_numbers_and_texts_may_be_groups():
    assert post_stratify([1, 1], np.array([7, 9]), {7: 2, 9: 6}).weight.tolist() == [2, 6]


def test_two_spellings_of_one_vietnamese_letter_are_one_group():
    plain, parts = (unicodedata.normalize(form, "Đất đai xã Hòa") for form in ("NFC", "NFD"))
    assert plain != parts
    assert post_stratify([1.0, 1.0], [plain, parts], {parts: 10}).weight.tolist() == [5, 5]
    with pytest.raises(AnalysisError, match="totals must name each level of group once"):
        post_stratify([1.0, 1.0], [plain, parts], {parts: 10, plain: 3})


@given(weights, st.floats(0.001, 1000), st.randoms())
def test_totals_are_hit_and_neither_scale_nor_order_matters(weight, factor, random):
    group = ["a" if k % 3 else "b" for k in range(len(weight))]
    found = post_stratify(weight, group, TOTALS)
    assert found.weight[np.array(group) == "a"].sum() == pytest.approx(8, rel=1e-12)
    assert found.weight.sum() == pytest.approx(12, rel=1e-12)
    assert found.converged
    scaled = post_stratify(np.array(weight) * factor, group, TOTALS)
    np.testing.assert_allclose(scaled.weight, found.weight, rtol=1e-12)
    order = random.sample(range(len(weight)), len(weight))
    shuffled = post_stratify([weight[k] for k in order], [group[k] for k in order], TOTALS)
    np.testing.assert_allclose(shuffled.weight, found.weight[order], rtol=1e-12)


@given(weights)
def test_a_second_time_changes_nothing(weight):
    group = ["a" if k % 3 else "b" for k in range(len(weight))]
    once = post_stratify(weight, group, TOTALS).weight
    np.testing.assert_allclose(post_stratify(once, group, TOTALS).weight, once, rtol=1e-12)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([1.0, -1.0], ["a", "b"], TOTALS), "weight must not be negative; got -1.0"),
        (([1.0, np.nan], ["a", "b"], TOTALS), "weight must be finite; got nan"),
        (([0.0, 0.0], ["a", "b"], TOTALS), "weight must hold a positive weight"),
        (([], [], TOTALS), "weight must hold a positive weight"),
        (
            ([1.0, 1.0], ["a", "a"], TOTALS),
            "totals must name only levels that some respondent .* got 'group=b'",
        ),
        (
            ([1.0, 0.0], ["a", "b"], TOTALS),
            "totals must name only levels that some respondent .* got 'group=b'",
        ),
        (
            ([1.0, 1.0], ["a", "c"], TOTALS),
            r"labels\['group'\] must hold only levels that the margin has; got 'c'",
        ),
        (([1.0, 1.0], ["a", None], TOTALS), r"labels\['group'\] must have a level in every row"),
        (([1.0, 1.0], ["a", float("nan")], TOTALS), r"labels\['group'\] must have a level in every row"),
        (([1.0, 1.0], ["a", "b"], {"a": 8, "b": 0}), "totals must be positive and finite; got 'group=b: 0'"),
        (
            ([1.0, 1.0], ["a", "b"], {"a": 8, "b": np.nan}),
            "totals must be positive and finite; got 'group=b: nan'",
        ),
        (([1.0, 1.0], ["a", "b"], {"a": 8, "b": "4"}), "totals must hold numbers for group"),
        (([1.0, 1.0], ["a", "b"], {"a": 8, None: 4}), "totals must name levels, not a missing one"),
        (([1.0, 1.0], ["a", "b"], {}), "totals must have a level for group"),
        (([1.0, 1.0], ["a"], TOTALS), r"labels\['group'\] must have shape \(2,\); got \(1,\)"),
        (
            ([1.0, 1.0], np.array([["a", "b"]]), TOTALS),
            r"labels\['group'\] must have shape \(2,\); got \(1, 2\)",
        ),
        (([1.0, 1.0], [["a"], ["b"]], TOTALS), r"labels\['group'\] must hold plain labels"),
    ],
)
def test_what_can_not_be_post_stratified_is_refused(arguments, message):
    with pytest.raises(AnalysisError, match=message):
        post_stratify(*arguments)


def test_weights_can_not_be_changed_afterwards():
    with pytest.raises(ValueError, match="read-only"):
        post_stratify([1.0], ["a"], {"a": 2}).weight[0] = 5
