"""One figure in words and digits, or the reason why it is not shown."""

from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

from survey_app.models.breakdown import FACTOR, INDEX, kind_of
from survey_app.models.publication import Figure
from survey_app.publish.suppression import forms_behind, is_few, is_suppressed
from survey_app.web.charts import Measured
from survey_app.web.formatting import count_text, percent_text, range_text

NO_BREAK = "\N{NO-BREAK SPACE}"
NOTHING = "–"


# Class A bears more, then the class in which the most people answered.
BEST_FIRST = ((Figure.provenance == "A").desc(), Figure.n_people.desc(), Figure.provenance)


@dataclass(frozen=True, kw_only=True)
class ShownFigure:
    """What a page may say about a figure; digits are empty where it may not."""

    measure: str
    provenance: str
    state: Literal["shown", "suppressed", "not_estimable"]
    reason: str | None
    minimum: int
    is_suppressed_in_public: bool
    released_on: date
    is_model_based: bool  # an opt-in range, never a confidence interval
    is_linked: bool = False  # hidden although enough answered, so that a neighbour cannot be worked out
    population: str
    value: str = ""
    range: str = ""
    n: str = ""  # of an index the forms sent, which add up; of a part, who answered it
    n_forms: int = 0
    n_people: int = 0  # at least so many of them answered what is measured
    coverage: str = ""
    is_beyond: bool = False  # more forms than dossiers
    in_hundred: tuple[int, int, int] = (0, 0, 0)  # low, value, high of 100 answers
    n_all_satisfied: str = ""  # how many answers, when each of them is satisfied
    n_effective: str = ""
    degrees_of_freedom: int = 0
    limits: tuple[float, float, float] | None = None  # low, value, high: for the picture and the order

    @property
    def is_at_least(self) -> bool:
        """Whether `n` is the least that may be: of several questions tallies do not say who answered any."""
        return kind_of(self.measure) == FACTOR

    @property
    def n_answering(self) -> str:
        """Give how many people at least answered, where some who sent a form perhaps did not."""
        return count_text(self.n_people) if self.n_people < self.n_forms else ""

    def measured(self, label: str) -> Measured:
        """Give the figure's row in a chart: the digits of the table, nothing else."""
        sign = "≥" if self.is_at_least else "="
        digits = f"{self.value} ({self.range}), n{NO_BREAK}{sign}{NO_BREAK}{self.n}" if self.limits else "–"
        return Measured(label, digits, self.limits)


def show(figure: Figure, minimum: int, public_minimum: int) -> ShownFigure:
    """Turn a stored figure into what may be read of it where `minimum` people are needed."""
    population = "" if figure.population_size is None else count_text(figure.population_size)
    suppressed = is_suppressed(figure, minimum)
    digits: dict[str, Any] = {} if suppressed else _digits(figure)
    return ShownFigure(
        measure=figure.measure,
        provenance=figure.provenance,
        state="suppressed" if suppressed else "not_estimable" if figure.value is None else "shown",
        reason=None if suppressed else figure.reason,
        minimum=minimum,
        is_suppressed_in_public=is_suppressed(figure, public_minimum),
        released_on=figure.released_on,
        is_model_based=figure.sampling_basis == "opt_in",
        is_linked=suppressed and not is_few(figure.n_people, minimum),
        population=population,
        **digits,
    )


def _digits(figure: Figure) -> dict[str, Any]:
    counts: dict[str, Any] = {"n": count_text(figure.n_people), "n_people": figure.n_people}
    if figure.measure == INDEX:
        n_forms = forms_behind(figure.n_respondents, figure.n_people)
        counts |= {"n": NOTHING if n_forms is None else count_text(n_forms), "n_forms": n_forms or 0}
        if n_forms and figure.population_size:
            counts["coverage"] = percent_text(n_forms / figure.population_size)
            counts["is_beyond"] = n_forms > figure.population_size
    if figure.value is None or figure.low is None or figure.high is None:
        return counts
    limits = (figure.low, figure.value, figure.high)
    low, value, high = (round(100 * limit) for limit in limits)
    return {
        **counts,
        "value": percent_text(figure.value),
        "range": range_text(figure.low, figure.high),
        "in_hundred": (low, value, high),
        "n_all_satisfied": count_text(figure.n_answers) if figure.value == 1 else "",
        "n_effective": count_text(round(figure.effective_sample_size or 0)),
        "degrees_of_freedom": figure.degrees_of_freedom,
        "limits": limits,
    }
