import math
from functools import cache
from typing import get_args

import numpy as np
import pytest
from hypothesis import given, strategies as st

from analysis import AnalysisError
from analysis.intervals.effective_size import binomial_sample_size
from analysis.intervals.score import agresti_coull_interval
from analysis.intervals.student import critical_value
from analysis.intervals.survey import DEFAULT_METHOD, Evidence, Method, survey_interval
from tests.analysis.reference_data import read_rows

METHODS = get_args(Method)
# Its name here, and the relative tolerance: logit and likelihood are iterated in R.
IN_R = {
    "asin": ("arcsine", 1e-8),
    "beta": ("korn_graubard", 1e-8),
    "likelihood": ("likelihood", 1e-4),
    "logit": ("logit", 1e-6),
    "mean": ("t", 1e-8),
    "xlogit": ("logit", 1e-8),
}
ROWS = [
    row
    for row in [*read_rows("api/expected_estimates.csv"), *read_rows("sipas/expected_index.csv")]
    if row["stat"].startswith("ciprop_")
]
USABLE_IN_R = [row for row in ROWS if row["ci_low"] and float(row["se"]) > 0]
NOT_USABLE_IN_R = [row for row in ROWS if row not in USABLE_IN_R]

VALUES = st.just(0.0) | st.just(1.0) | st.floats(0, 1)
ERRORS = st.just(0.0) | st.floats(1e-15, 0.5)
FREEDOMS = st.integers(1, 500)
LEVELS = st.floats(0.5, 0.999)


@cache
def columns(path):
    rows = read_rows(path)
    return {name: np.array([row[name] for row in rows]) for name in rows[0]}


def weights(row):
    """Weights of the respondents behind a row: a domain's rows with an answer."""
    if row["case"] == "S09":
        survey = columns("sipas/respondents.csv")
        valid = np.isin(survey["q22"], ["1", "2", "3", "4", "5"])
        return survey["w"][(survey["office"] == row["domain"]) & valid].astype(float)
    sample = columns(f"api/api{row['design'].split('_')[0]}.csv")
    kept = np.isin(sample["stype"], [row["domain"] or sample["stype"]])
    return sample["pw"][kept].astype(float)


def evidence(row, value, error):
    w = weights(row)
    return Evidence(value, error, float(row["df"]), w.size, w.sum() ** 2 / (w**2).sum())


def name(row):
    return "-".join([row["case"], row["design"], row["stat"].removeprefix("ciprop_"), row["domain"]])


def test_every_row_of_r_is_a_case():
    assert (len(ROWS), len(USABLE_IN_R), len(NOT_USABLE_IN_R)) == (540, 458, 82)


@pytest.mark.parametrize("row", USABLE_IN_R, ids=name)
def test_without_the_cap_the_limits_are_those_of_svyciprop(row):
    method, tolerance = IN_R[row["stat"].removeprefix("ciprop_")]
    found = survey_interval(method, evidence(row, float(row["estimate"]), float(row["se"])), cap=False)
    assert found == pytest.approx((float(row["ci_low"]), float(row["ci_high"])), rel=tolerance)


@pytest.mark.parametrize("cap", [True, False])
@pytest.mark.parametrize("row", NOT_USABLE_IN_R, ids=name)
def test_where_r_gives_nothing_or_a_point_the_interval_is_usable(row, cap):
    method, _ = IN_R[row["stat"].removeprefix("ciprop_")]
    for chosen in (method, DEFAULT_METHOD):
        low, high = survey_interval(chosen, evidence(row, 1.0, 0.0), cap=cap)
        assert 0.3 < low < 1.0 == high


def test_the_default_is_agresti_and_coulls_interval_at_korn_and_graubards_size():
    assert DEFAULT_METHOD == "agresti_coull"
    size = binomial_sample_size(0.9 * 0.1 / 0.02**2, 9, 240)
    expected = agresti_coull_interval(0.9, size, critical_value(0.95, math.inf))
    assert survey_interval(DEFAULT_METHOD, Evidence(0.9, 0.02, 9, 240, 200)) == pytest.approx(expected)


WITHOUT_CAP = {"t", "logit", "arcsine", "likelihood"}  # R's, with no effective sample size of their own


@pytest.mark.parametrize("method", METHODS)
def test_a_standard_error_small_by_chance_gives_no_more_than_a_simple_random_sample(method):
    low, high = survey_interval(method, Evidence(0.9, [1e-4, 1e-5], 5, 100, 100))
    widths = high - low
    if method in WITHOUT_CAP:
        assert widths[0] > 2 * widths[1]
    else:
        assert widths[0] == pytest.approx(widths[1])


def test_an_index_is_held_less_than_a_single_question_and_no_less_where_nothing_varies():
    one, index = (
        survey_interval(DEFAULT_METHOD, Evidence([0.7, 1.0], [0.01, 0.0], 99, 400, 400, n_answers=n))
        for n in (None, 2000)
    )
    assert one[0][0] < index[0][0] < 0.7 < index[1][0] < one[1][0]
    assert one[0][1] == index[0][1]


def test_without_spread_the_t_interval_takes_that_of_kishs_answers():
    low, high = survey_interval("t", Evidence(0.9, 0.0, 5, 100, 90.0))
    half = 2.570581836 * math.sqrt(0.09 / 90)
    assert (low, high) == pytest.approx((0.9 - half, 0.9 + half), rel=1e-9)


def test_the_same_share_means_more_if_more_psus_show_it():
    low, high = survey_interval(DEFAULT_METHOD, Evidence(1.0, 0.0, [1, 4, 9, 99], 100, 100))
    assert (np.diff(low) > 0).all()
    assert (high == 1.0).all()


@pytest.mark.parametrize("method", METHODS)
def test_the_cap_does_not_undo_the_finite_population_correction(method):
    fractions = np.array([0.0, 0.5, 0.9, 0.99])
    error = np.sqrt((1 - fractions) * 0.9 * 0.1 / 99)
    low, high = survey_interval(method, Evidence(0.9, error, 99, 100, 100, fractions))
    assert (np.diff(high - low) < 0).all()
    assert high[3] - low[3] == pytest.approx(2 * 1.984217 * error[3], rel=0.02)


def test_all_satisfied_means_more_where_few_others_are_left():
    low, _ = survey_interval(DEFAULT_METHOD, Evidence(1.0, 0.0, 99, 100, 100, [0.0, 0.5, 0.9]))
    assert (np.diff(low) > 0).all()


def test_evidence_of_any_shape_gives_limits_of_that_shape():
    for method in METHODS:
        low, high = survey_interval(method, Evidence([0.5, 0.9, 1.0], [0.1, 0.02, 0], [[4], [9]], 50, 45.0))
        assert low.shape == high.shape == (2, 3)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"value": 1.1}, r"value must lie in \[0, 1\]; got 1.1"),
        ({"value": math.nan}, "value must be a number"),
        ({"standard_error": -0.1}, "standard_error must be finite and not negative; got -0.1"),
        ({"degrees_of_freedom": 0}, "degrees_of_freedom must be positive; got 0"),
        ({"n": 0}, "n must be positive and finite; got 0"),
        ({"n_kish": 0}, "n_kish must be positive and finite; got 0"),
        ({"sampling_fraction": 1}, r"sampling_fraction must lie in \[0, 1\); got 1"),
    ],
)
def test_numbers_out_of_range_are_refused(change, message):
    sound = {"value": 0.9, "standard_error": 0.02, "degrees_of_freedom": 9, "n": 240, "n_kish": 200}
    with pytest.raises(AnalysisError, match=message):
        survey_interval("wilson", Evidence(**{**sound, **change}))


def test_an_unknown_method_is_refused():
    with pytest.raises(AnalysisError, match="method must be one of agresti_coull, arcsine"):
        survey_interval("wald", Evidence(0.9, 0.02, 9, 240, 200))


@pytest.mark.parametrize("method", METHODS)
@given(value=VALUES, error=ERRORS, freedom=FREEDOMS, n=st.floats(0.5, 1e6), cap=st.booleans(), level=LEVELS)
def test_there_is_always_an_interval_with_width_around_the_estimate(
    method, value, error, freedom, n, cap, level
):
    low, high = survey_interval(method, Evidence(value, error, freedom, n, 0.8 * n), level, cap=cap)
    assert low <= value <= high
    assert low < high
    if method != "t":
        assert low >= 0
        assert high <= 1


@pytest.mark.parametrize("method", METHODS)
@given(value=VALUES, error=ERRORS, freedom=FREEDOMS, n=st.integers(2, 5000), levels=st.tuples(LEVELS, LEVELS))
def test_a_higher_level_is_not_narrower(method, value, error, freedom, n, levels):
    known = Evidence(value, error, freedom, n, 0.8 * n)
    low, high = survey_interval(method, known, min(levels))
    wide_low, wide_high = survey_interval(method, known, max(levels))
    assert wide_low <= low + 1e-9
    assert wide_high >= high - 1e-9
