"""Decides when an office's figures may take in what came since they were last made."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import Select, and_, exists, func, or_, select
from sqlalchemy.orm import Session

from survey_app.models.access_point import AccessPoint, AccessPointDay
from survey_app.models.campaign import Campaign
from survey_app.models.job import Job, enqueue
from survey_app.models.publication import OfficeRelease

JOB = "release"
BATCH = 5  # so many new responses of one class at least: fewer could be told apart by comparing two figures
LATE_FORMS_DAYS = 2  # forms opened in time still arrive for 48 hours
REST_AFTER_A_FAULT = timedelta(minutes=10)


@dataclass(frozen=True, order=True)
class Due:
    """An office whose responses of one class may enter its figures."""

    campaign_id: int
    office_id: int
    provenance: str


def due_offices(session: Session, today: date) -> list[Due]:
    """List what may be released now, never for the clock alone.

    A batch is at least five new responses of one office and class, because figures are kept per class.
    When the campaign has been closed for more than 48 hours, its closing release takes one to four
    leftovers too, if the figure then rests on the campaign's minimum. The limit of that: who noted the
    running figure before can work out the sum over the leftovers, once. Annual campaigns have no
    running figures; they are published whole (`freeze.py`).
    """
    received = _received_by_point().subquery()
    n_received, n_released = func.sum(received.c.n), func.coalesce(OfficeRelease.n_released, 0)
    closed_before = today - timedelta(days=LATE_FORMS_DAYS)
    is_closing = and_(
        Campaign.closes_on < closed_before, n_received > n_released, n_received >= Campaign.minimum_n
    )
    key = (AccessPoint.campaign_id, AccessPoint.office_id, AccessPoint.provenance)
    rows = session.execute(
        select(*key)
        .join(received, received.c.access_point_id == AccessPoint.id)
        .join(Campaign, Campaign.id == AccessPoint.campaign_id)
        .outerjoin(
            OfficeRelease,
            and_(
                OfficeRelease.campaign_id == AccessPoint.campaign_id,
                OfficeRelease.office_id == AccessPoint.office_id,
                OfficeRelease.provenance == AccessPoint.provenance,
            ),
        )
        .where(Campaign.kind == "continuous")
        .group_by(*key, OfficeRelease.n_released, Campaign.closes_on, Campaign.minimum_n)
        .having(or_(n_received - n_released >= BATCH, is_closing))
    )
    return sorted(Due(*row) for row in rows)


def is_release_due(session: Session, now: datetime, today: date) -> bool:
    """Whether a release job has work and none is under way; cheap enough to ask every few seconds."""
    return not _is_under_way_or_resting(session, now) and bool(due_offices(session, today))


def enqueue_if_due(session: Session, now: datetime, today: date) -> Job | None:
    if not is_release_due(session, now, today):
        return None
    return enqueue(session, JOB, {}, now)


def _received_by_point() -> Select[int, int]:
    n_received = func.sum(AccessPointDay.n_received).label("n")
    return select(AccessPointDay.access_point_id, n_received).group_by(AccessPointDay.access_point_id)


def _is_under_way_or_resting(session: Session, now: datetime) -> bool:
    """After a fault a release rests a while: what is due stays due, and the fault would return at once."""
    has_failed_lately = and_(Job.state == "failed", Job.finished_at > now - REST_AFTER_A_FAULT)
    return (
        session.scalar(
            select(
                exists().where(Job.name == JOB, or_(Job.state.in_(("queued", "running")), has_failed_lately))
            )
        )
        is True
    )
