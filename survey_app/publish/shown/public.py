"""What the public sees of an office beside its figures: how it moved, what was voided, who took over."""

from dataclasses import dataclass
from datetime import date
from functools import cache

from sqlalchemy import Select, bindparam, exists, select
from sqlalchemy.orm import Session

from survey_app.models.breakdown import INDEX, MONTH, WHOLE
from survey_app.models.known_offices import known_offices
from survey_app.models.office import BY_NAME, Office, OfficeSuccession
from survey_app.models.publication import Figure, OfficeRelease
from survey_app.publish.shown.campaign import Standing
from survey_app.publish.shown.figure import show
from survey_app.publish.shown.figures import FiguresOfClass
from survey_app.publish.shown.trend import Trend, trend_of


@dataclass(frozen=True)
class Heir:
    """An office that took over; `code` names its results, where there are any."""

    name: str
    code: str | None


@dataclass(frozen=True)
class Ending:
    last_day: date
    is_today: bool
    heirs: tuple[Heir, ...]


def ending_of(session: Session, standing: Standing, office: Office, today: date) -> Ending | None:
    """Say since when an office is no more, or that today it ends, and to which offices its work goes."""
    if office.valid_until is None or office.valid_until > today:
        return None
    has_results = exists().where(
        Figure.publication_id == (standing.publication.id if standing.publication else None),
        Figure.office_id == Office.id,
        Figure.measure == INDEX,
        Figure.breakdown == WHOLE,
    )
    rows = session.execute(
        select(Office.name, Office.code, has_results)
        .join(OfficeSuccession, OfficeSuccession.successor_id == Office.id)
        .where(OfficeSuccession.predecessor_id == office.id)
        .order_by(*BY_NAME)
    )
    heirs = (Heir(name, code if is_there else None) for name, code, is_there in rows)
    return Ending(office.valid_until, office.valid_until == today, tuple(heirs))


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
    found = session.execute(_voided(), {"campaign_id": campaign_id}).all()
    here = known_offices(session).tree.subtree(office_id) if found else ()
    return sum(n_voided for one, n_voided in found if one in here)


@cache
def _voided() -> Select[int, int]:
    """Ask for all of a campaign, which are few; those of an office and below it are picked out of them."""
    is_of_campaign = OfficeRelease.campaign_id == bindparam("campaign_id")
    return select(OfficeRelease.office_id, OfficeRelease.n_voided).where(
        is_of_campaign, OfficeRelease.n_voided > 0
    )
