"""The variance of sums over all rows, as scaled squares of the sums of units."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.arguments import require
from analysis.design import DesignTable
from analysis.estimation.lone import lone_strata, lone_units, policed_factor, refuse_lone_units, unit_factor

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class SquaredSums:
    """A part of a variance: squares of the sums over units, each times its scale.

    Parameters
    ----------
    unit : (R,) int in 0 … U-1
        Unit of each row: the row itself, its PSU or its stratum.
    scale : (U,) float
        What the square counts, 0 for units of which no row is there; negative where squares are
        measured from a mean; NaN where the policy for lone PSUs makes the variance not estimable.
    """

    unit: Integers
    scale: Floats


def squared_sums(table: DesignTable, psu: Integers) -> tuple[SquaredSums, ...]:
    """Return `design_variance` of sums over all rows as squares that can be expanded.

    Parameters
    ----------
    table : DesignTable
        P PSUs in H strata.
    psu : (R,) int in 0 … P-1
        PSU of each row.

    Returns
    -------
    tuple of SquaredSums
        V is the sum of their scaled squares. The first has the finest units: rows where there is
        a second stage, else PSUs.

    Raises
    ------
    AnalysisError
        If a lone PSU is met under "fail".

    Notes
    -----
    With z_hi, f_h, f_hi and c_h = (1 - f_h) n_h / (n_h - 1) as in `design_variance`::

        V1 = sum_h c_h (sum_i z_hi² - (sum_i z_hi)² / n_h)
        V2 = sum_h f_h sum_i (1 - f_hi) n_hi / (n_hi - 1) (sum_k u_hik² - z_hi² / n_hi)

    Examples
    --------
    Two wards of one office: 2 (a² + b²) - (a + b)² is (a - b)².

    >>> import numpy as np
    >>> from analysis import DesignTable
    >>> from analysis.estimation.squared_sums import squared_sums
    >>> [part.scale.tolist() for part in squared_sums(DesignTable([0, 0]), np.array([0, 1]))]
    [[2.0, 2.0], [-1.0]]
    """
    require(
        (psu >= 0) & (psu < table.stratum.size), "psu", f"lie between 0 and {table.stratum.size - 1}", psu
    )
    met = np.unique(psu)
    strata, n_present = np.unique(table.stratum[met], return_counts=True)
    lone, uncentred = lone_strata(table, strata, n_present)
    n_sampled = table.n_psus[strata]
    factor = (1 - table.sampled_fraction[strata]) * n_sampled / np.maximum(n_sampled - 1, 1)
    factor = policed_factor(table, factor, lone)
    of_stratum = _at(strata, np.where(uncentred, 0.0, -factor / n_sampled), table.n_psus.size)
    of_psu = _at(strata, factor, table.n_psus.size)[table.stratum[met]]
    by_stratum = SquaredSums(table.stratum[psu], of_stratum)
    if not table.is_two_stage:
        return SquaredSums(psu, _at(met, of_psu, table.stratum.size)), by_stratum
    within, of_mean = _second_stage(table, met)
    return (
        SquaredSums(np.arange(psu.size), _at(met, within, table.stratum.size)[psu]),
        SquaredSums(psu, _at(met, of_psu - of_mean, table.stratum.size)),
        by_stratum,
    )


def _second_stage(table: DesignTable, met: Integers) -> tuple[Floats, Floats]:
    """Return what the square of a unit counts, and that of its PSU to be taken off, for each PSU met."""
    assert table.n_units is not None
    lone = lone_units(table, met)
    refuse_lone_units(table, lone)
    factor = policed_factor(table, unit_factor(table, met), lone)
    return factor, np.where(lone & (table.lone_psu == "adjust"), 0.0, factor / table.n_units[met])


def _at(places: Integers, values: Floats, size: int) -> Floats:
    everywhere = np.zeros(size)
    everywhere[places] = values
    return everywhere
