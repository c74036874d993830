"""Reports of codes: those that nobody has settled yet, and settling one."""

from dataclasses import dataclass
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from survey_app.errors import NotFound
from survey_app.models.access_point import AccessPoint
from survey_app.models.code_report import CodeReport
from survey_app.models.office import Counter, Office
from survey_app.review.page import find_page
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
    office: str | None
    counter: str | None
    point_id: int | None
    code: str | None
    revoked_on: date | None


def list_reports(session: Session, scope: Scope, asked: PageAsked) -> Page[ListedReport]:
    """List the open reports, the newest first."""
    query = (
        select(
            CodeReport.id,
            CodeReport.day,
            CodeReport.reason,
            CodeReport.place,
            CodeReport.n_alike,
            Office.name.label("office"),
            Counter.label.label("counter"),
            AccessPoint.id.label("point_id"),
            AccessPoint.code,
            AccessPoint.revoked_on,
        )
        .outerjoin(AccessPoint, AccessPoint.id == CodeReport.access_point_id)
        .outerjoin(Office, Office.id == AccessPoint.office_id)
        .outerjoin(Counter, Counter.id == AccessPoint.counter_id)
        .where(CodeReport.settled_on.is_(None), scope.holds_report())
        .order_by(CodeReport.day.desc(), CodeReport.id.desc())
    )
    return find_page(session, query, ListedReport, asked)


def settle_report(session: Session, scope: Scope, report_id: int, staff_id: int, today: date) -> None:
    """Take a report off the list; foreign and non-existing look the same."""
    known = select(CodeReport).outerjoin(AccessPoint, AccessPoint.id == CodeReport.access_point_id)
    is_meant = (CodeReport.id == report_id) & scope.holds_report()
    report = session.scalar(known.where(is_meant)) if 0 < report_id < 2**31 else None
    if report is None:
        raise NotFound
    if report.settled_on is None:
        report.settled_on, report.settled_by = today, staff_id
        session.flush()
