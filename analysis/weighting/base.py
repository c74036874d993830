"""Base weights: how many of the population a sampled unit stands for, by design alone."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from analysis.arguments import as_numbers, as_reals, require


def design_weights(inclusion_probability: ArrayLike) -> NDArray[np.float64]:
    """Return the weights of a sample drawn with known inclusion probabilities.

    Parameters
    ----------
    inclusion_probability : (n,) float in (0, 1]
        Probability of each sampled unit to be in the sample, over all stages.

    Returns
    -------
    (n,) ndarray
        Base weights, at least 1.

    Raises
    ------
    AnalysisError
        If a probability is not in (0, 1], or so small that its weight is not finite.

    Notes
    -----
    d = 1 / pi, which makes sum d y unbiased for the total of y.

    References
    ----------
    Horvitz and Thompson (1952), J. Am. Stat. Assoc. 47, 663-685.

    Examples
    --------
    >>> from analysis.weighting.base import design_weights
    >>> design_weights([0.5, 0.02]).tolist()
    [2.0, 50.0]
    """
    probability = as_reals("inclusion_probability", inclusion_probability, (None,))
    inside = (probability > 0) & (probability <= 1)
    require(inside, "inclusion_probability", "lie above 0 and at most at 1", probability)
    with np.errstate(over="ignore"):
        weight = 1 / probability
    require(np.isfinite(weight), "inclusion_probability", "give a finite weight", probability)
    return weight


def two_stage_weights(
    n_psus: ArrayLike, n_psus_sampled: ArrayLike, n_units: ArrayLike, n_units_sampled: ArrayLike
) -> NDArray[np.float64]:
    """Return the weights of simple random samples at two stages: wards, then dossiers.

    Parameters
    ----------
    n_psus : float >= 1, any shape
        Primary sampling units (PSUs) in the unit's stratum, M.
    n_psus_sampled : float in [1, n_psus], shape broadcast with `n_psus`
        Of these in the sample, m.
    n_units : float >= 1, shape broadcast with `n_psus`
        Units in the unit's PSU, N.
    n_units_sampled : float in [1, n_units], shape broadcast with `n_psus`
        Of these in the sample, n. Counting respondents instead adjusts for non-response within
        each PSU.

    Returns
    -------
    ndarray
        Base weights, at least 1.

    Raises
    ------
    AnalysisError
        If a count is below 1, more units are sampled than exist, or a weight is not finite.

    Notes
    -----
    d = (M / m) (N / n).

    References
    ----------
    Cochran (1977), Sampling Techniques, chapter 11.

    Examples
    --------
    40 wards of which 9, 159 dossiers of which 18:

    >>> from analysis.weighting.base import two_stage_weights
    >>> round(float(two_stage_weights(40, 9, 159, 18)), 6)
    39.259259
    """
    stages = []
    for population, sampled, names in (
        (n_psus, n_psus_sampled, ("n_psus", "n_psus_sampled")),
        (n_units, n_units_sampled, ("n_units", "n_units_sampled")),
    ):
        all_units, some = as_numbers(names[0], population), as_numbers(names[1], sampled)
        require((all_units >= 1) & np.isfinite(all_units), names[0], "be finite and at least 1", all_units)
        require((some >= 1) & (some <= all_units), names[1], f"lie between 1 and {names[0]}", some)
        stages.append(all_units / some)
    with np.errstate(over="ignore"):
        weight = np.asarray(stages[0] * stages[1])
    require(np.isfinite(weight), "n_units", "give a finite weight", weight)
    return weight
