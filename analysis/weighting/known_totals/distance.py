"""Distances of calibration: how the ratio of new to old weight follows from a linear score.

Each returns the integral G (up to a constant), the ratio F = G' with F(0) = 1 and F'(0) = 1, and
the slope F'. Deville and Särndal (1992), section 2, cases 1, 2, 6 and 7.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

Distance = Literal["linear", "raking", "logit", "truncated_linear"]
Floats = NDArray[np.float64]
Curves = tuple[Floats, Floats, Floats]


def linear(score: Floats, low: float, high: float) -> Curves:
    """Return the curves of F = 1 + u; no bounds."""
    return score + score**2 / 2, 1 + score, np.ones_like(score)


def raking(score: Floats, low: float, high: float) -> Curves:
    """Return the curves of F = exp(u); positive, no upper bound."""
    ratio = np.exp(score)
    return ratio, ratio, ratio


def logit(score: Floats, low: float, high: float) -> Curves:
    """Return the curves of the logistic F between the bounds.

    F = [L (U-1) + U (1-L) exp(Au)] / [(U-1) + (1-L) exp(Au)], A = (U-L) / ((1-L) (U-1)), written
    with the logistic function so that nothing overflows.
    """
    steepness = (high - low) / ((1 - low) * (high - 1))
    inner = steepness * score + np.log((1 - low) / (high - 1))
    share = expit(inner)
    integral = low * score + (high - low) / steepness * np.logaddexp(0, inner)
    return integral, low + (high - low) * share, (high - low) * steepness * share * expit(-inner)


def truncated_linear(score: Floats, low: float, high: float) -> Curves:
    """Return the curves of F = 1 + u, cut off at the bounds."""
    cut = np.clip(score, low - 1, high - 1)
    integral = cut + cut**2 / 2 + (score - cut) * (1 + cut)
    return integral, np.clip(1 + cut, low, high), (score == cut).astype(np.float64)


CURVES: Final[Mapping[Distance, Callable[[Floats, float, float], Curves]]] = {
    "linear": linear,
    "raking": raking,
    "logit": logit,
    "truncated_linear": truncated_linear,
}
