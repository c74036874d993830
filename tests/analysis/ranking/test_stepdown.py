"""The searches that pass most pairs over find what visiting every pair finds, to the last digit."""

import math

import numpy as np
import pytest

from analysis.comparison.compared import ComparedEstimates
from analysis.estimation.factored import FactoredCovariance
from analysis.ranking.draws import draw_errors
from analysis.ranking.marginal import marginal_critical_values
from analysis.ranking.pairs import PairRule, SharedErrors
from analysis.ranking.stepdown import joint_critical_value, order_of_quantile

REPLICATES = 199


def made_up(n, freedom, kind, seed):
    """Offices whose errors differ by orders of magnitude, some known by census, maybe correlated."""
    random = np.random.default_rng(seed)
    error = np.exp(random.normal(0, 1.5, n))
    error[n // 2 : n // 2 + n // 10] = 0.0
    covariance = None
    if kind == "correlated":
        factors = random.standard_normal((n, n + 3))
        shape = factors @ factors.T
        size = np.sqrt(np.diagonal(shape))
        covariance = shape / size[:, None] / size * error[:, None] * error
        np.fill_diagonal(covariance, error**2)
    if kind == "margins":
        own = np.where(
            random.random(n) < 0.2, 0.0, error**2
        )  # a few offices have no error but that of margins
        left = random.standard_normal((n, 3)) * np.maximum(error, 0.01)[:, None] * 0.2
        explained = random.uniform(-0.5, 0.5, (n, 2)) * np.sqrt(own / n)[:, None]
        covariance = FactoredCovariance(own, explained, left)
        error = np.sqrt(covariance.variance)
    estimate = random.normal(80, {"close": 0.5}.get(kind, 8.0), n)
    return ComparedEstimates(estimate, error, np.resize(freedom, n), covariance, is_census=True)


def pair_rule(shown):
    shared = SharedErrors.of(shown, shown.standard_error)
    return PairRule(shown.estimate, shown.standard_error, False, shared, np.ones(len(shown)))


def visiting_all(shown, rule, order, step_down, pairs):
    """Give the critical value among the ordered `pairs` (K, K), by brute force."""
    n = len(shown)
    everybody = np.arange(n)
    distance = rule.distance(everybody[:, None], everybody)
    pairs = pairs & (distance > 0)
    distance = np.where(distance > 0, distance, 1.0)
    errors = np.concatenate(list(draw_errors(shown, REPLICATES, 9)))
    statistic = (errors[:, :, None] - errors[:, None, :]) / distance
    observed = (rule.estimate[:, None] - rule.estimate) / distance
    critical = math.inf
    while True:
        largest = np.where(pairs & (observed <= critical), statistic, -np.inf).max(axis=(1, 2))
        found = np.sort(largest)[order - 1]
        if found == critical or not step_down:
            return found
        critical = found


@pytest.mark.parametrize("step_down", [True, False])
@pytest.mark.parametrize("kind", ["apart", "close", "correlated"])
@pytest.mark.parametrize("freedom", [[math.inf], [1, 5, 80, math.inf]])
@pytest.mark.parametrize(("n", "level"), [(2, 0.95), (3, 0.6), (12, 0.9), (45, 0.95), (45, 0.6)])
def test_critical_values_are_exact(n, level, freedom, kind, step_down):
    assert_exact(n, level, freedom, kind, step_down)


@pytest.mark.parametrize(("n", "level"), [(3, 0.6), (12, 0.9), (30, 0.95)])
def test_critical_values_of_offices_that_share_margins_are_exact(n, level):
    assert_exact(n, level, [5, 80, math.inf], "margins", True)


def assert_exact(n, level, freedom, kind, step_down):
    shown = made_up(n, freedom, kind, seed=n).only_comparable()
    rule = pair_rule(shown)
    order = order_of_quantile(level, REPLICATES)
    given = (shown, rule, order, step_down, (REPLICATES, 9))
    everything = ~np.eye(n, dtype=bool)
    assert joint_critical_value(*given) == pytest.approx(
        visiting_all(shown, rule, order, step_down, everything), rel=1e-13
    )
    found = marginal_critical_values(*given)
    for office in range(n):
        mine = np.zeros((n, n), dtype=bool)
        mine[office], mine[:, office] = everything[office], everything[:, office]
        expected = max(visiting_all(shown, rule, order, step_down, mine), 0.0)
        assert found[office] == pytest.approx(expected, rel=1e-13)


@pytest.mark.parametrize("kind", ["apart", "margins"])
def test_more_offices_than_extremes_are_kept_is_exact_too(kind):
    shown = made_up(90, [math.inf], kind, seed=1).only_comparable()
    rule = pair_rule(shown)
    order = order_of_quantile(0.95, REPLICATES)
    found = marginal_critical_values(shown, rule, order, True, (REPLICATES, 9))
    for office in range(0, 90, 11):
        mine = np.zeros((90, 90), dtype=bool)
        mine[office], mine[:, office] = True, True
        np.fill_diagonal(mine, False)
        assert found[office] == pytest.approx(max(visiting_all(shown, rule, order, True, mine), 0), rel=1e-13)


@pytest.mark.parametrize(
    ("level", "replicates", "order"), [(0.95, 19, 19), (0.95, 999, 950), (0.95, 1000, 951), (0.9, 4999, 4500)]
)
def test_the_quantile_holds_for_a_fresh_draw(level, replicates, order):
    """One of R + 1 exchangeable draws is at most the k-th smallest of the others in k of R + 1 cases."""
    assert order_of_quantile(level, replicates) == order
    assert order / (replicates + 1) >= level
