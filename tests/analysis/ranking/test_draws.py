import math

import numpy as np
import pytest

from analysis.comparison.compared import ComparedEstimates
from analysis.estimation.factored import FactoredCovariance
from analysis.ranking.draws import draw_errors


def drawn(offices, replicates=20_000, seed=4):
    return np.concatenate(list(draw_errors(offices, replicates, seed)))


def test_errors_have_the_spread_of_t_with_each_office_degrees_of_freedom():
    errors = drawn(ComparedEstimates([80.0] * 3, [1.0, 2.0, 3.0], [math.inf, 5, 50]), 200_000)
    assert errors.mean(axis=0) == pytest.approx([0, 0, 0], abs=0.03)
    assert errors.std(axis=0) == pytest.approx([1, 2 * math.sqrt(5 / 3), 3 * math.sqrt(50 / 48)], rel=0.02)
    # R 4.2.2: qt(.99, 5) = 3.36493
    assert np.quantile(errors[:, 1] / 2, 0.99) == pytest.approx(3.365, rel=0.03)


def test_errors_are_correlated_as_the_covariance_says_and_a_census_has_none():
    covariance = np.array([[4.0, 3.0, 0.0], [3.0, 9.0, 0.0], [0.0, 0.0, 0.0]])
    offices = ComparedEstimates([80.0] * 3, [2.0, 3.0, 0.0], 40, covariance, is_census=True)
    errors = drawn(offices, 100_000)
    assert np.corrcoef(errors[:, 0], errors[:, 1])[0, 1] == pytest.approx(0.5, abs=0.02)
    assert not errors[:, 2].any()


def test_errors_that_margins_share_have_the_same_covariance_by_either_way():
    left, explained = np.array([[2.0], [1.0], [-2.0]]), np.array([[0.5], [-0.5], [0.0]])
    factors = FactoredCovariance(np.array([4.0, 1.0, 0.0]), explained, left)
    matrix = np.diag(factors.own) - explained @ explained.T + left @ left.T
    error = np.sqrt(np.diag(matrix))
    for covariance in (factors, matrix):
        errors = drawn(ComparedEstimates([80.0] * 3, error, covariance=covariance), 100_000)
        np.testing.assert_allclose(np.cov(errors.T), matrix, atol=0.1)


def test_offices_that_share_everything_have_one_error():
    errors = drawn(ComparedEstimates([80.0, 90.0], [2.0, 2.0], covariance=[[4.0, 4.0], [4.0, 4.0]]), 100)
    assert errors[:, 0] == pytest.approx(errors[:, 1], rel=1e-7)


def test_blocks_are_small_complete_and_repeatable():
    offices = ComparedEstimates(np.zeros(3300), np.ones(3300))
    blocks = [block.shape for block in draw_errors(offices, 700, 0)]
    assert sum(rows for rows, _ in blocks) == 700
    assert max(rows for rows, _ in blocks) * 3300 <= 1_000_000
    assert np.array_equal(drawn(offices, 5, seed=1), drawn(offices, 5, seed=1))
    assert not np.array_equal(drawn(offices, 5, seed=1), drawn(offices, 5, seed=2))
