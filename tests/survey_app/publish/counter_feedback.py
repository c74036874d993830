"""Short ways to let respondents answer and the release job run."""

from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from survey_app.db import Database
from survey_app.models.access_point import AccessPoint, AccessPointDay
from survey_app.models.breakdown import WHOLE
from survey_app.models.publication import Figure, Publication
from survey_app.publish.releasing.release import release_due
from tests import factories

SATISFIED = {"q1": "5", "q2": "4"}
NOT_SATISFIED = {"q1": "1", "q2": "3"}


def receive(
    session: Session,
    point: AccessPoint,
    n: int,
    answers: dict[str, str] = SATISFIED,
    day: date = factories.DAY,
) -> None:
    """Store n responses as the writer does, with their day's count."""
    for _ in range(n):
        factories.response(session, answers, access_point_id=point.id, day=day)
    count = session.get(AccessPointDay, (point.id, day))
    if count is None:
        factories.access_point_day(session, access_point_id=point.id, day=day, n_opened=n, n_received=n)
    else:
        count.n_received += n


def release(database: Database, now: datetime = factories.MOMENT) -> int:
    return release_due(database, now, lambda n_done, n_total: None)


def figure_of(
    session: Session, office_id: int, measure: str = "index", provenance: str = "C", breakdown: str = WHOLE
) -> Figure | None:
    """Give an office's running figure."""
    return session.scalar(
        select(Figure)
        .join(Publication, Publication.id == Figure.publication_id)
        .where(
            Publication.kind == "running",
            Figure.office_id == office_id,
            Figure.measure == measure,
            Figure.provenance == provenance,
            Figure.breakdown == breakdown,
        )
    )
