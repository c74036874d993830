"""What a calibrating step gives back: weights, how they came about, and what the variance needs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from analysis.calibration import Calibration
from analysis.weighting.diagnostics import Bounds, WeightDiagnostics, weight_diagnostics

Step = Literal["post_stratify", "rake", "linear", "raking", "logit", "truncated_linear"]


@dataclass(frozen=True, eq=False, repr=False)
class CalibratedWeights:
    """Calibrated weights with their convergence; made by `post_stratify`, `rake` and `calibrate`.

    A step that misses its tolerance gives an error and no weights.

    Parameters
    ----------
    weight : (n,) float, finite and >= 0, read-only
        New weights; 0 where the weight before was 0.
    calibration : Calibration
        What the variance of estimates with these weights needs.
    step : str
        "post_stratify", "rake", or the distance of `calibrate`.
    iterations : int
        Rounds until the totals were met; 1 for a closed form, 0 where they were met before.
    tolerance : float
        Largest relative gap that was accepted.
    worst_margin : str
        The total that is met least well.
    worst_gap : float >= 0
        Its distance from its target, relative.
    bounds : (float, float) or None
        Lowest and highest ratio of new to old weight that was allowed.

    Examples
    --------
    >>> from analysis.weighting.known_totals.poststratification import post_stratify
    >>> result = post_stratify([1.0, 1.0, 2.0], ["a", "a", "b"], {"a": 6, "b": 4})
    >>> result
    CalibratedWeights(post_stratify: 3 weights, sum 10, 1 rounds, worst gap 0 (group=a), ratios 2 to 3)
    >>> result.weight.tolist(), result.converged, result.to_dict()["ratio_maximum"]
    ([3.0, 3.0, 4.0], True, 3.0)
    """

    weight: NDArray[np.float64]
    calibration: Calibration
    step: Step
    iterations: int
    tolerance: float
    worst_margin: str
    worst_gap: float
    bounds: Bounds | None = None

    def __post_init__(self) -> None:
        self.weight.setflags(write=False)

    def __repr__(self) -> str:
        found = self.diagnostics()
        return (
            f"CalibratedWeights({self.step}: {found.n} weights, sum {found.weight_sum:.10g}, "
            f"{self.iterations} rounds, worst gap {self.worst_gap:.2g} ({self.worst_margin}), "
            f"ratios {found.ratio_minimum:.4g} to {found.ratio_maximum:.4g})"
        )

    @property
    def converged(self) -> bool:
        """Whether the worst gap is within the tolerance."""
        return self.worst_gap <= self.tolerance

    def diagnostics(self) -> WeightDiagnostics:
        """Return what the weights cost and how far they moved (see `weight_diagnostics`)."""
        return weight_diagnostics(self.weight, self.calibration.base_weight, self.bounds)

    def to_dict(self) -> dict[str, object]:
        """Return convergence and diagnostics, ready for JSON; without the weights."""
        return {
            "step": self.step,
            "iterations": self.iterations,
            "converged": self.converged,
            "tolerance": self.tolerance,
            "worst_margin": self.worst_margin,
            "worst_gap": self.worst_gap,
            "bounds": self.bounds,
            **self.diagnostics().to_dict(),
        }
