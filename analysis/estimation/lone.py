"""Lone sampling units: which of them the policy concerns, and what it makes of them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from analysis.design import DesignTable
from analysis.errors import AnalysisError
from analysis.sums.psu_sums import sum_rows

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


def lone_strata(
    table: DesignTable, stratum: Integers, n_present: Integers
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Tell which stratum × domain pairs the policy concerns, and in which z is measured from 0."""
    lone = (table.n_psus[stratum] == 1) & (table.sampled_fraction[stratum] < 1)
    single = (n_present == 1) & (table.n_psus[stratum] > 1)
    if table.lone_in_domain and table.lone_psu not in {"certainty", "remove"}:
        lone = lone | single
    if table.lone_psu == "fail" and lone.any():
        raise AnalysisError(
            "stratum", "have two PSUs under lone_psu='fail'", np.unique(stratum[lone]).tolist()
        )
    return lone, lone & (table.lone_psu == "adjust")


def lone_units(table: DesignTable, psu: Integers) -> NDArray[np.bool_]:
    """Tell which PSUs had one of several units sampled; none without a second stage."""
    if table.n_units is None or table.psu_population is None:
        return np.zeros(psu.size, dtype=np.bool_)
    return np.asarray((table.n_units[psu] == 1) & (table.psu_population[psu] > 1))


def refuse_lone_units(table: DesignTable, lone: NDArray[np.bool_]) -> None:
    """Refuse PSUs of one unit where the policy is to fail."""
    if table.lone_psu == "fail" and lone.any():
        raise AnalysisError("fpc", "have two units in each PSU under lone_psu='fail'", int(lone.sum()))


def unit_factor(table: DesignTable, psu: Integers) -> Floats:
    """f_h (1 - f_hi) n_hi / (n_hi - 1) of each PSU."""
    assert table.n_units is not None
    assert table.psu_population is not None
    units = table.n_units[psu]
    unsampled = 1 - units / table.psu_population[psu]
    return table.sampled_fraction[table.stratum[psu]] * unsampled * units / np.maximum(units - 1, 1)


def policed(
    table: DesignTable, contribution: Floats, lone: NDArray[np.bool_], domain: Integers, n_domains: int
) -> Floats:
    """Add contributions up by domain, the lone ones by their policy."""
    if table.lone_psu == "not_estimable":
        contribution[lone] = np.nan
    if table.lone_psu != "average" or not lone.any():
        return sum_rows(domain, n_domains, contribution)
    n_all = np.bincount(domain, minlength=n_domains)
    n_known = np.bincount(domain[~lone], minlength=n_domains)
    known = sum_rows(domain[~lone], n_domains, contribution[~lone])
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(n_all[:, None] > 0, known * (n_all / n_known)[:, None], 0.0)


def policed_factor(table: DesignTable, factor: Floats, lone: NDArray[np.bool_]) -> Floats:
    """Apply the policy for lone PSUs to the factors of squares, as `policed` does to contributions."""
    known = factor.copy()
    if table.lone_psu == "not_estimable":
        known[lone] = np.nan
    elif table.lone_psu != "adjust":
        known[lone] = 0.0
    if table.lone_psu == "average" and lone.any():
        known *= lone.size / n_known if (n_known := np.count_nonzero(~lone)) else np.nan
    return known
