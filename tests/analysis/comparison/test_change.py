import json
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from hypothesis import assume, given, strategies as st

from analysis.calibration import Calibration
from analysis.comparison.change import change, independent_change
from analysis.comparison.change_limits import (
    change_columns,
    change_interval,
    possible_limits,
    verdict_on_change,
)
from analysis.design import SurveyDesign
from analysis.errors import AnalysisError
from analysis.estimation.estimate import Estimate
from analysis.estimation.estimates import Estimates
from analysis.estimation.index import satisfaction_index
from analysis.estimation.statistics import mean, proportion, ratio
from tests.analysis.reference_data import Row, agrees, columns_of, label, numbers, read_rows
from tests.analysis.strategies import FEW, samples

ROWS = read_rows("sipas/expected_two_waves.csv")

# ---- R's rows: six offices, eight wards a year of which five in both


@cache
def waves(by_office: bool) -> Estimates:
    columns = columns_of("sipas/two_waves.csv")
    design = SurveyDesign(numbers(columns["w"]), columns["office"], columns["ward"])
    by = {"year": columns["year"]} | ({"office": columns["office"]} if by_office else {})
    satisfied, valid = ({"index": numbers(columns[name])} for name in ("n_ok", "n_valid"))
    return ratio(design, satisfied, valid, by)


@cache
def changes(by_office: bool) -> Estimates:
    return change(waves(by_office), "year", earlier="2025", later="2026")


def place(row: Row) -> tuple[bool, dict[str, str]]:
    return (False, {}) if row["domain"] == "ALL" else (True, {"office": row["domain"]})


@pytest.mark.parametrize("row", [row for row in ROWS if row["stat"] == "index_pooled"], ids=label)
def test_the_index_of_each_year_agrees_with_r(row):
    by_office, domain = place(row)
    estimate = waves(by_office)[{"year": row["variable"], **domain}, "index"]
    assert agrees(100 * estimate.value, row["estimate"])
    assert agrees(100 * estimate.standard_error, row["se"])


@pytest.mark.parametrize("row", [row for row in ROWS if row["stat"] == "covariance"], ids=label)
def test_the_covariance_of_overlapping_years_agrees_with_r(row):
    by_office, domain = place(row)
    keys = [({"year": year, **domain}, "index") for year in row["variable"].split(",")]
    assert agrees(1e4 * waves(by_office).covariance(keys)[0, 1], row["estimate"])


@pytest.mark.parametrize("row", [row for row in ROWS if row["stat"] == "change"], ids=label)
def test_the_change_between_years_agrees_with_r(row):
    by_office, domain = place(row)
    estimate = changes(by_office)[domain, "index"]
    interval = estimate.confidence_interval()
    figures = {
        "estimate": 100 * estimate.value,
        "se": 100 * estimate.standard_error,
        "ci_low": 100 * interval.low,
        "ci_high": 100 * interval.high,
        "df": estimate.degrees_of_freedom,
    }
    wrong = {name: (got, row[name]) for name, got in figures.items() if not agrees(got, row[name])}
    assert not wrong


def test_every_row_of_the_waves_is_a_case():
    assert {row["stat"] for row in ROWS} == {"index_pooled", "covariance", "change"}
    assert len(ROWS) == 28


# ---- by hand

YEAR = {"year": [2025] * 3 + [2026] * 3}
SCORE = {"score": [70.0, 80, 60, 73, 86, 63]}


def test_wards_asked_twice_agree_with_paper_and_pencil():
    # Differences 3, 6, 3: mean 4, u = (-1, 2, -1)/3, V = 3/2 · 6/9 = 1
    design = SurveyDesign([1.0] * 6, psu=[1, 2, 3] * 2)
    estimate = change(mean(design, SCORE, YEAR), "year", earlier=2025, later=2026)[{}, "score"]
    assert (estimate.value, estimate.kind) == (pytest.approx(4), "difference")
    assert estimate.standard_error == pytest.approx(1)
    assert (estimate.degrees_of_freedom, estimate.n_respondents) == (2, 6)


def test_other_wards_each_year_are_independent_samples():
    # Means 70 and 74; six wards of one stratum: V = 6/5 (200/9 + (1 + 144 + 121)/9)
    design = SurveyDesign([1.0] * 6)
    found = mean(design, SCORE, YEAR)
    estimate = change(found, "year", earlier=2025, later=2026)[0, "score"]
    assert estimate.standard_error**2 == pytest.approx(6 / 5 * (200 + 266) / 9)
    assert estimate.standard_error**2 == pytest.approx(found.variance.sum())
    assert estimate.degrees_of_freedom == 5


def test_backwards_it_changes_its_sign_alone():
    found = waves(True)
    there = changes(True)
    back = change(found, "year", earlier="2026", later="2025")
    np.testing.assert_allclose(back.value, -there.value, rtol=1e-14)
    np.testing.assert_allclose(back.variance, there.variance, rtol=1e-12)


def test_domains_of_one_wave_only_are_left_out():
    design = SurveyDesign([1.0] * 6)
    by = {"office": ["A", "A", "B", "A", "A", "C"], **YEAR}
    found = change(mean(design, SCORE, by), "year", earlier=2025, later=2026)
    assert found.domains.labels == ({"office": "A"},)
    assert found.domains.code.tolist() == [0, 0, -1, 0, 0, -1]


def test_a_third_wave_takes_no_part():
    design = SurveyDesign([1.0] * 9, psu=[1, 2, 3] * 3)
    by = {"year": [2025] * 3 + [2026] * 3 + [2027] * 3}
    found = change(
        mean(design, {"score": [*SCORE["score"], 1.0, 2.0, 99.0]}, by), "year", earlier=2025, later=2026
    )
    assert found[0, "score"].standard_error == pytest.approx(1)


def test_a_wave_without_answers_leaves_no_change():
    design = SurveyDesign([1.0] * 6, psu=[1, 2, 3] * 2)
    silent = {"score": [70.0, 80, 60, np.nan, np.nan, np.nan]}
    found = change(mean(design, silent, YEAR), "year", earlier=2025, later=2026)
    assert found[0, "score"].reason == "no_answers"
    assert found[0, "score"].value is None
    json.dumps(found.to_dict(), allow_nan=False)


def test_a_change_without_spread_is_not_estimable():
    design = SurveyDesign([1.0] * 6, psu=[1, 2, 3] * 2)
    found = change(proportion(design, {"q": [1, 0, 1, 1, 0, 1]}, YEAR), "year", earlier=2025, later=2026)
    assert (found[0, "q"].value, found[0, "q"].reason) == (0.0, "no_spread")


def test_two_censuses_differ_exactly():
    design = SurveyDesign([1.0] * 6, ["old"] * 3 + ["new"] * 3, fpc=[3] * 6)
    estimate = change(mean(design, SCORE, YEAR), "year", earlier=2025, later=2026)[0, "score"]
    interval = estimate.confidence_interval()
    assert estimate.is_census
    assert interval.low == interval.high == estimate.value


def test_calibrated_weights_count_by_their_residuals():
    calibration = Calibration(np.column_stack([np.ones(6), [1.0, 2, 3, 1, 2, 4]]), np.ones(6))
    design = SurveyDesign([1.0] * 6, calibration=calibration)
    found = mean(design, SCORE, YEAR)
    matrix = found.covariance([(0, "score"), (1, "score")])
    estimate = change(found, "year", earlier=2025, later=2026)[0, "score"]
    assert estimate.standard_error**2 == pytest.approx(matrix[0, 0] + matrix[1, 1] - 2 * matrix[0, 1])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"wave": "month"}, "wave must be one of the columns office, year; got 'month'"),
        ({"earlier": 1999}, r"earlier and later must both occur in a domain, among \[2025, 2026\]"),
        ({"earlier": 2026}, "earlier and later must both occur"),
        ({"earlier": "2025"}, "earlier and later must both occur"),
    ],
)
def test_waves_that_do_not_occur_are_refused(arguments, message):
    found = mean(SurveyDesign([1.0] * 6), SCORE, {"office": ["A"] * 6, **YEAR})
    with pytest.raises(AnalysisError, match=message):
        change(found, **({"wave": "year", "earlier": 2025, "later": 2026} | arguments))


# ---- properties


@FEW
@given(samples(), st.sampled_from([0, 1, 2]), st.sampled_from(["pooled", "item_mean"]))
def test_the_variance_of_a_change_is_that_of_both_less_twice_their_covariance(sample, n_stages, rule):
    """Sex stands for the year: both "waves" share wards."""
    assume(len(set(sample.sex)) == 2)
    design = sample.design(n_stages, lone_psu="certainty")
    found = satisfaction_index(design, sample.ratings(), rule=rule, by={"sex": sample.sex})
    assume(not np.isnan(found.value).any())
    changed = change(found, "sex", earlier="F", later="M")
    if not (found.variance > 0).all() and not changed.is_census.all():
        assert changed[0, "all"].reason is not None  # a wave has no error, and the change neither
        return
    matrix = found.covariance([({"sex": "F"}, "all"), ({"sex": "M"}, "all")])
    wanted = matrix[0, 0] + matrix[1, 1] - 2 * matrix[0, 1]
    assert changed.value[0, 0] == pytest.approx(found.value[1, 0] - found.value[0, 0])
    assert changed.variance[0, 0] == pytest.approx(wanted, rel=1e-9, abs=1e-12)


def two_years(earlier, later, wards=(0, 0, 1, 1, 2, 2)):
    """Shares of two years, six people a year in the given wards; wards of the later year are others."""
    design = SurveyDesign([1.0] * 12, psu=[*wards, *(10 + np.array([0, 0, 1, 1, 2, 2]))])
    return proportion(design, {"y": [*earlier, *later]}, {"year": [2025] * 6 + [2026] * 6})


def test_a_change_from_a_wave_of_a_single_psu_is_not_estimable():
    found = two_years([1, 0, 1, 1, 0, 1], [1, 1, 0, 0, 0, 0], wards=[7] * 6)
    changed = change(found, "year", earlier=2025, later=2026)[0, "y"]
    assert (changed.reason, changed.confidence_interval()) == ("single_psu", None)


def test_a_wave_without_spread_is_not_taken_for_known_exactly():
    """All of six satisfied is 54-100 %, not 100 %: a fall to a third of six is not shown by it."""
    found = two_years([1] * 6, [1, 1, 0, 0, 0, 0])
    changed = change(found, "year", earlier=2025, later=2026)[0, "y"]
    assert (changed.reason, changed.confidence_interval()) == ("no_spread", None)


def test_a_census_may_be_compared_with_a_sample():
    design = SurveyDesign([1.0] * 6 + [2.0] * 3, ["A"] * 6 + ["B"] * 3, fpc=[6] * 6 + [6] * 3)
    found = proportion(design, {"y": [1, 1, 1, 1, 1, 0, 1, 0, 0]}, {"year": [2025] * 6 + [2026] * 3})
    changed = change(found, "year", earlier=2025, later=2026)[0, "y"]
    assert changed.standard_error == pytest.approx(found[1, "y"].standard_error)


# ---- two figures whose samples were drawn apart


def figure(value: float | None, error: float | None, **given: object) -> Estimate:
    sizes = {"n_respondents": 200, "n_answers": 200, "n_complete": 200, "n_kish": 200}
    return Estimate(value, error, **{"degrees_of_freedom": 30, **sizes, **given})


def test_independent_waves_have_the_change_that_sums_without_overlap_give() -> None:
    """Wards of their own in each year: both ways lead to one number."""
    years = np.repeat(["2025", "2026"], 40)
    wards = [f"{year}-{place % 8}" for place, year in enumerate(years)]
    score = (np.arange(80) * 7 % 11 < np.where(years == "2025", 6, 8)).astype(float)
    # A stratum a year: each year's design has its own wards.
    design = SurveyDesign(np.ones(80), years, wards)
    both = proportion(design, {"on time": score}, {"year": years})
    joint = change(both, "year", earlier="2025", later="2026")[0, "on time"]
    apart = independent_change(*(both[{"year": year}, "on time"] for year in ("2025", "2026")))
    assert apart.value == pytest.approx(joint.value, abs=1e-12)
    assert apart.standard_error == pytest.approx(joint.standard_error, abs=1e-12)
    assert apart.n_respondents == joint.n_respondents
    # Eight wards a year; together they count as 14 degrees, apart as Satterthwaite says.
    one, other = (both[{"year": year}, "on time"].standard_error ** 2 for year in ("2025", "2026"))
    assert joint.degrees_of_freedom == 14
    assert apart.degrees_of_freedom == int((one + other) ** 2 / (one**2 / 7 + other**2 / 7)) == 12


@pytest.mark.parametrize(
    ("earlier", "later", "expected"),
    [
        ((0.04, 3), (0.04, 3), 6),  # alike: their sum
        ((0.04, 3), (0.001, 500), 3),  # all the variance in the year of few
        ((0.0001, 3), (0.04, 500), 500),  # none of it there
        ((0.04, 3), (0.0, 4), 3),  # a census is known exactly
    ],
)
def test_few_units_in_the_year_with_the_variance_leave_few_degrees_of_freedom(
    earlier, later, expected
) -> None:
    waves = [
        figure(0.8, error, degrees_of_freedom=freedom, sampling_fraction=float(error == 0))
        for error, freedom in (earlier, later)
    ]
    assert independent_change(*waves).degrees_of_freedom == expected
    assert independent_change(*waves[::-1]).degrees_of_freedom == expected


def test_a_wave_without_an_error_leaves_the_change_without_one() -> None:
    silent = figure(1.0, 0.0)
    lacking = figure(0.9, None, reason="single_psu", degrees_of_freedom=0)
    empty = figure(None, None, reason="no_answers", n_answers=0)
    for other, reason in ((silent, "no_spread"), (lacking, "single_psu"), (empty, "no_answers")):
        for pair in ((figure(0.8, 0.03), other), (other, figure(0.8, 0.03))):
            found = independent_change(*pair)
            assert (found.reason, found.confidence_interval()) == (reason, None)


def test_two_censuses_apart_differ_exactly() -> None:
    census = {"sampling_fraction": 1.0, "degrees_of_freedom": 0}
    found = independent_change(figure(0.5, 0.0, **census), figure(0.75, 0.0, **census))
    interval = found.confidence_interval()
    assert interval is not None
    assert (found.value, interval.low, interval.high) == (0.25, 0.25, 0.25)


# ---- limits from those of both waves


def interval_of(one: Estimate) -> tuple[float, float, float]:
    found = one.confidence_interval()
    assert found is not None
    assert one.value is not None
    return found.low, one.value, found.high


def test_limits_of_both_waves_combine_by_hand() -> None:
    """A census moves the other's limits; else what lies between value and limit is squared."""
    known = figure(0.9, 0.0, sampling_fraction=1.0)
    silent, usual = figure(1.0, 0.0), figure(0.7, 0.04)
    (low_silent, _, _), (low, value, high) = interval_of(silent), interval_of(usual)
    found = change_interval(known, usual)
    assert (found.low, found.high) == pytest.approx((low - 0.9, high - 0.9))
    fallen = change_interval(silent, usual)
    assert fallen.low == pytest.approx(-0.3 - (value - low))  # nothing lies above 100 %
    assert fallen.high == pytest.approx(-0.3 + ((high - value) ** 2 + (1 - low_silent) ** 2) ** 0.5)
    assert (fallen.level, fallen.method) == (0.95, "agresti_coull")
    still = change_interval(silent, silent)
    assert (still.low, still.high) == pytest.approx((low_silent - 1, 1 - low_silent))


def test_newcombes_example_of_two_wilson_intervals() -> None:
    """Newcombe (1998), table II, case a, method 10: 56/70 less 48/80 is 0.2, 0.0524 to 0.3339."""
    first, second = (
        Estimate(p, (p * (1 - p) / n) ** 0.5, 10**9, n_respondents=n, n_answers=n, n_complete=n, n_kish=n)
        for p, n in ((0.6, 80), (0.8, 70))
    )
    found = change_interval(first, second, method="wilson")
    assert (found.low, found.high) == pytest.approx((0.0524, 0.3339), abs=6e-5)


def test_a_wave_without_an_interval_leaves_the_change_without_one_too() -> None:
    lacking = figure(0.9, None, reason="single_psu", degrees_of_freedom=0)
    assert change_interval(lacking, figure(0.8, 0.03)) is None
    assert change_interval(figure(0.8, 0.03), lacking) is None


shares = st.tuples(st.integers(0, 20), st.integers(2, 60), st.floats(0.3, 3))


@given(shares, shares, st.sampled_from([0.8, 0.95]))
def test_limits_of_a_change_hold_it_and_stay_possible(first, second, level) -> None:
    waves = [
        figure(k / 20, (k / 20 * (1 - k / 20) / 200 * effect) ** 0.5, degrees_of_freedom=freedom)
        for k, freedom, effect in (first, second)
    ]
    found, back = change_interval(*waves, level), change_interval(*waves[::-1], level)
    assert -1 <= found.low <= waves[1].value - waves[0].value <= found.high <= 1
    assert (back.low, back.high) == pytest.approx((-found.high, -found.low))
    lengths = [one.confidence_interval(level).high - one.confidence_interval(level).low for one in waves]
    assert max(lengths) <= found.high - found.low + 1e-12 <= sum(lengths) + 2e-12
    wider = change_interval(*waves, 0.99)
    assert wider.low <= found.low + 1e-12
    assert wider.high >= found.high - 1e-12


def test_means_have_the_limits_of_independent_waves() -> None:
    first, second = (figure(value, 2.0, kind="mean", degrees_of_freedom=30) for value in (60.0, 65.0))
    half = (second.confidence_interval().high - 65.0) * 2**0.5
    assert change_interval(first, second).high == pytest.approx(5.0 + half)


@pytest.mark.parametrize(
    ("limits", "verdict"),
    [
        ((0.01, 0.02), "shown_to_have_risen"),
        ((-0.02, -0.01), "shown_to_have_fallen"),
        ((0.0, 0.02), "not_shown_to_have_changed"),
        ((-0.02, 0.0), "not_shown_to_have_changed"),
        ((None, None), "not_estimable"),
        ((np.nan, np.nan), "not_estimable"),
    ],
)
def test_a_change_is_shown_where_its_limits_leave_out_none(limits, verdict) -> None:
    assert verdict_on_change(*limits) == verdict


def test_waves_estimated_together_have_the_limits_of_r_as_far_as_they_are_possible() -> None:
    shares = waves(True)
    shares = replace(shares, measures=tuple(replace(one, kind="proportion") for one in shares.measures))
    changed, columns = change_columns(shares, "year", earlier="2025", later="2026")
    np.testing.assert_array_equal((columns["low"], columns["high"]), changed.limits())
    wide = change_columns(shares, "year", earlier="2025", later="2026", level=1 - 1e-12)[1]
    (t_low, t_high), (low, high) = changed.limits(1 - 1e-12), shares.limits(1 - 1e-12)
    year = np.array([labels["year"] for labels in shares.domains.labels])
    least, most = low[year == "2026"] - high[year == "2025"], high[year == "2026"] - low[year == "2025"]
    assert (t_low < least).any()
    assert (t_high > most).any()
    np.testing.assert_array_equal(wide["low"], np.maximum(t_low, least))
    np.testing.assert_array_equal(wide["high"], np.minimum(t_high, most))
    unlike = change_columns(waves(True), "year", earlier="2025", later="2026", level=1 - 1e-12)[1]
    assert (unlike["high"] > 1).any()  # of ratios nobody knows what is possible


def test_a_year_without_spread_leaves_limits_and_no_standard_error() -> None:
    """From all of six to a third of six."""
    found = two_years([1] * 6, [1, 1, 0, 0, 0, 0])
    changed, columns = change_columns(found, "year", earlier=2025, later=2026)
    assert changed[0, "y"].reason == "no_spread"
    limits = change_interval(*(found[{"year": year}, "y"] for year in (2025, 2026)))
    cells = {name: column[0, 0] for name, column in columns.items()}
    assert (cells["low"], cells["high"]) == pytest.approx((limits.low, limits.high))
    assert (cells["value"], cells["reason"]) == (pytest.approx(-2 / 3), None)
    assert np.isnan(cells["standard_error"])
    lone = two_years([1, 0, 1, 1, 0, 1], [1, 1, 0, 0, 0, 0], wards=[7] * 6)
    columns = change_columns(lone, "year", earlier=2025, later=2026)[1]
    assert (columns["reason"][0, 0], np.isnan(columns["low"][0, 0])) == ("single_psu", True)


ENDS = st.lists(st.floats(0, 1), min_size=3, max_size=3).map(sorted)


@given(ENDS, ENDS, st.floats(0, 2) | st.just(np.nan))
def test_a_change_never_passes_the_limits_of_both(earlier, later, half) -> None:
    value = later[1] - earlier[1]
    low, high = possible_limits((value - half, value + half), earlier, later)
    assert later[0] - earlier[2] - 1e-9 <= low <= value + 1e-12
    assert value - 1e-12 <= high <= later[2] - earlier[0] + 1e-9
