"""The index of some offices, each in a line: what the first page of the staff answers."""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from survey_app.models.breakdown import INDEX, WHOLE
from survey_app.models.campaign import Campaign
from survey_app.models.publication import Figure, Publication
from survey_app.publish.shown.campaign import standing_of
from survey_app.publish.shown.figure import BEST_FIRST, ShownFigure, show
from survey_app.publish.suppression import INSIDE_MINIMUM


@dataclass(frozen=True)
class Lines:
    """One survey's index of each office that has any."""

    campaign: Campaign | None = None
    by_office: dict[int, ShownFigure] = field(default_factory=dict)


def indices_of(session: Session, office_ids: Collection[int], today: date) -> Lines:
    """Take the survey that an office's own page shows first, and the class that it shows first."""
    of_offices = (Figure.measure == INDEX, Figure.breakdown == WHOLE, Figure.office_id.in_(office_ids))
    campaign = session.scalar(
        select(Campaign)
        .join(Publication, Publication.campaign_id == Campaign.id)
        .join(Figure, Figure.publication_id == Publication.id)
        .where(*of_offices, Campaign.opens_on <= today)
        .order_by((Campaign.kind == "continuous").desc(), Campaign.opens_on.desc(), Campaign.id)
        .limit(1)
    )
    publication = standing_of(session, campaign, today).publication if campaign else None
    if campaign is None or publication is None:
        return Lines()
    found: dict[int, ShownFigure] = {}
    for figure in session.scalars(
        select(Figure).where(Figure.publication_id == publication.id, *of_offices).order_by(*BEST_FIRST)
    ):
        found.setdefault(figure.office_id, show(figure, INSIDE_MINIMUM, publication.minimum_n))
    return Lines(campaign, found)
