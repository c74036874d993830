"""On what terms figures are published: from how many people on, against which target, how sure."""

from typing import Any, Final

from survey_app.models.campaign import Campaign

LEVEL: Final = 0.95  # of all ranges and tests
ADJUSTMENT: Final = "holm"  # of verdicts, for the number of offices that are tested at once


TERMS: Final = ("minimum_n", "target", "level", "adjustment")


def terms_of(campaign: Campaign) -> dict[str, Any]:
    """Give what a publication keeps of its campaign and of the method: they may change after it."""
    return {
        "minimum_n": campaign.minimum_n,
        "target": campaign.target,
        "level": LEVEL,
        "adjustment": ADJUSTMENT,
    }
