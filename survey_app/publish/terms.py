"""On what terms figures are published: from how many people on, against which target, how sure."""

from typing import Any, Final

from survey_app.models.campaign import PUBLISHED_ON, Campaign

LEVEL: Final = 0.95  # of all ranges and tests
ADJUSTMENT: Final = "holm"  # of verdicts, for the number of offices that are tested at once
TERMS: Final = (*PUBLISHED_ON, "level", "adjustment")


def terms_of(campaign: Campaign) -> dict[str, Any]:
    """Give what a publication keeps of its campaign and of the method: they may change after it."""
    of_campaign = {name: getattr(campaign, name) for name in PUBLISHED_ON}
    return of_campaign | {"level": LEVEL, "adjustment": ADJUSTMENT}
