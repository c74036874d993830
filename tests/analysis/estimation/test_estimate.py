import json
from dataclasses import FrozenInstanceError, replace

import pytest

from analysis.errors import AnalysisError
from analysis.estimation.estimate import Estimate
from analysis.intervals.student import t_interval
from analysis.intervals.survey import DEFAULT_METHOD

OFFICE = Estimate(0.9, 0.03, 7, n_respondents=150, n_answers=300, n_complete=148.0, n_kish=120.0)
PERFECT = Estimate(1.0, 0.0, 7, n_respondents=27, n_answers=27, n_complete=27.0, n_kish=27.0)
LONE = replace(OFFICE, standard_error=None, degrees_of_freedom=0, reason="single_psu")
MINUTES = replace(OFFICE, value=34.5, standard_error=2.0, kind="mean", design_effect=2.0)
CENSUS = replace(OFFICE, standard_error=0.0, degrees_of_freedom=0, sampling_fraction=1.0)


def test_the_default_interval_stays_in_range_and_names_its_method():
    interval = OFFICE.confidence_interval()
    assert (interval.level, interval.method) == (0.95, DEFAULT_METHOD)
    assert 0 < interval.low < 0.9 < interval.high < 1


@pytest.mark.parametrize("estimate", [OFFICE, MINUTES])
def test_the_t_interval_is_value_and_t_standard_errors(estimate):
    interval = estimate.confidence_interval(0.9, "t")
    low, high = t_interval(estimate.value, estimate.standard_error, 7, 0.9)
    assert (interval.level, interval.method) == (0.9, "t")
    assert (interval.low, interval.high) == pytest.approx((float(low), float(high)))


def test_what_is_no_proportion_has_the_t_interval_and_no_other():
    assert MINUTES.confidence_interval().method == "t"
    with pytest.raises(AnalysisError, match="method must be one of t; got 'wilson'"):
        MINUTES.confidence_interval(method="wilson")


@pytest.mark.parametrize(
    "method", ["agresti_coull", "wilson", "korn_graubard", "jeffreys", "logit", "arcsine", "t"]
)
def test_a_full_score_is_never_100_percent_plus_minus_0(method):
    interval = PERFECT.confidence_interval(method=method)
    assert interval.low < 0.95
    assert interval.high == 1
    assert interval.method == method


def test_without_the_cap_a_variance_small_by_chance_narrows():
    lucky = replace(OFFICE, standard_error=0.001)
    capped, uncapped = (lucky.confidence_interval(cap=cap) for cap in (True, False))
    assert capped.low < uncapped.low
    assert capped.high > uncapped.high


def test_a_census_is_exact():
    interval = CENSUS.confidence_interval()
    assert CENSUS.is_census
    assert (interval.low, interval.high) == (0.9, 0.9)
    assert not OFFICE.is_census


def test_what_is_not_estimable_is_a_state_with_its_reason():
    assert not LONE.is_estimable
    assert LONE.confidence_interval() is None
    assert LONE.effective_sample_size is None
    assert "sampling units" in LONE.note
    assert repr(LONE) == f"Estimate(not estimable: {LONE.note}, 150 respondents)"
    assert OFFICE.note is None


def test_the_effective_size_is_that_of_independent_respondents_held_to_the_respondents():
    assert OFFICE.effective_sample_size == pytest.approx(0.09 / 0.03**2)
    sure = replace(OFFICE, standard_error=0.001)
    assert replace(sure, n_answers=148).effective_sample_size == 148
    # Two questions a person: 148 · .9 · .1 = 13.32 dissatisfied speak for all 300 answers, two against.
    assert sure.effective_sample_size == pytest.approx(15.32 / (13.32 / 300 + 2 / 148))
    assert PERFECT.effective_sample_size == 27
    assert MINUTES.effective_sample_size == 74
    assert replace(MINUTES, design_effect=None).effective_sample_size is None


def test_repr_reads_as_a_sentence_with_the_interval():
    assert repr(MINUTES) == (
        "Estimate(34.5, standard error 2, 7 df, 95 % interval 29.7708 to 39.2292 (t), 150 respondents)"
    )


@pytest.mark.parametrize("estimate", [OFFICE, PERFECT, LONE, MINUTES, CENSUS])
def test_a_dictionary_goes_through_json_and_builds_the_same_estimate(estimate):
    fields = json.loads(json.dumps(estimate.to_dict(), allow_nan=False))
    assert fields.pop("note") == estimate.note
    assert fields.pop("effective_sample_size") == estimate.effective_sample_size
    assert Estimate(**fields) == estimate


def test_an_estimate_cannot_be_edited():
    with pytest.raises(FrozenInstanceError):
        OFFICE.value = 1.0


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"value": 90.0}, "value must lie between 0 and 1; got 90.0"),
        ({"value": float("nan")}, "value must lie between 0 and 1; got nan"),
        ({"value": None}, "value must be given where there is no reason against; got None"),
        ({"standard_error": -0.1}, "standard_error must lie between 0 and inf; got -0.1"),
        ({"standard_error": None}, "standard_error must be given where there is no reason against"),
        ({"degrees_of_freedom": 0}, "degrees_of_freedom must lie between 1 and inf; got 0"),
        ({"n_complete": -1.0}, "n_complete must lie between 0 and inf"),
        ({"n_kish": float("nan")}, "n_kish must lie between 0 and inf; got nan"),
        ({"n_respondents": -1}, "n_respondents must"),
        ({"n_answers": -1}, "n_answers must"),
        ({"design_effect": float("nan")}, "design_effect must"),
        ({"sampling_fraction": 1.5}, "sampling_fraction must lie between 0 and 1; got 1.5"),
        ({"reason": "bad_luck"}, "reason must be one of"),
        ({"kind": "median"}, "kind must be one of"),
    ],
)
def test_an_impossible_estimate_is_refused(change, message):
    with pytest.raises(AnalysisError, match=message):
        replace(OFFICE, **change)


@pytest.mark.parametrize("arguments", [{"level": 95}, {"level": 0}, {"method": "wald"}])
@pytest.mark.parametrize("estimate", [OFFICE, LONE, CENSUS])
def test_an_unknown_level_or_method_is_refused_also_where_there_is_no_interval(estimate, arguments):
    with pytest.raises(AnalysisError, match="must"):
        estimate.confidence_interval(**arguments)
