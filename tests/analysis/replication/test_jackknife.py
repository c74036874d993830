from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, strategies as st

from analysis.calibration import Calibration
from analysis.comparison.change import change
from analysis.design import DesignTable, SurveyDesign
from analysis.domains import Domains
from analysis.errors import AnalysisError
from analysis.estimation.estimate_measures import estimate_measures
from analysis.estimation.estimates import Estimates
from analysis.estimation.index import index_of_sums
from analysis.estimation.measure import Measure
from analysis.estimation.statistics import mean, ratio, total
from analysis.replication.jackknife import jackknife
from analysis.sums.tally import tally_counts
from tests.analysis.strategies import FEW, samples


def counted(satisfied: list[list[int]], valid: list[list[int]], measures, table=None) -> Estimates:
    n = len(valid)
    sums = tally_counts(range(n), [max(row) for row in valid], satisfied, valid)
    return estimate_measures(sums, table or DesignTable([0] * n), Domains.crossing(None, n), measures)


def by_leaving_out(satisfied: np.ndarray, valid: np.ndarray) -> float:
    """JK1 the long way: (n - 1)/n times the squares of the shares without each PSU around their mean."""
    n = len(valid)
    shares = [np.delete(satisfied, i).sum() / np.delete(valid, i).sum() for i in range(n)]
    return float((n - 1) / n * ((shares - np.mean(shares)) ** 2).sum())


def test_three_wards_agree_with_paper_and_pencil():
    # Without each: 15/20, 17/20, 16/20 = .75, .85, .80 around .80: 2/3 · (.0025 + .0025)
    found = counted([[9], [7], [8]], [[10], [10], [10]], [Measure("q", (0,))])
    assert jackknife(found).variance[0, 0] == pytest.approx(2 / 3 * 0.005, rel=1e-12)


def test_it_leaves_out_ward_by_ward():
    satisfied, valid = np.array([4, 3, 9, 2]), np.array([4, 7, 10, 5])
    found = counted(satisfied[:, None].tolist(), valid[:, None].tolist(), [Measure("q", (0,))])
    assert jackknife(found).variance[0, 0] == pytest.approx(by_leaving_out(satisfied, valid), rel=1e-12)


def test_around_the_estimate_it_is_not_smaller():
    found = counted([[4], [3], [9]], [[4], [7], [10]], [Measure("q", (0,))])
    assert jackknife(found, centre="estimate").variance[0, 0] > jackknife(found).variance[0, 0]


def test_an_index_is_jackknifed_as_it_was_pooled():
    sums = tally_counts([0, 1, 2], [9, 9, 9], [[8, 2], [7, 3], [6, 1]], [[9, 9], [9, 8], [9, 9]])
    found = index_of_sums(sums, DesignTable([0] * 3), Domains.crossing(None, 3), {"all": [0, 1]})
    wanted = by_leaving_out(np.array([10, 10, 7]), np.array([18, 17, 18]))
    assert jackknife(found).variance[0, 0] == pytest.approx(wanted, rel=1e-12)


@pytest.mark.parametrize("n", range(3, 14))
def test_an_item_that_one_ward_answered_is_not_estimable(n):
    valid, satisfied = [[7]] + [[0]] * (n - 1), [[5]] + [[0]] * (n - 1)
    found = jackknife(counted(satisfied, valid, [Measure("q", (0,))]))
    assert found[0, "q"].reason == "single_psu"
    assert not found.variance[0, 0] > 0


def test_the_design_effect_is_that_of_its_own_variance():
    design = SurveyDesign([1.0, 2, 1, 3, 1, 2], psu=[0, 0, 1, 1, 2, 2])
    linearised = mean(design, {"y": [1, 0, 1, 1, 0, 1]})
    replicated = jackknife(linearised)
    wanted = linearised.design_effect * replicated.variance / linearised.variance
    np.testing.assert_allclose(replicated.design_effect, wanted)


def test_a_constant_has_no_spread():
    x = np.arange(1, 6) / 7
    found = jackknife(ratio(SurveyDesign(0.1 * np.arange(1, 6)), {"y": 1.1 * x}, {"y": x}))
    assert found[0, "y"].reason == "no_spread"


def test_a_whole_population_has_no_error():
    design = SurveyDesign([1.0] * 4, ["A", "A", "B", "B"], fpc=[2, 2, 2, 2])
    found = jackknife(mean(design, {"y": [1.0, 5, 2, 9]}))
    assert found.variance[0, 0] == 0
    assert found[0, "y"].is_census


# ---- strata of one PSU, and what cannot be


def lonely(policy: str) -> Estimates:
    """Offices A of three wards and B of one."""
    design = SurveyDesign([1.0] * 4, ["A", "A", "A", "B"], lone_psu=policy)
    return mean(design, {"y": [1.0, 5, 2, 9]}, by={"office": ["A", "A", "A", "B"]})


@pytest.mark.parametrize("policy", ["not_estimable", "certainty", "remove"])
def test_a_lone_psu_takes_no_other_office_its_variance(policy):
    found = jackknife(lonely(policy))
    alone = jackknife(mean(SurveyDesign([1.0] * 3), {"y": [1.0, 5, 2]}))
    assert found.variance[0, 0] == pytest.approx(alone.variance[0, 0])
    assert found[1, "y"].reason == "single_psu"


@pytest.mark.parametrize("policy", ["adjust", "average"])
def test_policies_that_no_replicate_follows_are_refused(policy):
    with pytest.raises(AnalysisError, match=r"stratum must have two PSUs for replication .*; got \[1\]"):
        jackknife(lonely(policy))


def test_a_second_stage_or_calibrated_weights_are_refused():
    two_stage = SurveyDesign([1.0] * 4, psu=[1, 1, 2, 2], fpc=([4] * 4, [9] * 4))
    calibrated = SurveyDesign([1.0] * 4, calibration=Calibration(np.ones((4, 1)), np.ones(4)))
    for design in (two_stage, calibrated):
        with pytest.raises(AnalysisError, match="estimates must have neither a second stage nor calibrated"):
            jackknife(mean(design, {"y": [1.0, 5, 2, 9]}))


def test_differences_are_refused():
    design = SurveyDesign([1.0] * 4, psu=[1, 2, 1, 2])
    found = change(mean(design, {"y": [1.0, 5, 2, 9]}, {"year": [1, 1, 2, 2]}), "year", earlier=1, later=2)
    with pytest.raises(AnalysisError, match="estimates must"):
        jackknife(found)


def test_an_unknown_centre_is_refused():
    with pytest.raises(AnalysisError, match="centre must be one of"):
        jackknife(lonely("certainty"), centre="median")


def test_no_row_has_no_respondents():
    none = np.zeros((0, 1), int)
    found = estimate_measures(
        tally_counts([], [], none, none), DesignTable([0, 0]), Domains.crossing(None, 0), [Measure("q", (0,))]
    )
    assert jackknife(found)[0, "q"].reason == "no_respondents"


# ---- properties


@FEW
@given(samples(), st.sampled_from([0, 1]), st.sampled_from(["not_estimable", "certainty"]))
def test_the_jackknife_of_a_total_is_the_linearised_variance(sample, n_stages, policy):
    design = sample.design(n_stages, lone_psu=policy)
    linearised = total(design, {"y": sample.answers[:, 0]}, by={"sex": sample.sex})
    replicated = jackknife(linearised)
    scale = 1e-12 * (1 + np.nansum(np.abs(linearised.value))) ** 2
    np.testing.assert_allclose(replicated.variance, linearised.variance, rtol=1e-9, atol=scale)


@FEW
@given(samples())
def test_values_and_counts_stay_those_of_the_linearised_estimates(sample):
    linearised = mean(sample.design(), {"y": sample.answers[:, 0]}, by={"sex": sample.sex})
    replicated = jackknife(linearised)
    for name in ("value", "degrees_of_freedom", "n_answers", "n_respondents", "n_kish"):
        np.testing.assert_array_equal(getattr(replicated, name), getattr(linearised, name))


@FEW
@given(samples())
def test_an_office_alone_is_jackknifed_as_among_others_around_the_estimate(sample):
    y = {"y": sample.answers[:, 0]}
    together = jackknife(mean(sample.design(), y, by={"office": sample.office}), centre="estimate")
    for place, office in enumerate(np.unique(sample.office)):
        part = sample.take(sample.office == office)
        if part.weight.any():
            alone = jackknife(mean(part.design(), {"y": part.answers[:, 0]}), centre="estimate")
            np.testing.assert_allclose(alone.variance[0], together.variance[place], rtol=1e-9, atol=1e-12)


@FEW
@given(samples())
def test_answers_of_one_respondent_alone_are_not_estimable(sample):
    """Weights of 0 keep the design: the same wards with nobody in them."""
    silent = replace(sample, weight=np.where(np.arange(len(sample)) == 0, sample.weight, 0.0))
    found = jackknife(total(silent.design(lone_psu="certainty"), {"y": np.ones(len(sample))}))
    assert np.isnan(found.variance[0, 0])
    assert found[0, "y"].reason == "single_psu"
