import json
from dataclasses import FrozenInstanceError, replace

import pytest

from analysis import AnalysisError, Estimate, t_interval, wilson_effective

OFFICE = Estimate(0.9, 0.03, 7, n_respondents=150, n_answers=148, effective_sample_size=100.0)
PERFECT = Estimate(1.0, 0.0, 7, n_respondents=27, n_answers=27, effective_sample_size=27.0)
LONE = Estimate(0.9, None, 0, n_respondents=12, n_answers=12, effective_sample_size=None, reason="single_psu")


def test_the_default_interval_is_wilson_with_effective_size_and_the_designs_t():
    interval = OFFICE.confidence_interval()
    assert (interval.level, interval.method) == (0.95, "wilson")
    assert (interval.low, interval.high) == pytest.approx([float(x) for x in wilson_effective(0.9, 100, 7)])


def test_the_t_interval_is_value_and_t_standard_errors():
    interval = OFFICE.confidence_interval(0.9, "t")
    assert (interval.level, interval.method) == (0.9, "t")
    assert (interval.low, interval.high) == pytest.approx([float(x) for x in t_interval(0.9, 0.03, 7, 0.9)])


@pytest.mark.parametrize("method", ["wilson", "t"])
def test_a_full_score_is_never_100_percent_plus_minus_0(method):
    interval = PERFECT.confidence_interval(method=method)
    assert interval.low < 0.9
    assert interval.high == 1
    assert interval.method == "wilson"


def test_what_is_not_estimable_is_a_state_with_its_reason():
    assert not LONE.is_estimable
    assert LONE.confidence_interval() is None
    assert LONE.design_effect is None
    assert "sampling units" in LONE.note
    assert repr(LONE) == f"Estimate(not estimable: {LONE.note}, 12 respondents)"


def test_the_design_effect_compares_with_as_many_independent_answers():
    assert OFFICE.design_effect == pytest.approx(0.03**2 / (0.9 * 0.1 / 148))
    assert PERFECT.design_effect is None


def test_repr_reads_as_a_sentence_with_the_interval():
    assert repr(PERFECT) == (
        "Estimate(1, standard error 0, 7 df, 95 % interval 0.8284 to 1.0000 (wilson), 27 respondents)"
    )


def test_a_dictionary_goes_through_json_and_builds_the_same_estimate():
    for estimate in (OFFICE, PERFECT, LONE):
        fields = json.loads(json.dumps(estimate.to_dict()))
        fields.pop("design_effect")
        assert fields.pop("note") == estimate.note
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
        ({"standard_error": -0.1}, "standard_error must"),
        ({"degrees_of_freedom": 0}, "degrees_of_freedom must lie between 1 and inf; got 0"),
        ({"effective_sample_size": None}, "effective_sample_size must"),
        ({"reason": "bad_luck"}, "reason must be one of"),
    ],
)
def test_an_impossible_estimate_is_refused(change, message):
    with pytest.raises(AnalysisError, match=message):
        replace(OFFICE, **change)


@pytest.mark.parametrize("arguments", [{"level": 95}, {"level": 0}, {"method": "wald"}])
def test_an_unknown_level_or_method_is_refused(arguments):
    with pytest.raises(AnalysisError, match="must"):
        OFFICE.confidence_interval(**arguments)
