"""The stratified delete-one-PSU jackknife, straight from sums."""

from __future__ import annotations

from collections.abc import Sequence
from typing import get_args

import numpy as np
from numpy.typing import NDArray

from analysis.arguments import require_choice
from analysis.design import DesignTable
from analysis.estimation.estimates import Estimates
from analysis.estimation.measure import Measure
from analysis.replication.replicates import CellTotals, Centre, measure_values, refuse_lone_strata
from analysis.sums.psu_sums import sum_rows

Floats = NDArray[np.float64]


def jackknife(estimates: Estimates, *, centre: Centre = "mean") -> Estimates:
    """Put the variance of the jackknife JKn (JK1 where there is one stratum) in the linearised one's place.

    Parameters
    ----------
    estimates : Estimates
        Of `estimate_measures` and its like; a second stage and calibrated weights are refused.
    centre : {"mean", "estimate"}
        What replicates vary around: their own mean as in R, or the estimate (conservative).

    Returns
    -------
    Estimates
        The same values with the jackknife's variances; covariances are no longer
        to be had.

    Raises
    ------
    AnalysisError
        If the design has a second stage or calibrated weights, or a stratum has
        one PSU under "fail", "adjust" or "average". Under "not_estimable" such domains are
        that; otherwise the PSU adds nothing.

    Notes
    -----
    Without PSU i of stratum h the totals are T + T_h / (n_h - 1) - n_h / (n_h - 1) T_hi, so no
    row is read again. V = sum_h (1 - f_h) (n_h - 1) / n_h sum_i (theta_hi - centre)², over all
    PSUs of the design, also those that do not touch the domain.

    References
    ----------
    Rust and Rao (1996), Statistical Methods in Medical Research 5, 283-310.

    Examples
    --------
    >>> from analysis import DesignTable, Domains, index_of_sums, jackknife, tally_counts
    >>> sums = tally_counts([0, 1, 2], [10, 10, 10], [[9], [7], [8]], [[10], [10], [10]])
    >>> found = index_of_sums(sums, DesignTable([0, 0, 0]), Domains.crossing(None, 3), {"q1": [0]})
    >>> round(jackknife(found)[0, "q1"].standard_error, 6)
    0.057735
    """
    require_choice("centre", centre, get_args(Centre))
    cells = CellTotals.of(estimates)
    table = estimates.table
    refuse_lone_strata(table, cells.psu)
    variance = _variance(cells, table, estimates.measures, estimates.value, centre)
    return estimates.replicated(variance, "jackknife")


def _variance(
    cells: CellTotals, table: DesignTable, measures: Sequence[Measure], value: Floats, centre: Centre
) -> Floats:
    n_domains = value.shape[0]
    keys = table.stratum[cells.psu] * n_domains + cells.domain
    pairs, row = np.unique(keys, return_inverse=True)
    domain, n = pairs % n_domains, table.n_psus[pairs // n_domains]
    usable = n > 1  # a lone PSU has no replicate
    above, below = (_without_psu(cells, totals, row, domain, n) for totals in (cells.above, cells.below))
    replicate, absent = (measure_values(measures, a, b) for a, b in zip(above, below, strict=True))
    factor = np.where(usable, (1 - table.sampled_fraction[pairs // n_domains]) * (n - 1) / n, 0.0)
    n_absent = np.where(usable, n - np.bincount(row, minlength=pairs.size), 0)
    counted = usable[row]
    reference = value
    if centre == "mean":
        present = np.where(counted[:, None], replicate - value[cells.domain], 0.0)
        shift = sum_rows(cells.domain, n_domains, present)
        shift += sum_rows(domain, n_domains, n_absent[:, None] * (absent - value[domain]))
        reference = value + shift / max(int((table.n_psus[table.n_psus > 1]).sum()), 1)
    weight = (factor[row] * counted)[:, None]
    variance = sum_rows(cells.domain, n_domains, weight * (replicate - reference[cells.domain]) ** 2)
    variance += sum_rows(domain, n_domains, (factor * n_absent)[:, None] * (absent - reference[domain]) ** 2)
    return variance + _untouched(table, factor, n, domain, (value - reference) ** 2)


def _without_psu(
    cells: CellTotals,
    totals: Floats,
    row: NDArray[np.int64],
    domain: NDArray[np.int64],
    n: NDArray[np.int64],
) -> tuple[Floats, Floats]:
    """Give the domain's totals without each present PSU, and without an absent one, by pair."""
    whole = sum_rows(cells.domain, int(cells.domain.max(initial=-1)) + 1, totals)
    of_stratum = sum_rows(row, n.size, totals)
    others = np.maximum(n - 1, 1)[:, None]
    absent = whole[domain] + of_stratum / others
    return absent[row] - (n[:, None] / others)[row] * totals, absent


def _untouched(
    table: DesignTable, factor: Floats, n: NDArray[np.int64], domain: NDArray[np.int64], square: Floats
) -> Floats:
    """Give what the replicates of strata that do not meet the domain add: they equal the estimate."""
    all_psus = table.n_psus
    everywhere = ((1 - table.sampled_fraction) * (all_psus - 1) * (all_psus > 1)).sum()
    touched = sum_rows(domain, square.shape[0], factor * n)
    missing: Floats = (everywhere - touched)[:, None] * square
    return missing
