"""Until when the contacts of a frame may be kept."""

from datetime import date, timedelta

from survey_app.models.campaign import Campaign

CONTACTS_LIVE_ON = timedelta(days=30)  # after the last day of the campaign: letters come back, too
WITHOUT_END = timedelta(days=90)
LONGEST_LIFE = timedelta(days=366)


def usual_last_day(campaign: Campaign, today: date) -> date:
    """Propose how long the contacts of a frame are kept."""
    if campaign.closes_on is None or campaign.closes_on < today:
        return today + WITHOUT_END
    return min(campaign.closes_on + CONTACTS_LIVE_ON, today + LONGEST_LIFE)


def may_be_last_day(day: date, today: date) -> bool:
    return today <= day <= today + LONGEST_LIFE
