"""What the pages of merging and splitting are sent, and the offices that a merge offers by name."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict

from survey_app.models.office import BY_NAME, Office
from survey_app.models.vietnamese import Search
from survey_app.prepare.offices.changes import typed
from survey_app.prepare.offices.changes.rules import Author, ChangeRefused
from survey_app.prepare.offices.changes.succession import HandOver, Heir
from survey_app.prepare.offices.changes.typed import MOST_LINES, office_by_code, short

FEWEST_ROWS, MOST_ROWS = 2, 20
FIELDS = {"other", "others", "heir", "heirs", "new_code", "new_name"} | {
    f"heir_{box}-{n}" for box in ("code", "name") for n in range(MOST_ROWS)
}
MOST_OFFERED = 40  # offices in a list by name; others are searched for


def read_merge(session: Session, office: Office, fields: MultiDict[str, str], author: Author) -> HandOver:
    """Read who ends and who takes over; codes name offices of the author's scope alone."""
    day = typed.day(fields)
    others = [*fields.getlist("other"), *typed.lines(fields, "others")]
    if len(others) > MOST_LINES:
        raise ChangeRefused("too_many_lines", n=MOST_LINES)
    ending = [office, *(office_by_code(session, code, author) for code in others)]
    heirs = tuple(_heir(session, *one, author) for one in _named_heirs(fields))
    # Merged into an office that goes on, it is named among both: it goes on.
    going_on = {heir.office.id for heir in heirs if heir.office}
    return HandOver("merge", tuple(one for one in ending if one.id not in going_on), heirs, day)


def read_split(session: Session, office: Office, fields: Mapping[str, str], author: Author) -> HandOver:
    """Read who takes over, row by row; what is wrong with a row is refused with its number."""
    day = typed.day(fields)
    heirs = []
    for number, (code, name) in enumerate(filled_rows(fields)):
        try:
            heirs.append(_heir(session, code, name, author))
        except ChangeRefused as refused:
            refused.heir = number
            raise
    return HandOver("split", (office,), tuple(heirs), day)


def filled_rows(fields: Mapping[str, str]) -> list[tuple[str, str]]:
    """Give code and name of each heir of a split, without the rows that were left empty."""
    rows = [(short(fields, f"heir_code-{n}"), short(fields, f"heir_name-{n}")) for n in range(MOST_ROWS)]
    return [row for row in rows if any(row)]


def rows_to_fill(fields: Mapping[str, str], *, wants_more: bool) -> list[tuple[str, str]]:
    """Give the rows of the form of a split: what is filled in, and room for more if that was asked for."""
    filled = filled_rows(fields)
    n_rows = max(FEWEST_ROWS, len(filled) + wants_more)
    return (filled + [("", "")] * n_rows)[: min(n_rows, MOST_ROWS)]


def _named_heirs(fields: MultiDict[str, str]) -> list[tuple[str, str]]:
    """Give who takes over as the list, the two boxes and the code of a merge say it."""
    going_on = [short(fields, "heir"), *typed.lines(fields, "heirs")]
    new = short(fields, "new_code"), short(fields, "new_name")
    return [(code, "") for code in going_on if code] + ([new] if any(new) else [])


def _heir(session: Session, code: str, name: str, author: Author) -> Heir:
    """Take a code alone for an office that exists, a code with a name for a new one."""
    if not code:
        raise ChangeRefused("code_missing")
    return Heir(code, name) if name else Heir(code, office=office_by_code(session, code, author))


@dataclass(frozen=True, slots=True)
class Offered:
    """Code and name of the offices with which one can be merged: those ticked, then those found."""

    offices: list[tuple[str, str]]
    n_found: int
    is_long: bool
    """Whether there are more than a list shows at once, so that they want a search."""


def offered(
    session: Session, office: Office, author: Author, search: str, ticked: Collection[str]
) -> Offered:
    """Offer the offices beside one; a search looks among all that this person reaches."""
    searched = Search(search)
    rows = session.execute(
        select(Office.id, Office.code, Office.name, Office.parent_id)
        .where((Office.kind == "province") == (office.kind == "province"))
        .where(Office.id != office.id, Office.valid_until.is_(None))
        .order_by(*BY_NAME)
    )
    reached = [row for row in rows if row.id in author.office_ids]
    beside = [row for row in reached if row.parent_id == office.parent_id]
    found = [row for row in reached if searched.finds(row.name, row.code)] if searched else beside
    first = [row for row in reached if row.code in ticked]
    shown = first + [row for row in found if row.code not in ticked][:MOST_OFFERED]
    is_long = len(beside) > MOST_OFFERED or len(reached) > len(beside)
    return Offered([(row.code, row.name) for row in shown], len(found), is_long)
