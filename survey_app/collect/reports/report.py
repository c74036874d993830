"""Record what somebody saw at a code. Reports are bounded, so that nobody can bury one under a flood."""

from dataclasses import dataclass
from datetime import date

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from survey_app.models.access_point import AccessPoint
from survey_app.models.code_report import CodeReport
from survey_app.models.office import Counter, Office
from survey_app.models.short_code import is_well_formed, normalise

# Open rows a reason: with four reasons, at most 20 a point and day, and no reason can hide another.
MOST_ALIKE = 5
MOST_WITHOUT_POINT = 50  # they come from everywhere, and only their places tell them apart
PRINTED_WAYS = ("poster", "screen")  # those whose code people can see at the counter


@dataclass(frozen=True, slots=True)
class ReportedPoint:
    """The access point whose code somebody reports, if the code is one of ours."""

    id: int
    code: str
    office: str
    counter: str | None


def find_point(session: Session, typed: str) -> ReportedPoint | None:
    """Find the point of a code as typed, whether it still works or was revoked."""
    code = normalise(typed)
    if not is_well_formed(code):
        return None
    row = session.execute(
        select(AccessPoint.id, AccessPoint.code, Office.name.label("office"), Counter.label.label("counter"))
        .join(Office, Office.id == AccessPoint.office_id)
        .outerjoin(Counter, Counter.id == AccessPoint.counter_id)
        .where(AccessPoint.code == code, AccessPoint.way_in.in_(PRINTED_WAYS))
    ).one_or_none()
    return None if row is None else ReportedPoint(**row._asdict())


def record_report(session: Session, point_id: int | None, reason: str, place: str, today: date) -> None:
    """Store a report; one of the same place is counted, and beyond a day's most the last row takes it.

    The last row then says the newest place: a flood that came first does not hide a later report.
    """
    alike = (
        CodeReport.access_point_id.is_not_distinct_from(point_id),
        CodeReport.day == today,
        CodeReport.reason == reason,
        CodeReport.settled_on.is_(None),
    )
    # The first row is the lock at which simultaneous reports wait; only the first ones of a day find none.
    session.execute(select(CodeReport.id).where(*alike).order_by(CodeReport.id).limit(1).with_for_update())
    same_place = session.scalar(select(func.min(CodeReport.id)).where(*alike, CodeReport.place == place))
    n_rows, last = session.execute(select(func.count(), func.max(CodeReport.id)).where(*alike)).one()
    if same_place is None and n_rows < (MOST_WITHOUT_POINT if point_id is None else MOST_ALIKE):
        session.add(CodeReport(access_point_id=point_id, day=today, reason=reason, place=place))
        session.flush()
        return
    counted = update(CodeReport).values(n_alike=CodeReport.n_alike + 1)
    if same_place is None and place:
        counted = counted.values(place=place)
    session.execute(counted.where(CodeReport.id == (same_place or last)))
