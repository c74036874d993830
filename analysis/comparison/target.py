"""Which offices are shown to lie below or above a target, when all of them are tested at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, get_args

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, stdtr

from analysis.arguments import require_choice
from analysis.comparison.compared import ComparedEstimates
from analysis.comparison.multiplicity import Adjustment, adjust_p_values
from analysis.errors import AnalysisError

Alternative = Literal["both", "below", "above"]
Verdict = Literal["shown_below", "shown_above", "not_decided", "not_estimable"]
Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False, repr=False)
class TargetComparison:
    """Verdicts on K offices against a target; `compare_with_target` makes them.

    Parameters
    ----------
    verdict : (K,) tuple of str
        ``"shown_below"``, ``"shown_above"``, ``"not_decided"`` or ``"not_estimable"``.
    p_below, p_above : (K,) float in [0, 1], NaN where not estimable
        One-sided p-values: small where the office is shown to lie below (above) the target.
    adjusted_below, adjusted_above : (K,) float in [0, 1], NaN where not estimable
        The same, adjusted within their direction for the number of offices.
    threshold : float in (0, 1)
        An adjusted p-value at or below it is a verdict.
    target, alpha, adjustment, alternative
        As handed in.

    Examples
    --------
    >>> from analysis.comparison.compared import ComparedEstimates
    >>> from analysis.comparison.target import compare_with_target
    >>> compare_with_target(ComparedEstimates([70.0, 84.0, 95.0], [2.0, 2.0, 2.0], 12), target=85)
    TargetComparison(target 85: 1 shown below, 1 shown above, 1 not decided, 0 not estimable)
    """

    verdict: tuple[Verdict, ...]
    p_below: Floats
    p_above: Floats
    adjusted_below: Floats
    adjusted_above: Floats
    threshold: float
    target: float
    alpha: float
    adjustment: Adjustment
    alternative: Alternative

    def __repr__(self) -> str:
        counts = [f"{self.verdict.count(name)} {name.replace('_', ' ')}" for name in get_args(Verdict)]
        return f"TargetComparison(target {self.target:g}: {', '.join(counts)})"


def compare_with_target(
    compared: ComparedEstimates,
    target: float,
    alpha: float = 0.05,
    adjustment: Adjustment = "holm",
    alternative: Alternative = "both",
) -> TargetComparison:
    """Test each office against a target and keep the error over all offices within bounds.

    Parameters
    ----------
    compared : ComparedEstimates
        Estimates of K offices.
    target : float, finite
        In the unit of the estimates.
    alpha : float in (0, 1)
        Error allowed over all offices and both directions together.
    adjustment : str
        As in `adjust_p_values`: Holm holds the chance of any false verdict at `alpha`,
        Benjamini-Hochberg the expected share of false ones among the verdicts.
    alternative : {"both", "below", "above"}
        Which verdicts are sought. "below" or "above" alone spends all of `alpha` there.

    Returns
    -------
    TargetComparison
        One verdict an office. No office is dropped: those left out (`ComparedEstimates.exclusion`)
        are "not_estimable" and do not count in the number of tests.

    Raises
    ------
    AnalysisError
        If an argument is out of its range.

    Notes
    -----
    For each office t = (estimate - target) / SE, p_below = P(T <= t), p_above = P(T >= t) with T
    Student's t of the office's own degrees of freedom. The p-values of either direction are
    adjusted as one family, so ``adjusted_below`` is R's ``p.adjust(pt((est - 85)/se, df))``.

    *Both directions.* Two families are looked at, so each is tested at alpha / 2 (`threshold`).
    Then, by Bonferroni over the two, the chance of any false verdict in either direction is at
    most alpha under Holm, Hochberg or Bonferroni; and since the share of false verdicts in
    all is at most the sum of the two shares, its expectation is at most alpha under the
    false-discovery methods. With adjustment "none" a verdict appears exactly where the
    two-sided t interval of level 1 - alpha leaves the target out: text and picture agree.

    *A census* with standard error 0 is decided by its figure alone; exactly on target it is
    "not_decided". "Not decided" never means "on target".

    References
    ----------
    Shaffer (1980), Annals of Statistics 8, 1342-1347 (directional errors of stepwise tests). Holm
    (1979), Benjamini and Hochberg (1995), as in `adjust_p_values`.

    Examples
    --------
    >>> from analysis.comparison.compared import ComparedEstimates
    >>> from analysis.comparison.target import compare_with_target
    >>> found = compare_with_target(ComparedEstimates([70.0, 84.0, 95.0], [2.0, 2.0, 2.0], 12), target=85)
    >>> found.verdict
    ('shown_below', 'not_decided', 'shown_above')
    >>> found.adjusted_below.round(4).tolist()
    [0.0, 0.6261, 0.9998]
    """
    require_choice("alternative", alternative, get_args(Alternative))
    if not np.isfinite(target):
        raise AnalysisError("target", "be finite", target)
    if not 0 < alpha < 1:
        raise AnalysisError("alpha", "lie between 0 and 1", alpha)
    p_below = _p_below(compared, target, sign=1)
    p_above = _p_below(compared, target, sign=-1)
    adjusted_below = adjust_p_values(p_below, adjustment)
    adjusted_above = adjust_p_values(p_above, adjustment)
    threshold = alpha / 2 if alternative == "both" else alpha
    chosen = np.select(
        [
            ~compared.is_comparable,
            (adjusted_below <= threshold) & (alternative != "above"),
            (adjusted_above <= threshold) & (alternative != "below"),
        ],
        [_PLACES["not_estimable"], _PLACES["shown_below"], _PLACES["shown_above"]],
        _PLACES["not_decided"],
    )
    verdict = tuple(get_args(Verdict)[place] for place in chosen)
    return TargetComparison(
        verdict,
        p_below,
        p_above,
        adjusted_below,
        adjusted_above,
        threshold,
        target,
        alpha,
        adjustment,
        alternative,
    )


_PLACES: Final[dict[Verdict, int]] = {name: place for place, name in enumerate(get_args(Verdict))}


def _p_below(compared: ComparedEstimates, target: float, sign: int) -> Floats:
    """Return P(T <= t), or for sign -1 P(T >= t) from the same tail, so that small ones keep their digits."""
    shown = compared.only_comparable()
    distance = sign * (shown.estimate - target)
    is_known = shown.standard_error == 0
    t = distance / np.where(is_known, 1.0, shown.standard_error)
    freedom = np.where(np.isfinite(shown.degrees_of_freedom) & ~is_known, shown.degrees_of_freedom, 1.0)
    p = np.where(np.isinf(shown.degrees_of_freedom), ndtr(t), stdtr(freedom, t))
    return compared.in_all_places(np.where(is_known, np.where(distance < 0, 0.0, 1.0), p))
