"""The index of some offices, each in a line: what the first page of the staff answers."""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from survey_app.models.breakdown import INDEX, WHOLE
from survey_app.models.campaign import Campaign
from survey_app.models.publication import Figure, Publication
from survey_app.publish.shown.campaign import is_out, standing_of
from survey_app.publish.shown.figure import BEST_FIRST, ShownFigure, show
from survey_app.publish.suppression import INSIDE_MINIMUM


@dataclass(frozen=True)
class Lines:
    """The index of each office that has any, and of which survey it is."""

    by_office: dict[int, ShownFigure] = field(default_factory=dict)
    campaigns: dict[int, Campaign] = field(default_factory=dict)  # by office

    @property
    def campaign(self) -> Campaign | None:
        """Give the survey of all lines, where it is one."""
        found = {campaign.id: campaign for campaign in self.campaigns.values()}
        return next(iter(found.values())) if len(found) == 1 else None


def indices_of(session: Session, office_ids: Collection[int], today: date) -> Lines:
    """Take for each office the survey that its own page shows first, and the class that it shows first."""
    of_offices = (Figure.measure == INDEX, Figure.breakdown == WHOLE, Figure.office_id.in_(office_ids))
    rows = session.execute(
        select(Figure.office_id, Campaign)
        .join(Publication, Publication.id == Figure.publication_id)
        .join(Campaign, Campaign.id == Publication.campaign_id)
        # By publication first, as their key begins: SQLite would else look at the figures of all offices.
        .where(Figure.publication_id.in_(select(Publication.id)), *of_offices)
        .where(Campaign.opens_on <= today, is_out())
        .order_by((Campaign.kind == "continuous").desc(), Campaign.opens_on.desc(), Campaign.id)
    )
    chosen: dict[int, Campaign] = {}
    for office_id, campaign in rows:
        chosen.setdefault(office_id, campaign)
    lines = Lines()
    for campaign in set(chosen.values()):
        publication = standing_of(session, campaign, today).publication
        if publication is None:
            continue
        query = select(Figure).where(Figure.publication_id == publication.id, *of_offices)
        for figure in session.scalars(query.order_by(*BEST_FIRST)):
            if chosen.get(figure.office_id) is campaign and figure.office_id not in lines.by_office:
                lines.by_office[figure.office_id] = show(figure, INSIDE_MINIMUM, publication.minimum_n)
                lines.campaigns[figure.office_id] = campaign
    return lines
