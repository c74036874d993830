"""Trimming: extreme weights are cut, and what was cut is given to the others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from analysis.calibration import Calibration
from analysis.errors import AnalysisError
from analysis.weighting.diagnostics import WeightDiagnostics, weight_diagnostics
from analysis.weighting.inputs import as_weights

Floats = NDArray[np.float64]

_ROUNDING: Final = 1e-12  # relative; equal weights at a limit must not fail by their sum


@dataclass(frozen=True, eq=False, repr=False)
class TrimmedWeights:
    """Trimmed weights of unchanged sum; made by `trim_weights`.

    Parameters
    ----------
    weight : (n,) float, finite and >= 0, read-only
        New weights; 0 where the weight before was 0.
    base_weight : (n,) float, finite and >= 0
        Weights before.
    calibration : Calibration or None
        That of the weights before, told of the trimming; None where none was given.
    n_raised, n_lowered : int
        Weights that were below the lower or above the upper limit.
    n_outside : int
        Weights that still are (not strict only).

    Examples
    --------
    >>> from analysis.weighting.trimming import trim_weights
    >>> trim_weights([1.0, 2.0, 3.0, 14.0], upper=10)
    TrimmedWeights(0 raised, 1 lowered, 0 still outside; sum 20, design effect 1.353)
    """

    weight: Floats
    base_weight: Floats
    calibration: Calibration | None
    n_raised: int
    n_lowered: int
    n_outside: int

    def __post_init__(self) -> None:
        self.weight.setflags(write=False)

    def __repr__(self) -> str:
        found = self.diagnostics()
        return (
            f"TrimmedWeights({self.n_raised} raised, {self.n_lowered} lowered, "
            f"{self.n_outside} still outside; sum {found.weight_sum:.10g}, "
            f"design effect {found.design_effect:.4g})"
        )

    def diagnostics(self) -> WeightDiagnostics:
        """Return what the weights cost and how far they moved (see `weight_diagnostics`)."""
        return weight_diagnostics(self.weight, self.base_weight)

    def to_dict(self) -> dict[str, object]:
        """Return counts and diagnostics, ready for JSON; without the weights."""
        return {
            "n_raised": self.n_raised,
            "n_lowered": self.n_lowered,
            "n_outside": self.n_outside,
            **self.diagnostics().to_dict(),
        }


def trim_weights(
    weight: ArrayLike,
    lower: float = 0.0,
    upper: float = np.inf,
    strict: bool = True,
    calibration: Calibration | None = None,
) -> TrimmedWeights:
    """Cut weights to limits and give what was cut to the other rows, in equal parts.

    Parameters
    ----------
    weight : (n,) float, finite and >= 0
        Weights before. Rows of weight 0 are outside and keep it.
    lower, upper : float, 0 <= lower <= upper
        Limits of a weight, in its own unit (not as a ratio).
    strict : bool
        Whether the weights that the gift pushes over a limit are cut too, until none is outside.
    calibration : Calibration or None
        That of the weights, if they are calibrated: trimmed weights meet its totals no longer,
        and the variance has to know.

    Returns
    -------
    TrimmedWeights
        Weights of the same sum, with counts and, where given, the calibration.

    Raises
    ------
    AnalysisError
        If a weight is negative, not finite, or all are 0; the limits are out of order; no weights
        within them have the sum; one pass (not strict) makes a weight negative; or the
        calibration has another number of rows, or is one of sums.

    Notes
    -----
    What R's ``trimWeights`` does: weights outside are set to the limit, and the difference of the
    sums is added in equal parts to all others (to all, where every weight was outside). R's
    strict form repeats that until rounding stops it; here the end is computed at once: after
    the first pass all shifts have one sign, so the weights are min(w + s, upper), or
    max(w + s, lower), with the s that keeps the sum.

    Trimming trades bias for variance: the totals of a calibration are no longer met exactly.
    Bounds inside `calibrate` avoid that.

    The variance that follows takes the cut of each row as fixed, and knows nothing of the bias.
    Weights trimmed before a calibration are its base weights: the totals are met again. Trimmed
    after it, hand the calibration on: without it, what the margins explain would count as error.

    References
    ----------
    Potter (1990), Proc. Survey Research Methods Section, Am. Stat. Assoc., 225-230. Lumley (2010),
    Complex Surveys, chapter 7.

    Examples
    --------
    >>> from analysis.weighting.trimming import trim_weights
    >>> trim_weights([1.0, 2.0, 3.0, 9.0, 15.0], upper=10).weight.round(3).tolist()
    [2.333, 3.333, 4.333, 10.0, 10.0]
    >>> trim_weights([1.0, 2.0, 3.0, 9.0, 15.0], upper=10, strict=False).weight.tolist()
    [2.25, 3.25, 4.25, 10.25, 10.0]
    """
    before = as_weights("weight", weight)
    if not 0 <= lower <= upper:
        raise AnalysisError("lower", f"lie between 0 and upper={upper}", lower)
    if calibration is not None and calibration.base_weight.size != before.size:
        raise AnalysisError("calibration", f"have {before.size} rows", calibration.base_weight.size)
    if calibration is not None and calibration.n_respondents is not None:
        rule = "be one of respondents: limits are of single weights, not of sums"
        raise AnalysisError("calibration", rule, repr(calibration))
    inside = before > 0
    start = before[inside]
    slack = 1 + _ROUNDING
    if not start.size * lower <= start.sum() * slack <= start.size * upper * slack**2:
        rule = f"leave room for the sum {start.sum():.12g} of {start.size} weights"
        raise AnalysisError("lower, upper", rule, (lower, upper))
    after = before.copy()
    after[inside] = _trim(start, lower, upper, strict)
    kept = after[inside]
    factor = np.divide(after, before, out=np.ones_like(after), where=inside)
    return TrimmedWeights(
        weight=after,
        base_weight=before,
        calibration=None if calibration is None else calibration.scaled(factor),
        n_raised=int((start < lower).sum()),
        n_lowered=int((start > upper).sum()),
        n_outside=int(((kept < lower) | (kept > upper)).sum()),
    )


def _trim(weight: Floats, lower: float, upper: float, strict: bool) -> Floats:
    outside = (weight < lower) | (weight > upper)
    if not outside.any():
        return weight
    total = weight.sum()
    receives = ~outside if not outside.all() else outside
    cut = np.clip(weight, lower, upper)
    surplus = total - cut.sum()
    cut[receives] += surplus / receives.sum()
    if not strict:
        if cut.min() <= 0:
            raise AnalysisError("strict", "be True where one pass makes a weight negative", strict)
        return cut
    if surplus >= 0:
        return _pour(cut, upper, total)
    return -_pour(-cut, -lower, -total)


def _pour(level: Floats, brim: float, total: float) -> Floats:
    """Return min(level + s, brim) with the s that gives the total."""
    over = np.maximum(level - brim, 0).sum()
    if over == 0:
        return level
    # Rows with most room take most; find how many of them stay below the brim.
    room = np.sort(brim - level)[::-1]
    spare = room.size * brim - total
    shift = (np.cumsum(room) - spare) / np.arange(1, room.size + 1)
    below = np.flatnonzero(room > shift)
    s = shift[below[-1]] if below.size else room[0]
    poured: Floats = np.minimum(level + s, brim)
    return poured
