"""The cells of the annex that every figure has: as pages print it, and as the open data say it."""

from survey_app.models.publication import Figure
from survey_app.publish.handover.annex_columns import EXACT, Row
from survey_app.publish.handover.wave import Edition
from survey_app.publish.handover.words import BASES, HIDDEN, REASONS
from survey_app.publish.shown.figure import ShownFigure
from survey_app.publish.shown.rounded import number_for_all
from survey_app.web.formatting import rounded_percent


def shown_cells(shown: ShownFigure, digits: int = 1) -> Row:
    """Give value, range and n as pages print them."""
    if shown.state == "suppressed":
        return (HIDDEN,) * 4
    n = shown.n_forms or shown.n_people
    if shown.limits is None:
        return ("–", REASONS["not_estimable"], REASONS["not_estimable"], n)
    low, value, high = (percent(limit, digits) for limit in shown.limits)
    return (value, low, high, n)


def percent(proportion: float, digits: int = 1) -> float:
    """Round as pages do."""
    return float(rounded_percent(proportion, digits))


def exact_cells(figure: Figure, shown: ShownFigure, edition: Edition) -> Row:
    """Give what the open data say (staff all digits), then the basis and why there is no figure."""
    is_hidden = shown.state == "suppressed"
    number = number_for_all if edition == "public" else getattr
    numbers = (None if is_hidden else number(figure, name) for name in EXACT.values())
    reason = HIDDEN if is_hidden else REASONS[figure.reason] if figure.reason else None
    return (*numbers, BASES[figure.sampling_basis], reason)
