"""What a command did stands in the audit log as what a page did; without a name, as nobody signs in."""

from collections.abc import Collection

from sqlalchemy import select
from sqlalchemy.orm import Session

from survey_app.models.access_point import AccessPoint
from survey_app.models.audit import note_over
from survey_app.web import context


def note_command(session: Session, act: str, what: str, office_ids: Collection[int] = ()) -> None:
    """Write the line of a command, in the transaction of what it does."""
    note_over(session, context.now(), None, act, what, office_ids)


def offices_of_campaign(session: Session, campaign_id: int) -> set[int]:
    """List the offices that a campaign reaches, where the lines about it belong."""
    of_campaign = select(AccessPoint.office_id).where(AccessPoint.campaign_id == campaign_id)
    return set(session.scalars(of_campaign.distinct()))
