"""The stock of printed codes: which need a look, when each was last scanned, what came through it."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Date,
    Integer,
    ScalarSelect,
    Select,
    and_,
    bindparam,
    exists,
    func,
    or_,
    select,
    type_coerce,
    update,
)
from sqlalchemy.orm import InstrumentedAttribute, Session

from survey_app.models.access_point import AccessPoint, AccessPointDay
from survey_app.models.base import EPOCH, EpochDay
from survey_app.models.campaign import Campaign
from survey_app.models.code_report import CodeReport
from survey_app.models.office import Office
from survey_app.prepare.codes.issue import is_issued

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


@dataclass(frozen=True, slots=True)
class UsedCode:
    """One code and how it was used."""

    point: AccessPoint
    use: Use

    def fits(self, narrowed: str) -> bool:
        """Whether it belongs on a list of codes that are narrowed down; on one of places all do."""
        match narrowed:
            case "look":
                return self.use.needs_a_look
            case "paused":
                return self.point.paused_on is not None
        return True


def ends_soon(campaign: Campaign, today: date) -> bool:
    """Whether all codes of a campaign stop working before long."""
    return campaign.closes_on is not None and campaign.closes_on <= today + timedelta(days=ENDS_SOON_DAYS)


def binds(campaign: Campaign, today: date) -> dict[str, Any]:
    """Give what the questions about a campaign's codes leave open; they are written once."""
    quiet_since = today - timedelta(days=QUIET_AFTER_DAYS)
    return {
        "campaign_id": campaign.id,
        "opens_on": campaign.opens_on,
        "today": today,
        "quiet_since": quiet_since,
        "quiet_since_day": quiet_since,
        "counted_since": today - timedelta(days=COUNTED_DAYS),
        "counted_until": today,
        "looks_back_to": today - timedelta(days=LOOKS_BACK_DAYS),
    }


@cache
def is_quiet() -> ColumnElement[bool]:
    """Say in SQL that a code works and hangs long enough, and nobody has scanned it for two weeks."""
    since, since_day = bindparam("quiet_since", type_=Date), bindparam("quiet_since_day", type_=EpochDay)
    # What hangs in an office that has not begun cannot have been scanned.
    begins_later = select(Office.id).where(Office.valid_from > since)
    was_opened = exists().where(
        AccessPointDay.access_point_id == AccessPoint.id,
        AccessPointDay.day > since_day,
        AccessPointDay.n_opened > 0,
    )
    return and_(
        bindparam("opens_on", type_=Date) <= since,
        AccessPoint.revoked_on.is_(None),
        AccessPoint.paused_on.is_(None),
        AccessPoint.issued_on <= since,
        AccessPoint.office_id.not_in(begins_later),
        # Their days are looked up only where none so late is noted: after the night's work, of few codes.
        or_(AccessPoint.opened_until.is_(None), AccessPoint.opened_until <= since_day),
        ~was_opened,
    )


def note_openings(session: Session) -> None:
    """Note the last day on which each working code was opened: the night's work, from the days since then.

    Pages look up the days of whatever it has not noted, and so say the same without it, only later.
    """
    day = AccessPointDay.day
    newer = (
        AccessPointDay.access_point_id == AccessPoint.id,
        day > func.coalesce(AccessPoint.opened_until, type_coerce(EPOCH, EpochDay)),
        AccessPointDay.n_opened > 0,
    )
    last = select(func.max(day)).where(*newer).scalar_subquery()
    working = update(AccessPoint).where(AccessPoint.revoked_on.is_(None), exists().where(*newer))
    session.execute(working.values(opened_until=last).execution_options(synchronize_session=False))


@cache
def is_reported() -> ColumnElement[bool]:
    """Say in SQL that somebody reported a working code and nobody has looked at it yet."""
    # From the few reports to their codes: asked of each code, it would look all of them up.
    open_reports = select(CodeReport.access_point_id).where(CodeReport.settled_on.is_(None))
    return and_(AccessPoint.revoked_on.is_(None), AccessPoint.id.in_(open_reports))


def codes_of(
    session: Session, campaign: Campaign, office_ids: Collection[int], today: date
) -> list[UsedCode]:
    """List the codes of a page's few offices in the order of their issue, and how each was used."""
    rows = session.execute(_codes(), binds(campaign, today) | {"office_ids": list(office_ids)})
    return [
        UsedCode(point, Use(last_scan, n_opened, n_answered, bool(quiet), bool(reported)))
        for point, last_scan, n_opened, n_answered, quiet, reported in rows
    ]


@cache
def _codes() -> Select[*tuple[Any, ...]]:
    """Write the question once: each page of codes asks it, and writing takes longer than asking."""
    return (
        select(
            AccessPoint,
            _last_scan(),
            _sum_of_days(AccessPointDay.n_opened),
            _sum_of_days(AccessPointDay.n_received - AccessPointDay.n_voided),
            is_quiet(),
            is_reported(),
        )
        .where(
            is_issued(bindparam("campaign_id", type_=Integer)),
            AccessPoint.office_id.in_(bindparam("office_ids", expanding=True)),
        )
        .order_by(AccessPoint.id)
    )


def _last_scan() -> ScalarSelect[date]:
    """Look up a code's last scan: one row from the end of its days, where grouping would read all of them."""
    day = AccessPointDay.day
    opened = (
        AccessPointDay.access_point_id == AccessPoint.id,
        day > bindparam("looks_back_to", type_=EpochDay),
        AccessPointDay.n_opened > 0,
    )
    return select(func.max(day)).where(*opened).scalar_subquery()


def _sum_of_days(count: ColumnElement[int] | InstrumentedAttribute[int]) -> ScalarSelect[int]:
    """Sum a count up over a code's last thirty whole days."""
    of_code = (
        AccessPointDay.access_point_id == AccessPoint.id,
        AccessPointDay.day >= bindparam("counted_since", type_=EpochDay),
        AccessPointDay.day < bindparam("counted_until", type_=EpochDay),
    )
    return select(func.coalesce(func.sum(count), 0)).where(*of_code).scalar_subquery()
