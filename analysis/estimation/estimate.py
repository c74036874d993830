"""One figure with what is known about its uncertainty, and its confidence interval."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Final, Literal, get_args

import numpy as np

from analysis.arguments import require_choice, require_level
from analysis.errors import AnalysisError
from analysis.estimation.measure import Kind
from analysis.intervals.effective_size import effective_sample_size
from analysis.intervals.student import t_interval
from analysis.intervals.survey import DEFAULT_METHOD, Evidence, Method, survey_interval

Reason = Literal["no_respondents", "no_answers", "single_psu", "single_unit", "no_spread"]

NOTES: Final[dict[Reason, str]] = {
    "no_respondents": "nobody answered in this domain",
    "no_answers": "nobody gave a valid answer to this measure",
    "single_psu": "too few primary sampling units to tell how much they differ",
    "single_unit": "a primary sampling unit of which one unit was sampled does not show how its units differ",
    "no_spread": "the sampling units do not differ at all: such a sample does not show its error",
}


@dataclass(frozen=True)
class ConfidenceInterval:
    """Limits of an estimate.

    Parameters
    ----------
    low, high : float
        Limits in the unit of the estimate; those of method "t" may pass 0 or 1.
    level : float in (0, 1)
        Confidence level.
    method : str
        The method that made these limits.

    Examples
    --------
    >>> from analysis import ConfidenceInterval
    >>> ConfidenceInterval(0.874, 1.0, 0.95, "wilson").low
    0.874
    """

    low: float
    high: float
    level: float
    method: Method


@dataclass(frozen=True, repr=False)
class Estimate:
    """An estimated figure, or the reason why there is none.

    Also the way back from a stored figure to its interval: keep the fields, build it again.

    Parameters
    ----------
    value : float or None
        The estimate, a proportion in [0, 1]; None where there are no answers. A value may stand
        without an interval ("single_psu", "no_spread"); it should not be published.
    standard_error : float >= 0 or None
        None where not estimable.
    degrees_of_freedom : int >= 0
        Of the design within the domain.
    n_respondents : int >= 0
        Respondents behind the figure, unweighted.
    n_answers : int >= 0
        Their valid answers to the measure, unweighted.
    n_complete : float >= 0
        Respondents who would have given as many answers: n_answers / items of the measure.
    n_kish : float >= 0
        Kish's effective number of respondents, (sum w)² / sum w².
    design_effect : float >= 0 or None
        Variance over that of a simple random sample without replacement of as many units from
        a population of sum(w) units (with replacement where sum(w) <= n); None if unknown.
    kind : {"proportion", "mean", "ratio", "total", "difference"}
        A proportion's interval stays in [0, 1]; the others get value ± t · standard error.
    sampling_fraction : float in [0, 1]
        Share of the population that was sampled, where the variance takes account of it, else 0.
        At 1, a census, the value is exact and the interval a point.
    reason : {"no_respondents", "no_answers", "single_psu", "single_unit", "no_spread"} or None
        Why it is not estimable; None where it is.

    Raises
    ------
    AnalysisError
        If a number is out of its range, or missing although no reason is given.

    Examples
    --------
    >>> from analysis import Estimate
    >>> office = Estimate(0.9, 0.02, 9, n_respondents=240, n_answers=240, n_complete=240, n_kish=240)
    >>> round(office.effective_sample_size, 1), office.is_estimable
    (225.0, True)
    >>> empty = Estimate(None, None, 0, 0, 0, 0, 0, reason="no_respondents")
    >>> empty.is_estimable, empty.confidence_interval(), empty.note
    (False, None, 'nobody answered in this domain')
    """

    value: float | None
    standard_error: float | None
    degrees_of_freedom: int
    n_respondents: int
    n_answers: int
    n_complete: float
    n_kish: float
    design_effect: float | None = None
    kind: Kind = "proportion"
    sampling_fraction: float = 0.0
    reason: Reason | None = None

    def __post_init__(self) -> None:
        require_choice("kind", self.kind, get_args(Kind))
        if self.reason is not None:
            require_choice("reason", self.reason, get_args(Reason))
        lowest, highest = (0.0, 1.0) if self.kind == "proportion" else (-np.inf, np.inf)
        least = float(self.is_estimable and not self.is_census)  # one answer, one degree of freedom
        for name, low, high in (
            ("value", lowest, highest),
            ("standard_error", 0.0, np.inf),
            ("degrees_of_freedom", least, np.inf),
            ("n_respondents", 0.0, np.inf),
            ("n_answers", 0.0, np.inf),
            ("n_complete", 0.0, np.inf),
            ("n_kish", 0.0, np.inf),
            ("sampling_fraction", 0.0, 1.0),
        ):
            number = getattr(self, name)
            if number is None and self.is_estimable:
                raise AnalysisError(name, "be given where there is no reason against", number)
            if number is not None and not low <= number <= high:
                raise AnalysisError(name, f"lie between {low:g} and {high:g}", number)

        if self.design_effect is not None and not self.design_effect >= 0:
            raise AnalysisError("design_effect", "not be negative, None if unknown", self.design_effect)

    def __repr__(self) -> str:
        interval = self.confidence_interval()
        if interval is None or self.value is None or self.standard_error is None:
            return f"Estimate(not estimable: {self.note}, {self.n_respondents} respondents)"
        return (
            f"Estimate({self.value:.4g}, standard error {self.standard_error:.3g}, "
            f"{self.degrees_of_freedom} df, 95 % interval {interval.low:.4f} to {interval.high:.4f} "
            f"({interval.method}), {self.n_respondents} respondents)"
        )

    @property
    def is_estimable(self) -> bool:
        """Whether there are a value, a standard error and an interval."""
        return self.reason is None

    @property
    def is_census(self) -> bool:
        """Whether nothing was left to chance."""
        return self.sampling_fraction == 1

    @property
    def note(self) -> str | None:
        """The reason in an English sentence, None where estimable."""
        return None if self.reason is None else NOTES[self.reason]

    @property
    def effective_sample_size(self) -> float | None:
        """Independent respondents that would tell as much, see `effective_sample_size`.

        None where not estimable; for other than proportions n_complete / design effect.
        """
        if self.value is None or self.standard_error is None or not self.is_estimable:
            return None
        if self.kind != "proportion":
            return self.n_complete / self.design_effect if self.design_effect else None
        variance, n_answers = self.standard_error**2, self.n_answers
        size = effective_sample_size(self.value, variance, self.n_complete, self.n_kish, n_answers=n_answers)
        return float(size)

    def confidence_interval(
        self, level: float = 0.95, method: Method | None = None, *, cap: bool = True
    ) -> ConfidenceInterval | None:
        """Return the interval, or None where the estimate is not estimable.

        Parameters
        ----------
        level : float in (0, 1)
            Confidence level.
        method : str, optional
            A method of `survey_interval` for a proportion; others have "t" only.
        cap : bool
            Whether the effective sample size is held to the respondents; False as R does.

        Returns
        -------
        ConfidenceInterval or None
            Never NaN; without width for a census only.

        Raises
        ------
        AnalysisError
            If `level` or `method` is out of its range.
        """
        method = method or (DEFAULT_METHOD if self.kind == "proportion" else "t")
        require_choice("method", method, get_args(Method) if self.kind == "proportion" else ("t",))
        require_level(level)
        if self.value is None or self.standard_error is None or not self.is_estimable:
            return None
        if self.is_census:
            return ConfidenceInterval(self.value, self.value, level, method)
        if self.kind == "proportion":
            evidence = Evidence(
                self.value,
                self.standard_error,
                self.degrees_of_freedom,
                self.n_complete,
                self.n_kish,
                self.sampling_fraction,
                self.n_answers,
            )
            low, high = survey_interval(method, evidence, level, cap=cap)
        else:
            low, high = t_interval(self.value, self.standard_error, self.degrees_of_freedom, level)
        return ConfidenceInterval(float(low), float(high), level, method)

    def to_dict(self) -> dict[str, float | int | str | None]:
        """Return the fields with `effective_sample_size` and `note`, ready for JSON; no interval."""
        return {**asdict(self), "effective_sample_size": self.effective_sample_size, "note": self.note}
