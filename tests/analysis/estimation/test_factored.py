"""Covariances by the margins' directions are those of the whole matrix."""

import numpy as np
import pytest

from analysis.errors import AnalysisError
from analysis.estimation.factored import FactoredCovariance

SLOPES = np.array([[1.0, 0.5], [0.0, 2.0], [-1.0, 0.0], [0.3, 0.3], [2.0, 1.0]])


def errors_of_margins():
    """Four offices of ten units, a fifth that was asked whole, and two margins of all units."""
    random = np.random.default_rng(3)
    home, margins = np.repeat(np.arange(4), [2, 3, 3, 2]), random.standard_normal((10, 2))
    units = (home == np.arange(5)[:, None]) * random.standard_normal(10)
    return units, margins


def found_and_wanted():
    units, margins = errors_of_margins()
    own, mixed, gram = (units**2).sum(axis=1), units @ margins, margins.T @ margins
    left = units - SLOPES @ margins.T
    return FactoredCovariance.of_regression(own, mixed, SLOPES, gram), left @ left.T


def test_it_is_the_matrix_of_residuals():
    found, wanted = found_and_wanted()
    first, second = np.triu_indices(5, 1)
    everybody = np.arange(5)
    np.testing.assert_allclose(found.variance, np.diag(wanted), rtol=1e-12)
    np.testing.assert_allclose(found.between(first, second), wanted[first, second], atol=1e-12)
    table = found.between(everybody[:3, None], everybody)
    np.testing.assert_allclose(table[0, 1:], wanted[0, 1:], atol=1e-12)
    np.testing.assert_allclose(table[:, 4], wanted[:3, 4], atol=1e-12)
    np.testing.assert_allclose(found.between(np.array([2]), everybody[3:]), wanted[2, 3:], atol=1e-12)
    np.testing.assert_allclose(found.between(np.int64(2), everybody[3:]), wanted[2, 3:], atol=1e-12)


def test_its_root_gives_back_the_matrix():
    found, wanted = found_and_wanted()
    own, share, shrunk = found.root()
    root = own[:, None] * (np.eye(5) - share @ shrunk.T)
    np.testing.assert_allclose(root @ root.T + found.left @ found.left.T, wanted, atol=1e-12)
    assert own[4] == 0  # all that the fifth does not know of itself comes from the margins


def test_margins_that_say_the_same_twice_count_once():
    units, margins = errors_of_margins()
    twice, slopes = np.hstack([margins, margins]), np.hstack([SLOPES, SLOPES])
    found = FactoredCovariance.of_regression(
        (units**2).sum(axis=1), units @ twice, slopes / 2, twice.T @ twice
    )
    left = units - SLOPES @ margins.T
    assert found.left.shape == (5, 2)
    np.testing.assert_allclose(found.variance, (left**2).sum(axis=1), rtol=1e-12)


def test_parts_places_and_other_errors_keep_the_correlations():
    found, wanted = found_and_wanted()
    pair = np.array([0]), np.array([1])
    assert found.only(np.array([3, 1])).between(*pair) == pytest.approx(wanted[3, 1])
    spread = found.only(np.array([3, 1])).in_places(np.array([2, 0]), 3)
    assert np.isnan(spread.variance).tolist() == [False, True, False]
    assert spread.between(np.array([2]), np.array([0])) == pytest.approx(wanted[3, 1])
    error = np.arange(1.0, 6.0)
    other = found.with_errors(error)
    np.testing.assert_allclose(other.variance, error**2)
    correlation = wanted[0, 1] / np.sqrt(wanted[0, 0] * wanted[1, 1])
    assert other.between(*pair) == pytest.approx(correlation * 2)


def test_more_cannot_be_explained_than_there_is():
    broken = FactoredCovariance(np.ones(2), np.array([[0.9], [0.9]]), np.ones((2, 1)))
    with pytest.raises(AnalysisError, match=r"covariance must be positive semidefinite; got -0\.62"):
        broken.root()
