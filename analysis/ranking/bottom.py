"""How likely each office belongs to the bottom of the table."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from analysis.comparison.compared import ComparedEstimates
from analysis.errors import AnalysisError
from analysis.ranking.draws import draw_errors, require_draws

Floats = NDArray[np.float64]

_ROUNDING: Final = 1e-9


def probability_of_bottom(
    compared: ComparedEstimates, share: float = 0.2, replicates: int = 4000, seed: int = 0
) -> Floats:
    """Return the probability that each office is truly among the lowest, by default the bottom fifth.

    Parameters
    ----------
    compared : ComparedEstimates
        Estimates of K offices.
    share : float in (0, 1)
        Share of the comparable offices that counts as the bottom, rounded down to whole offices,
        but at least one.
    replicates : int
        Simulated tables; the simulation error is at most 0.5 / sqrt(replicates), 0.008 for 4,000.
    seed : int >= 0
        The same seed gives the same probabilities.

    Returns
    -------
    ndarray
        (K,) float in [0, 1], which sum to the number of bottom places; NaN for offices left out
        (`ComparedEstimates.exclusion`), which do not count.

    Raises
    ------
    AnalysisError
        If an argument is out of its range, or the covariance has a negative eigenvalue.

    Notes
    -----
    Every replicate draws a true value for each office, estimate + SE · t with its own degrees of
    freedom (correlated as the covariance says), and marks the lowest; equal values share the
    places left. The result is the share of replicates in which an office is marked.

    *What it means.* This is a confidence distribution, the posterior under a flat prior for every
    office: it says how far the office's own data and the others' support "bottom fifth". Nothing
    is borrowed between offices, so a small office with a wide error is spread over the whole
    table: its probability is pulled towards the edges (both of them), above what a model with
    shrinkage would give. It carries no joint error control: use `rank_sets` for statements
    on named offices.

    References
    ----------
    Goldstein and Spiegelhalter (1996), J. R. Stat. Soc. A 159, 385-443, section 4. Laird and Louis
    (1989), J. Educational Statistics 14, 29-46 (ranks from posterior draws).

    Examples
    --------
    >>> from analysis.ranking.bottom import probability_of_bottom
    >>> from analysis.comparison.compared import ComparedEstimates
    >>> offices = ComparedEstimates([95.0, 60.0, 90.0, 91.2, 92.0], [1.0, 1.5, 1.4, 0.9, 1.0])
    >>> probability_of_bottom(offices).tolist()
    [0.0, 1.0, 0.0, 0.0, 0.0]
    """
    if not 0 < share < 1:
        raise AnalysisError("share", "lie between 0 and 1", share)
    require_draws(replicates, seed)
    shown = compared.only_comparable()
    n_bottom = max(int(share * len(shown) + _ROUNDING), 1)
    marks = np.zeros(len(shown))
    if len(shown):
        for errors in draw_errors(shown, replicates, seed):
            marks += _bottom_marks(shown.estimate + errors, n_bottom).sum(axis=0)
    return compared.in_all_places(marks / replicates)


def _bottom_marks(values: Floats, n_bottom: int) -> Floats:
    """Return 1 for the `n_bottom` lowest of each row; equal values at the border share what is left."""
    border = np.partition(values, n_bottom - 1, axis=1)[:, n_bottom - 1 : n_bottom]
    is_below, is_border = values < border, values == border
    places_left = n_bottom - is_below.sum(axis=1, keepdims=True)
    return np.asarray(is_below + is_border * (places_left / is_border.sum(axis=1, keepdims=True)))
