"""Reports of codes: those that nobody has settled yet, and settling one, or all of a code."""

from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Any

from sqlalchemy import ScalarSelect, Select, func, select, update
from sqlalchemy.orm import Session, aliased

from survey_app.errors import NotFound
from survey_app.models.access_point import AccessPoint
from survey_app.models.code_report import CodeReport
from survey_app.models.office import Counter, Office
from survey_app.review.page import count_rows, find_page
from survey_app.review.scope import Scope
from survey_app.web.paging import Page, PageAsked


@dataclass(frozen=True, slots=True)
class ListedReport:
    """What somebody saw at a code; office and code are missing where the code was none of ours."""

    id: int
    day: date
    reason: str
    place: str
    n_alike: int
    n_dropped: int
    office: str | None
    counter: str | None
    point_id: int | None
    code: str | None
    revoked_on: date | None
    replaced_by: str | None
    n_of_code: int
    newest_of_code: int
    is_first_of_code: bool


def list_reports(session: Session, scope: Scope, asked: PageAsked) -> Page[ListedReport]:
    """List the open reports, the newest first, each with how many its code has."""
    return find_page(session, _open_reports().where(scope.holds_report()), ListedReport, asked)


def count_open_reports(session: Session, scope: Scope) -> int:
    """Count the reports that nobody has settled."""
    return count_rows(session, _open_reports().where(scope.holds_report()))


@cache
def _open_reports() -> Select[*tuple[Any, ...]]:
    """Say in SQL which those are, of all offices; written once, which takes longer than the answer."""
    newest_first = (CodeReport.day.desc(), CodeReport.id.desc())
    code = CodeReport.access_point_id
    return (
        select(
            CodeReport.id,
            CodeReport.day,
            CodeReport.reason,
            CodeReport.place,
            CodeReport.n_alike,
            CodeReport.n_dropped,
            Office.name.label("office"),
            Counter.label.label("counter"),
            AccessPoint.id.label("point_id"),
            AccessPoint.code,
            AccessPoint.revoked_on,
            _code_in_its_place().label("replaced_by"),
            func.count().over(partition_by=code).label("n_of_code"),
            func.max(CodeReport.id).over(partition_by=code).label("newest_of_code"),
            (func.row_number().over(partition_by=code, order_by=newest_first) == 1).label("is_first_of_code"),
        )
        .outerjoin(AccessPoint, AccessPoint.id == CodeReport.access_point_id)
        .outerjoin(Office, Office.id == AccessPoint.office_id)
        .outerjoin(Counter, Counter.id == AccessPoint.counter_id)
        .where(CodeReport.settled_on.is_(None))
        .order_by(*newest_first)
    )


def _code_in_its_place() -> ScalarSelect[str]:
    """Give the code that hangs where a revoked one did."""
    newer = aliased(AccessPoint)
    return (
        select(newer.code)
        .where(
            AccessPoint.revoked_on.is_not(None),
            newer.campaign_id == AccessPoint.campaign_id,
            newer.office_id == AccessPoint.office_id,
            newer.counter_id.is_not_distinct_from(AccessPoint.counter_id),
            newer.way_in == AccessPoint.way_in,
            newer.id > AccessPoint.id,
            newer.revoked_on.is_(None),
        )
        .order_by(newer.id)
        .limit(1)
        .correlate(AccessPoint)
        .scalar_subquery()
    )


def settle_report(session: Session, scope: Scope, report_id: int, staff_id: int, today: date) -> None:
    """Take a report off the list; foreign and non-existing look the same."""
    known = select(CodeReport).outerjoin(AccessPoint, AccessPoint.id == CodeReport.access_point_id)
    is_meant = (CodeReport.id == report_id) & scope.holds_report()
    report = session.scalar(known.where(is_meant))
    if report is None:
        raise NotFound
    if report.settled_on is None:
        report.settled_on, report.settled_by = today, staff_id
        session.flush()


def settle_reports_of_code(
    session: Session, scope: Scope, access_point_id: int, newest: int, settled: tuple[int, date]
) -> int:
    """Take a code's reports up to the newest that was on the page off the list; say how many those were."""
    staff_id, today = settled
    is_meant = (AccessPoint.id == access_point_id) & scope.holds_point()
    if not newest or session.scalar(select(AccessPoint.id).where(is_meant)) is None:
        raise NotFound
    of_code = (CodeReport.access_point_id == access_point_id) & (CodeReport.id <= newest)
    settling = update(CodeReport).where(of_code, CodeReport.settled_on.is_(None))
    settling = settling.values(settled_on=today, settled_by=staff_id)
    return len(session.scalars(settling.returning(CodeReport.id)).all())
