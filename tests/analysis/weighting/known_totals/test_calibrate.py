import numpy as np
import pytest
from hypothesis import given, strategies as st

from analysis.errors import AnalysisError
from analysis.weighting.known_totals.calibrate import calibrate
from analysis.weighting.known_totals.poststratification import post_stratify

COLUMNS = np.array([[1.0, 2.0], [1.0, 4.0], [1.0, 9.0]])
DISTANCES = [
    ("linear", None),
    ("raking", None),
    ("logit", (0.5, 2.0)),
    ("truncated_linear", (0.5, 2.0)),
    ("truncated_linear", (0.0, np.inf)),
]


@st.composite
def feasible_cases(draw):
    """Totals that some weights with ratios in [0.6, 1.6] meet, in units of any size."""
    n, q = draw(st.integers(1, 40)), draw(st.integers(1, 4))
    random = np.random.default_rng(draw(st.integers(0, 10_000)))
    columns = np.column_stack([np.ones(n), random.normal(size=(n, q)) * 10 ** random.uniform(-3, 4, q)])
    weight = 10 ** random.uniform(-1, 2, n)
    return weight, columns, (weight * random.uniform(0.6, 1.6, n)) @ columns


def test_greg_weights_by_paper_and_pencil():
    # deviations -3, -1, 4 from the mean of 5; 12 more wanted: lambda = 12 / (10 · 26)
    result = calibrate([10.0] * 3, COLUMNS, [30, 162])
    assert result.weight == pytest.approx(10 + 12 / 26 * np.array([-3, -1, 4]), rel=1e-13)
    assert (result.iterations, result.worst_margin[:6]) == (1, "column")


def test_raking_distance_multiplies_by_powers():
    # g = a b^q with two totals on two rows: each weight is fixed by them
    weight = calibrate([1.0, 1.0], [[1, 0], [1, 1]], [8, 6], "raking").weight
    assert weight == pytest.approx([2, 6], rel=1e-12)


def test_truncated_linear_cuts_and_shares_the_rest():
    # unbounded: ratios 1.5, 1.5 (first), bounded at 1.4 the shares are full
    weight = calibrate([1.0] * 4, [[1.0], [1.0], [2.0], [0.0]], [5.2], "truncated_linear", (0.5, 1.4)).weight
    # 1 + u, 1 + u, min(1 + 2 u, 1.4): 2 + 2 u + 2.8 = 5.2
    assert weight == pytest.approx([1.2, 1.2, 1.4, 1.0], rel=1e-12)


def test_logit_stays_between_its_bounds_where_the_linear_one_does_not():
    totals = [30.0, 190.0]
    assert calibrate([10.0] * 3, COLUMNS, totals).diagnostics().ratio_maximum > 1.6
    found = calibrate([10.0] * 3, COLUMNS, totals, "logit", (0.3, 1.9)).diagnostics()
    assert 0.3 < found.ratio_minimum < found.ratio_maximum < 1.9


def test_totals_met_already_change_nothing():
    for distance, bounds in DISTANCES:
        result = calibrate([10.0] * 3, COLUMNS, [30, 150], distance, bounds)
        assert result.weight == pytest.approx([10] * 3, rel=1e-14)


def test_a_single_row_is_scaled_to_its_total():
    for distance, bounds in DISTANCES:
        assert calibrate([2.0], [[1.0]], [3.0], distance, bounds).weight == pytest.approx([3], rel=1e-10)


def test_indicators_alone_are_post_stratification():
    group, weight = np.array([0, 1, 1, 0, 1]), np.array([1.0, 2.0, 3.0, 4.0, 5.0])
    columns = np.equal.outer(group, [0, 1]).astype(float)
    wanted = post_stratify(weight, group, {0: 8, 1: 12}).weight
    for distance, bounds in DISTANCES[:4]:
        np.testing.assert_allclose(
            calibrate(weight, columns, [8, 12], distance, bounds).weight, wanted, rtol=1e-9
        )


@pytest.mark.parametrize(("distance", "bounds"), DISTANCES)
@given(feasible_cases(), st.randoms())
def test_totals_are_hit_within_bounds_in_any_order_and_unit(distance, bounds, case, random):
    weight, columns, totals = case
    if distance == "linear":  # so near that every weight stays positive
        totals = weight @ columns + 0.02 * (totals - weight @ columns)
    found = calibrate(weight, columns, totals, distance, bounds)
    size = np.maximum(np.abs(totals), found.weight @ np.abs(columns))
    assert np.abs(found.weight @ columns - totals).max() <= 1e-10 * size.max()
    assert (found.weight >= 0).all()
    if bounds:
        ratio = found.weight / weight
        assert bounds[0] - 1e-12 <= ratio.min() <= ratio.max() <= bounds[1] + 1e-12
    order = random.sample(range(weight.size), weight.size)
    units = 10.0 ** np.arange(columns.shape[1])
    other = calibrate(weight[order], columns[order] * units, totals * units, distance, bounds)
    np.testing.assert_allclose(other.weight, found.weight[order], rtol=1e-5)


@given(feasible_cases(), st.floats(0.001, 1000))
def test_weights_and_totals_scale_together(case, factor):
    weight, columns, totals = case
    for distance, bounds in DISTANCES[1:4]:
        one = calibrate(weight, columns, totals, distance, bounds)
        other = calibrate(weight * factor, columns, totals * factor, distance, bounds)
        np.testing.assert_allclose(other.weight, one.weight * factor, rtol=1e-5)


def test_collinear_columns_whose_totals_agree_change_nothing():
    doubled = np.column_stack([COLUMNS, COLUMNS[:, 0] + 2 * COLUMNS[:, 1]])
    for distance, bounds in DISTANCES:
        found = calibrate([10.0] * 3, doubled, [30, 162, 30 + 324], distance, bounds)
        one = calibrate([10.0] * 3, COLUMNS, [30, 162], distance, bounds)
        np.testing.assert_allclose(found.weight, one.weight, rtol=1e-9)
        values = [[1.0], [0.0], [0.0]]
        np.testing.assert_allclose(
            found.calibration.residuals(values), one.calibration.residuals(values), atol=1e-12
        )


def test_collinear_columns_whose_totals_contradict_are_named():
    columns = np.column_stack([COLUMNS, 2 * COLUMNS[:, 1], [1.0, 0.0, 0.0]])
    totals = {"N": 30, "pages": 162, "sheets": 300, "land": 12}
    with pytest.raises(
        AnalysisError, match="totals must agree where auxiliaries are collinear: pages, sheets; got"
    ):
        calibrate([10.0] * 3, columns[:, :3], {name: totals[name] for name in ("N", "pages", "sheets")})
    with pytest.raises(AnalysisError, match="collinear: pages, sheets; got"):
        calibrate([10.0] * 3, columns, totals)


def test_a_column_of_zeros_with_a_total_is_named():
    columns = np.column_stack([COLUMNS, np.zeros(3)])
    with pytest.raises(AnalysisError, match="collinear: nobody; got"):
        calibrate([10.0] * 3, columns, {"N": 30, "pages": 162, "nobody": 5})


@pytest.mark.parametrize(("distance", "bounds"), [("logit", (0.9, 1.1)), ("truncated_linear", (0.9, 1.1))])
def test_bounds_that_can_not_be_met_name_the_worst_total_and_its_gap(distance, bounds):
    message = (
        r"totals must be met within 1e-11 with ratios in \(0.9, 1.1\); after \d+ rounds worst is pages; "
        r"got 'a relative gap of 0.\d+'"
    )
    with pytest.raises(AnalysisError, match=message):
        calibrate([10.0] * 3, COLUMNS, {"dossiers": 30, "pages": 250}, distance, bounds)


def test_a_total_that_positive_weights_can_not_meet_is_refused():
    # The search for such weights never settles: which total it misses most at its end hangs on the processor.
    message = (
        r"totals must be met within 1e-11; after 200 rounds worst is (dossiers|pages); got 'a relative gap"
    )
    with pytest.raises(AnalysisError, match=message):
        calibrate([10.0] * 3, COLUMNS, {"dossiers": 30, "pages": 300}, "raking")


def test_a_total_of_zero_that_is_never_quite_met_is_refused():
    with pytest.raises(AnalysisError, match="totals must be met"):
        calibrate([1.0, 1.0], [[1.0], [1.0]], [0.0], "raking")


def test_negative_weights_of_the_linear_distance_are_refused():
    message = (
        r"totals must be met without negative weights \(1 came out; use another distance\); got 'a ratio of -"
    )
    with pytest.raises(AnalysisError, match=message):
        calibrate([10.0] * 3, COLUMNS, [30, 250])


def test_rows_of_weight_zero_stay_out_and_need_no_auxiliaries():
    columns = np.vstack([COLUMNS, [np.nan, np.nan]])
    found = calibrate([10.0, 10.0, 10.0, 0.0], columns, [30, 162])
    np.testing.assert_array_equal(found.weight, [*calibrate([10.0] * 3, COLUMNS, [30, 162]).weight, 0.0])


def test_a_total_of_zero_can_be_met():
    found = calibrate([1.0, 1.0, 1.0], [[1.0, -1.0], [1.0, 0.5], [1.0, 1.0]], [3, 0], "raking")
    assert found.weight @ [-1, 0.5, 1] == pytest.approx(0, abs=1e-10)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([-1.0], [[1.0]], [1.0]), "weight must not be negative; got -1.0"),
        (([0.0], [[1.0]], [1.0]), "weight must hold a positive weight"),
        (([np.nan], [[1.0]], [1.0]), "weight must be finite"),
        (([1.0], [[np.nan]], [1.0]), "auxiliary must be finite"),
        (([1.0], np.ma.array([[1.0]], mask=True), [1.0]), "auxiliary must be no masked array"),
        (([1.0], [["x"]], [1.0]), "auxiliary must hold numbers"),
        (([1.0], [[1.0, 2.0]], [1.0]), r"auxiliary must have a row for each weight .* got \(1, 2\)"),
        (([1.0], np.empty((1, 0)), []), "auxiliary must have .* one at least"),
        (([1.0], [[1.0]], [np.inf]), "totals must be finite; got inf"),
        (([1.0], [[1.0]], {"N": None}), "totals must hold numbers"),
        (([1.0], [[1.0]], [1.0], "chi2"), "distance must be one of linear, logit, raking, truncated_linear"),
        (
            ([1.0], [[1.0]], [1.0], "linear", (0.5, 2)),
            "bounds must be None but for logit and truncated_linear",
        ),
        (([1.0], [[1.0]], [1.0], "logit"), r"bounds must be \(low, high\) .* for logit; got None"),
        (([1.0], [[1.0]], [1.0], "logit", (1.0, 2)), r"bounds must be \(low, high\)"),
        (([1.0], [[1.0]], [1.0], "logit", (-0.5, 2)), r"bounds must be \(low, high\)"),
        (([1.0], [[1.0]], [1.0], "logit", (0.5, np.inf)), "bounds must be finite for logit"),
        (([1.0], [[1.0]], [1.0], "truncated_linear", (0.5, 0.9)), r"bounds must be \(low, high\)"),
        (([1.0], [[1.0]], [1.0], "linear", None, 0.0), "tolerance must be positive"),
    ],
)
def test_what_can_not_be_calibrated_is_refused(arguments, message):
    with pytest.raises(AnalysisError, match=message):
        calibrate(*arguments)


def test_the_result_tells_its_bounds():
    result = calibrate([10.0] * 3, COLUMNS, [30, 162], "truncated_linear", (0.5, 1.17))
    assert result.to_dict()["bounds"] == (0.5, 1.17)
    assert result.to_dict()["share_at_bounds"] == pytest.approx(1 / 3)
    assert result.step == "truncated_linear"
