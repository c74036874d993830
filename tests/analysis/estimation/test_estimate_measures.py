from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, strategies as st

from analysis.calibration import Calibration
from analysis.design import DesignTable, SurveyDesign
from analysis.domains import Domains
from analysis.errors import AnalysisError
from analysis.estimation.estimate_measures import estimate_measures
from analysis.estimation.measure import Measure
from analysis.estimation.statistics import mean, proportion
from analysis.sums.psu_sums import PsuSums
from analysis.sums.tally import tally_counts, tally_responses
from tests.analysis.strategies import FEW, assert_same_estimates, samples

# q1, q2, and the mean of both; `both` of `PsuSums.pool` needs a column of its own
MEASURES = [Measure("q1", (0,)), Measure("q2", (1,)), Measure("items", (0, 1), n_items=2)]
POOLED = [Measure("both", (0,), n_items=2)]


def whole(n_rows: int) -> Domains:
    return Domains.crossing(None, n_rows)


# ---- by hand


def test_one_office_agrees_with_paper_and_pencil():
    # R = 12/16 over two items; z = (7 - 6, 5 - 6)/16, V = 2 · 2/256 = 1/64; .75 · .25 / V = 12 > 8 people,
    # of whom 8 · .75 · .25 = 1.5 speak for V against 2: (1.5 + 2) / (1.5 / 12 + 2 / 8) = 28 / 3
    sums = tally_counts([0, 1], [4, 4], [[7], [5]], [[8], [8]])
    estimate = estimate_measures(sums, DesignTable([0, 0]), whole(2), POOLED)[0, "both"]
    assert (estimate.value, estimate.standard_error) == (0.75, 0.125)
    assert (estimate.degrees_of_freedom, estimate.n_respondents, estimate.n_answers) == (1, 8, 16)
    assert (estimate.n_complete, estimate.n_kish) == (8.0, 8.0)
    assert estimate.effective_sample_size == pytest.approx(28 / 3)
    assert estimate.design_effect is None  # rows are not single respondents


def test_27_of_27_in_three_places_leave_doubt():
    sums = tally_counts([0, 1, 2], [9] * 3, [[18]] * 3, [[18]] * 3)
    estimate = estimate_measures(sums, DesignTable([0] * 3), whole(3), POOLED)[0, "both"]
    assert (estimate.value, estimate.standard_error, estimate.effective_sample_size) == (1.0, 0.0, 27.0)
    assert estimate.confidence_interval().low < 0.9


def test_items_that_few_answered_weigh_as_few():
    sums = tally_counts([0, 1], [50, 50], [[50, 2], [50, 1]], [[50, 2], [50, 1]])
    found = estimate_measures(sums, DesignTable([0, 0]), whole(2), MEASURES)
    sizes = [estimate.effective_sample_size for *_, estimate in found]
    assert sizes == pytest.approx([100, 3, 51.5])


def test_unequal_weights_lower_the_size_at_a_full_score():
    # (1 + 1 + 3 + 3)² / (1 + 1 + 9 + 9)
    sums = tally_counts([0, 1, 0, 1], [1] * 4, [[1]] * 4, [[1]] * 4, weight=[1.0, 1.0, 3.0, 3.0])
    estimate = estimate_measures(sums, DesignTable([0, 0]), whole(4), [Measure("q", (0,))])[0, "q"]
    assert estimate.n_kish == estimate.effective_sample_size == pytest.approx(64 / 20)


def test_the_design_effect_agrees_with_paper_and_pencil():
    # Two wards of two, w = 2, y = 1 1 | 1 0: R = 3/4, u = 2 (y - R)/8 = (1, 1, 1, -3)/16, z = ±1/8:
    # V = 2 (1/64 + 1/64) = 1/16. As a simple sample of n = 4 from N = 8:
    # N (1 - n/N) / (n - 1) · sum u²/w = 8/2/3 · 12/256/2 = 1/32.
    sums = tally_counts([0, 0, 1, 1], [1] * 4, [[1], [1], [1], [0]], [[1]] * 4, weight=[2.0] * 4)
    estimate = estimate_measures(sums, DesignTable([0, 0]), whole(4), [Measure("q", (0,))])[0, "q"]
    assert estimate.standard_error**2 == pytest.approx(1 / 16)
    assert estimate.design_effect == pytest.approx(2)


def test_degrees_of_freedom_are_those_of_the_domain_or_of_the_full_design():
    sums = tally_counts(range(5), [4] * 5, [[3]] * 5, [[4]] * 5)
    table, offices = DesignTable([0, 0, 0, 1, 1]), Domains.crossing({"office": [0, 0, 0, 1, 1]}, 5)
    measures = [Measure("q", (0,))]
    for df, wanted in (("domain", [[2], [1]]), ("full", [[3], [3]])):
        assert estimate_measures(sums, table, offices, measures, df=df).degrees_of_freedom.tolist() == wanted


def test_a_sampled_psu_in_which_nobody_answered_counts_in_the_variance_but_not_in_the_df():
    # R = 7/10, z = (1.2, -1.2, 0)/10: V = 3/2 · 2 · 1.44 / 100; two PSUs answered.
    sums = tally_counts([0, 1], [4, 6], [[4], [3]], [[4], [6]])
    estimate = estimate_measures(sums, DesignTable([0] * 3), whole(2), [Measure("q", (0,))])[0, "q"]
    assert estimate.standard_error**2 == pytest.approx(3 / 2 * 2 * 1.44 / 100)
    assert estimate.degrees_of_freedom == 1


def test_a_single_respondent_has_a_value_and_no_error():
    sums = tally_counts([0], [1], [[1]], [[1]])
    estimate = estimate_measures(sums, DesignTable([0]), whole(1), [Measure("q", (0,))])[0, "q"]
    assert (estimate.value, estimate.reason) == (1.0, "single_psu")


def test_answers_of_a_single_psu_have_no_error_also_of_an_index():
    """Three wards were asked, one gave valid answers: how wards differ cannot be told."""
    sums = tally_counts([0, 1, 2], [9, 9, 9], [[8], [0], [0]], [[18], [0], [0]])
    one_item = estimate_measures(sums, DesignTable([0] * 3), whole(3), [Measure("q", (0,))])[0, "q"]
    index = estimate_measures(sums, DesignTable([0] * 3), whole(3), POOLED)[0, "both"]
    assert (one_item.reason, index.reason) == ("single_psu", "single_psu")


# ---- no rows, no answers


def no_rows(n_columns: int) -> PsuSums:
    return tally_counts([], [], np.empty((0, n_columns), int), np.empty((0, n_columns), int))


@pytest.mark.parametrize("table", [DesignTable([]), DesignTable([0, 0])])
def test_no_respondent_at_all_is_a_state(table):
    found = estimate_measures(no_rows(2), table, whole(0), MEASURES)
    assert [estimate.reason for *_, estimate in found] == ["no_respondents"] * 3
    assert not any(estimate.is_census for *_, estimate in found)


def test_no_domain_at_all_is_an_empty_table():
    found = estimate_measures(no_rows(2), DesignTable([]), Domains.crossing({"office": []}, 0), MEASURES)
    assert (len(found), found.to_dict()) == (0, [])


def test_a_domain_of_weights_0_is_without_respondents():
    sums = replace(
        tally_counts([0, 1, 2], [1, 1, 0], [[1], [0], [0]], [[1], [1], [0]]), psu=np.array([0, 1, 2])
    )
    domains = Domains.crossing({"office": ["A", "A", "B"]}, 3)
    found = estimate_measures(sums, DesignTable([0, 0, 0]), domains, [Measure("q", (0,))])
    assert found[{"office": "B"}, "q"].reason == "no_respondents"


# ---- what cannot be


def good() -> dict:
    sums = tally_counts([0, 1], [4, 6], [[4, 1], [3, 0]], [[4, 2], [6, 0]])
    return {"sums": sums, "table": DesignTable([0, 0]), "domains": whole(2), "measures": MEASURES}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"df": "half"}, "df must be one of domain, full; got 'half'"),
        ({"domains": whole(3)}, "domains must have 2 rows; got 3"),
        ({"table": DesignTable([0])}, "psu must lie between 0 and 0; got 1"),
        ({"calibration": Calibration(np.ones((3, 1)), np.ones(3))}, "calibration must have 2 rows; got 3"),
        ({"calibration": Calibration(np.ones((2, 1)), np.ones(2))}, "sums must have one row per respondent"),
        (
            {"table": DesignTable([0, 0], [4], n_units=[4, 6], psu_population=[9, 9])},
            "sums must have one row per respondent for a second stage .*; got 6",
        ),
        ({"measures": []}, "measures must"),
        ({"measures": [Measure("q", (0,)), Measure("q", (1,))]}, "measures must"),
        ({"measures": [Measure("q", (2,))]}, "must"),
    ],
)
def test_what_does_not_fit_together_is_refused(change, message):
    arguments = good() | change
    with pytest.raises(AnalysisError, match=message):
        estimate_measures(**arguments)


# ---- properties

STAGES = st.sampled_from([0, 1, 2])
RULES = st.sampled_from(["certainty", "adjust", "not_estimable"])


def estimates_of(sample, n_stages=0, *, lone_psu="not_estimable", weight=None):
    """By office, so that each domain is a union of strata; and by sex, which crosses PSUs."""
    sample = sample if weight is None else sample.with_weight(weight)
    domains = Domains.crossing({"office": sample.office, "sex": sample.sex}, len(sample))
    return estimate_measures(
        sample.tally(), sample.design(n_stages, lone_psu=lone_psu).table, domains, MEASURES
    )


@FEW
@given(samples(), STAGES, RULES, st.floats(0.01, 100))
def test_the_scale_of_the_weights_changes_nothing(sample, n_stages, policy, factor):
    scaled = estimates_of(sample, n_stages, lone_psu=policy, weight=sample.weight * factor)
    assert_same_estimates(scaled, estimates_of(sample, n_stages, lone_psu=policy))


@FEW
@given(samples(), STAGES)
def test_equal_weights_are_no_weights(sample, n_stages):
    n = len(sample)
    ratings = sample.ratings()
    domains = Domains.crossing({"office": sample.office, "sex": sample.sex}, n)
    counts = tally_counts(sample.design().psu_code, np.ones(n, int), ratings.satisfied * 1, ratings.valid * 1)
    unweighted = estimate_measures(counts, sample.design(n_stages).table, domains, MEASURES)
    assert_same_estimates(estimates_of(sample, n_stages, weight=np.full(n, 37.5)), unweighted)


@FEW
@given(samples(), STAGES, RULES, st.randoms(use_true_random=False))
def test_the_order_of_rows_changes_nothing(sample, n_stages, policy, random):
    rows = list(range(len(sample)))
    random.shuffle(rows)
    shuffled = estimates_of(sample.take(np.array(rows)), n_stages, lone_psu=policy)
    assert_same_estimates(shuffled, estimates_of(sample, n_stages, lone_psu=policy), rtol=1e-12)


@FEW
@given(samples(), st.sampled_from([0, 1]), RULES)
def test_condensed_sums_give_what_their_rows_give(sample, n_stages, policy):
    sample = replace(sample, weight=np.maximum(sample.weight, 0.5))  # condensed sums forget who has weight 0
    rows, table = sample.tally(), sample.design(n_stages, lone_psu=policy).table
    condensed = rows.condense()
    found = [
        estimate_measures(sums, table, Domains.crossing({"sex": sums.cell}, sums.psu.size), MEASURES)
        for sums in (rows, condensed)
    ]
    assert_same_estimates(*found)


@FEW
@given(samples(), st.lists(st.integers(0, 2), min_size=30, max_size=30))
def test_days_estimated_together_are_their_merged_sums(sample, days):
    sample = replace(sample, weight=np.maximum(sample.weight, 0.5))  # merged sums forget who has weight 0
    rows, table = sample.tally(), sample.design(1).table
    day = np.array(days[: len(sample)])
    merged = rows.take(day == 0).merge(rows.take(day == 1), rows.take(day == 2))
    found = [
        estimate_measures(sums, table, Domains.crossing({"sex": sums.cell}, sums.psu.size), MEASURES)
        for sums in (rows, merged)
    ]
    assert_same_estimates(*found)


@FEW
@given(samples(), STAGES, RULES)
def test_an_office_alone_is_what_it_is_among_others(sample, n_stages, policy):
    together = estimates_of(sample, n_stages, lone_psu=policy)
    for office in np.unique(sample.office):
        part = sample.take(sample.office == office)
        if not part.weight.any():
            continue  # no design of its own
        for domain, measure, estimate in estimates_of(part, n_stages, lone_psu=policy):
            twin = together[domain, measure]
            for name in ("reason", "n_answers", "degrees_of_freedom", "is_census"):
                assert getattr(estimate, name) == getattr(twin, name)
            for name in ("value", "standard_error"):
                one, other = getattr(estimate, name), getattr(twin, name)
                assert one is other is None or one == pytest.approx(other, rel=1e-9, abs=1e-9)


@FEW
@given(samples(), st.sampled_from([1, 2]))
def test_a_population_that_was_sampled_whole_has_no_error_and_a_point_as_interval(sample, n_stages):
    n_wards = np.bincount(np.unique(sample.ward) // 4, minlength=3)[sample.office]
    n_people = np.bincount(sample.ward)[sample.ward]
    census = replace(
        sample,
        wards_of_office=n_wards,
        people_of_ward=n_people,
        weight=np.maximum(sample.weight, 0.5),
        answers=np.where(np.isin(sample.answers, [1, 2, 3, 4, 5]), sample.answers, 3.0),
    )
    for *_, estimate in estimates_of(census, n_stages):
        assert estimate.is_census or estimate.value is None
        if estimate.value is not None:
            interval = estimate.confidence_interval()
            assert estimate.standard_error == 0
            assert interval.low == estimate.value == interval.high


@pytest.mark.parametrize(
    ("weight", "holds"),
    [
        ([2.0] * 50 + [0.0] * 50, [1] * 40 + [0] * 10 + [np.nan] * 50),  # half of the people did not answer
        ([1.0] * 100, [1] * 3 + [np.nan] * 97),  # three answered the item, all satisfied
    ],
)
def test_a_census_that_many_did_not_answer_is_none(weight, holds):
    found = proportion(SurveyDesign(weight, fpc=[100] * 100), {"y": holds})[0, "y"]
    interval = found.confidence_interval()
    assert not found.is_census
    assert interval.high - interval.low > 0.05


def test_an_item_that_one_ward_answered_leaves_the_mean_of_items_without_error():
    sums = tally_counts([0, 1, 2], [9, 9, 9], [[8, 5], [7, 0], [6, 0]], [[9, 7], [9, 0], [9, 0]])
    found = estimate_measures(sums, DesignTable([0] * 3), whole(3), [Measure("both", (0, 1), n_items=2)])
    assert found[0, "both"].reason == "single_psu"


@FEW
@given(samples())
def test_satisfied_and_dissatisfied_are_mirrors(sample):
    ratings, design = sample.ratings(), sample.design()
    mirrored = tally_responses(design, (ratings.valid & ~ratings.satisfied) * 1, ratings.valid * 1)
    domains = Domains.crossing({"sex": sample.sex}, len(sample))
    one = estimate_measures(sample.tally(), design.table, domains, MEASURES)
    other = estimate_measures(mirrored, design.table, domains, MEASURES)
    np.testing.assert_allclose(one.value, 1 - other.value, atol=1e-12)
    np.testing.assert_allclose(one.standard_error, other.standard_error, rtol=1e-9, atol=1e-12)


def test_a_psu_of_one_sampled_unit_is_named_as_the_reason():
    sizes = ([9] * 5, [7] * 5)
    answers = {"y": [1.0, 4.0, 2.0, 8.0, 5.0]}
    wards = ["A", "A", "B", "B", "C"]
    assert mean(SurveyDesign([1.0] * 5, psu=wards, fpc=sizes), answers)[0, "y"].reason == "single_unit"
    averaged = SurveyDesign([1.0] * 5, psu=wards, fpc=sizes, lone_psu="average")
    assert mean(averaged, answers)[0, "y"].is_estimable
