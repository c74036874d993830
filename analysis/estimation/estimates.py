"""Many estimates: every measure in every domain, as one table."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from analysis.arguments import require_choice, require_level
from analysis.calibration import Calibration
from analysis.design import DesignTable
from analysis.domains import Domain, Domains
from analysis.errors import AnalysisError
from analysis.estimation.estimate import NOTES, Estimate
from analysis.estimation.factored import FactoredCovariance
from analysis.estimation.linearise import Linearised
from analysis.estimation.measure import Measure
from analysis.estimation.residuals import residual_covariance, residual_factors, residual_influence
from analysis.estimation.variance import covariance_matrix
from analysis.intervals.effective_size import effective_sample_size
from analysis.intervals.student import t_interval
from analysis.intervals.survey import DEFAULT_METHOD, Evidence, Method, survey_interval
from analysis.sums.psu_sums import PsuSums

if TYPE_CHECKING:
    import polars

Floats = NDArray[np.float64]
DfRule = Literal["domain", "full"]

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
    sampling_fraction : (D, K) float in [0, 1]
        Where the design names population sizes the least share sampled in the domain, times the
        share of its rows that answered; else 0.
    df : {"domain", "full"}
        Which degrees of freedom were asked for.
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
    df: DfRule = "domain"
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
        """(D, K) whether every unit of the domain was sampled and answered, so that values are exact."""
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
        places = [self.place(domain, measure) for domain, measure in estimates]
        found = residual_covariance(
            self.table, self.sums, self.domains, self.linearised.influence, self.calibration, places
        )
        if found is not None:
            return found
        columns = np.column_stack([self.influence(domain, measure) for domain, measure in estimates])
        return covariance_matrix(self.table, self.sums.psu, columns)

    def shared_errors(self, domains: Sequence[int], measure: str) -> FactoredCovariance | None:
        """Return the covariances of one measure in these domains without their matrix.

        None where weights are not calibrated, or domains share more than the calibration: ask `covariance`.
        """
        self.require_linearised()
        places = [self.place(int(domain), measure) for domain in domains]
        return residual_factors(
            self.table, self.sums, self.domains, self.linearised.influence, self.calibration, places
        )

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

    @cached_property
    def reason(self) -> NDArray[np.object_]:
        """(D, K) why an estimate is not estimable, None where it is; see `Estimate`."""
        found = np.full(self.value.shape, None, dtype=object)
        found[(self.variance == 0) & ~self._is_proportion] = "no_spread"
        found[np.isnan(self.variance) | (self.degrees_of_freedom < 1)] = "single_psu"
        found[np.isnan(self.variance) & (self.degrees_of_freedom > 0) & self._has_lone_unit] = "single_unit"
        found[self.is_census] = None
        nothing = np.isnan(self.value) | (self.n_answers == 0)
        found[nothing] = "no_answers"
        found[nothing & (self.n_respondents == 0)[:, None]] = "no_respondents"
        return found

    @cached_property
    def is_estimable(self) -> NDArray[np.bool_]:
        """(D, K) whether there are a value, a standard error and an interval."""
        return np.array([cell is None for cell in self.reason.flat], dtype=np.bool_).reshape(self.value.shape)

    @property
    def effective_sample_size(self) -> Floats:
        """(D, K) independent respondents that would tell as much, NaN where unknown; see `Estimate`."""
        with np.errstate(invalid="ignore", divide="ignore"):
            size = np.where(self.design_effect > 0, self._n_complete / self.design_effect, np.nan)
        known = self.is_estimable
        shares = known & self._is_proportion
        size[shares] = effective_sample_size(
            self.value[shares],
            self.variance[shares],
            self._n_complete[shares],
            self.n_kish[shares],
            n_answers=self.n_answers[shares],
        )
        return np.where(known, size, np.nan)

    def limits(
        self, level: float = 0.95, method: Method | None = None, *, cap: bool = True
    ) -> tuple[Floats, Floats]:
        """Return the (D, K) limits of all intervals at once, NaN where not estimable.

        As `Estimate.confidence_interval` gives them one by one; `method` and `cap` are for
        proportions, other figures have "t".
        """
        require_level(level)
        known = self.is_estimable
        exact = known & self.is_census
        shares, others = known & ~exact & self._is_proportion, known & ~exact & ~self._is_proportion
        low, high = np.where(exact, self.value, np.nan), np.where(exact, self.value, np.nan)
        freedom = self.degrees_of_freedom
        evidence = Evidence(
            self.value[shares],
            self.standard_error[shares],
            freedom[shares],
            self._n_complete[shares],
            self.n_kish[shares],
            self.sampling_fraction[shares],
            self.n_answers[shares],
        )
        low[shares], high[shares] = survey_interval(method or DEFAULT_METHOD, evidence, level, cap=cap)
        low[others], high[others] = t_interval(
            self.value[others], self.standard_error[others], freedom[others], level
        )
        return low, high

    def columns(
        self, level: float = 0.95, method: Method | None = None, *, cap: bool = True
    ) -> dict[str, NDArray[Any]]:
        """Return every figure and its limits as (D, K) arrays by name, NaN or None where there is none."""
        low, high = self.limits(level, method, cap=cap)
        one_item = np.array([measure.n_items == 1 for measure in self.measures])
        known = self.is_estimable
        return {
            "value": self.value,
            "standard_error": np.where(np.isnan(self.value), np.nan, self.standard_error),
            "degrees_of_freedom": self.degrees_of_freedom,
            "low": low,
            "high": high,
            "n_respondents": np.where(one_item, self.n_answers, self.n_respondents[:, None]),
            "n_answers": self.n_answers,
            "effective_sample_size": self.effective_sample_size,
            "design_effect": np.where(known, self.design_effect, np.nan),
            "reason": self.reason,
        }

    def to_dict(
        self, level: float = 0.95, method: Method | None = None, *, cap: bool = True
    ) -> list[dict[str, Any]]:
        """Return one row per estimate, ready for JSON, with the limits of its interval.

        `method` and `cap` apply to proportions, the others always have "t".
        """
        found = self.columns(level, method, cap=cap)
        cells = zip(*(found[name].ravel().tolist() for name in (*_COLUMNS[:-1], "reason")), strict=True)
        keys = [(labels, measure.name) for labels in self.domains.labels for measure in self.measures]
        return [
            {"measure": measure, "domain": labels}
            | {name: None if cell != cell else cell for name, cell in zip(_COLUMNS[:-1], row, strict=True)}
            | {"note": NOTES.get(reason)}
            for (labels, measure), (*row, reason) in zip(keys, cells, strict=True)
        ]

    def to_frame(
        self, level: float = 0.95, method: Method | None = None, *, cap: bool = True
    ) -> polars.DataFrame:
        """Return the rows of `to_dict` as a polars data frame, one column per domain variable."""
        import polars  # a heavy library that nothing else here needs

        clash = {"measure", *_COLUMNS} & {name for labels in self.domains.labels for name in labels}
        if clash:
            raise AnalysisError("by", "have no column named like one of the frame", sorted(clash))
        rows = [
            {"measure": row.pop("measure"), **row.pop("domain"), **row}
            for row in self.to_dict(level, method, cap=cap)
        ]
        return polars.DataFrame(rows, infer_schema_length=None)

    @property
    def _is_proportion(self) -> NDArray[np.bool_]:
        flags = [measure.kind == "proportion" for measure in self.measures]
        return np.broadcast_to(np.array(flags, dtype=np.bool_), self.value.shape)

    @property
    def _has_lone_unit(self) -> NDArray[np.bool_]:
        """(D, 1) whether all strata have PSUs enough, but a PSU of the domain one sampled unit of several."""
        table, psu = self.table, self.sums.psu
        if table.n_units is None or table.psu_population is None:
            return np.zeros((len(self.domains), 1), dtype=np.bool_)
        inside = self.domains.code >= 0
        flags = [(table.n_units == 1) & (table.psu_population > 1), (table.n_psus == 1)[table.stratum]]
        met = [
            np.bincount(self.domains.code[inside], flag[psu[inside]], len(self.domains)) > 0 for flag in flags
        ]
        return np.asarray(met[0] & ~met[1])[:, None]

    @property
    def _n_complete(self) -> Floats:
        return np.asarray(self.n_answers / np.array([measure.n_items for measure in self.measures]))

    def _at(self, d: int, k: int) -> Estimate:
        measure, value, variance = self.measures[k], float(self.value[d, k]), float(self.variance[d, k])
        effect, reason = float(self.design_effect[d, k]), self.reason[d, k]
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
            sampling_fraction=float(self.sampling_fraction[d, k]),
            reason=reason,
        )
