"""The stock of printed codes: which need a look, when each was last scanned, what came through it."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import ColumnElement, and_, exists, false, func, select, type_coerce
from sqlalchemy.orm import Session

from survey_app.models.access_point import AccessPoint, AccessPointDay
from survey_app.models.base import EpochDay
from survey_app.models.campaign import Campaign
from survey_app.models.code_report import CodeReport
from survey_app.models.office import Office

# Longer than a week of holidays with its weekends: such a code is gone, hidden or still in a drawer.
QUIET_AFTER_DAYS = 14
COUNTED_DAYS = 30
LOOKS_BACK_DAYS = 366
ENDS_SOON_DAYS = 30


@dataclass(frozen=True, slots=True)
class Use:
    """How one code was used: the day of its last scan, and what it brought in the last thirty whole days.

    Today's openings and answers are left out: whoever reloads the page while a citizen answers would
    otherwise see when.
    """

    last_scan: date | None = None
    n_opened: int = 0
    n_answered: int = 0
    is_quiet: bool = False
    is_reported: bool = False

    @property
    def needs_a_look(self) -> bool:
        return self.is_quiet or self.is_reported


NEVER_USED = Use()


def ends_soon(campaign: Campaign, today: date) -> bool:
    """Whether all codes of a campaign stop working before long."""
    return campaign.closes_on is not None and campaign.closes_on <= today + timedelta(days=ENDS_SOON_DAYS)


def is_quiet(campaign: Campaign, today: date) -> ColumnElement[bool]:
    """Say in SQL that a code works and hangs long enough, and nobody has scanned it for two weeks."""
    since = today - timedelta(days=QUIET_AFTER_DAYS)
    if campaign.opens_on > since:
        return false()
    # What hangs in an office that has not begun cannot have been scanned.
    begins_later = select(Office.id).where(Office.valid_from > since)
    was_opened = exists().where(
        AccessPointDay.access_point_id == AccessPoint.id,
        AccessPointDay.day > since,
        AccessPointDay.n_opened > 0,
    )
    return and_(
        AccessPoint.revoked_on.is_(None),
        AccessPoint.paused_on.is_(None),
        AccessPoint.issued_on <= since,
        AccessPoint.office_id.not_in(begins_later),
        ~was_opened,
    )


def is_reported() -> ColumnElement[bool]:
    """Say in SQL that somebody reported a working code and nobody has looked at it yet."""
    is_open = exists().where(CodeReport.access_point_id == AccessPoint.id, CodeReport.settled_on.is_(None))
    return and_(AccessPoint.revoked_on.is_(None), is_open)


def uses(session: Session, campaign: Campaign, point_ids: Collection[int], today: date) -> dict[int, Use]:
    """Tell how each of these codes was used; they are the few of one page."""
    days = _days(session, point_ids, today)
    query = select(AccessPoint.id, is_quiet(campaign, today), is_reported())
    rows = session.execute(query.where(AccessPoint.id.in_(point_ids)))
    return {
        point_id: Use(*days.get(point_id, (None, 0, 0)), bool(quiet), bool(reported))
        for point_id, quiet, reported in rows
    }


def _days(
    session: Session, point_ids: Collection[int], today: date
) -> dict[int, tuple[date | None, int, int]]:
    day = AccessPointDay.day
    counted = and_(day >= today - timedelta(days=COUNTED_DAYS), day < today)
    query = (
        select(
            AccessPointDay.access_point_id,
            type_coerce(func.max(day).filter(AccessPointDay.n_opened > 0), EpochDay),
            func.coalesce(func.sum(AccessPointDay.n_opened).filter(counted), 0),
            func.coalesce(func.sum(AccessPointDay.n_received - AccessPointDay.n_voided).filter(counted), 0),
        )
        .where(
            AccessPointDay.access_point_id.in_(point_ids),
            day > today - timedelta(days=LOOKS_BACK_DAYS),
        )
        .group_by(AccessPointDay.access_point_id)
    )
    return {row[0]: (row[1], row[2], row[3]) for row in session.execute(query)}
