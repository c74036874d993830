"""Variance from replicate weights that came with the data: BRR, Fay's method, bootstrap, jackknife."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

from analysis.arguments import as_reals, require, require_choice
from analysis.design import SurveyDesign
from analysis.domains import Domains
from analysis.errors import AnalysisError
from analysis.estimation.estimate_measures import estimate_measures
from analysis.estimation.estimates import Estimates
from analysis.estimation.measure import Measure
from analysis.replication.replicates import Centre, measure_values
from analysis.sums.psu_sums import sum_rows
from analysis.sums.tally import tally_responses

Floats = NDArray[np.float64]

_RANK_TOLERANCE = 1e-5  # of R's degf for replicate designs


@dataclass(frozen=True, eq=False, repr=False)
class ReplicateWeights:
    """Final weights with R sets of replicate weights.

    Parameters
    ----------
    weight : (n,) float, >= 0
        Final weights.
    replicates : (n, R) float, >= 0
        Replicate weights, multiplied out (R's "analysis" weights). Fay's are positive.
    scale : float > 0
        Multiplier of the sum of squares: 1/R for BRR and bootstraps (R's uses 1/(R - 1)),
        1 / (R (1 - rho)²) for Fay's method, 1 for JKn, (n - 1)/n for JK1.
    factors : (R,) float, >= 0, optional
        A factor per replicate (R's rscales); 1 where left out.
    centre : {"mean", "estimate"}
        What replicates vary around.

    Raises
    ------
    AnalysisError
        If a shape or range is broken.

    References
    ----------
    Rust and Rao (1996), Statistical Methods in Medical Research 5, 283-310. Judkins (1990), J.
    Official Statistics 6, 223-239 (Fay).

    Examples
    --------
    >>> from analysis import ReplicateWeights
    >>> ReplicateWeights([1.0, 1.0, 1.0, 1.0], [[2, 2], [0, 0], [2, 0], [0, 2]], scale=1 / 2)
    ReplicateWeights(4 rows, 2 replicates, 1 degrees of freedom)
    """

    weight: Floats
    replicates: Floats
    scale: float
    factors: Floats | None = None
    centre: Centre = "mean"

    def __post_init__(self) -> None:
        weight = as_reals("weight", self.weight, (None,))
        replicates = as_reals("replicates", self.replicates, (weight.size, None))
        factors = np.ones(replicates.shape[1]) if self.factors is None else self.factors
        for name, column in (
            ("weight", weight),
            ("replicates", replicates),
            ("factors", as_reals("factors", factors, (replicates.shape[1],))),
        ):
            require(column >= 0, name, "not be negative", column)
            column.setflags(write=False)
            object.__setattr__(self, name, column)
        total = replicates.sum(axis=0)
        require(total > 0, "replicates", "not be 0 throughout a replicate", total)
        require_choice("centre", self.centre, ("mean", "estimate"))
        if not 0 < self.scale < np.inf or replicates.shape[1] < 2:
            raise AnalysisError("scale", "be positive and finite, with two replicates at least", self.scale)

    def __repr__(self) -> str:
        n, n_replicates = self.replicates.shape
        return (
            f"ReplicateWeights({n} rows, {n_replicates} replicates, "
            f"{self.degrees_of_freedom} degrees of freedom)"
        )

    @cached_property
    def degrees_of_freedom(self) -> int:
        """Rank of the replicate weights minus 1, as R's ``degf``."""
        products = self.replicates.T @ self.replicates  # R x R, however many rows there are
        return int(np.linalg.matrix_rank(products, rtol=_RANK_TOLERANCE**2, hermitian=True)) - 1

    def estimate(
        self,
        numerator: ArrayLike,
        denominator: ArrayLike,
        measures: Sequence[Measure],
        domains: Domains | None = None,
    ) -> Estimates:
        """Estimate measures with the variance of the replicates.

        Parameters
        ----------
        numerator, denominator : (n, C) float
            y and x of each respondent, both 0 where not answered; x = 1 for a mean, the number of
            valid answers for an index of several items.
        measures : sequence of Measure
            What to estimate from the C columns.
        domains : Domains, optional
            Of the n rows; the whole where left out.

        Returns
        -------
        Estimates
            With the replicates' variances and degrees of freedom; covariances are not to be had.

        Raises
        ------
        AnalysisError
            If a shape is broken.

        Notes
        -----
        V = scale · sum_r factor_r (theta_r - centre)².
        """
        design = SurveyDesign(self.weight)
        below = as_reals("denominator", denominator, (self.weight.size, None))
        above = as_reals("numerator", numerator, below.shape)
        parts = domains or Domains.crossing(None, self.weight.size)
        sums = tally_responses(design, above, below, _answers(above, below, measures))
        estimates = estimate_measures(sums, design.table, parts, measures)
        values = self._values(above, below, measures, parts)
        centre = values.mean(axis=0) if self.centre == "mean" else estimates.value
        squares = (values - centre) ** 2
        assert self.factors is not None
        replicated = estimates.replicated(
            self.scale * np.tensordot(self.factors, squares, axes=1), "replicate weights"
        )
        freedom = np.full(estimates.value.shape, self.degrees_of_freedom)
        return replace(replicated, degrees_of_freedom=freedom)

    def _values(self, above: Floats, below: Floats, measures: Sequence[Measure], domains: Domains) -> Floats:
        """(R, D, K) the measures under each set of replicate weights."""
        inside = domains.code >= 0
        row = domains.code[inside]
        totals = [
            np.stack(
                [
                    sum_rows(row, len(domains), weights[inside, None] * table[inside])
                    for weights in self.replicates.T
                ]
            )
            for table in (above, below)
        ]
        return measure_values(measures, totals[0], totals[1])


def _answers(above: Floats, below: Floats, measures: Sequence[Measure]) -> NDArray[np.int64]:
    """Count valid answers: those of an index stand in its denominator, others are there or not."""
    answers: NDArray[np.int64] = ((above != 0) | (below != 0)).astype(np.int64)
    counted = [column for measure in measures if measure.n_items > 1 for column in measure.columns]
    answers[:, counted] = below[:, counted].astype(np.int64)
    return answers
