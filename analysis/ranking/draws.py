"""Draws of the estimates' errors: what rank sets and probabilities of ranks are simulated from."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray

from analysis.comparison.compared import ComparedEstimates
from analysis.errors import AnalysisError
from analysis.estimation.factored import FactoredCovariance

Floats = NDArray[np.float64]

_NUMBERS_AT_ONCE: Final = 1_000_000
_NEGATIVE: Final = 1e-8
"""An eigenvalue below minus this share of the largest is no rounding."""


def draw_errors(shown: ComparedEstimates, replicates: int, seed: int) -> Iterator[Floats]:
    """Yield blocks of rows, `replicates` in all, of errors of the K comparable offices.

    A row is SE · t with Student's t of each office's degrees of freedom, normal where those are
    infinite; normal parts are correlated as the covariance says. The same seed gives the same rows.
    """
    require_draws(replicates, seed)
    random = np.random.default_rng(seed)
    correlate = _correlating(shown)
    finite = np.flatnonzero(np.isfinite(shown.degrees_of_freedom) & (shown.standard_error > 0))
    freedom = shown.degrees_of_freedom[finite]
    rows_at_once = max(1, _NUMBERS_AT_ONCE // len(shown))
    for start in range(0, replicates, rows_at_once):
        n_rows = min(rows_at_once, replicates - start)
        draws = correlate(random, random.standard_normal((n_rows, len(shown))))
        if finite.size:
            chi_square = 2 * random.standard_gamma(freedom / 2, (n_rows, finite.size))
            draws[:, finite] /= np.sqrt(chi_square / freedom)
        yield draws * shown.standard_error


def require_draws(replicates: int, seed: int) -> None:
    """Refuse a number of replicates or a seed that is no whole number in its range."""
    for argument, number, lowest in (("replicates", replicates, 1), ("seed", seed, 0)):
        if not isinstance(number, int | np.integer) or number < lowest:
            raise AnalysisError(argument, f"be a whole number of at least {lowest}", number)


def _correlating(shown: ComparedEstimates) -> Callable[[np.random.Generator, Floats], Floats]:
    """Return what turns rows of independent standard normal numbers into correlated ones."""
    covariance = shown.covariance
    if covariance is None:
        return lambda _, draws: draws
    error = np.where(shown.standard_error > 0, shown.standard_error, np.inf)
    if isinstance(covariance, FactoredCovariance):
        own, share, shrunk = covariance.root()
        own, left = own / error, covariance.left / error[:, None]
        return lambda random, draws: (
            own * (draws - draws @ shrunk @ share.T)
            + random.standard_normal((len(draws), left.shape[1])) @ left.T
        )
    matrix = covariance / error[:, None] / error
    np.fill_diagonal(matrix, 1.0)
    root = _root(matrix)
    return lambda _, draws: draws @ root.T


def _root(matrix: Floats) -> Floats:
    values, vectors = np.linalg.eigh(matrix)
    if values[0] < -_NEGATIVE * values[-1]:
        raise AnalysisError("covariance", "be positive semidefinite", float(values[0]))
    return np.asarray(vectors * np.sqrt(np.maximum(values, 0.0)))
