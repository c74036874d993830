"""How far samples of two waves overlap when both use the same permanent random numbers."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from analysis.arguments import as_reals, require
from analysis.errors import AnalysisError
from analysis.sampling.scalars import as_real, as_share


def rotation_start(previous: float, sampling_fraction: float, overlap: float) -> float:
    """Return where the next wave starts among the permanent random numbers of a stratum.

    Parameters
    ----------
    previous : float in [0, 1)
        Start of the wave before; 0 for the first.
    sampling_fraction : float in (0, 1]
        Its n / N in the stratum.
    overlap : float in [0, 1]
        Share of the sample that shall stay.

    Returns
    -------
    float
        In [0, 1), to be given to `Stage` as `start`, and kept for the wave after.

    Raises
    ------
    AnalysisError
        If an argument is out of its range.

    Notes
    -----
    previous + (1 - overlap) n / N, past 1 again from 0. A wave takes the n units whose numbers come
    first after its start, so that a share 1 - overlap of the old interval is left behind. A unit
    rests until the starts have gone once around. The share is an expectation, see
    `expected_overlap`; units that are born or die need no care, since their numbers touch no other's.
    Each sample by itself is a simple random sample, because the start knows nothing of the numbers.

    References
    ----------
    Ohlsson (1995), Coordination of samples using permanent random numbers, in Business Survey Methods,
    chapter 9, section 9.3.

    Examples
    --------
    >>> from analysis.sampling.rotation import rotation_start
    >>> rotation_start(0.0, sampling_fraction=0.25, overlap=0.5)
    0.125
    """
    start, kept = as_real("previous", previous), as_real("overlap", overlap)
    if not 0 <= start < 1:
        raise AnalysisError("previous", "be at least 0 and below 1", previous)
    if not 0 <= kept <= 1:
        raise AnalysisError("overlap", "lie in [0, 1]", overlap)
    return (start + (1 - kept) * as_share("sampling_fraction", sampling_fraction)) % 1.0


def expected_overlap(inclusion_probability: ArrayLike, shift: float) -> float:
    """Return the share of a sample that is expected in a second one whose start is shifted.

    Parameters
    ----------
    inclusion_probability : (N,) float in (0, 1]
        Of the units of a stratum, the same in both waves.
    shift : float in [0, 1)
        Start of the second wave less that of the first.

    Returns
    -------
    float
        In [0, 1].

    Raises
    ------
    AnalysisError
        If an argument is out of its range.

    Notes
    -----
    Unit i is in both samples if its number lies in [0, pi) and in [shift, shift + pi), taken around
    the circle::

        sum(max(0, pi - shift) + max(0, pi + shift - 1)) / sum(pi)

    With equal probabilities n / N and shift (1 - o) n / N, n <= N / 2, this is o. Samples of a fixed
    size overlap by E max(0, n - B) / n with B binomial (N, shift), which is more by at most
    0.4 / sqrt(n), and by next to nothing where o is above 2 / sqrt(n). With unequal probabilities
    large units stay longer than small ones.

    References
    ----------
    Ohlsson (1995), as in `rotation_start`.

    Examples
    --------
    >>> from analysis.sampling.rotation import expected_overlap
    >>> expected_overlap([0.25, 0.25, 0.25, 0.25], 0.125)
    0.5
    >>> expected_overlap([1.0, 0.125], 0.125)
    0.8888888888888888
    """
    pi = as_reals("inclusion_probability", inclusion_probability, (None,))
    require((pi > 0) & (pi <= 1), "inclusion_probability", "be above 0 and at most 1", pi)
    distance = as_real("shift", shift)
    if not 0 <= distance < 1 or pi.size == 0:
        raise AnalysisError("shift", "be at least 0 and below 1, for at least one unit", shift)
    both = np.maximum(pi - distance, 0) + np.maximum(pi + distance - 1, 0)
    return float(both.sum() / pi.sum())
