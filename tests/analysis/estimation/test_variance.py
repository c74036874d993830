import math

import numpy as np
import pytest
from hypothesis import given, strategies as st

from analysis.design import DesignTable
from analysis.domains import Domains
from analysis.errors import AnalysisError
from analysis.estimation.linearise import linearise
from analysis.estimation.measure import Measure
from analysis.estimation.variance import covariance_matrix, degrees_of_freedom, design_variance
from tests.analysis.strategies import FEW, samples

POLICIES = ("not_estimable", "fail", "certainty", "remove", "adjust", "average")


def variance_of_whole(table: DesignTable, psu: list[int], influence: list[float]) -> float:
    return float(design_variance(table, psu, [0] * len(psu), np.array(influence)[:, None], 1)[0, 0])


# ---- by hand


def test_two_strata_of_two_psus_agree_with_paper_and_pencil():
    # z = (1, -1.5), mean -.25; (1.25, -.75), mean .25: V = 2 (1.25² + 1.25²) + 2 (1² + 1²)
    found = variance_of_whole(DesignTable([0, 0, 1, 1]), [0, 1, 2, 3], [1.0, -1.5, 1.25, -0.75])
    assert found == pytest.approx(2 * 2 * 1.25**2 + 2 * 2, rel=1e-14)


def test_a_finite_population_takes_its_share_away():
    # The same with 2 of 8 and 2 of 4 PSUs: 1 - f = 3/4 and 1/2.
    table = DesignTable([0, 0, 1, 1], stratum_population=[8, 4])
    found = variance_of_whole(table, [0, 1, 2, 3], [1.0, -1.5, 1.25, -0.75])
    assert found == pytest.approx(0.75 * 2 * 2 * 1.25**2 + 0.5 * 2 * 2, rel=1e-14)


def test_two_stages_agree_with_paper_and_pencil():
    # 2 of 4 PSUs; 2 of 4 units and 3 of 3. u = (1, 3), (-2, -1, -1), z = 4 and -4, mean 0.
    # V1 = (1/2) 2/1 (16 + 16) = 32; V2 = (1/2) [(1/2) 2/1 (1 + 9 - 16/2) + 0] = 1
    table = DesignTable([0, 0], stratum_population=[4], n_units=[2, 3], psu_population=[4, 3])
    assert variance_of_whole(table, [0, 0, 1, 1, 1], [1, 3, -2, -1, -1]) == pytest.approx(33, rel=1e-14)


def test_psus_and_units_outside_of_the_domain_count_as_0():
    # z = (2, 0, 0), mean 2/3: V1 = 3/2 (16/9 + 4/9 + 4/9) = 4
    assert variance_of_whole(DesignTable([0, 0, 0]), [0], [2.0]) == pytest.approx(4, rel=1e-14)
    # all 3 PSUs: V1 = 0; u = (2, and 0 for the other of 2 units of 4): V2 = 1/2 · 2/1 (4 - 4/2) = 2
    table = DesignTable([0, 0, 0], stratum_population=[3], n_units=[2, 2, 2], psu_population=[4, 4, 4])
    assert variance_of_whole(table, [0], [2.0]) == pytest.approx(2, rel=1e-14)


def test_respondents_as_psus_give_the_textbook_variance_of_a_proportion():
    influence = np.where(np.arange(30) < 27, 1 - 0.9, -0.9) / 30
    found = variance_of_whole(DesignTable([0] * 30), list(range(30)), influence.tolist())
    assert found == pytest.approx(0.9 * 0.1 / 29, rel=1e-13)


def test_the_covariance_agrees_with_paper_and_pencil():
    # z1 = (1, -1), z2 = (2, 0): 2/1 (1 · 1 + (-1) · (-1)) = 4 with centred z2 = (1, -1)
    found = covariance_matrix(DesignTable([0, 0]), [0, 1], [[1.0, 2.0], [-1.0, 0.0]])
    np.testing.assert_allclose(found, [[4, 4], [4, 4]], rtol=1e-14)


def test_degrees_of_freedom_are_psus_minus_strata_that_take_part():
    table = DesignTable([0, 0, 0, 1, 1])
    psu, domain = np.array([0, 0, 1, 2, 3, 4]), np.array([0, 1, 0, 1, 0, -1])
    answered = np.array([[1, 1], [1, 1], [1, 0], [1, 0], [1, 0], [1, 1]], dtype=bool)
    # Domain 0: PSUs 0, 1 and 3 in two strata; of measure 2 PSU 0 alone. Domain 1: PSUs 0 and 2; 0 alone.
    assert degrees_of_freedom(table, psu, domain, answered, 2).tolist() == [[1, 0], [1, 0]]


# ---- strata of one PSU


LONE = DesignTable([0, 0, 1])
Z = [1.0, -1.5, 2.0]  # V of stratum 0 is 6.25, the distance of the lone PSU from 0 is 2


def with_policy(policy: str, **sizes) -> DesignTable:
    return DesignTable(LONE.stratum, **sizes, lone_psu=policy)


@pytest.mark.parametrize(
    ("policy", "variance"),
    [
        ("not_estimable", math.nan),
        ("certainty", 6.25),
        ("remove", 6.25),
        ("adjust", 10.25),
        ("average", 12.5),
    ],
)
def test_a_lone_psu_counts_by_its_policy(policy, variance):
    assert variance_of_whole(with_policy(policy), [0, 1, 2], Z) == pytest.approx(variance, nan_ok=True)


def test_the_policy_strikes_only_where_the_stratum_is_met():
    for policy in POLICIES:
        assert variance_of_whole(with_policy(policy), [0, 1], Z[:2]) == pytest.approx(6.25)


def test_policy_fail_names_the_stratum():
    with pytest.raises(AnalysisError, match=r"stratum must have two PSUs under lone_psu='fail'; got \[1\]"):
        variance_of_whole(with_policy("fail"), [0, 1, 2], Z)


@pytest.mark.parametrize("policy", POLICIES)
def test_the_only_psu_of_its_stratum_in_the_population_is_certain(policy):
    table = with_policy(policy, stratum_population=[4, 1])
    assert variance_of_whole(table, [0, 1, 2], Z) == pytest.approx(0.5 * 6.25)


@pytest.mark.parametrize(
    ("policy", "variance"),
    [
        ("not_estimable", math.nan),
        ("certainty", 1.0),
        ("remove", 1.0),
        ("adjust", 2.0),
        ("average", math.nan),
    ],
)
def test_a_single_psu_of_the_domain_counts_by_the_policy_if_asked(policy, variance):
    # z = (1, 0): V = 2/1 (.5² + .5²) = 1 as it is; 2/1 · 1² = 2 measured from 0
    table = DesignTable([0, 0], lone_psu=policy, lone_in_domain=True)
    assert variance_of_whole(table, [0], [1.0]) == pytest.approx(variance, nan_ok=True)
    assert variance_of_whole(DesignTable([0, 0], lone_psu=policy), [0], [1.0]) == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("policy", "second"),
    [("not_estimable", math.nan), ("certainty", 1.0), ("remove", 1.0), ("adjust", 2.5), ("average", 2.0)],
)
def test_a_single_unit_of_a_psu_counts_by_its_policy(policy, second):
    # 2 of 4 PSUs, 1 of 4 and 2 of 4 units. u = 2 | 3, 1. V1 = 1/2 · 2 (1² + 1²) = 2
    # PSU 2: V2 = 1/2 · 1/2 · 2 (10 - 16/2) = 1; PSU 1 from 0: 1/2 · 3/4 · 1 · 2² = 1.5; average: as PSU 2
    table = DesignTable(
        [0, 0], stratum_population=[4], n_units=[1, 2], psu_population=[4, 4], lone_psu=policy
    )
    assert variance_of_whole(table, [0, 1, 1], [2.0, 3.0, 1.0]) == pytest.approx(2 + second, nan_ok=True)


# ---- covariances


@pytest.mark.parametrize("policy", ["not_estimable", "fail", "average"])
def test_a_covariance_that_the_policy_leaves_open_is_refused(policy):
    with pytest.raises(
        AnalysisError,
        match=r"stratum must have two PSUs, and two units in each, for a covariance .*; got \[1\]",
    ):
        covariance_matrix(with_policy(policy), [0, 1, 2], np.array([Z]).T)


@pytest.mark.parametrize("policy", POLICIES)
def test_a_lone_psu_that_no_estimate_touches_does_no_harm(policy):
    influence = np.array([[1.0], [-1.5], [0.0]])  # a row of another office
    assert covariance_matrix(with_policy(policy), [0, 1, 2], influence)[0, 0] == pytest.approx(6.25)


@pytest.mark.parametrize("policy", POLICIES)
def test_a_single_unit_is_never_silently_without_a_second_stage(policy):
    """The covariance is the variance, or is refused where the policy gives none."""
    table = DesignTable(
        [0, 0], stratum_population=[4], n_units=[1, 2], psu_population=[4, 4], lone_psu=policy
    )
    psu, influence = [0, 1, 1], np.array([[2.0], [3.0], [1.0]])
    if policy in ("not_estimable", "fail", "average"):
        with pytest.raises(AnalysisError, match="must have two"):
            covariance_matrix(table, psu, influence)
    else:
        wanted = design_variance(table, psu, [0, 0, 0], influence, 1)[0, 0]
        assert covariance_matrix(table, psu, influence)[0, 0] == pytest.approx(wanted)


# ---- rounding


def test_equal_psus_have_no_variance_not_one_of_rounding():
    influence = np.repeat(np.array([0.1, 0.2, -0.3]), 7)[np.newaxis].repeat(5, axis=0).ravel() / 7
    assert variance_of_whole(DesignTable([0] * 5), np.repeat(range(5), 21).tolist(), influence.tolist()) == 0


@pytest.mark.parametrize("values", [(0.1, 0.7, 0.3), (85.3, 71.1, 60.7)])
@pytest.mark.parametrize("n_units", [3, 5, 7])
def test_equal_units_have_no_second_stage_not_one_of_rounding(values, n_units):
    table = DesignTable([0, 0, 0], stratum_population=[3], n_units=[n_units] * 3, psu_population=[20] * 3)
    influence = (np.repeat(values, n_units) - np.mean(values)) / (3 * n_units)
    assert variance_of_whole(table, np.repeat(range(3), n_units).tolist(), influence.tolist()) == 0


# ---- what cannot be


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"psu": [0, 3]}, "psu must lie between 0 and 2; got 3"),
        ({"psu": [-1, 0]}, "psu must lie between 0 and 2; got -1"),
        ({"psu": ["a", "b"]}, "psu must hold whole numbers"),
        ({"domain": [0, 1]}, "domain must lie between -1 and 0; got 1"),
        ({"domain": [0, -2]}, "domain must lie between -1 and 0; got -2"),
        ({"domain": [0]}, r"domain must have shape \(2,\)"),
        ({"influence": [[1.0], [math.nan]]}, "influence must be finite; got nan"),
        ({"influence": [1.0, 2.0]}, r"influence must have shape \(2, any\)"),
    ],
)
def test_rows_that_do_not_fit_are_refused(change, message):
    good = {"table": LONE, "psu": [0, 1], "domain": [0, 0], "influence": [[1.0], [2.0]], "n_domains": 1}
    with pytest.raises(AnalysisError, match=message):
        design_variance(**(good | change))


@pytest.mark.parametrize(
    ("psu", "influence", "message"),
    [
        ([0, 3], [[1.0], [2.0]], "psu must lie between 0 and 2; got 3"),
        ([0, 1], [[1.0], [math.inf]], "influence must be finite"),
        ([0, 1], [[1.0]], r"influence must have shape \(2, any\)"),
    ],
)
def test_rows_that_do_not_fit_have_no_covariance(psu, influence, message):
    with pytest.raises(AnalysisError, match=message):
        covariance_matrix(LONE, psu, influence)


def test_no_row_has_no_variance_and_no_degrees_of_freedom():
    none = np.zeros(0, dtype=int)
    assert design_variance(LONE, none, none, np.zeros((0, 2)), 1).tolist() == [[0.0, 0.0]]
    assert degrees_of_freedom(LONE, none, none, np.zeros((0, 2), bool), 1).tolist() == [[0, 0]]


# ---- properties

MEASURES = [Measure("q1", (0,)), Measure("both", (0, 1), n_items=2), Measure("satisfied", (1,), "total")]


@FEW
@given(samples(), st.sampled_from([0, 1, 2]), st.sampled_from(["certainty", "remove", "adjust"]))
def test_the_diagonal_of_covariances_is_the_variance_also_where_domains_cross_psus(sample, n_stages, policy):
    design = sample.design(n_stages, lone_psu=policy)
    sums = sample.tally()
    domains = Domains.crossing({"sex": sample.sex}, len(sample))
    influence = linearise(sums, domains, MEASURES).influence
    columns = np.column_stack(
        [np.where((domains.code == d)[:, None], influence, 0) for d in range(len(domains))]
    )
    matrix = covariance_matrix(design.table, sums.psu, columns)
    variance = design_variance(design.table, sums.psu, domains.code, influence, len(domains))
    scale = 1e-12 * (1 + np.abs(columns).sum(axis=0).max() ** 2)
    np.testing.assert_allclose(np.diag(matrix), variance.ravel(), rtol=1e-9, atol=scale)
    np.testing.assert_allclose(matrix, matrix.T, rtol=1e-9, atol=scale)
    assert np.linalg.eigvalsh(matrix).min() >= -scale


@FEW
@given(samples())
def test_a_finite_population_narrows_and_its_second_stage_widens(sample):
    sums, domains = sample.tally(), Domains.crossing({"sex": sample.sex}, len(sample))
    influence = linearise(sums, domains, MEASURES).influence
    with_replacement, one_stage, two_stages = (
        design_variance(
            sample.design(n, lone_psu="certainty").table, sums.psu, domains.code, influence, len(domains)
        )
        for n in (0, 1, 2)
    )
    assert (one_stage >= 0).all()
    assert (one_stage <= with_replacement * (1 + 1e-12)).all()
    assert (one_stage <= two_stages * (1 + 1e-12)).all()
