"""The sampling design, said once: what every estimate takes and nobody repeats."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, Literal, Self, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from analysis.arguments import as_integers, as_labels, as_reals, require, require_choice
from analysis.calibration import Calibration
from analysis.errors import AnalysisError

SamplingBasis = Literal["probability", "census", "opt_in"]
_MANY: Final = 10_000_000  # codes are places in arrays
_LEAST, _MOST = 1e-100, 1e100  # whose squares and sums are floats too

LonePsu = Literal["not_estimable", "fail", "certainty", "remove", "adjust", "average"]


@dataclass(frozen=True, eq=False, repr=False)
class DesignTable:
    """The sampled primary sampling units (PSUs): all of them, also those in which nobody answered.

    Kept apart from the answers, so that an estimate for a part of the respondents still knows
    the whole design. `SurveyDesign` makes it from rows; build it by hand where answers come as
    sums (`PsuSums`).

    Parameters
    ----------
    stratum : (P,) int, >= 0
        Stratum code of each sampled PSU; a PSU's own code is its place in this array.
    stratum_population : (H,) float, >= sampled PSUs of the stratum, or None
        PSUs of each stratum in the frame (first-stage finite population correction); None for
        sampling with replacement. H is at least the highest stratum code + 1.
    n_units : (P,) int, >= 1, or None
        Sampled second-stage units of each PSU.
    psu_population : (P,) float, >= `n_units`, or None
        Second-stage units of each PSU in the frame; needs `stratum_population` and `n_units`.
    lone_psu : {"not_estimable", "fail", "certainty", "remove", "adjust", "average"}
        What to do with a stratum of which one PSU was sampled, see `design_variance`.
    lone_in_domain : bool
        Apply the policy also to strata of which one of several PSUs meets the domain.
    sampling_basis : {"probability", "census", "opt_in"}
        How the units came in; shown with the design, changes no figure.

    Raises
    ------
    AnalysisError
        If a shape or range is broken, or a population is smaller than its sample.

    Examples
    --------
    >>> from analysis import DesignTable
    >>> DesignTable([0, 0, 1, 1, 1], stratum_population=[12, 40])
    DesignTable(5 PSUs in 2 strata, one-stage finite population correction, probability)
    """

    stratum: NDArray[np.int64]
    stratum_population: NDArray[np.float64] | None = None
    n_units: NDArray[np.int64] | None = None
    psu_population: NDArray[np.float64] | None = None
    lone_psu: LonePsu = "not_estimable"
    lone_in_domain: bool = False
    sampling_basis: SamplingBasis = "probability"
    n_psus: NDArray[np.int64] = field(init=False)
    """(H,) sampled PSUs of each stratum."""

    def __post_init__(self) -> None:
        require_choice("lone_psu", self.lone_psu, get_args(LonePsu))
        require_choice("sampling_basis", self.sampling_basis, get_args(SamplingBasis))
        stratum = as_integers("stratum", self.stratum, (None,))
        require(stratum >= 0, "stratum", "hold codes from 0 on", stratum)
        require(stratum < _MANY, "stratum", f"hold codes below {_MANY:,}", stratum)
        self._keep("stratum", stratum)
        n_named = 0 if self.stratum_population is None else np.size(self.stratum_population)
        self._keep("n_psus", np.bincount(stratum, minlength=n_named))
        if self.stratum_population is not None:
            population = as_reals("stratum_population", self.stratum_population, (self.n_psus.size,))
            require(
                population >= self.n_psus, "stratum_population", "not be below the sampled PSUs", population
            )
            self._keep("stratum_population", population)
        if self.psu_population is not None or self.n_units is not None:
            self._check_second_stage()

    def __repr__(self) -> str:
        stages = (self.stratum_population is not None) + self.is_two_stage
        correction = ("no", "one-stage", "two-stage")[stages]
        return (
            f"DesignTable({self.stratum.size} PSUs in {np.count_nonzero(self.n_psus)} strata, "
            f"{correction} finite population correction, {self.sampling_basis})"
        )

    @property
    def is_two_stage(self) -> bool:
        """Whether the variance has a second-stage part, which needs single respondents."""
        return self.psu_population is not None

    @property
    def sampled_fraction(self) -> NDArray[np.float64]:
        """(H,) share of each stratum's PSUs that was sampled; 0 with replacement."""
        if self.stratum_population is None:
            return np.zeros(self.n_psus.size)
        return self.n_psus / np.where(self.stratum_population > 0, self.stratum_population, 1.0)

    @property
    def psu_weight(self) -> NDArray[np.float64]:
        """(P,) population over sample, (M / m) (N / n): the weight of each PSU's units by population sizes.

        Those of simple random samples, `two_stage_weights`; 1 where the design names no sizes.
        """
        if self.stratum_population is None:
            return np.ones(self.stratum.size)
        weight: NDArray[np.float64] = (self.stratum_population / np.maximum(self.n_psus, 1))[self.stratum]
        if self.psu_population is None:
            return weight
        assert self.n_units is not None
        return weight * self.psu_population / self.n_units

    def _check_second_stage(self) -> None:
        if self.stratum_population is None or self.n_units is None or self.psu_population is None:
            raise AnalysisError("n_units", "come with psu_population, and both with stratum_population", None)
        units = as_integers("n_units", self.n_units, self.stratum.shape)
        require(units >= 1, "n_units", "be at least 1", units)
        population = as_reals("psu_population", self.psu_population, self.stratum.shape)
        require(population >= units, "psu_population", "not be below the sampled units", population)
        self._keep("n_units", units)
        self._keep("psu_population", population)

    def _keep(self, name: str, column: NDArray[Any]) -> None:
        column.setflags(write=False)
        object.__setattr__(self, name, column)


@dataclass(frozen=True, eq=False, repr=False)
class SurveyDesign:
    """How n respondents were sampled: strata, PSUs, weights, population sizes.

    Parameters
    ----------
    weight : (n,) float, finite, >= 0, not all 0
        Final weights. A respondent of weight 0 stays in the design and outside of the estimates.
    stratum : (n,) labels, optional
        Stratum of each respondent; one stratum where left out.
    psu : (n,) labels, optional
        PSU of each respondent; each respondent is a PSU where left out (element sample).
    fpc : (n,) float, or a pair of such, optional
        Population sizes: PSUs of the respondent's stratum, and for a second stage the units of
        the respondent's PSU, the rows being those units. Sizes, not fractions.
    nest : bool
        PSU labels are local to their stratum, so that the same label elsewhere is another PSU.
    sampling_basis, lone_psu, lone_in_domain
        As in `DesignTable`.
    calibration : Calibration, optional
        What the weights were last calibrated to (`analysis.calibrate` and its like return it);
        variances then come from residuals.

    Raises
    ------
    AnalysisError
        If weights are negative, not finite or all 0, lengths differ, a PSU lies in two strata,
        or population sizes differ within a stratum or PSU or are below the sample.

    References
    ----------
    Lumley (2010), Complex Surveys, chapters 2 and 3.

    Examples
    --------
    Two offices; three of 20 and two of 15 wards drawn.

    >>> from analysis import SurveyDesign
    >>> SurveyDesign(
    ...     weight=[2.0, 2.0, 1.5, 3.0, 1.0],
    ...     stratum=["A", "A", "A", "B", "B"],
    ...     psu=["A1", "A2", "A3", "B1", "B2"],
    ...     fpc=[20, 20, 20, 15, 15],
    ... )
    SurveyDesign(5 rows, 5 PSUs in 2 strata, one-stage finite population correction, probability)
    """

    weight: NDArray[np.float64]
    stratum: ArrayLike | None = None
    psu: ArrayLike | None = None
    fpc: Any = None
    nest: bool = False
    sampling_basis: SamplingBasis = "probability"
    lone_psu: LonePsu = "not_estimable"
    lone_in_domain: bool = False
    calibration: Calibration | None = None
    table: DesignTable = field(init=False)
    """The PSU-level design."""
    psu_code: NDArray[np.int64] = field(init=False)
    """(n,) place of each respondent's PSU in `table`."""

    def __post_init__(self) -> None:
        weight = as_reals("weight", self.weight, (None,))
        require(weight >= 0, "weight", "not be negative", weight)
        usual = (weight == 0) | ((weight >= _LEAST) & (weight <= _MOST))
        require(usual, "weight", f"be 0 or lie between {_LEAST} and {_MOST}", weight)
        if not weight.any():
            raise AnalysisError("weight", "not be 0 everywhere", weight.size)
        if self.calibration is not None and self.calibration.base_weight.size != weight.size:
            raise AnalysisError("calibration", f"have {weight.size} rows", self.calibration.base_weight.size)
        weight.setflags(write=False)
        object.__setattr__(self, "weight", weight)
        stratum_of_row, strata = _codes("stratum", self.stratum, weight.size)
        psu_of_row, stratum_of_psu = self._locate(stratum_of_row, strata)
        psu_of_row.setflags(write=False)
        object.__setattr__(self, "psu_code", psu_of_row)
        object.__setattr__(self, "table", self._table(stratum_of_row, strata, stratum_of_psu))

    def __repr__(self) -> str:
        calibrated = ", calibrated" if self.calibration is not None else ""
        return (
            f"SurveyDesign({self.weight.size} rows, {repr(self.table)[len('DesignTable(') : -1]}{calibrated})"
        )

    @classmethod
    def by_sizes(
        cls, fpc: Any, stratum: ArrayLike | None = None, psu: ArrayLike | None = None, **how: Any
    ) -> Self:
        """Return the design of a simple random sample, weighted by its population sizes.

        Parameters
        ----------
        fpc, stratum, psu
            As in `SurveyDesign`.
        **how
            Its other parameters but `weight`.

        Returns
        -------
        SurveyDesign
            Weights are (M / m) (N / n): PSUs of the stratum over those sampled, units of the PSU
            over its rows. Where rows of those who did not respond are left out, the others are
            taken for drawn at random within their PSU.

        Raises
        ------
        AnalysisError
            As `SurveyDesign`.

        Examples
        --------
        Two of 20 wards, of which one has 100 people and two asked:

        >>> from analysis import SurveyDesign
        >>> SurveyDesign.by_sizes(([20] * 3, [100, 100, 30]), psu=[1, 1, 2]).weight.tolist()
        [500.0, 500.0, 300.0]
        """
        design = cls(np.ones(np.size(_stages(fpc)[0])), stratum, psu, fpc, **how)
        return replace(design, weight=design.table.psu_weight[design.psu_code])

    @property
    def n_rows(self) -> int:
        """Number of respondents, those of weight 0 too."""
        return self.weight.size

    def _locate(
        self, stratum: NDArray[np.int64], strata: NDArray[Any]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Give the PSU of each row and the stratum of each PSU."""
        if self.psu is None:
            return np.arange(stratum.size), stratum
        code, labels = _codes("psu", self.psu, stratum.size)
        if self.nest:
            code = np.unique(stratum * labels.size + code, return_inverse=True)[1]
        first = np.zeros(code.max(initial=-1) + 1, dtype=np.int64)
        first[code[::-1]] = np.arange(code.size)[::-1]
        home = stratum[first]
        stray = home[code] != stratum
        if stray.any():
            row = int(np.argmax(stray))
            two = f"{strata[home[code[row]]]} and {strata[stratum[row]]}"
            raise AnalysisError(
                "psu",
                f"lie in one stratum (nest says its labels are local); it lies in {two}",
                labels[code[row]].item(),
            )
        return code, home

    def _table(
        self, stratum: NDArray[np.int64], strata: NDArray[Any], stratum_of_psu: NDArray[np.int64]
    ) -> DesignTable:
        known: dict[str, Any] = {}
        stages = _stages(self.fpc)
        if len(stages) > 2:
            raise AnalysisError("fpc", "be the population sizes of one or two stages", len(stages))
        if self.fpc is not None:
            n_psus = np.bincount(stratum_of_psu, minlength=strata.size)
            known["stratum_population"] = _sizes(stages[0], stratum, n_psus, "PSUs sampled in the stratum")
        if self.fpc is not None and len(stages) > 1:
            known["n_units"] = np.bincount(self.psu_code, minlength=stratum_of_psu.size)
            known["psu_population"] = _sizes(
                stages[1], self.psu_code, known["n_units"], "rows sampled in the PSU"
            )
        return DesignTable(
            stratum_of_psu,
            **known,
            lone_psu=self.lone_psu,
            lone_in_domain=self.lone_in_domain,
            sampling_basis=self.sampling_basis,
        )


def _stages(fpc: Any) -> Sequence[Any]:
    """Return the population sizes stage by stage; one column may come by itself."""
    is_pair = isinstance(fpc, tuple | list) and any(np.ndim(sizes) > 0 for sizes in fpc)
    return fpc if is_pair else (fpc,)


def _codes(argument: str, labels: ArrayLike | None, n_rows: int) -> tuple[NDArray[np.int64], NDArray[Any]]:
    """Give the code of each label, and the labels in order."""
    if labels is None:
        return np.zeros(n_rows, dtype=np.int64), np.zeros(1, dtype=np.int64)
    found, code = np.unique(as_labels(argument, labels, n_rows), return_inverse=True)
    return code.astype(np.int64, copy=False), found


def _sizes(
    sizes: ArrayLike, group: NDArray[np.int64], n_sampled: NDArray[np.int64], sampled: str
) -> NDArray[np.float64]:
    """Give the population size of each group, the same on all of its rows."""
    of_row = as_reals("fpc", sizes, group.shape)
    of_group = np.zeros(n_sampled.size)
    of_group[group] = of_row
    require(of_group[group] == of_row, "fpc", "be the same on all rows of a stratum or PSU", of_row)
    enough = of_row >= n_sampled[group]
    if not enough.all():
        row = int(np.argmin(enough))
        rule = f"be a population size, not below the {n_sampled[group[row]]} {sampled} (row {row + 1})"
        raise AnalysisError("fpc", rule, float(of_row[row]))
    return of_group
