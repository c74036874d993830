"""What the public sees of an office beside its figures: how it moved by month, and what was voided."""

from datetime import date

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from survey_app.models.breakdown import INDEX, MONTH
from survey_app.models.office_tree import OfficeTree
from survey_app.models.publication import Figure, OfficeRelease
from survey_app.publish.shown.campaign import Standing
from survey_app.publish.shown.figure import show
from survey_app.publish.shown.figures import FiguresOfClass
from survey_app.publish.shown.trend import Trend, trend_of


def public_trends(session: Session, standing: Standing, office_id: int, today: date) -> dict[str, Trend]:
    """Give the index by month of each class that has at least two months to show."""
    found: dict[str, FiguresOfClass] = {}
    if standing.publication is None:
        return {}
    minimum = standing.publication.minimum_n
    for figure in session.scalars(
        select(Figure)
        .where(
            Figure.publication_id == standing.publication.id,
            Figure.office_id == office_id,
            Figure.measure == INDEX,
            Figure.breakdown.startswith(MONTH),
        )
        .order_by(Figure.provenance)
    ):
        of_class = found.setdefault(figure.provenance, FiguresOfClass())
        of_class.index_by[figure.breakdown] = show(figure, minimum, minimum)
        of_class.n_predecessors[figure.breakdown] = figure.n_predecessors
    trends = {letter: trend_of(figures, today) for letter, figures in found.items()}
    return {letter: trend for letter, trend in trends.items() if trend}


def count_voided(session: Session, campaign_id: int, office_id: int) -> int:
    """Count the voided responses of an office and all below it, as the last release noted them."""
    n_voided = dict(
        session.execute(
            select(OfficeRelease.office_id, func.sum(OfficeRelease.n_voided))
            .where(OfficeRelease.campaign_id == campaign_id, OfficeRelease.n_voided > 0)
            .group_by(OfficeRelease.office_id)
        ).all()
    )
    if not n_voided:
        return 0
    return sum(n_voided.get(one, 0) for one in OfficeTree(session).subtree(office_id))
