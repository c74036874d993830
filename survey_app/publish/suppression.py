"""The one place that says whether a figure is shown: as the release decided, never under the minimum."""

from sqlalchemy import ColumnElement, or_

from survey_app.models.publication import Figure

INSIDE_MINIMUM = 5  # for staff; the public's minimum is the campaign's


def is_suppressed(figure: Figure, minimum: int) -> bool:
    """Whether readers for whom at least `minimum` people must have answered do not see this figure.

    A suppressed figure shows no estimate, no range and no exact count, on pages and in files alike. Staff
    alone see figures of five people: whoever needs more is the public, from whom the release hid more.
    """
    hidden = figure.hidden_inside if minimum <= INSIDE_MINIMUM else figure.hidden_in_public
    return hidden is not None or is_few(figure.n_people, minimum)


def forms_behind(n_respondents: int, n_people: int) -> int | None:
    """Give how many forms an index rests on; of people who answered nothing that counts, nothing is told."""
    return n_respondents if n_people else None


def is_seen(minimum: int, figure: type[Figure] = Figure) -> ColumnElement[bool]:
    """Say the contrary in SQL."""
    hidden = figure.hidden_inside if minimum <= INSIDE_MINIMUM else figure.hidden_in_public
    return hidden.is_(None) & or_(figure.n_people == 0, figure.n_people >= minimum)


def is_few(n_people: int, minimum: int) -> bool:
    """Whether anybody stands behind a figure, but fewer than `minimum` people; nobody is no secret."""
    return 0 < n_people < minimum
