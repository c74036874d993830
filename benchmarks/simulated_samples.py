"""Samples of one office whose true proportion is known: what the coverage study draws from.

A respondent is dissatisfied with the rate of the ward times that of the response class. Rates of wards
follow a beta distribution, so that two respondents of a ward correlate; with several items, so do those
of persons. The true proportion is p in every design, by construction.
"""

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from analysis.intervals.survey import Evidence

Numbers = NDArray[np.float64]

# Three classes of people: their share of the population, how often they answer, and how dissatisfied they
# are where that is related to it. The weight is 1 / response rate times the ward's (or person's) own.
CLASS_SHARE: Final = np.array([0.34, 0.42, 0.24])
RESPONSE_RATE: Final = np.array([0.9, 0.7, 0.5])
RELATED_RATE: Final = np.array([0.6, 0.8, 1.0])
WEIGHT_SPREAD: Final = 0.3  # standard deviation of the logarithm
CHUNK: Final = 2_000_000  # respondents at a time: about 16 MB an array


@dataclass(frozen=True)
class Design:
    """How an office is sampled."""

    title: str
    wards: int | None = None  # None: each respondent is a PSU
    correlation: float = 0.0  # of two respondents of a ward
    weighted: bool = False  # with wards, these then differ in size from 1 to 3
    related: bool = False  # heavier respondents are less satisfied
    items: int = 1
    person_correlation: float = 0.0  # of two answers of a person to different items

    def pooling(self, items: int, person_correlation: float) -> "Design":
        title = f"{self.title}; {items} items, correlation within persons {person_correlation}"
        return replace(self, title=title, items=items, person_correlation=person_correlation)


def draw(rng: np.random.Generator, design: Design, n: int, p: float, replicates: int) -> Evidence:
    """Return the evidence of `replicates` samples of n people."""
    chunk = max(CHUNK // n, 1)
    parts = [
        _draw(rng, design, n, p, min(chunk, replicates - start)) for start in range(0, replicates, chunk)
    ]
    columns = ("value", "standard_error", "degrees_of_freedom", "n", "n_kish")
    found = Evidence(*(np.concatenate([getattr(part, column) for part in parts]) for column in columns))
    return replace(found, n_answers=n * design.items)


def ward_sizes(n: int, design: Design) -> NDArray[np.int64]:
    """Return the respondents of each ward, at least one; n wards of one where there are none."""
    wards = min(design.wards or n, n)
    shares = np.linspace(0.5, 1.5, wards) if design.weighted and design.wards else np.ones(wards)
    beyond_one = np.round(np.cumsum(shares) / shares.sum() * (n - wards))
    return np.asarray(1 + np.diff(beyond_one, prepend=0), dtype=np.int64)


def linearised(share: Numbers, weight: Numbers, sizes: NDArray[np.int64]) -> Evidence:
    """Return ratio, Taylor standard error (with replacement) and sizes of samples in rows.

    `share` and `weight` are (replicates, n), the respondents in the order of the wards.
    """
    starts = np.cumsum(sizes) - sizes
    numerator = np.add.reduceat(weight * share, starts, axis=1)
    denominator = np.add.reduceat(weight, starts, axis=1)
    total = denominator.sum(axis=1)
    value = numerator.sum(axis=1) / total
    z = (numerator - value[:, None] * denominator) / total[:, None]
    variance = sizes.size / (sizes.size - 1) * (z**2).sum(axis=1)  # the z of a stratum add up to 0
    constant = np.ones_like(value)
    n_kish = total**2 / (weight**2).sum(axis=1)
    return Evidence(
        value.clip(0, 1), np.sqrt(variance), (sizes.size - 1) * constant, weight.shape[1] * constant, n_kish
    )


def _draw(rng: np.random.Generator, design: Design, n: int, p: float, replicates: int) -> Evidence:
    sizes = ward_sizes(n, design)
    ward = np.repeat(np.arange(sizes.size), sizes)
    rate = RELATED_RATE if design.related else np.ones(3)
    mean = np.full((replicates, sizes.size), (1 - p) / (CLASS_SHARE * rate).sum())
    dissatisfied = _beta(rng, mean, design.correlation)[:, ward]
    weight = np.ones((replicates, n))
    if design.weighted:
        answering = CLASS_SHARE * RESPONSE_RATE
        group = np.searchsorted(np.cumsum(answering / answering.sum())[:-1], rng.random((replicates, n)))
        own = np.exp(WEIGHT_SPREAD * rng.standard_normal((replicates, sizes.size)))
        weight = own[:, ward] / RESPONSE_RATE[group]
        dissatisfied = dissatisfied * rate[group]
    if design.items > 1:
        dissatisfied = _beta(rng, dissatisfied, design.person_correlation)
        share = 1 - rng.binomial(design.items, dissatisfied) / design.items
    else:
        share = np.where(rng.random((replicates, n)) < dissatisfied, 0.0, 1.0)
    return linearised(share, weight, sizes)


def _beta(rng: np.random.Generator, mean: Numbers, correlation: float) -> Numbers:
    if not correlation or not mean.any():
        return mean
    spread = 1 / correlation - 1
    return rng.beta(np.maximum(mean * spread, 1e-12), np.maximum((1 - mean) * spread, 1e-12))
