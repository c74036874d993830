"""Decides when an office's figures may take in what came since they were last made.

This module asks only for counts of responses, cheaply and often. The job then counts the answers themselves,
and lets wait what is no batch (`batch.py`): it is looked at again only when more responses have come or some
were voided, and merges with them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import ColumnElement, Select, and_, exists, func, or_, select, true
from sqlalchemy.orm import Session

from survey_app.models.access_point import AccessPoint, AccessPointDay
from survey_app.models.campaign import Campaign, goes_on
from survey_app.models.job import Job, enqueue
from survey_app.models.publication import OfficeRelease
from survey_app.models.response import LATE_BY
from survey_app.models.stale_office import campaigns_with_stale

JOB = "release"
# So many new responses of one class and counter at least, and so many new answers of each item that gained
# any: fewer could be told apart by comparing two figures.
BATCH = 5
# After the end: late forms have come, and the closing release is past. What is left is paper keyed in later.
SETTLED_AFTER_DAYS = 10
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
    at least one more than a release counted last and left to wait; or any number of voided ones.
    When the campaign has been closed for more than 48 hours, its closing release also takes batches in which
    nobody was satisfied, if the figure then rests on the campaign's minimum. Annual campaigns have no running
    figures; they are published whole (`freeze.py`).
    """
    return _due_offices(session, today, true())


def _due_offices(session: Session, today: date, is_wanted: ColumnElement[bool]) -> list[Due]:
    received = _received_by_point(_campaigns(session, is_wanted)).subquery()
    came = _Came(func.sum(received.c.n), func.sum(received.c.n_voided))
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
            OfficeRelease.n_voided_looked_at,
            OfficeRelease.closed_on,
            Campaign.closes_on,
            Campaign.minimum_n,
        )
        .having(_may_be_released(came, today))
    )
    return sorted(Due(*row) for row in rows)


@dataclass(frozen=True)
class _Came:
    """How many responses came to an office, and how many of them were voided."""

    n: ColumnElement[int]
    n_voided: ColumnElement[int]


def _may_be_released(came: _Came, today: date) -> ColumnElement[bool]:
    n_released = func.coalesce(OfficeRelease.n_released, 0)
    n_live = came.n - came.n_voided
    has_changed = n_live != func.coalesce(OfficeRelease.n_looked_at, 0)
    is_batch = and_(came.n - n_released >= BATCH, has_changed)
    is_closing = and_(
        Campaign.closes_on < _closing_before(today),
        n_live >= Campaign.minimum_n,
        n_live != n_released,
        or_(OfficeRelease.closed_on.is_(None), has_changed),
    )
    return or_(is_batch, is_closing, came.n_voided != func.coalesce(OfficeRelease.n_voided_looked_at, 0))


def is_closing_release(campaign: Campaign, n_live: int, today: date) -> bool:
    """Whether all that came may enter the figures, because nothing can follow and the minimum is reached."""
    return campaign.is_over(_closing_before(today)) and n_live >= campaign.minimum_n


def is_anything_due(session: Session, today: date, *, in_settled_too: bool) -> bool:
    """Whether a release job has work; cheap enough to ask every few seconds, unless of settled campaigns.

    In those nothing is due any more but paper forms that were keyed in late, and what came before the
    service stood still for long. One look a day finds both; a release of any campaign takes them along.
    """
    is_wanted = true() if in_settled_too else _is_unsettled(today)
    return bool(campaigns_with_stale(session, today) or _due_offices(session, today, is_wanted))


def may_release(session: Session, now: datetime) -> bool:
    """Whether no release is under way, and none rests: what is due stays due, and its fault would return."""
    has_failed_lately = and_(Job.state == "failed", Job.finished_at > now - REST_AFTER_A_FAULT)
    stands_in_the_way = or_(Job.state.in_(("queued", "running")), has_failed_lately)
    return not session.scalar(select(exists().where(Job.name == JOB, stands_in_the_way)))


def enqueue_release(session: Session, now: datetime) -> Job | None:
    """Enqueue the job, unless another process was faster."""
    return enqueue(session, JOB, {}, now) if may_release(session, now) else None


def _closing_before(today: date) -> date:
    return today - LATE_BY


def _campaigns(session: Session, is_wanted: ColumnElement[bool]) -> Sequence[int]:
    return session.scalars(select(Campaign.id).where(Campaign.kind == "continuous", is_wanted)).all()


def _received_by_point(campaign_ids: Sequence[int]) -> Select[int, int, int]:
    """Sum up point by point, in the order in which the rows lie: several times faster than by office."""
    points = select(AccessPoint.id).where(AccessPoint.campaign_id.in_(campaign_ids))
    return (
        select(
            AccessPointDay.access_point_id,
            func.sum(AccessPointDay.n_received).label("n"),
            func.sum(AccessPointDay.n_voided).label("n_voided"),
        )
        .where(AccessPointDay.access_point_id.in_(points))
        .group_by(AccessPointDay.access_point_id)
    )


def _is_unsettled(today: date) -> ColumnElement[bool]:
    """Say which campaigns are worth summing up every few seconds; the day of closing alone decides."""
    return goes_on(today - timedelta(days=SETTLED_AFTER_DAYS))
