import numpy as np
import pytest
from hypothesis import given, strategies as st

from analysis.calibration import Calibration
from analysis.errors import AnalysisError

NO_COLUMNS = np.empty((4, 0))


def by_least_squares(columns, weight, values):
    root = np.sqrt(weight)[:, None]
    beta = np.linalg.lstsq(root * columns, root * values, rcond=None)[0]
    return values - columns @ beta


def random_case(seed, n=30, q=3, n_groups=4):
    random = np.random.default_rng(seed)
    return (
        random.normal(size=(n, q)) * [1.0, 1000.0, 0.01][:q],
        random.uniform(0.5, 20, n),
        random.integers(0, n_groups, n),
        random.normal(size=(n, 2)),
    )


def test_a_slope_by_paper_and_pencil():
    # beta = sum d q e / sum d q² = (1·1·3 + 2·2·1) / (1 + 8) = 7/9
    found = Calibration([[1.0], [2.0]], [1.0, 2.0]).residuals([[3.0], [1.0]])
    assert found.ravel() == pytest.approx([3 - 7 / 9, 1 - 14 / 9], rel=1e-14)


def test_groups_take_out_their_weighted_means():
    calibration = Calibration(NO_COLUMNS, [1.0, 3.0, 2.0, 2.0], [7, 7, 2, 2])
    assert calibration.residuals([[4.0], [8.0], [1.0], [5.0]]).ravel().tolist() == [-3, 1, -2, 2]


@given(st.integers(0, 1000))
def test_residuals_are_those_of_a_weighted_least_squares_fit(seed):
    columns, weight, _, values = random_case(seed)
    found = Calibration(columns, weight).residuals(values)
    np.testing.assert_allclose(found, by_least_squares(columns, weight, values), rtol=1e-9, atol=1e-10)


@given(st.integers(0, 1000))
def test_groups_equal_a_column_of_ones_for_each(seed):
    columns, weight, group, values = random_case(seed)
    dense = np.column_stack([np.equal.outer(group, np.arange(4)).astype(float), columns])
    found = Calibration(columns, weight, group).residuals(values)
    np.testing.assert_allclose(found, Calibration(dense, weight).residuals(values), rtol=1e-8, atol=1e-9)


def test_collinear_columns_change_nothing():
    columns, weight, group, values = random_case(5)
    doubled = np.column_stack([columns, columns[:, 0] - 0.002 * columns[:, 1], columns[:, 2], np.zeros(30)])
    for code in (None, group):
        one, other = Calibration(columns, weight, code), Calibration(doubled, weight, code)
        np.testing.assert_allclose(one.residuals(values), other.residuals(values), atol=1e-10)


def test_a_column_that_is_constant_in_every_group_changes_nothing():
    _, weight, group, values = random_case(6)
    with_constant = Calibration(np.full((30, 1), 1e6) * (1 + group[:, None]), weight, group)
    without = Calibration(np.empty((30, 0)), weight, group)
    np.testing.assert_allclose(with_constant.residuals(values), without.residuals(values), atol=1e-12)


def test_what_the_auxiliaries_explain_leaves_nothing():
    columns, weight, _, _ = random_case(7)
    left = Calibration(columns, weight).residuals(columns @ [[2.0], [-0.003], [40.0]])
    assert np.abs(left).max() < 1e-10


def test_more_auxiliaries_than_rows_leave_nothing():
    assert Calibration([[1.0, 2.0, 5.0]], [3.0]).residuals([[9.0]]).ravel() == pytest.approx([0], abs=1e-12)


def test_rows_of_base_weight_zero_do_not_count():
    columns, weight, group, values = random_case(8)
    weight[:5] = 0
    for code in (None, group):
        all_rows = Calibration(columns, weight, code).residuals(values)[5:]
        fewer = Calibration(columns[5:], weight[5:], None if code is None else code[5:]).residuals(values[5:])
        np.testing.assert_allclose(all_rows, fewer, atol=1e-12)


def test_the_scale_of_base_weights_and_columns_changes_nothing():
    columns, weight, group, values = random_case(9)
    one = Calibration(columns, weight, group).residuals(values)
    other = Calibration(columns * [1e-6, 1e6, 3], weight * 1e-5, group).residuals(values)
    np.testing.assert_allclose(one, other, atol=1e-10)


def test_a_later_factor_regresses_the_scaled_values():
    columns, weight, _, values = random_case(10)
    factor = np.linspace(0.5, 1.5, 30)
    found = Calibration(columns, weight).scaled(factor).residuals(values)
    wanted = by_least_squares(columns, weight, values * factor[:, None])
    np.testing.assert_allclose(found * factor[:, None], wanted, atol=1e-10)


def test_later_factors_multiply():
    columns, weight, _, values = random_case(11)
    twice = Calibration(columns, weight).scaled(np.full(30, 2.0)).scaled(np.full(30, 0.5))
    np.testing.assert_allclose(twice.residuals(values), Calibration(columns, weight).residuals(values))


def test_the_record_is_a_copy_that_nobody_can_change():
    base = np.ones(2)
    calibration = Calibration([[1.0], [2.0]], base)
    base[0] = 9
    assert calibration.base_weight.tolist() == [1, 1]
    with pytest.raises(ValueError, match="read-only"):
        calibration.base_weight[0] = 2


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([[1.0]], [-1.0]), "base_weight must not be negative; got -1.0"),
        (([[1.0]], [np.nan]), "base_weight must be finite; got nan"),
        (([[1.0]], [0.0]), "base_weight must hold a positive weight"),
        (([[1.0], [2.0]], [1.0]), r"auxiliary must have shape \(1, any\)"),
        (([[np.inf]], [1.0]), "auxiliary must be finite; got inf"),
        ((np.empty((1, 0)), [1.0]), "auxiliary must have a column where there is no group"),
        (([[1.0]], [1.0], [-1]), "group must not be negative; got -1"),
        (([[1.0]], [1.0], [0.5]), "group must hold whole numbers"),
        (([[1.0]], [1.0], None, [0.0]), "later_factor must be positive; got 0.0"),
    ],
)
def test_a_record_that_does_not_fit_is_refused(arguments, message):
    with pytest.raises(AnalysisError, match=message):
        Calibration(*arguments)


@pytest.mark.parametrize("influence", [[1.0, 2.0], [[1.0]], [[np.nan], [1.0]]])
def test_influence_values_that_do_not_fit_are_refused(influence):
    with pytest.raises(AnalysisError, match="influence must"):
        Calibration([[1.0], [2.0]], [1.0, 1.0]).residuals(influence)


def test_the_record_tells_what_it_holds():
    calibration = Calibration([[1.0], [2.0]], [1.0, 1.0], [0, 1]).scaled([1.0, 2.0])
    assert repr(calibration) == "Calibration(2 rows, 1 auxiliaries, 2 groups, changed afterwards)"
