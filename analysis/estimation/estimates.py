"""Many estimates: every measure in every domain, as one table."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from analysis.arguments import require_choice
from analysis.calibration import Calibration
from analysis.design import DesignTable
from analysis.domains import Domain, Domains
from analysis.errors import AnalysisError
from analysis.estimation.estimate import Estimate, Reason
from analysis.estimation.linearise import Linearised
from analysis.estimation.measure import Measure
from analysis.estimation.residuals import residual_influence
from analysis.estimation.variance import covariance_matrix
from analysis.intervals.survey import Method
from analysis.sums.psu_sums import PsuSums

if TYPE_CHECKING:
    import polars

Floats = NDArray[np.float64]

_ROUNDING: Final = 1e-12  # a standard error that is a smaller share of its value is rounding
_COLUMNS: Final = (
    "value", "standard_error", "degrees_of_freedom", "low", "high", "n_respondents", "design_effect", "note",
)  # fmt: skip


@dataclass(frozen=True, eq=False, repr=False)
class Estimates:
    """D domains x K measures, with variances, covariances and intervals.

    Made by `estimate_measures` and its like. ``estimates[domain, measure]`` is one `Estimate`;
    a domain is named by its place, or by its labels as in `domains`. Iterating gives
    ``(domain, measure, Estimate)``, by domain, then measure.

    Parameters
    ----------
    domains : Domains
        Domain of each row, and what the D domains are.
    measures : tuple of K Measure
        What was estimated.
    table : DesignTable
        The design.
    sums : PsuSums
        What was estimated from, R rows.
    linearised : Linearised
        Values, and influence values of the rows.
    variance : (D, K) float
        NaN where not estimable.
    degrees_of_freedom : (D, K) int
        Those of the domain, or of the full design.
    n_respondents : (D,) int
        Respondents of the domain, whether they answered the measure or not.
    n_answers : (D, K) int
        Valid answers to the measure.
    n_kish : (D, K) float
        Effective number of respondents by their weights.
    design_effect : (D, K) float
        NaN where unknown, see `Estimate`.
    sampling_fraction : (D,) float in [0, 1]
        The least share sampled in the domain where the design names population sizes, else 0.
    calibration : Calibration or None
        With calibrated weights, influence values are those of residuals.
    replication : str or None
        The method of replication that made the variances; covariances are then not to be had.

    Examples
    --------
    >>> from analysis import SurveyDesign, proportion
    >>> design = SurveyDesign(weight=[1.0, 1.0, 2.0, 1.0, 1.0, 2.0], psu=[1, 2, 3, 4, 5, 6])
    >>> sex = ["F", "F", "F", "M", "M", "M"]
    >>> share = proportion(design, {"on time": [1, 0, 1, 1, 0, 0]}, by={"sex": sex})
    >>> share
    Estimates(2 domains, 1 measures)
    >>> share[{"sex": "F"}, "on time"].value
    0.75
    >>> [round(row["value"], 2) for row in share.to_dict()]
    [0.75, 0.25]
    """

    domains: Domains
    measures: tuple[Measure, ...]
    table: DesignTable
    sums: PsuSums
    linearised: Linearised
    variance: Floats
    degrees_of_freedom: NDArray[np.int64]
    n_respondents: NDArray[np.int64]
    n_answers: NDArray[np.int64]
    n_kish: Floats
    design_effect: Floats
    sampling_fraction: Floats
    calibration: Calibration | None = None
    replication: str | None = None

    def __len__(self) -> int:
        """Return the number of estimates, D x K."""
        return self.value.size

    def __repr__(self) -> str:
        return f"Estimates({len(self.domains)} domains, {len(self.measures)} measures)"

    def __iter__(self) -> Iterator[tuple[Domain, str, Estimate]]:
        for d, labels in enumerate(self.domains.labels):
            for k, measure in enumerate(self.measures):
                yield labels, measure.name, self._at(d, k)

    def __getitem__(self, key: tuple[int | Mapping[str, Any], str]) -> Estimate:
        return self._at(*self.place(*key))

    @property
    def value(self) -> Floats:
        """(D, K) the estimates, NaN where nobody answered."""
        return self.linearised.value

    @property
    def standard_error(self) -> Floats:
        """(D, K) their standard errors, NaN where not estimable."""
        return np.sqrt(self.variance)

    @property
    def is_census(self) -> NDArray[np.bool_]:
        """(D,) whether every unit of the domain was sampled, so that its values are exact."""
        return np.asarray(self.sampling_fraction == 1)

    def place(self, domain: int | Mapping[str, Any], measure: str) -> tuple[int, int]:
        """Return the row and the column of an estimate; an unknown one is refused."""
        names = [known.name for known in self.measures]
        require_choice("measure", measure, names)
        if isinstance(domain, int | np.integer):
            if not 0 <= domain < len(self.domains):
                raise AnalysisError("domain", f"lie between 0 and {len(self.domains) - 1}", domain)
            return int(domain), names.index(measure)
        return self.domains.place(domain), names.index(measure)

    def influence(self, domain: int | Mapping[str, Any], measure: str) -> Floats:
        """Return the (R,) weighted influence of each row on an estimate.

        0 outside of the domain, unless weights are calibrated: then the residual counts there.
        """
        d, k = self.place(domain, measure)
        values = np.where(self.domains.code == d, self.linearised.influence[:, k], 0.0)
        if self.calibration is None:
            return values
        return residual_influence(self.calibration, self.sums.weight_sum, values[:, None])[:, 0]

    def covariance(self, estimates: Sequence[tuple[int | Mapping[str, Any], str]]) -> Floats:
        """Return the (M, M) covariance matrix of M chosen estimates, by the full design."""
        self.require_linearised()
        columns = np.column_stack([self.influence(domain, measure) for domain, measure in estimates])
        return covariance_matrix(self.table, self.sums.psu, columns)

    def replicated(self, variance: Floats, method: str) -> Estimates:
        """Return the same values with (D, K) variances of replicates in the linearised ones' place."""
        known = np.where(variance <= (_ROUNDING * self.value) ** 2, 0.0, variance)
        known[np.isnan(self.variance)] = np.nan  # replicates of what is not estimable are no estimate
        with np.errstate(invalid="ignore", divide="ignore"):
            effect = np.where(self.variance > 0, self.design_effect * known / self.variance, np.nan)
        return replace(self, variance=known, design_effect=effect, replication=method)

    def require_linearised(self) -> None:
        """Refuse what replicates do not give: covariances, changes, further replication."""
        if self.replication is not None:
            raise AnalysisError("estimates", "have linearised variances", self.replication)

    def to_dict(self, level: float = 0.95, method: Method | None = None) -> list[dict[str, Any]]:
        """Return one row per estimate, ready for JSON, with the limits of its interval.

        `method` applies to proportions, the others always have "t".
        """
        return [self._row(*cell, level, method) for cell in self]

    def to_frame(self, level: float = 0.95, method: Method | None = None) -> polars.DataFrame:
        """Return the rows of `to_dict` as a polars data frame, one column per domain variable."""
        import polars  # a heavy library that nothing else here needs

        clash = {"measure", *_COLUMNS} & {name for labels in self.domains.labels for name in labels}
        if clash:
            raise AnalysisError("by", "have no column named like one of the frame", sorted(clash))
        rows = [
            {"measure": row.pop("measure"), **row.pop("domain"), **row} for row in self.to_dict(level, method)
        ]
        return polars.DataFrame(rows, infer_schema_length=None)

    def _row(
        self, domain: Domain, measure: str, estimate: Estimate, level: float, method: Method | None
    ) -> dict[str, Any]:
        interval = estimate.confidence_interval(level, method if estimate.kind == "proportion" else None)
        limits = {"low": interval and interval.low, "high": interval and interval.high}
        figures = {name: limits[name] if name in limits else getattr(estimate, name) for name in _COLUMNS}
        return {"measure": measure, "domain": domain, **figures}

    def _at(self, d: int, k: int) -> Estimate:
        measure, value, variance = self.measures[k], float(self.value[d, k]), float(self.variance[d, k])
        effect = float(self.design_effect[d, k])
        reason = self._reason(d, k)
        return Estimate(
            value=None if math.isnan(value) else value,
            standard_error=None if math.isnan(variance) or math.isnan(value) else math.sqrt(variance),
            degrees_of_freedom=int(self.degrees_of_freedom[d, k]),
            n_respondents=int(self.n_respondents[d] if measure.n_items > 1 else self.n_answers[d, k]),
            n_answers=int(self.n_answers[d, k]),
            n_complete=float(self.n_answers[d, k] / measure.n_items),
            n_kish=float(self.n_kish[d, k]),
            design_effect=None if math.isnan(effect) or reason else effect,
            kind=measure.kind,
            sampling_fraction=float(self.sampling_fraction[d]),
            reason=reason,
        )

    def _reason(self, d: int, k: int) -> Reason | None:
        if math.isnan(self.value[d, k]) or self.n_answers[d, k] == 0:
            return "no_answers" if self.n_respondents[d] else "no_respondents"
        if self.is_census[d]:
            return None
        if math.isnan(self.variance[d, k]) or self.degrees_of_freedom[d, k] < 1:
            return "single_psu"
        return "no_spread" if self.variance[d, k] == 0 and self.measures[k].kind != "proportion" else None
