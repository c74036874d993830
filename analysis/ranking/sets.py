"""Confidence sets for ranks: from which to which rank an office may be."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from analysis.arguments import require_choice
from analysis.comparison.compared import ComparedEstimates
from analysis.comparison.simultaneous import half_widths, require_level, sidak_tail, upper_quantile
from analysis.errors import AnalysisError
from analysis.ranking.draws import require_draws
from analysis.ranking.marginal import marginal_critical_values
from analysis.ranking.pairs import PairRule, SharedErrors
from analysis.ranking.stepdown import joint_critical_value, order_of_quantile

RankMethod = Literal["mogstad", "mogstad_single_step", "klein_wright_wieczorek", "bonferroni_pairs"]
Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False, repr=False)
class RankSets:
    """Best and worst rank of each of K offices; `rank_sets` makes them. Rank 1 is the highest estimate.

    Parameters
    ----------
    best_rank, worst_rank : (K,) float, whole numbers, NaN where an office has no rank
        Ends of each office's set, among the comparable offices.
    point_rank : (K,) float, NaN where an office has no rank
        Rank of the estimate; equal estimates share the mean of their ranks.
    compared : ComparedEstimates
        The offices; its `exclusion` says why an office has no rank. List these apart.
    level : float in (0.5, 1)
        Confidence level.
    method : str
        As in `rank_sets`.
    simultaneous : bool
        Whether all sets hold together at `level`, or each by itself.
    rule : PairRule
        Which pairs of the comparable offices are shown to differ.

    Examples
    --------
    >>> from analysis.comparison.compared import ComparedEstimates
    >>> from analysis.ranking.sets import rank_sets
    >>> rank_sets(ComparedEstimates([90.0, 70.0, 71.0], [1.0, 1.0, 1.0]), method="bonferroni_pairs")
    RankSets(3 ranked, 0 without rank, bonferroni_pairs at 95 %, simultaneous)
    """

    best_rank: Floats
    worst_rank: Floats
    point_rank: Floats
    compared: ComparedEstimates
    level: float
    method: RankMethod
    simultaneous: bool
    rule: PairRule

    def __repr__(self) -> str:
        kind = "simultaneous" if self.simultaneous else "each by itself"
        n_ranked = self.rule.estimate.size
        return (
            f"RankSets({n_ranked} ranked, {len(self.compared) - n_ranked} without rank, "
            f"{self.method} at {100 * self.level:g} %, {kind})"
        )


def rank_sets(
    compared: ComparedEstimates,
    level: float = 0.95,
    method: RankMethod = "mogstad",
    simultaneous: bool = True,
    replicates: int = 4999,
    seed: int = 0,
) -> RankSets:
    """Return for each office the ranks that it may have, given the errors of all.

    Parameters
    ----------
    compared : ComparedEstimates
        Estimates of K offices; rank only figures that are comparable at all (one instrument, one
        period, probability samples).
    level : float in (0.5, 1)
        Probability with which the sets hold.
    method : str
        ``"mogstad"``: simulated, with step-down; the shortest sets as a rule.
        ``"mogstad_single_step"``: the same without step-down.
        ``"klein_wright_wieczorek"``: counted from intervals that do not overlap; can be checked by
        hand. ``"bonferroni_pairs"``: all pairs tested at a shared-out level.
    simultaneous : bool
        True: the sets of all offices hold together. False: each holds by itself, for an office
        that asks for its own rank alone ("klein_wright_wieczorek" has no such form).
    replicates : int
        Simulated tables of the "mogstad" methods, at least level / (1 - level).
    seed : int >= 0
        The same seed gives the same sets.

    Returns
    -------
    RankSets
        Rank 1 is the highest. Offices left out (`ComparedEstimates.exclusion`) have no rank, do
        not count among the others, and are to be listed apart.

    Raises
    ------
    AnalysisError
        If an argument is out of its range, or the covariance has a negative eigenvalue.

    Notes
    -----
    Among n offices, the best rank is 1 + the number shown higher, the worst is n less the number
    shown lower. With half widths h(k) = t(1 - a, df(k)) · SE(k), office j is shown higher than k when
    estimate(j) - estimate(k) exceeds::

        klein_wright_wieczorek   h(j) + h(k)              a = (1 - level^(1/n)) / 2
        bonferroni_pairs         sqrt(h(j)² + h(k)²)      a = (1 - level) / (n (n - 1))
        mogstad                  c sqrt(s(j)² + s(k)²)    s(k) = h(k) / z(1 - a), a as in the first

    (a = (1 - level) / (2 (n - 1)) for Bonferroni where each set holds by itself. A covariance C takes
    2 C r(j) r(k) off under the root, r being h / SE or s / SE; if C > 0, with the smaller r twice, so
    that unequal degrees of freedom never shorten a distance.) For normal errors s(k) = SE(k), and
    the last two are the usual tests of a difference.

    *Critical value c.* In each replicate every office draws an error SE(k) · t, t of its own
    degrees of freedom. Of the largest (error(j) - error(k)) / sqrt(s(j)² + s(k)²) over all ordered
    pairs, c is the ceil(level (replicates + 1))-th smallest. Step-down: rejected pairs drop out and
    c is taken again from the same draws, until none drops out. For normal errors this is
    R's ``csranks`` but for simulation error (4,999 replicates fix c to about 0.01). Every maximum is
    exact for any number of offices, see `analysis.ranking.stepdown`. Offices that covary through
    a calibration alone are drawn by its few directions: 3,300 of them take some 3 s, each set by
    itself 8 s, independent offices 1 s and 3 s. A whole matrix takes them some 25 s and 500 MB, and
    longer where most of its correlations are above one half.

    *Few degrees of freedom.* csranks takes errors as normal. With few degrees of freedom some
    office's standard error comes out far too small by chance: for 30 equal offices with 6 degrees
    of freedom, 95 % sets from normal errors held together in 60 % of 1,000 simulated tables, those
    from t in 97 %. That is the safe side: in truth a large t goes with a small standard
    error, which weighs less in its pair. s(k)
    keeps an office with 1 degree of freedom from widening the sets of all others. In Bonferroni's
    test the root of squares is never below the approximation of Cochran and Cox to the
    two-sample test with unequal variances.

    *Ties.* The set of an office covers every rank that it shares with offices of the same true
    value. A census with standard error 0 is known: two such offices differ when their figures do.

    References
    ----------
    Klein, Wright and Wieczorek (2020), J. R. Stat. Soc. A 183, 589-606. Mogstad, Romano, Shaikh
    and Wilhelm (2024), Review of Economic Studies 91, 476-518. Romano and Wolf (2005), J. Am. Stat.
    Assoc. 100, 94-108. Zou and Donner (2008), Statistics in Medicine 27, 1693-1702 (half widths
    under a root). Cochran and Cox (1957), Experimental Designs, 2nd ed., section 4.14.

    Examples
    --------
    >>> from analysis.comparison.compared import ComparedEstimates
    >>> from analysis.ranking.sets import rank_sets
    >>> found = rank_sets(ComparedEstimates([95.0, 91.2, 90.8, 60.0, None], [1.0, 0.9, 1.4, 1.5, None]))
    >>> found.best_rank.tolist(), found.worst_rank.tolist()
    ([1.0, 2.0, 2.0, 4.0, nan], [1.0, 3.0, 3.0, 4.0, nan])
    >>> found.compared.exclusion[-1]
    'not_estimable'
    """
    require_choice("method", method, get_args(RankMethod))
    require_level(level, lowest=0.5)
    require_draws(replicates, seed)
    shown = compared.only_comparable()
    if method.startswith("mogstad"):
        rule = _simulated_rule(shown, level, method == "mogstad", simultaneous, (replicates, seed))
    elif method == "bonferroni_pairs":
        n_pairs = len(shown) * (len(shown) - 1) if simultaneous else 2 * (len(shown) - 1)
        rule = _fixed_rule(shown, (1 - level) / max(n_pairs, 1), adds=False)
    elif simultaneous:
        rule = _fixed_rule(shown, sidak_tail(level, max(len(shown), 1)), adds=True)
    else:
        raise AnalysisError(
            "simultaneous", "be True for klein_wright_wieczorek, which is joint", simultaneous
        )
    n_higher, n_lower = rule.count_shown()
    return RankSets(
        compared.in_all_places(1 + n_higher),
        compared.in_all_places(len(shown) - n_lower),
        compared.in_all_places(point_ranks(shown.estimate)),
        compared,
        level,
        method,
        simultaneous,
        rule,
    )


def point_ranks(estimate: Floats) -> Floats:
    """Return ranks from 1 for the highest; equal ones share the mean of theirs, as R's ``rank(-x)``."""
    _, place, count = np.unique(-estimate, return_inverse=True, return_counts=True)
    return np.asarray((np.cumsum(count) - (count - 1) / 2)[place])


def _fixed_rule(shown: ComparedEstimates, tail: float, adds: bool) -> PairRule:
    """Compare at a critical value known beforehand, which the half widths hold already."""
    scale = half_widths(shown, tail)
    shared = None if adds else SharedErrors.of(shown, scale)
    return PairRule(shown.estimate, scale, adds, shared, np.ones(len(shown)))


def _simulated_rule(
    shown: ComparedEstimates, level: float, step_down: bool, simultaneous: bool, draws: tuple[int, int]
) -> PairRule:
    tail = sidak_tail(level, max(len(shown), 1))
    scale = half_widths(shown, tail) / upper_quantile(tail, np.inf)
    rule = PairRule(shown.estimate, scale, False, SharedErrors.of(shown, scale), np.full(len(shown), np.inf))
    order = order_of_quantile(level, draws[0])
    if simultaneous:
        critical = np.full(len(shown), joint_critical_value(shown, rule, order, step_down, draws))
    else:
        critical = marginal_critical_values(shown, rule, order, step_down, draws)
    return replace(rule, critical=critical)
