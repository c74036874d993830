"""What stands in a box of a page of changes, read: a short text, lines, a day, an office by its code."""

from collections.abc import Mapping
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from survey_app.models.days import read_day
from survey_app.models.office import Office
from survey_app.prepare.offices.changes.rules import Author, ChangeRefused
from survey_app.prepare.offices.office_rules import CODE

MOST_LINES = 60
LONGEST_TEXT = 10_000


def short(fields: Mapping[str, str], name: str) -> str:
    return fields.get(name, "").strip()[:1_000]


def lines(fields: Mapping[str, str], name: str) -> list[str]:
    found = [line.strip() for line in fields.get(name, "")[:LONGEST_TEXT].splitlines() if line.strip()]
    if len(found) > MOST_LINES:
        raise ChangeRefused("too_many_lines", n=MOST_LINES)
    return found


def day(fields: Mapping[str, str]) -> date:
    text = short(fields, "day")
    found = read_day(text)
    if found is None:
        raise ChangeRefused("day_unreadable", text=text[:20])
    return found


def office_by_code(session: Session, code: str, author: Author) -> Office:
    # What has not the form of a code is not looked for: PostgreSQL cannot compare a text that holds a NUL.
    office = session.scalar(select(Office).where(Office.code == code)) if CODE.fullmatch(code) else None
    if office is None or office.id not in author.office_ids:
        raise ChangeRefused("code_unknown", code=code[:40])
    return office
