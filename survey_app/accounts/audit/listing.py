"""Lines of the audit log, the newest first: as many as a page holds, and where the next page begins."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import groupby

from sqlalchemy import ColumnElement, Row, and_, or_, select
from sqlalchemy.orm import Session

from survey_app.accounts.sign_in import plain_name
from survey_app.config import VIETNAM_TIME
from survey_app.models.audit import AuditLine
from survey_app.models.office import Office
from survey_app.models.staff import Staff, StaffGrant

LINES_A_PAGE = 50
OF_ACCOUNTS = "account."  # acts on one's own account


@dataclass(frozen=True, slots=True)
class Asked:
    """Which lines are wanted; `before` is the line at which the page before ended."""

    act: str = ""
    username: str = ""
    office_ids: Collection[int] | None = None  # none: whichever
    # And what people who have a role in these offices did to their own account.
    with_accounts: bool = False
    first_day: date | None = None
    last_day: date | None = None
    before: int | None = None


@dataclass(frozen=True, slots=True)
class Act:
    """What somebody did; an act that touches several offices has a line at each of them."""

    line: AuditLine
    username: str | None
    full_name: str | None
    offices: Sequence[str]


@dataclass(frozen=True, slots=True)
class Lines:
    rows: Sequence[Act]
    next_before: int | None  # none: these are the oldest


def list_lines(session: Session, asked: Asked) -> Lines:
    """Read one page; a count of all would cost more the longer the log is."""
    found = session.execute(
        select(AuditLine, Staff.username, Staff.full_name, Office.name)
        .outerjoin(Staff, Staff.id == AuditLine.staff_id)
        .outerjoin(Office, Office.id == AuditLine.office_id)
        .where(*_conditions(session, asked))
        .order_by(AuditLine.at.desc(), AuditLine.id.desc())  # jobs write down when something was agreed
        .limit(LINES_A_PAGE + 1)
    )
    rows = list(found)
    acts = [list(several) for _act, several in groupby(rows, key=_act_of)]
    if len(rows) > LINES_A_PAGE and len(acts) > 1:
        acts.pop()  # the last one may go on: the next page shows it whole
    elif len(rows) > LINES_A_PAGE:
        acts = [rows[:LINES_A_PAGE]]
    shown = [Act(*one[0][:3], [name for *_, name in reversed(one) if name]) for one in acts]
    return Lines(shown, acts[-1][-1][0].id if len(rows) > LINES_A_PAGE else None)


def _act_of(row: Row[AuditLine, str, str, str]) -> tuple[object, ...]:
    """Tell acts apart: one moment, one person and the same words are one act."""
    line = row[0]
    return line.at, line.staff_id, line.act, line.what


def _conditions(session: Session, asked: Asked) -> Iterator[ColumnElement[bool]]:
    if asked.act:
        yield AuditLine.act == asked.act
    if asked.username:
        person = session.scalar(select(Staff.id).where(Staff.username == plain_name(asked.username)))
        yield AuditLine.staff_id == (person or 0)
    if asked.office_ids is not None:
        here = AuditLine.office_id.in_(asked.office_ids)
        yield or_(here, _of_accounts_in(asked.office_ids)) if asked.with_accounts else here
    if asked.first_day is not None:
        yield AuditLine.at >= _begin(asked.first_day)
    if asked.last_day is not None:
        yield AuditLine.at < _begin(asked.last_day + timedelta(days=1))
    if asked.before is not None and (moment := _moment_of(session, asked.before)):
        yield or_(AuditLine.at < moment, and_(AuditLine.at == moment, AuditLine.id < asked.before))


def _moment_of(session: Session, line_id: int) -> datetime | None:
    return session.scalar(select(AuditLine.at).where(AuditLine.id == line_id))


def _of_accounts_in(office_ids: Collection[int]) -> ColumnElement[bool]:
    """Find what belongs to no office but to a person whose role, past or present, is in one of these."""
    people = select(StaffGrant.staff_id).where(StaffGrant.office_id.in_(office_ids))
    return and_(
        AuditLine.office_id.is_(None), AuditLine.act.startswith(OF_ACCOUNTS), AuditLine.staff_id.in_(people)
    )


def _begin(day: date) -> datetime:
    return datetime.combine(day, time(), VIETNAM_TIME)
