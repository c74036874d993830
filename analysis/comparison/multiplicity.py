"""P-values of many tests, adjusted for their number."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from analysis.arguments import require, require_choice
from analysis.errors import AnalysisError

Adjustment = Literal["holm", "hochberg", "bonferroni", "benjamini_hochberg", "benjamini_yekutieli", "none"]
Floats = NDArray[np.float64]


def adjust_p_values(p_value: ArrayLike, method: Adjustment = "holm") -> Floats:
    """Return p-values that keep their meaning when all of them are looked at together.

    Parameters
    ----------
    p_value : (K,) float in [0, 1], NaN where there was no test
        In any order.
    method : str
        ``"holm"``, ``"hochberg"``, ``"bonferroni"``: the chance of any false alarm stays below
        the level. ``"benjamini_hochberg"``, ``"benjamini_yekutieli"``: the expected share of false
        ones among the alarms does. ``"none"`` leaves them as they are.

    Returns
    -------
    ndarray
        (K,) adjusted p-values in the same order, at most 1, NaN where there was no test.

    Raises
    ------
    AnalysisError
        If a p-value lies outside of [0, 1] or the method is unknown.

    Notes
    -----
    With m tests and p(1) <= ... <= p(m), in the order of p::

        bonferroni            min(1, m p)
        holm                  max over j <= i of min(1, (m - j + 1) p(j))
        hochberg              min over j >= i of (m - j + 1) p(j)
        benjamini_hochberg    min over j >= i of m p(j) / j
        benjamini_yekutieli   min over j >= i of min(1, c m p(j) / j),  c = 1 + 1/2 + ... + 1/m

    The same numbers as R's ``p.adjust``. Tests that were not done (NaN) do not count in m. Holm
    needs nothing of the dependence between tests; Hochberg and Benjamini-Hochberg need
    independent or positively dependent ones, Benjamini-Yekutieli needs nothing.

    References
    ----------
    Holm (1979), Scandinavian J. Statistics 6, 65-70. Hochberg (1988), Biometrika 75, 800-802.
    Benjamini and Hochberg (1995), J. R. Stat. Soc. B 57, 289-300. Benjamini and Yekutieli (2001),
    Annals of Statistics 29, 1165-1188.

    Examples
    --------
    >>> from analysis.comparison.multiplicity import adjust_p_values
    >>> adjust_p_values([0.01, 0.04, 0.03, float("nan")]).round(3).tolist()
    [0.03, 0.06, 0.06, nan]
    """
    require_choice("method", method, _METHODS)
    try:
        p = np.array(p_value, dtype=np.float64)
    except (TypeError, ValueError):
        raise AnalysisError("p_value", "hold numbers", p_value) from None
    if p.ndim != 1:
        raise AnalysisError("p_value", "have shape (any,)", p.shape)
    done = ~np.isnan(p)
    require(~done | ((p >= 0) & (p <= 1)), "p_value", "lie in [0, 1]", p)
    tested = p[done]
    order = np.argsort(tested, kind="stable")
    adjusted = np.empty_like(tested)
    adjusted[order] = np.minimum(1.0, _METHODS[method](tested[order]))
    p[done] = adjusted
    return p


def _bonferroni(p: Floats) -> Floats:
    return p.size * p


def _holm(p: Floats) -> Floats:
    return np.maximum.accumulate(np.arange(p.size, 0, -1) * p)


def _hochberg(p: Floats) -> Floats:
    return _smallest_from_here_on(np.arange(p.size, 0, -1) * p)


def _benjamini_hochberg(p: Floats) -> Floats:
    return _smallest_from_here_on(p.size * p / np.arange(1, p.size + 1))


def _benjamini_yekutieli(p: Floats) -> Floats:
    return _benjamini_hochberg(p) * np.sum(1 / np.arange(1, p.size + 1))


def _smallest_from_here_on(p: Floats) -> Floats:
    return np.minimum.accumulate(p[::-1])[::-1]


_METHODS: Final[dict[str, Callable[[Floats], Floats]]] = {
    "holm": _holm,
    "hochberg": _hochberg,
    "bonferroni": _bonferroni,
    "benjamini_hochberg": _benjamini_hochberg,
    "benjamini_yekutieli": _benjamini_yekutieli,
    "none": np.copy,
}
