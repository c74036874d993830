"""Which publication an address of open data means."""

from datetime import date

from sqlalchemy.orm import Session

from survey_app.errors import NotFound
from survey_app.models.campaign import Campaign
from survey_app.models.publication import Publication
from survey_app.publish.open_data.rows import Published
from survey_app.publish.shown.campaign import find_standing


def find_current(session: Session, campaign_code: str, today: date) -> Published:
    """Give the publication that stands for a campaign."""
    standing = find_standing(session, campaign_code, today)
    if standing.publication is None:
        raise NotFound
    return Published(standing.campaign, standing.publication)


def find_published(session: Session, publication_id: int, today: date) -> Published:
    """Give a publication by its number, also one that a later one has replaced."""
    publication = session.get(Publication, publication_id)
    if publication is None or not (publication.kind == "running" or publication.sealed_at):
        raise NotFound
    campaign = session.get_one(Campaign, publication.campaign_id)
    if campaign.opens_on > today:
        raise NotFound
    return Published(campaign, publication)
