"""What replicates share: the measures as functions of totals, and the spread of their values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from analysis.design import DesignTable
from analysis.errors import AnalysisError
from analysis.estimation.estimates import Estimates
from analysis.estimation.measure import Measure
from analysis.sums.psu_sums import sum_rows

Floats = NDArray[np.float64]
Centre = Literal["mean", "estimate"]
"""Replicates vary around their own mean (R's default) or around the estimate (R's ``mse=TRUE``)."""


@dataclass(frozen=True, eq=False)
class CellTotals:
    """Totals of each PSU x domain: `psu` and `domain` (R,), `above` and `below` (R, C)."""

    psu: NDArray[np.int64]
    domain: NDArray[np.int64]
    above: Floats
    below: Floats

    @classmethod
    def of(cls, estimates: Estimates) -> CellTotals:
        """Add up the rows of each PSU and domain, sorted by domain; rows of no domain fall away."""
        estimates.require_linearised()
        if any(measure.kind == "difference" for measure in estimates.measures):
            raise AnalysisError("estimates", "hold no differences for replication", repr(estimates))
        if estimates.table.is_two_stage or estimates.calibration is not None:
            rule = "have neither a second stage nor calibrated weights for replication"
            raise AnalysisError("estimates", rule, repr(estimates.table))
        inside = estimates.domains.code >= 0
        part, n_psus = estimates.sums.take(inside), estimates.table.stratum.size
        keys, row = np.unique(estimates.domains.code[inside] * n_psus + part.psu, return_inverse=True)
        above, below = (sum_rows(row, keys.size, totals) for totals in (part.numerator, part.denominator))
        return cls(keys % n_psus, keys // n_psus, above, below)


def measure_values(measures: Sequence[Measure], above: Floats, below: Floats) -> Floats:
    """Return (…, K) values of the measures at totals (…, C); NaN where a denominator is 0."""
    with np.errstate(invalid="ignore", divide="ignore"):
        ratios = np.where(below != 0, above / below, np.nan)
    values = []
    for measure in measures:
        columns = list(measure.columns)
        if measure.kind == "total":
            values.append(above[..., columns[0]])
            continue
        known = ~np.isnan(ratios[..., columns])
        n_known = known.sum(axis=-1)
        mean = np.where(known, ratios[..., columns], 0.0).sum(axis=-1) / np.maximum(n_known, 1)
        values.append(np.where(n_known > 0, mean, np.nan))
    return np.stack(values, axis=-1)


def refuse_lone_strata(table: DesignTable, psu: NDArray[np.int64]) -> None:
    """Refuse policies for lone PSUs that replicates cannot follow, where these PSUs meet one."""
    met = np.bincount(table.stratum[psu], minlength=table.n_psus.size) > 0
    lone = met & (table.n_psus == 1) & (table.sampled_fraction < 1)
    if lone.any() and table.lone_psu in {"fail", "adjust", "average"}:
        rule = f"have two PSUs for replication under lone_psu={table.lone_psu!r}"
        raise AnalysisError("stratum", rule, np.flatnonzero(lone).tolist())
