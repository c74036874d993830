"""Tie bands: a table cut only where the cut can be shown."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from analysis.errors import AnalysisError
from analysis.ranking.sets import RankSets

Floats = NDArray[np.float64]


def tie_bands(ranks: RankSets) -> Floats:
    """Return the band of each office: within a band nobody is shown to be below the band's first.

    Parameters
    ----------
    ranks : RankSets
        Of `rank_sets`, simultaneous.

    Returns
    -------
    ndarray
        (K,) float, whole numbers from 1 for the highest band; NaN for offices without a rank.

    Raises
    ------
    AnalysisError
        If the sets do not hold together.

    Notes
    -----
    Offices are taken from the highest estimate down. The first opens band 1; each next one joins
    until one is shown to be lower than the band's first; that one opens the next band. So each
    office is in one band, bands are runs of the table, equal estimates share a band (the smaller
    standard error is taken first), and the order of input changes nothing. All statements "the
    first of this band is lower than the first of the band above" hold together at the level
    of the sets. Two neighbours across a border need not differ, and the last of a band need not
    differ from the next band: a band says where a difference is shown, not that all others
    are absent. A rank set says more, and is what to print beside a name.

    References
    ----------
    Klein, Wright and Wieczorek (2020), J. R. Stat. Soc. A 183, 589-606 (the pairs shown to differ).

    Examples
    --------
    >>> from analysis.ranking.bands import tie_bands
    >>> from analysis.comparison.compared import ComparedEstimates
    >>> from analysis.ranking.sets import rank_sets
    >>> offices = ComparedEstimates([95.0, 60.0, None, 90.8, 91.2], [1.0, 1.5, None, 1.4, 0.9])
    >>> tie_bands(rank_sets(offices, method="klein_wright_wieczorek")).tolist()
    [1.0, 2.0, nan, 1.0, 1.0]
    """
    if not ranks.simultaneous:
        raise AnalysisError("ranks", "hold together (simultaneous=True)", ranks)
    rule = ranks.rule
    order = np.lexsort((rule.scale, -rule.estimate))
    band_of_ranked = np.zeros(order.size)
    start = 0
    while start < order.size:
        is_lower = rule.shown_higher(order[start], order[start:])
        length = int(np.argmax(is_lower)) if is_lower.any() else order.size - start
        band_of_ranked[order[start : start + length]] = band_of_ranked.max() + 1
        start += length
    return ranks.compared.in_all_places(band_of_ranked)
