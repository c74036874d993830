"""Record what somebody saw at a code. Reports are bounded, and none is buried under a flood in silence."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from random import Random, SystemRandom

from sqlalchemy import select
from sqlalchemy.orm import Session

from survey_app.models.access_point import AccessPoint
from survey_app.models.code_report import CodeReport
from survey_app.models.office import Counter, Office
from survey_app.models.short_code import is_well_formed, normalise

# Open rows a reason: with four reasons, at most 80 a point and day, and no reason can hide another.
MOST_ALIKE = 20
MOST_WITHOUT_POINT = 50  # they come from everywhere, and only their places tell them apart
UNFORESEEN = SystemRandom()
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


def record_report(
    session: Session, point_id: int | None, reason: str, place: str, today: date, random: Random = UNFORESEEN
) -> None:
    """Store a report; one of the same place is counted with it.

    Beyond a day's most, half of the rows stay with the places that came first, and the others become a
    sample of all that came later, each as likely as the next: no flood pushes out what came before it, nor
    what comes after it by coming last. What is not kept is counted, and said to whoever reads the reports.
    """
    alike = (
        CodeReport.access_point_id.is_not_distinct_from(point_id),
        CodeReport.day == today,
        CodeReport.reason == reason,
        CodeReport.settled_on.is_(None),
    )
    # The first row is the lock at which simultaneous reports wait; only the first ones of a day find none.
    session.execute(select(CodeReport.id).where(*alike).order_by(CodeReport.id).limit(1).with_for_update())
    rows = session.scalars(select(CodeReport).where(*alike).order_by(CodeReport.id)).all()
    same_place = next((row for row in rows if row.place == place), None)
    if same_place is not None:
        same_place.n_alike += 1
    elif len(rows) < (MOST_WITHOUT_POINT if point_id is None else MOST_ALIKE):
        session.add(CodeReport(access_point_id=point_id, day=today, reason=reason, place=place))
    else:
        _sample(rows, place, random)
    session.flush()


def _sample(rows: Sequence[CodeReport], place: str, random: Random) -> None:
    """Keep a place in the stead of another, or not (a reservoir sample), and count what is dropped."""
    n_first = len(rows) // 2
    n_later = len(rows) - n_first + sum(row.n_dropped for row in rows) + 1
    chosen = n_first + random.randrange(n_later)
    newest = rows[-1]  # on top of the list
    if chosen < len(rows):
        newest.n_dropped += rows[chosen].n_alike
        rows[chosen].place, rows[chosen].n_alike = place, 1
    else:
        newest.n_dropped += 1
