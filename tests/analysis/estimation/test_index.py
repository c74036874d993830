from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from analysis import AnalysisError, pooled_index, t_interval, tally_counts, tally_responses
from tests.analysis.reference_data import (
    ITEMS,
    MEASURES,
    read_rows,
    sipas_columns,
    sipas_offices,
    sipas_sums,
)
from tests.analysis.strategies import samples

EXPECTED = read_rows("sipas/expected_index.csv")
TWO = {"all": [0, 1], "first": [0]}


def assert_same_estimates(one, other, rtol=1e-9):
    assert one.keys() == other.keys()
    for key, estimate in one.items():
        twin = other[key]
        assert (estimate.reason, estimate.n_answers) == (twin.reason, twin.n_answers)
        for name in ("value", "standard_error", "effective_sample_size", "degrees_of_freedom"):
            got, wanted = getattr(estimate, name), getattr(twin, name)
            assert got is wanted is None or got == pytest.approx(wanted, rel=rtol, abs=1e-9)


@pytest.fixture(scope="module")
def sipas_index():
    """Estimates by the name of the domain and the measure, as the expected rows name them."""
    offices, sums = sipas_offices(), sipas_sums()
    provinces = sorted({office[:3] for office in offices})
    found = {}
    for names, domains in (
        (offices, range(len(offices))),
        (provinces, [provinces.index(office[:3]) for office in offices]),
        (["ALL"], [0] * len(offices)),
    ):
        for (domain, measure), estimate in pooled_index(sums, domains, MEASURES).items():
            found[names[domain], measure] = estimate
    for column in ("sex", "age", "field"):
        values = sipas_columns()[column]
        for value in np.unique(values):
            inside = pooled_index(sipas_sums(values == value), [0] * len(offices), {"all": range(22)})
            found[f"{column}={value}", "all"] = inside[0, "all"]
    return found


@pytest.mark.parametrize(
    "row",
    [row for row in EXPECTED if row["case"] != "S00"],
    ids=lambda row: "-".join(row[name] for name in ("case", "stat", "variable", "domain")),
)
def test_index_agrees_with_r(sipas_index, row):
    estimate = sipas_index[row["domain"], row["variable"]]
    freedom = int(row["df"])
    low, high = t_interval(estimate.value, estimate.standard_error, freedom)
    got = [100 * float(x) for x in (estimate.value, estimate.standard_error, low, high)]
    wanted = [float(row[name]) for name in ("estimate", "se", "ci_low", "ci_high")]
    assert got == pytest.approx(wanted, rel=1e-8)
    if row["stat"] == "index_pooled_dfdom" or row["domain"] == "ALL":
        interval = estimate.confidence_interval(method="t")
        assert estimate.degrees_of_freedom == freedom
        assert [100 * interval.low, 100 * interval.high] == pytest.approx(wanted[2:], rel=1e-8)


def test_weights_and_degrees_of_freedom_of_the_whole_agree_with_r(sipas_index):
    wanted = {row["stat"]: float(row["estimate"]) for row in EXPECTED if row["case"] == "S00"}
    assert sipas_sums().weight_sum.sum() == pytest.approx(wanted["sum_weights"], rel=1e-12)
    assert sipas_index["ALL", "all"].degrees_of_freedom == wanted["degf"]


def test_the_counts_of_the_whole_survey_are_those_of_its_rows(sipas_index):
    columns = sipas_columns()
    valid = sum(np.isin(columns[item], list("12345")).sum() for item in ITEMS)
    assert sipas_index["ALL", "all"].n_respondents == 4943
    assert sipas_index["ALL", "all"].n_answers == valid


def test_one_office_agrees_with_paper_and_pencil():
    # R = 12/16 over two items; z = (7-6, 5-6)/16, V = 2 · 2/256; .1875/V = 12, more than 8 people
    sums = tally_counts([0, 0], [1, 2], [4, 4], [[4, 3], [3, 2]], [[4, 4], [4, 4]])
    estimate = pooled_index(sums, [0], TWO)[0, "all"]
    assert estimate.value == 0.75
    assert estimate.standard_error == pytest.approx(1 / 8)
    assert (estimate.degrees_of_freedom, estimate.n_respondents, estimate.n_answers) == (1, 8, 16)
    assert estimate.effective_sample_size == 8
    assert estimate.design_effect == pytest.approx(16 / 12)


def test_27_of_27_in_three_places_leave_doubt():
    sums = tally_counts([0] * 3, [1, 2, 3], [9, 9, 9], [[9, 9]] * 3, [[9, 9]] * 3)
    estimate = pooled_index(sums, [0], TWO)[0, "all"]
    assert (estimate.value, estimate.standard_error, estimate.effective_sample_size) == (1, 0, 27)
    assert estimate.confidence_interval().low < 0.875


def test_items_that_few_answered_weigh_as_few():
    sums = tally_counts([0, 0], [1, 2], [50, 50], [[50, 2], [50, 1]], [[50, 2], [50, 1]])
    index = pooled_index(sums, [0], {"first": [0], "second": [1], "both": [0, 1]})
    sizes = [index[0, name].effective_sample_size for name in ("first", "second", "both")]
    assert sizes == pytest.approx([100, 3, 51.5])


def test_unequal_weights_lower_the_size_at_a_full_score():
    sample = {"weight": [1.0, 1.0, 3.0, 3.0], "satisfied": [[True]] * 4, "valid": [[True]] * 4}
    sums = tally_responses([0] * 4, [1, 2, 1, 2], **sample)
    assert pooled_index(sums, [0], {"q": [0]})[0, "q"].effective_sample_size == pytest.approx(64 / 20)


def test_each_impossible_cell_has_its_own_reason():
    sums = tally_counts(
        stratum=[0, 0, 1, 2, 2],
        psu=[1, 2, 3, 4, 5],
        n_respondents=[4, 4, 4, 0, 0],
        n_satisfied=[[3, 0], [4, 0], [4, 1], [0, 0], [0, 0]],
        n_valid=[[4, 0], [4, 0], [4, 2], [0, 0], [0, 0]],
    )
    index = pooled_index(sums, [0, 1, 2, 3], {"a": [0], "b": [1]})
    reasons = {key: estimate.reason for key, estimate in index.items()}
    assert reasons == {
        (0, "a"): None,
        (0, "b"): "no_answers",
        (1, "a"): "single_psu",
        (1, "b"): "single_psu",
        (2, "a"): "no_respondents",
        (2, "b"): "no_respondents",
        (3, "a"): "no_respondents",
        (3, "b"): "no_respondents",
    }
    assert index[1, "b"].value == 0.5
    assert index[0, "b"].value is None


def test_a_lone_psu_is_estimable_where_the_caller_says_how():
    sums = tally_counts([0, 0, 1], [1, 2, 3], [4, 4, 4], [[3], [4], [2]], [[4], [4], [4]])
    measures = {"q": [0]}
    assert pooled_index(sums, [0, 0], measures)[0, "q"].reason == "single_psu"
    certain = pooled_index(sums, [0, 0], measures, lone_psu="certainty")[0, "q"]
    adjusted = pooled_index(sums, [0, 0], measures, lone_psu="adjust")[0, "q"]
    assert 0 < certain.standard_error < adjusted.standard_error


def test_no_response_at_all_is_a_state_too():
    empty = tally_counts([], [], [], np.empty((0, 2), int), np.empty((0, 2), int))
    assert pooled_index(empty, [0], TWO)[0, "all"].reason == "no_respondents"


def test_no_measure_is_refused():
    with pytest.raises(AnalysisError, match="measure"):
        pooled_index(tally_counts([0], [1], [1], [[1]], [[1]]), [0], {})


@given(samples(), st.sampled_from(["not_estimable", "adjust", "certainty"]))
def test_every_cell_has_a_usable_interval_or_a_reason(sample, policy):
    for estimate in pooled_index(sample.tally(), [0, 1, 0], TWO, lone_psu=policy).values():
        interval = estimate.confidence_interval()
        assert (interval is None) == (estimate.reason is not None)
        if interval is not None:
            assert 0 <= interval.low <= estimate.value <= interval.high <= 1
            assert interval.low < interval.high
            assert 0 < estimate.effective_sample_size <= estimate.n_answers * (1 + 1e-9)


@given(samples(), st.floats(0.01, 100))
def test_the_scale_of_the_weights_changes_nothing(sample, factor):
    scaled = sample.with_weight(sample.weight * factor)
    assert_same_estimates(
        pooled_index(scaled.tally(), [0, 1, 0], TWO), pooled_index(sample.tally(), [0, 1, 0], TWO)
    )


@given(samples())
def test_equal_weights_are_no_weights(sample):
    equal = sample.with_weight(np.full(len(sample.psu), 37.5))
    n = np.ones(len(sample.psu), int)
    counted = tally_counts(sample.stratum, sample.psu, n, sample.satisfied * 1, sample.valid * 1)
    assert_same_estimates(pooled_index(equal.tally(), [0, 1, 0], TWO), pooled_index(counted, [0, 1, 0], TWO))


@given(samples())
def test_an_office_alone_is_what_it_is_among_others(sample):
    together = pooled_index(sample.tally(), [0, 1, 2], TWO)
    for office in range(3):
        alone = pooled_index(sample.take(sample.stratum == office).tally(), [-1] * office + [0], TWO)
        assert_same_estimates({(0, name): together[office, name] for name in TWO}, alone, rtol=1e-12)


@given(samples())
def test_a_domain_with_its_satisfied_and_dissatisfied_swapped_is_its_mirror(sample):
    assume(len(sample.psu))
    mirror = replace(sample, satisfied=sample.valid & ~sample.satisfied)
    one, other = (pooled_index(s.tally(), [0, 0, 0], TWO)[0, "all"] for s in (sample, mirror))
    assert one.reason == other.reason
    if one.is_estimable:
        assert one.value == pytest.approx(1 - other.value)
        assert one.standard_error == pytest.approx(other.standard_error, abs=1e-9)
