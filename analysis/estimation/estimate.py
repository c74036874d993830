"""One figure with what is known about its uncertainty, and its confidence interval."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Final, Literal, get_args

from analysis.arguments import require_choice
from analysis.errors import AnalysisError
from analysis.estimation.interval import t_interval, wilson_effective

Reason = Literal["no_respondents", "no_answers", "single_psu"]
Method = Literal["wilson", "t"]

_NOTES: Final[dict[Reason, str]] = {
    "no_respondents": "nobody answered in this domain",
    "no_answers": "nobody gave a valid answer to this measure",
    "single_psu": "too few primary sampling units to tell how much they differ",
}


@dataclass(frozen=True)
class ConfidenceInterval:
    """Limits of a proportion.

    Parameters
    ----------
    low, high : float
        Limits as proportions; those of method "t" may pass 0 or 1.
    level : float in (0, 1)
        Confidence level.
    method : {"wilson", "t"}
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
    """An estimated proportion, or the reason why there is none.

    Also the way back from a stored figure to its interval: keep the fields, build it again.

    Parameters
    ----------
    value : float in [0, 1] or None
        The estimate; None where there are no answers. A value may stand without a standard
        error ("single_psu"); it should not be published.
    standard_error : float >= 0 or None
        None where not estimable.
    degrees_of_freedom : int >= 0
        Of the design within the domain.
    n_respondents : int >= 0
        Respondents of the domain, unweighted.
    n_answers : int >= 0
        Their valid answers to the measure, unweighted.
    effective_sample_size : float > 0 or None
        Independent answers that would tell as much (see `effective_sample_size`).
    reason : {"no_respondents", "no_answers", "single_psu"} or None
        Why it is not estimable; None where it is.

    Raises
    ------
    AnalysisError
        If a number is out of its range, or missing although no reason is given.

    Notes
    -----
    The method "wilson", the default, is `wilson_effective` with the effective sample size and
    the t of the degrees of freedom; "t" is value ± t · standard error.

    References
    ----------
    As in `wilson_effective` and `t_interval`.

    Examples
    --------
    >>> from analysis import Estimate
    >>> office = Estimate(0.9, 0.02, 9, n_respondents=240, n_answers=240, effective_sample_size=225.0)
    >>> office
    Estimate(0.9, standard error 0.02, 9 df, 95 % interval 0.8455 to 0.9367 (wilson), 240 respondents)
    >>> round(office.design_effect, 3)
    1.067
    >>> empty = Estimate(None, None, 0, 0, 0, None, reason="no_respondents")
    >>> empty.is_estimable, empty.confidence_interval(), empty.note
    (False, None, 'nobody answered in this domain')
    """

    value: float | None
    standard_error: float | None
    degrees_of_freedom: int
    n_respondents: int
    n_answers: int
    effective_sample_size: float | None
    reason: Reason | None = None

    def __post_init__(self) -> None:
        if self.reason is not None:
            require_choice("reason", self.reason, get_args(Reason))
        for name, low, high in (
            ("value", 0, 1),
            ("standard_error", 0, float("inf")),
            ("degrees_of_freedom", self.is_estimable, float("inf")),
            ("effective_sample_size", 0, float("inf")),
        ):
            number = getattr(self, name)
            if number is None and self.is_estimable:
                raise AnalysisError(name, "be given where there is no reason against", number)
            if number is not None and not low <= number <= high:
                raise AnalysisError(name, f"lie between {low:d} and {high}", number)

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
    def note(self) -> str | None:
        """The reason in an English sentence, None where estimable."""
        return None if self.reason is None else _NOTES[self.reason]

    @property
    def design_effect(self) -> float | None:
        """Variance over that of a simple random sample of `n_answers` independent answers.

        n_answers · SE² / (p (1 - p)), not capped; None at 0, at 1 and where not estimable.
        """
        if self.reason is not None or self.value is None or self.standard_error is None:
            return None
        spread = self.value * (1 - self.value)
        return self.n_answers * self.standard_error**2 / spread if spread > 0 else None

    def confidence_interval(
        self, level: float = 0.95, method: Method = "wilson"
    ) -> ConfidenceInterval | None:
        """Return the interval, or None where the estimate is not estimable.

        Parameters
        ----------
        level : float in (0, 1)
            Confidence level.
        method : {"wilson", "t"}
            "wilson" stays within 0 and 1. "t" equals R's; where the standard error is 0 it
            would have no width, so there Wilson limits are returned and say so in `method`.

        Returns
        -------
        ConfidenceInterval or None
            Never without width, never NaN.

        Raises
        ------
        AnalysisError
            If `level` or `method` is out of its range.
        """
        require_choice("method", method, get_args(Method))
        if self.reason is not None or self.value is None or self.effective_sample_size is None:
            return None
        if method == "t" and self.standard_error:
            low, high = t_interval(self.value, self.standard_error, self.degrees_of_freedom, level)
        else:
            method = "wilson"
            low, high = wilson_effective(
                self.value, self.effective_sample_size, self.degrees_of_freedom, level
            )
        return ConfidenceInterval(float(low), float(high), level, method)

    def to_dict(self) -> dict[str, float | int | str | None]:
        """Return the fields with `design_effect` and `note`, ready for JSON; no interval."""
        return {**asdict(self), "design_effect": self.design_effect, "note": self.note}
