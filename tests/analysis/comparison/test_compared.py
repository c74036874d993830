import math

import numpy as np
import pytest

from analysis import AnalysisError, SurveyDesign, jackknife, mean, proportion, rake, total
from analysis.comparison.compared import ComparedEstimates
from analysis.estimation.factored import FactoredCovariance

NAN = math.nan


def test_each_reason_to_take_no_part_is_named():
    offices = ComparedEstimates(
        estimate=[90.0, None, 80.0, 80.0, 80.0, 100.0, 100.0, 0.0],
        standard_error=[1.0, 1.0, NAN, 1.0, 1.0, 0.0, 0.0, 0.0],
        degrees_of_freedom=[5, 5, 5, NAN, 0, 5, NAN, 5],
        is_census=[False, False, False, False, False, False, True, False],
    )
    assert offices.exclusion == (
        None,
        "not_estimable",
        "not_estimable",
        "not_estimable",
        "no_degrees_of_freedom",
        "zero_standard_error",
        None,
        "zero_standard_error",
    )
    assert offices.only_comparable().estimate.tolist() == [90.0, 100.0]
    assert repr(offices) == "ComparedEstimates(8 offices, 2 of them comparable)"
    assert np.array_equal(offices.in_all_places([1, 2]), [1, *[NAN] * 5, 2, NAN], equal_nan=True)


def test_what_rounding_leaves_of_a_standard_error_of_zero_is_zero():
    offices = ComparedEstimates([1.0, 1.0, 1.0], [1e-16, 1e-16, 1e-9], is_census=[False, True, False])
    assert offices.exclusion == ("zero_standard_error", None, None)
    assert offices.only_comparable().standard_error.tolist() == [0.0, 1e-9]


def test_a_covariance_with_gaps_where_nothing_is_estimable_is_fine():
    covariance = [[4.0, NAN, 1.0], [NAN, NAN, NAN], [1.0, NAN, 9.0]]
    offices = ComparedEstimates([80.0, None, 90.0], [2.0, None, 3.0], covariance=covariance)
    assert offices.only_comparable().covariance.tolist() == [[4.0, 1.0], [1.0, 9.0]]
    assert repr(offices) == "ComparedEstimates(3 offices, 2 of them comparable, correlated)"


def test_what_was_checked_cannot_be_changed_afterwards():
    given = np.array([80.0, 90.0])
    offices = ComparedEstimates(given, [1.0, 1.0])
    given[0] = NAN
    assert offices.estimate.tolist() == [80.0, 90.0]
    with pytest.raises(ValueError, match="read-only"):
        offices.estimate[0] = 1.0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((80.0, 1.0), r"estimate must have shape \(any,\); got \(\)"),
        (([[80.0]], [[1.0]]), r"estimate must have shape \(any,\); got \(1, 1\)"),
        ((["high"], [1.0]), "estimate must hold numbers"),
        (([math.inf], [1.0]), "estimate must be finite, or NaN where not estimable; got inf"),
        (([80.0], [-1.0]), "standard_error must not be negative; got -1.0"),
        (([80.0], [math.inf]), "standard_error must be finite, or NaN where not estimable; got inf"),
        (([80.0, 81.0], [1.0]), r"standard_error must have shape \(2,\); got \(1,\)"),
        (([80.0], 1.0), r"standard_error must have shape \(1,\); got \(\)"),
        (([80.0], [1.0], -2), "degrees_of_freedom must not be negative; got -2.0"),
        (([80.0], [1.0], [1, 2]), r"degrees_of_freedom must have shape \(1,\); got \(2,\)"),
        (([80.0], [1.0], 5, [1.0]), r"covariance must have shape \(1, 1\); got \(1,\)"),
        (([80.0], [1.0], 5, [[NAN]]), "covariance must be finite between comparable offices; got nan"),
        (([80.0], [1.0], 5, [[2.0]]), "covariance must have the squared standard errors on its diagonal"),
        (([1.0, 2.0], [1.0, 1.0], 5, [[1, 0.5], [0.2, 1]]), "covariance must be symmetric; got 0.5"),
        (([80.0], [1.0], 5, None, 1), "is_census must hold booleans, one or 1; got 1"),
        (([80.0], [1.0], 5, None, [True, False]), "is_census must hold booleans, one or 1"),
    ],
)
def test_what_cannot_be_compared_is_refused(arguments, message):
    with pytest.raises(AnalysisError, match=message):
        ComparedEstimates(*arguments)


# ---- taken from estimates


@pytest.mark.parametrize(
    ("stratum", "psu", "domain", "may_covary"),
    [
        ([0, 0, 1, 1], [0, 1, 2, 3], [0, 0, 1, 1], False),  # domains are strata
        ([0, 0, 0, 0], [0, 1, 2, 3], [0, 0, 1, 1], False),  # domains of whole PSUs in one stratum
        ([0, 0, 0, 0], [0, 1, 0, 1], [0, 0, 1, 1], True),  # domains cross PSUs
        ([0, 0, 0, 1, 1], [0, 1, 2, 3, 4], [0, 1, 1, 0, 0], False),  # one of two reaches beyond
        ([0, 0, 0, 0, 1, 1, 1, 1], range(8), [0, 0, 1, 1, 0, 0, 0, 1], True),  # both do
    ],
)
def test_covariances_are_taken_along_where_they_are_not_0(stratum, psu, domain, may_covary):
    design = SurveyDesign(np.ones(len(domain)), stratum=stratum, psu=list(psu))
    found = mean(design, {"y": np.arange(len(domain)) ** 2.0}, {"d": domain})
    covariance = found.covariance([(0, "y"), (1, "y")])
    compared = ComparedEstimates.of(found, "y")
    assert (abs(covariance[0, 1]) > 1e-12) == may_covary == (compared.covariance is not None)
    assert compared.estimate.tolist() == found.value[:, 0].tolist()


def test_some_domains_are_taken_in_the_order_asked_for():
    design = SurveyDesign(np.ones(6), psu=[0, 1, 2, 0, 1, 2])
    found = mean(design, {"y": [1.0, 2, 4, 8, 16, 32]}, {"d": [0, 0, 0, 1, 1, 1]})
    compared = ComparedEstimates.of(found, "y", [1, 0])
    assert compared.estimate.tolist() == found.value[::-1, 0].tolist()
    np.testing.assert_allclose(compared.covariance, found.covariance([(1, "y"), (0, "y")]))


def test_variances_of_replicates_have_no_covariances_to_take():
    design = SurveyDesign(np.ones(6), psu=[0, 1, 2, 0, 1, 2])
    found = jackknife(mean(design, {"y": [1.0, 2, 4, 8, 16, 32]}, {"d": [0, 0, 0, 1, 1, 1]}))
    with pytest.raises(AnalysisError, match="estimates must have linearised variances; got 'jackknife'"):
        ComparedEstimates.of(found, "y")


def test_totals_of_one_stratum_covary():
    found = total(SurveyDesign([10.0] * 12), {"y": np.arange(1, 13)}, {"g": ["a"] * 6 + ["b"] * 6})
    np.testing.assert_allclose(
        ComparedEstimates.of(found, "y").covariance, found.covariance([(0, "y"), (1, "y")])
    )


def test_a_policy_for_lone_psus_in_domains_keeps_its_larger_errors():
    design = SurveyDesign(
        [1.0] * 8, ["A"] * 4 + ["B"] * 4, [1, 2, 3, 3, 5, 6, 5, 6], lone_psu="adjust", lone_in_domain=True
    )
    found = mean(design, {"y": [1.0, 4, 2, 8, 5, 7, 1, 3]}, {"d": [0, 0, 0, 1, 0, 0, 1, 1]})
    compared = ComparedEstimates.of(found, "y")
    np.testing.assert_allclose(np.diag(compared.covariance), found.variance[:, 0])


def raked_offices(n_offices, seed=2):
    """Offices of four wards, ten people each; raked on sex and age."""
    random = np.random.default_rng(seed)
    n = 40 * n_offices
    labels = {"sex": random.integers(0, 2, n), "age": random.integers(0, 3, n)}
    totals = {"sex": {0: 55, 1: 45}, "age": {0: 30, 1: 30, 2: 40}}
    office = np.arange(n) // 40
    satisfied = random.random(n) < 0.6 + 0.1 * labels["sex"] + 0.1 * np.sin(office)
    raked = rake(random.uniform(1, 2, n), labels, totals)
    design = SurveyDesign(raked.weight, office, np.arange(n) // 10, calibration=raked.calibration)
    return proportion(design, {"y": satisfied * 1}, {"office": office})


def test_raked_offices_are_taken_without_the_matrix():
    found = raked_offices(5)
    compared = ComparedEstimates.of(found, "y", [4, 1, 2])
    assert isinstance(compared.covariance, FactoredCovariance)
    assert repr(compared) == "ComparedEstimates(3 offices, 3 of them comparable, correlated)"
    matrix = found.covariance([(4, "y"), (1, "y"), (2, "y")])
    first, second = np.array([0, 0, 1]), np.array([1, 2, 2])
    np.testing.assert_allclose(compared.covariance.between(first, second), matrix[first, second], atol=1e-15)
    np.testing.assert_allclose(compared.covariance.variance, found.variance[[4, 1, 2], 0], rtol=1e-12)


def test_factors_that_do_not_fit_their_errors_are_refused():
    factors = FactoredCovariance(np.array([4.0, 9.0]), np.zeros((2, 0)), np.zeros((2, 0)))
    assert ComparedEstimates([1.0, 2.0], [2.0, 3.0], covariance=factors).covariance is factors
    with pytest.raises(AnalysisError, match="covariance must have the squared standard errors"):
        ComparedEstimates([1.0, 2.0], [2.0, 2.0], covariance=factors)
    with pytest.raises(AnalysisError, match=r"covariance must have shape \(3,\); got \(2,\)"):
        ComparedEstimates([1.0, 2.0, 3.0], [2.0, 3.0, 1.0], covariance=factors)
    with pytest.raises(AnalysisError, match="covariance must be finite between comparable offices"):
        ComparedEstimates(
            [1.0, 2.0], [2.0, 3.0], covariance=factors.in_places(np.array([0, 2]), 3).only([0, 1])
        )
