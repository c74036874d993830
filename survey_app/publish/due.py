"""Decides when an office's figures may take in what came since they were last made.

This module asks only for counts of responses, cheaply and often. The job then counts the answers themselves,
and lets a batch wait in which an item gained one to four of them (`batch.py`): what waits is looked at again
only when more responses have come, and merges with them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import ColumnElement, Select, and_, exists, func, or_, select, true
from sqlalchemy.orm import Session

from survey_app.config import VIETNAM_TIME
from survey_app.models.access_point import AccessPoint, AccessPointDay
from survey_app.models.campaign import Campaign
from survey_app.models.job import Job, enqueue
from survey_app.models.publication import OfficeRelease

JOB = "release"
# So many new responses of one class at least, and so many new answers of each item that gained any: fewer
# could be told apart by comparing two figures.
BATCH = 5
LATE_FORMS_DAYS = 2  # forms opened in time still arrive for 48 hours
SETTLED_AFTER_DAYS = 10  # after the end: late forms have come, and the closing release is past
REST_AFTER_A_FAULT = timedelta(minutes=10)


@dataclass(frozen=True, order=True)
class Due:
    """An office whose responses of one class may enter its figures."""

    campaign_id: int
    office_id: int
    provenance: str


def due_offices(session: Session, today: date) -> list[Due]:
    """List what may be released now, never for the clock alone.

    A batch is at least five new responses of one office and class, because figures are kept per class, and
    at least one more than a release counted last and left to wait.
    When the campaign has been closed for more than 48 hours, its closing release takes whatever is left,
    if the figure then rests on the campaign's minimum. The limit of that: who noted the running figure
    before can work out the sum over the one to four leftovers, or over the few of them who answered an
    item, once. Annual campaigns have no running figures; they are published whole (`freeze.py`).
    """
    return _due_offices(session, today, true())


def _due_offices(session: Session, today: date, is_wanted: ColumnElement[bool]) -> list[Due]:
    received = _received_by_point(_campaigns(session, is_wanted)).subquery()
    n_received = func.sum(received.c.n)
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
        .group_by(
            *key,
            OfficeRelease.n_released,
            OfficeRelease.n_looked_at,
            Campaign.closes_on,
            Campaign.minimum_n,
        )
        .having(_may_be_released(n_received, today))
    )
    return sorted(Due(*row) for row in rows)


def _may_be_released(n_received: ColumnElement[int], today: date) -> ColumnElement[bool]:
    n_released = func.coalesce(OfficeRelease.n_released, 0)
    is_batch = and_(
        n_received - n_released >= BATCH, n_received > func.coalesce(OfficeRelease.n_looked_at, 0)
    )
    is_closing = and_(
        Campaign.closes_on < _closing_before(today),
        n_received > n_released,
        n_received >= Campaign.minimum_n,
    )
    return or_(is_batch, is_closing)


def is_closing_release(campaign: Campaign, n_received: int, today: date) -> bool:
    """Whether all that came may enter the figures, because nothing can follow and the minimum is reached."""
    is_over = campaign.closes_on is not None and campaign.closes_on < _closing_before(today)
    return is_over and n_received >= campaign.minimum_n


def is_release_due(session: Session, now: datetime, today: date) -> bool:
    """Whether a release job has work and none is under way; cheap enough to ask every few seconds."""
    return not _is_under_way_or_resting(session, now) and bool(
        _due_offices(session, today, _is_unsettled(session, today))
    )


def enqueue_if_due(session: Session, now: datetime, today: date) -> Job | None:
    if not is_release_due(session, now, today):
        return None
    return enqueue(session, JOB, {}, now)


def _closing_before(today: date) -> date:
    return today - timedelta(days=LATE_FORMS_DAYS)


def _campaigns(session: Session, is_wanted: ColumnElement[bool]) -> Sequence[int]:
    return session.scalars(select(Campaign.id).where(Campaign.kind == "continuous", is_wanted)).all()


def _received_by_point(campaign_ids: Sequence[int]) -> Select[int, int]:
    """Sum up point by point, in the order in which the rows lie: several times faster than by office."""
    points = select(AccessPoint.id).where(AccessPoint.campaign_id.in_(campaign_ids))
    return (
        select(AccessPointDay.access_point_id, func.sum(AccessPointDay.n_received).label("n"))
        .where(AccessPointDay.access_point_id.in_(points))
        .group_by(AccessPointDay.access_point_id)
    )


def _is_unsettled(session: Session, today: date) -> ColumnElement[bool]:
    """Say which campaigns are worth summing up every few seconds.

    The last release that ended well looked at all that was due then, so what had closed well before it has
    nothing left, however long the service stood still since. (Paper forms that are keyed into such a
    campaign later wait for the next release of any other: the job looks at all campaigns.)
    """
    last = session.scalar(
        select(Job.finished_at).where(Job.name == JOB, Job.state == "done").order_by(Job.id.desc()).limit(1)
    )
    if last is None:
        return true()
    settled = min(today, last.astimezone(VIETNAM_TIME).date()) - timedelta(days=SETTLED_AFTER_DAYS)
    return or_(Campaign.closes_on.is_(None), Campaign.closes_on >= settled)


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
