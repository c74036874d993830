import json

import numpy as np
import pytest
from hypothesis import given, strategies as st

from analysis.errors import AnalysisError
from analysis.weighting.known_totals.calibrate import calibrate
from analysis.weighting.known_totals.margins import margin_columns
from analysis.weighting.known_totals.poststratification import post_stratify
from analysis.weighting.known_totals.raking import rake

SEX, AGE = ["F", "F", "M", "M"], ["young", "old", "young", "old"]
TWO = {"sex": SEX, "age": AGE}
TOTALS = {"sex": {"F": 60.0, "M": 40.0}, "age": {"young": 30.0, "old": 70.0}}


@st.composite
def raking_cases(draw):
    """Samples in which every combination occurs, so that any margins can be met."""
    n = draw(st.integers(6, 40))
    seed = draw(st.integers(0, 10_000))
    random = np.random.default_rng(seed)
    first = np.concatenate([np.repeat(["F", "M"], 3), random.choice(["F", "M"], n - 6)])
    second = np.concatenate([np.tile(["x", "y", "z"], 2), random.choice(["x", "y", "z"], n - 6)])
    weight = random.uniform(0.2, 20, n)
    size = 10 ** random.uniform(1, 6)
    margins = {
        "sex": dict(zip("FM", (random.dirichlet([5, 5]) * size).tolist(), strict=True)),
        "age": dict(zip("xyz", (random.dirichlet([5, 5, 5]) * size).tolist(), strict=True)),
    }
    return weight, {"sex": first, "age": second}, margins


def sums(weight, labels):
    return {level: weight[labels == level].sum() for level in np.unique(labels)}


def test_independent_margins_give_the_product():
    result = rake(np.ones(4), TWO, TOTALS)
    assert result.weight == pytest.approx([18, 42, 12, 28], rel=1e-14)
    assert (result.converged, result.iterations, result.step) == (True, 1, "rake")


def test_design_weights_are_kept_in_their_odds_ratio():
    # 2x2 table d = (4, 1; 1, 4): raking keeps its odds ratio of 16
    weight = rake([4.0, 1.0, 1.0, 4.0], TWO, TOTALS).weight
    assert weight[0] * weight[3] / (weight[1] * weight[2]) == pytest.approx(16, rel=1e-10)
    assert weight[0] + weight[1] == pytest.approx(60, rel=1e-11)
    assert weight[0] + weight[2] == pytest.approx(30, rel=1e-11)


@given(st.lists(st.floats(0.01, 1000), min_size=2, max_size=30))
def test_one_variable_is_post_stratification(weight):
    labels = ["a" if k % 2 else "b" for k in range(len(weight))]
    totals = {"a": 8, "b": 4}
    raked, stratified = rake(weight, {"g": labels}, {"g": totals}), post_stratify(weight, labels, totals)
    np.testing.assert_allclose(raked.weight, stratified.weight, rtol=1e-12)
    values = np.arange(len(weight), dtype=float)[:, None]
    np.testing.assert_allclose(
        raked.calibration.residuals(values), stratified.calibration.residuals(values), atol=1e-10
    )


@given(raking_cases(), st.floats(0.001, 1000), st.randoms())
def test_margins_are_hit_and_neither_scale_nor_order_matters(case, factor, random):
    weight, labels, totals = case
    found = rake(weight, labels, totals)
    for name, margin in totals.items():
        assert sums(found.weight, labels[name]) == pytest.approx(margin, rel=1e-10)
    assert (found.weight > 0).all()
    assert found.converged
    np.testing.assert_allclose(rake(weight * factor, labels, totals).weight, found.weight, rtol=1e-8)
    order = random.sample(range(weight.size), weight.size)
    shuffled = rake(weight[order], {name: column[order] for name, column in labels.items()}, totals)
    np.testing.assert_allclose(shuffled.weight, found.weight[order], rtol=1e-8)
    turned = rake(weight, dict(reversed(labels.items())), totals)
    np.testing.assert_allclose(turned.weight, found.weight, rtol=1e-7)


@given(raking_cases())
def test_raking_is_the_calibration_with_the_raking_distance(case):
    weight, labels, totals = case
    raked = rake(weight, labels, totals)
    calibrated = calibrate(weight, *margin_columns(weight, labels, totals), "raking")
    np.testing.assert_allclose(raked.weight, calibrated.weight, rtol=1e-7)
    values = np.sin(np.arange(weight.size))[:, None]
    np.testing.assert_allclose(
        raked.calibration.residuals(values), calibrated.calibration.residuals(values), atol=1e-9
    )


def test_all_weights_equal_and_margins_met_already_change_nothing():
    result = rake(np.full(4, 2.5), TWO, {"sex": {"F": 5, "M": 5}, "age": {"young": 5, "old": 5}})
    assert result.weight.tolist() == [2.5] * 4


def test_a_single_row_takes_the_whole():
    result = rake([2.0], {"sex": ["F"], "age": ["old"]}, {"sex": {"F": 9}, "age": {"old": 9}})
    assert result.weight.tolist() == [9]


def test_rows_of_weight_zero_stay_out_whatever_their_labels():
    result = rake([1.0, 1.0, 1.0, 1.0, 0.0], {"sex": [*SEX, None], "age": [*AGE, "unheard of"]}, TOTALS)
    assert result.weight == pytest.approx([18, 42, 12, 28, 0])


def test_a_skipped_question_is_a_level_of_its_own_with_its_share_of_the_margin():
    labels = {"sex": ["F", "F", "M", "M", None, float("nan")], "age": ["young", "old"] * 3}
    found = rake([1.0, 1.0, 2.0, 2.0, 1.0, 1.0], labels, TOTALS, missing="own_level").weight
    # a quarter of the weight: 25 of 100; women 60 · 3/4, men 40 · 3/4
    assert found.reshape(3, 2).sum(axis=1) == pytest.approx([45, 30, 25])
    assert found.reshape(3, 2).sum(axis=0) == pytest.approx([30, 70])


def test_two_skipped_questions_agree_with_paper_and_pencil():
    # One row for each pair of three sexes and three ages, none known in a third of the weight: of 60
    # and 40 remain 40 and 80/3, of 30 and 70 remain 20 and 140/3; 100/3 for either "not said". Equal
    # weights in all pairs make the margins independent: weight = row total · column total / 100.
    labels = {"sex": ["F"] * 3 + ["M"] * 3 + [None] * 3, "age": ["young", "old", None] * 3}
    found = rake(np.full(9, 7.0), labels, TOTALS, missing="own_level").weight.reshape(3, 3)
    wanted = np.outer([40, 80 / 3, 100 / 3], [20, 140 / 3, 100 / 3]) / 100
    np.testing.assert_allclose(found, wanted, rtol=1e-12)


def test_who_skipped_keeps_the_weighted_share_not_the_share_of_heads():
    # One of three rows, but 6 of 10 of the weight: 60 of 100 dossiers; women 70 · 0.4, men 30 · 0.4.
    found = rake([1.0, 3.0, 6.0], {"sex": ["F", "M", None]}, {"sex": {"F": 70, "M": 30}}, missing="own_level")
    assert found.weight == pytest.approx([28, 12, 60], rel=1e-14)


def test_a_level_unknown_to_the_margin_is_no_skipped_question():
    with pytest.raises(AnalysisError, match=r"labels\['sex'\] must hold only levels .* got 'X'"):
        rake(np.ones(4), {"sex": ["F", "M", None, "X"]}, {"sex": TOTALS["sex"]}, missing="own_level")


def test_margins_that_no_weights_can_meet_name_the_worst_and_its_gap():
    # women are all young here, so at least 60 young are needed where 30 are known
    labels = {"sex": ["F", "F", "M", "M"], "age": ["young", "young", "old", "young"]}
    message = "totals must be met within 1e-11 in 50 rounds; worst is sex=M; got 'a relative gap of 0.75'"
    with pytest.raises(AnalysisError, match=message):
        rake(np.ones(4), labels, TOTALS, max_iterations=50)


def test_too_few_rounds_are_no_silent_success():
    weight = [5.0, 1.0, 1.0, 5.0]
    with pytest.raises(AnalysisError, match="in 1 rounds; worst is sex="):
        rake(weight, TWO, TOTALS, max_iterations=1)
    assert rake(weight, TWO, TOTALS, tolerance=0.5, max_iterations=1).worst_gap > 1e-3


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"weight": [1.0, 1.0, 1.0, -1.0]}, "weight must not be negative; got -1.0"),
        ({"weight": np.zeros(4)}, "weight must hold a positive weight"),
        ({"weight": [1.0, 1.0, 1.0, np.nan]}, "weight must be finite; got nan"),
        (
            {"totals": {**TOTALS, "age": {"young": 30, "old": 71}}},
            "totals must add up to the same sum: sex to 100; got 'age to 101'",
        ),
        (
            {"totals": {**TOTALS, "age": {"young": 30, "old": 60, "baby": 10}}},
            "totals must name only levels that some respondent .* got 'age=baby'",
        ),
        (
            {"totals": {**TOTALS, "age": {"young": 100}}},
            r"labels\['age'\] must hold only levels .* got 'old'",
        ),
        ({"totals": {"sex": TOTALS["sex"]}}, r"totals must name the variables of labels: \['age', 'sex'\]"),
        ({"labels": {}}, r"totals must name the variables of labels: \[\]"),
        ({"labels": {**TWO, "sex": ["F", "F", "M", None]}}, "must have a level in every row .*'refuse'"),
        ({"missing": "drop"}, "missing must be one of own_level, refuse"),
        ({"tolerance": 0}, "tolerance must be positive"),
        ({"max_iterations": 0}, "max_iterations must be at least 1"),
    ],
)
def test_what_can_not_be_raked_is_refused(change, message):
    arguments = {"weight": np.ones(4), "labels": TWO, "totals": TOTALS, **change}
    with pytest.raises(AnalysisError, match=message):
        rake(**arguments)


def test_many_variables_with_many_levels_overflow_nothing():
    random = np.random.default_rng(4)
    labels = {f"v{j}": random.integers(0, 40, 500) for j in range(14)}  # 40^14 combinations
    totals = {
        name: dict(zip(*(part.tolist() for part in np.unique(column, return_counts=True)), strict=True))
        for name, column in labels.items()
    }
    assert rake(np.ones(500), labels, totals).weight == pytest.approx(np.ones(500))


def test_the_result_tells_how_it_came_about():
    result = rake([5.0, 1.0, 1.0, 5.0], TWO, TOTALS)
    told = json.loads(json.dumps(result.to_dict()))
    assert told["converged"]
    assert told["weight_sum"] == pytest.approx(100)
    assert told["worst_gap"] <= told["tolerance"] == 1e-11
    assert repr(result).startswith("CalibratedWeights(rake: 4 weights, sum 100, ")


@given(raking_cases())
def test_the_largest_variable_as_group_leaves_what_columns_would(case):
    weight, labels, totals = case
    values = np.cos(np.arange(weight.size))[:, None]
    found = rake(weight, labels, totals).calibration.residuals(values)
    columns, _ = margin_columns(weight, labels, totals)
    root = np.sqrt(weight)[:, None]
    beta = np.linalg.lstsq(root * columns, root * values, rcond=None)[0]
    np.testing.assert_allclose(found, values - columns @ beta, atol=1e-10)


def test_three_thousand_offices_need_no_three_thousand_columns():
    random = np.random.default_rng(3)
    labels = {"office": np.arange(30_000) % 3_000, "sex": random.choice(["F", "M"], 30_000)}
    totals = {"office": dict.fromkeys(range(3_000), 40.0), "sex": {"F": 65_000.0, "M": 55_000.0}}
    weight = random.uniform(1, 5, 30_000)
    result = rake(weight, labels, totals)
    assert result.calibration.auxiliary.shape == (30_000, 1)
    explained = (labels["office"] * 0.01 + (labels["sex"] == "M"))[:, None]
    assert np.abs(result.calibration.residuals(explained)).max() < 1e-9
