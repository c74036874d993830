"""Inclusion probabilities, and which places of one stratum's list are drawn: whole numbers decide."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from analysis.arguments import as_integers, require
from analysis.errors import AnalysisError
from analysis.sampling.scalars import LARGEST_COUNT, as_count

Places = NDArray[np.int64]


def inclusion_probabilities(sizes: ArrayLike, n: int) -> NDArray[np.float64]:
    """Return probabilities of inclusion in proportion to size; large units become certain.

    Parameters
    ----------
    sizes : (N,) int >= 1
        Measures of size; at most 2**53 in sum.
    n : int >= 1
        Units to draw, at most N.

    Returns
    -------
    (N,) float64
        Above 0, at most 1, adding up to n.

    Raises
    ------
    AnalysisError
        If a size is no positive whole number, or n is not within 1 … N.

    Notes
    -----
    pi = n x / sum(x). Units with pi >= 1 get 1 and leave n and the sum, until no more do. The
    comparison is made in whole numbers, so that a unit with pi = 1 exactly is certain everywhere.

    References
    ----------
    Särndal, Swensson and Wretman (1992), Model Assisted Survey Sampling, section 3.6. As
    ``inclusionprobabilities`` of R's package sampling.

    Examples
    --------
    >>> from analysis.sampling.selection import inclusion_probabilities
    >>> inclusion_probabilities([10, 20, 170, 70], 2).round(3).tolist()
    [0.1, 0.2, 1.0, 0.7]
    """
    measures = as_integers("sizes", sizes, (None,))
    require(measures > 0, "sizes", "be positive", measures)
    total = sum(measures.tolist())
    if total > LARGEST_COUNT:
        raise AnalysisError("sizes", "add up to at most 2**53", total)
    wanted = as_count("n", n, low=1)
    if wanted > measures.size:
        raise AnalysisError("n", f"not exceed the {measures.size} units", n)
    return probabilities_of(measures, wanted, certain_units(measures, wanted))


def certain_units(sizes: NDArray[np.int64], n: int) -> NDArray[np.bool_]:
    """Return which units are so large that they are drawn with certainty.

    Removing all with pi >= 1 again and again ends where removing one by one, the largest first,
    ends: after k removals the next is certain if (n - k) x >= the sum of what is left.
    """
    falling = np.sort(sizes)[::-1]
    left = (int(sizes.sum()) - np.concatenate([[0], np.cumsum(falling)]))[:n]
    to_draw = n - np.arange(n)
    # (n - k) x would pass 64 bits; x >= ceil(left / (n - k)) says the same of whole numbers.
    passes = falling[:n] >= -(-left // to_draw)
    n_certain = n if passes.all() else int(np.argmin(passes))
    # Equal sizes are certain together: if one unit passes, so does the next of the same size.
    return np.zeros(sizes.size, np.bool_) if n_certain == 0 else sizes >= falling[n_certain - 1]


def probabilities_of(sizes: NDArray[np.int64], n: int, certain: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return the probabilities, given which units are certain."""
    rest = int(sizes[~certain].sum())
    # One product and one quotient a unit, each rounded once by IEEE 754: no library's reduction takes part.
    shares = sizes * float(n - int(certain.sum())) / max(rest, 1)
    return np.where(certain, 1.0, shares)


def systematic_places(sizes: NDArray[np.int64], n: int, start: int, certain: NDArray[np.bool_]) -> Places:
    """Return the places drawn by one pass along the list, certain units among them, ascending.

    The units that are not certain lie end to end on a line of length X = sum of their sizes; the m points
    (start + j X) / m, j = 0 … m - 1, with a whole start in 0 … X - 1, draw the units they fall on.
    Unit i takes m x_i of the X · m units of length, so its chance is exactly m x_i / X, below 1.

    Points are rounded down to whole numbers, which leaves each within the same unit, since
    units begin and end at whole numbers. All is 64-bit arithmetic below 2**63.
    """
    line = np.flatnonzero(~certain)
    m = n - (sizes.size - line.size)
    if m == 0:
        return np.flatnonzero(certain)
    ends = np.cumsum(sizes[line])
    step, remainder = divmod(int(ends[-1]), m)
    j = np.arange(m)
    points = j * step + (start + j * remainder) // m
    drawn = line[np.searchsorted(ends, points, side="right")]
    return np.sort(np.concatenate([np.flatnonzero(certain), drawn]))


def ranked_places(keys: NDArray[Any], certain: NDArray[np.bool_], n: int) -> Places:
    """Return the n places that come first: certain units, then by smallest key, ties by place."""
    # A stable sort has one possible result, whichever algorithm a version of the library uses.
    return np.lexsort((keys, ~certain))[:n]
