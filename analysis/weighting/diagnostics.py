"""What weights cost: Kish's design effect, their range, and how far they moved."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from analysis.arguments import as_reals, require
from analysis.errors import AnalysisError
from analysis.weighting.inputs import as_weights

Bounds = tuple[float, float]

_AT_BOUND: Final = 1e-9  # relative distance to a bound that counts as being there


@dataclass(frozen=True, repr=False)
class WeightDiagnostics:
    """Summary of weights; made by `weight_diagnostics`.

    Parameters
    ----------
    n : int
        Rows of positive weight.
    weight_sum : float
        Their sum, the estimated size of the population.
    design_effect : float >= 1
        Kish's factor of loss by unequal weights.
    effective_sample_size : float in (0, n]
        n / design_effect.
    minimum, median, maximum : float
        Of the positive weights.
    ratio_minimum, ratio_median, ratio_maximum : float or None
        Of weight over base weight; None without base weights.
    share_at_bounds : float in [0, 1] or None
        Share of the rows whose ratio lies at a bound; None without bounds.

    Examples
    --------
    >>> from analysis.weighting.diagnostics import weight_diagnostics
    >>> weight_diagnostics([1.0, 1.0, 2.0])
    WeightDiagnostics(3 weights, sum 4, 1 to 2, design effect 1.125, effective n 2.7)
    """

    n: int
    weight_sum: float
    design_effect: float
    effective_sample_size: float
    minimum: float
    median: float
    maximum: float
    ratio_minimum: float | None = None
    ratio_median: float | None = None
    ratio_maximum: float | None = None
    share_at_bounds: float | None = None

    def __repr__(self) -> str:
        ratios = ""
        if self.ratio_minimum is not None and self.ratio_maximum is not None:
            ratios = f", ratios {self.ratio_minimum:.4g} to {self.ratio_maximum:.4g}"
        return (
            f"WeightDiagnostics({self.n} weights, sum {self.weight_sum:.10g}, {self.minimum:.4g} to "
            f"{self.maximum:.4g}, design effect {self.design_effect:.4g}, "
            f"effective n {self.effective_sample_size:.1f}{ratios})"
        )

    def to_dict(self) -> dict[str, int | float | None]:
        """Return the fields, ready for JSON."""
        return asdict(self)


def weight_diagnostics(
    weight: ArrayLike, base_weight: ArrayLike | None = None, bounds: Bounds | None = None
) -> WeightDiagnostics:
    """Return what weights cost and how far they lie from the base weights.

    Parameters
    ----------
    weight : (n,) float, finite and >= 0
        Weights; rows of weight 0 are outside.
    base_weight : (n,) float, finite and >= 0, or None
        Weights before; positive where `weight` is.
    bounds : (float, float) or None
        Lowest and highest ratio that was allowed; needs `base_weight`.

    Returns
    -------
    WeightDiagnostics
        With `to_dict` for a report.

    Raises
    ------
    AnalysisError
        If a weight is negative or not finite, all are 0, a positive weight has no base weight,
        or bounds come without base weights.

    Notes
    -----
    Design effect n · sum w² / (sum w)² = 1 + cv², with the variance of the weights over n. It is
    the loss where the weights have nothing to do with the answers; weights that follow the
    answers (post-strata, GREG) may cost less, or gain.

    References
    ----------
    Kish (1965), Survey Sampling, section 11.7. Kish (1992), J. Official Statistics 8, 183-200.

    Examples
    --------
    >>> from analysis.weighting.diagnostics import weight_diagnostics
    >>> found = weight_diagnostics([10.0, 30.0, 0.0], base_weight=[20.0, 20.0, 20.0], bounds=(0.5, 2))
    >>> found.design_effect, found.effective_sample_size, found.ratio_maximum, found.share_at_bounds
    (1.25, 1.6, 1.5, 0.5)
    """
    weights = as_weights("weight", weight)
    inside = weights > 0
    counted = weights[inside]
    relative = counted / counted.mean()  # so that huge or tiny weights keep their squares
    effect = max(1.0, float(np.mean(relative**2)))
    ratios = None if base_weight is None else _ratios(weights, base_weight)[inside]
    if bounds is not None and ratios is None:
        raise AnalysisError("bounds", "come with base_weight", bounds)
    return WeightDiagnostics(
        n=counted.size,
        weight_sum=float(counted.sum()),
        design_effect=effect,
        effective_sample_size=counted.size / effect,
        minimum=float(counted.min()),
        median=float(np.median(counted)),
        maximum=float(counted.max()),
        ratio_minimum=None if ratios is None else float(ratios.min()),
        ratio_median=None if ratios is None else float(np.median(ratios)),
        ratio_maximum=None if ratios is None else float(ratios.max()),
        share_at_bounds=None if ratios is None or bounds is None else _share_at(ratios, bounds),
    )


def _ratios(weights: NDArray[np.float64], base_weight: ArrayLike) -> NDArray[np.float64]:
    base = as_reals("base_weight", base_weight, weights.shape)
    require(base >= 0, "base_weight", "not be negative", base)
    require((base > 0) | (weights == 0), "base_weight", "be positive where weight is", base)
    ratios: NDArray[np.float64] = np.divide(weights, base, out=np.zeros_like(weights), where=base > 0)
    return ratios


def _share_at(ratios: NDArray[np.float64], bounds: Bounds) -> float:
    low, high = bounds
    at_low = ratios <= low * (1 + _AT_BOUND)
    at_high = ratios >= high * (1 - _AT_BOUND)
    return float(np.mean(at_low | at_high))
