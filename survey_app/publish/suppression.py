"""The one place that decides whether a figure rests on enough people to be shown."""

from survey_app.models.publication import Figure

INSIDE_MINIMUM = 5  # for staff; the public's minimum is the campaign's


def is_suppressed(figure: Figure, minimum: int) -> bool:
    """Whether fewer than `minimum` people answered, or answered this question.

    A suppressed figure shows no estimate, no range and no exact count, on pages and in files alike.
    """
    return figure.n_respondents < minimum or figure.n_answers < minimum
