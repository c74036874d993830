"""Shares a sample out over strata (offices), each with a minimum; loads neither numpy nor scipy."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Final

from analysis.errors import AnalysisError
from analysis.sampling.scalars import as_count, as_counts, as_reals_by_stratum, as_share

_DIGITS: Final = 9
"""Quotas are compared at so many decimals. Shares that are equal but for the last digit of a float, which may
differ between machines, then tie everywhere and fall under the stated rule for ties."""


def equal_allocation(n: int, population: Mapping[str, int], *, minimum: int = 0) -> dict[str, int]:
    """Share a sample out in equal parts: the best for comparing offices.

    Parameters
    ----------
    n : int >= 1
        Units of the whole sample.
    population : mapping of stratum to int >= 1
        Units of each stratum, the most that it can give.
    minimum : int >= 0
        Units that each stratum gets at least; not above any stratum's population.

    Returns
    -------
    dict of stratum to int
        In the order of `population`, adding up to n exactly.

    Raises
    ------
    AnalysisError
        If n exceeds the whole population or cannot give every stratum its minimum, or if the
        minimum exceeds the population of a stratum.

    Notes
    -----
    Quotas n / H for H strata, held between the minimum and the population: what a stratum cannot take goes
    to the others, again in equal parts. Whole numbers by the largest remainder; among equal
    remainders the larger population goes first, then the name that comes first by code points.
    These rules for bounds, remainders and ties hold for all allocations of this module.

    References
    ----------
    Cochran (1977), Sampling Techniques, 3rd ed., chapter 5.

    Examples
    --------
    >>> from analysis.sampling.allocation import equal_allocation
    >>> equal_allocation(100, {"A": 20, "B": 300, "C": 400})
    {'A': 20, 'B': 40, 'C': 40}
    """
    sizes = as_counts("population", population, low=1)
    return _apportion(n, dict.fromkeys(sizes, 1.0), sizes, minimum)


def proportional_allocation(n: int, population: Mapping[str, int], *, minimum: int = 0) -> dict[str, int]:
    """Share a sample out in proportion to population: equal weights but where a minimum binds.

    Parameters
    ----------
    n : int >= 1
        Units of the whole sample.
    population : mapping of stratum to int >= 1
        Units N_h of each stratum.
    minimum : int >= 0
        As in `equal_allocation`.

    Returns
    -------
    dict of stratum to int
        In the order of `population`, adding up to n exactly.

    Raises
    ------
    AnalysisError
        As `equal_allocation`.

    Notes
    -----
    n_h = n N_h / sum(N), with bounds, remainders and ties as in `equal_allocation`.

    References
    ----------
    Cochran (1977), Sampling Techniques, 3rd ed., chapter 5.

    Examples
    --------
    >>> from analysis.sampling.allocation import proportional_allocation
    >>> proportional_allocation(100, {"A": 20, "B": 300, "C": 400}, minimum=10)
    {'A': 10, 'B': 39, 'C': 51}
    """
    sizes = as_counts("population", population, low=1)
    return _apportion(n, {stratum: float(size) for stratum, size in sizes.items()}, sizes, minimum)


def power_allocation(
    n: int,
    population: Mapping[str, int],
    power: float = 0.5,
    variation: Mapping[str, float] | None = None,
    *,
    minimum: int = 0,
) -> dict[str, int]:
    """Share a sample out between equal and proportional, for figures by office and in total.

    Parameters
    ----------
    n : int >= 1
        Units of the whole sample.
    population : mapping of stratum to int >= 1
        Units N_h of each stratum, its importance.
    power : float in [0, 1]
        0 gives equal coefficients of variation of the strata, 1 Neyman's allocation of a
        variable with these coefficients; 0.5 is the square-root rule.
    variation : mapping of stratum to float >= 0, or None
        Coefficient of variation of the variable in each stratum; None for the same in all.
    minimum : int >= 0
        As in `equal_allocation`.

    Returns
    -------
    dict of stratum to int
        In the order of `population`, adding up to n exactly.

    Raises
    ------
    AnalysisError
        As `equal_allocation`, or if `power` or `variation` is out of its range.

    Notes
    -----
    n_h proportional to C_h N_h^q. It minimises sum((N_h^q CV(estimate h))²). Bounds, remainders and
    ties as in `equal_allocation`.

    References
    ----------
    Bankier (1988), The American Statistician 42, 174-177.

    Examples
    --------
    >>> from analysis.sampling.allocation import power_allocation
    >>> power_allocation(100, {"A": 100, "B": 400, "C": 2500})
    {'A': 12, 'B': 25, 'C': 63}
    """
    sizes = as_counts("population", population, low=1)
    exponent = 0.0 if power == 0 else as_share("power", power)
    alike = dict.fromkeys(sizes, 1.0)
    spread = alike if variation is None else as_reals_by_stratum("variation", variation, sizes)
    return _apportion(n, {h: spread[h] * sizes[h] ** exponent for h in sizes}, sizes, minimum)


def neyman_allocation(
    n: int, population: Mapping[str, int], standard_deviation: Mapping[str, float], *, minimum: int = 0
) -> dict[str, int]:
    """Share a sample out so that the total's variance is smallest.

    Parameters
    ----------
    n : int >= 1
        Units of the whole sample.
    population : mapping of stratum to int >= 1
        Units N_h of each stratum.
    standard_deviation : mapping of stratum to float >= 0
        S_h of the variable within each stratum; for a proportion sqrt(p_h (1 - p_h)).
    minimum : int >= 0
        As in `equal_allocation`. At least 2 keeps every stratum's variance estimable.

    Returns
    -------
    dict of stratum to int
        In the order of `population`, adding up to n exactly.

    Raises
    ------
    AnalysisError
        As `equal_allocation`, or if `standard_deviation` misses a stratum or is negative.

    Notes
    -----
    n_h proportional to N_h S_h, with bounds, remainders and ties as in `equal_allocation`. Strata
    without spread get their minimum; what the others cannot take is shared among them in proportion
    to population.

    References
    ----------
    Tschuprow (1923), Metron 2, 461-493 and 646-683. Neyman (1934), J. Royal Statistical Society 97,
    558-625.

    Examples
    --------
    >>> from analysis.sampling.allocation import neyman_allocation
    >>> neyman_allocation(100, {"A": 1000, "B": 1000}, {"A": 0.5, "B": 0.3})
    {'A': 63, 'B': 37}
    """
    sizes = as_counts("population", population, low=1)
    spread = as_reals_by_stratum("standard_deviation", standard_deviation, sizes)
    return _apportion(n, {h: sizes[h] * spread[h] for h in sizes}, sizes, minimum)


def _apportion(
    n: int, measure: Mapping[str, float], sizes: Mapping[str, int], minimum: int
) -> dict[str, int]:
    """Return whole numbers between minimum and size, in proportion to the measure, that add up to n."""
    total, least = as_count("n", n, low=1), as_count("minimum", minimum)
    for stratum, size in sizes.items():
        if least > size:
            raise AnalysisError("minimum", f"not exceed the {size} units of stratum {stratum!r}", minimum)
    if total > sum(sizes.values()):
        raise AnalysisError("n", f"not exceed the whole population of {sum(sizes.values())}", n)
    if total < least * len(sizes):
        raise AnalysisError("n", f"be at least {least * len(sizes)}, the minimum of every stratum", n)
    quotas = {h: round(quota, _DIGITS) for h, quota in _quotas(total, measure, sizes, least).items()}
    shares = {h: math.floor(quotas[h]) for h in sizes}
    # A stratum at a bound has no remainder, so that one more unit never passes its population.
    by_remainder = sorted(sizes, key=lambda h: (round(shares[h] - quotas[h], _DIGITS), -sizes[h], h))
    for stratum in by_remainder[: total - sum(shares.values())]:
        shares[stratum] += 1
    return shares


def _quotas(
    total: int, measure: Mapping[str, float], sizes: Mapping[str, int], least: int
) -> dict[str, float]:
    """Return quotas held between the bounds: the strata that break one are set to it, the rest share anew.

    If raising to the minimum costs more than lowering to the population frees, the raised ones are final
    (the others will only get less), else the lowered ones; so each round settles at least one stratum.
    """
    settled: dict[str, float] = {}
    while len(settled) < len(sizes):
        free = [h for h in sizes if h not in settled]
        rest = total - _sum(settled.values())
        weights = measure if any(measure[h] > 0 for h in free) else sizes
        whole = _sum(weights[h] for h in free)
        wanted = {h: rest * (weights[h] / whole) for h in free}
        held = {h: min(max(quota, float(least)), float(sizes[h])) for h, quota in wanted.items()}
        cost = _sum(held[h] - wanted[h] for h in free)
        if abs(cost) < 10**-_DIGITS:
            return {**settled, **held}
        settled |= {h: held[h] for h in free if (held[h] - wanted[h]) * cost > 0}
    return settled


def _sum(numbers: Iterable[float]) -> float:
    return math.fsum(numbers)  # exactly rounded, so that the order of the strata plays no part
