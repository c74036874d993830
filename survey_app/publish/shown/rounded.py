"""Numbers for everybody with the digits that pages print: all that weighted sums have would tell more.

A weighted share in 16 digits says who of few people of some weight was satisfied, to whoever knows or finds
the weights. Class A alone is weighted; what other classes say in all digits is a count over a count.
"""

from typing import Final

from survey_app.models.publication import Figure
from survey_app.web.formatting import rounded_percent

WEIGHTED: Final = "A"
SHARES: Final = frozenset({"value", "standard_error", "low", "high", "t_low", "t_high"})
WHOLE_NUMBERS: Final = frozenset({"effective_sample_size"})


def share_for_all(provenance: str, share: float | None) -> float | None:
    """Round a share, or a difference of two, where it is weighted: to a tenth of a percent."""
    if share is None or provenance != WEIGHTED:
        return share
    return float(rounded_percent(share) / 100)


def number_for_all(figure: Figure, column: str) -> float | int | str | None:
    """Give a column of a figure as everybody may read it."""
    number = getattr(figure, column)
    if column in SHARES:
        return share_for_all(figure.provenance, number)
    if column in WHOLE_NUMBERS and number is not None and figure.provenance == WEIGHTED:
        return float(round(number))
    found: float | int | str | None = number
    return found
