"""Imports how many dossiers each office settled in each month: the denominators of coverage."""

import re
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from survey_app.models.office import DossierCount, Office
from survey_app.prepare.offices.table_file import Faults, Row, read_table, shown

COLUMNS = ("office_code", "month", "n_settled")
MONTH_FORMS = (
    re.compile(r"(?P<year>\d{4})-(?P<month>\d{2})", re.ASCII),
    re.compile(r"(?P<month>\d{1,2})/(?P<year>\d{4})", re.ASCII),
)


@dataclass(frozen=True)
class Settled:
    """One line: an office's dossiers of a month."""

    row: Row
    office_code: str
    month: date | None
    n_settled: int


def import_dossiers(session: Session, content: bytes) -> int:
    """Store the counts of a file, in place of earlier counts of the same months; say how many there are."""
    faults = Faults()
    lines = [_settled(row) for row in read_table(content, COLUMNS, faults)]
    offices = {office.code: office for office in session.scalars(select(Office))}
    for line in lines:
        _check_office(line, offices)
    _check_doubles(lines)
    faults.refuse_if_any()
    _store(session, lines, {code: office.id for code, office in offices.items()})
    return len(lines)


def _settled(row: Row) -> Settled:
    return Settled(row, row.required("office_code"), _month(row), row.count("n_settled"))


def _month(row: Row) -> date | None:
    text = row.required("month")
    for form in MONTH_FORMS:
        found = form.fullmatch(text)
        if found and 1 <= int(found["month"]) <= 12 and int(found["year"]) > 0:
            return date(int(found["year"]), int(found["month"]), 1)
    if text:
        row.refuse("month", f"“{shown(text)}” không phải tháng; hãy ghi như 2026-02 hoặc 02/2026")
    return None


def _check_office(line: Settled, offices: dict[str, Office]) -> None:
    office = offices.get(line.office_code)
    if office is None:
        if line.office_code:
            line.row.refuse("office_code", f"không có đơn vị mã “{shown(line.office_code)}”")
    elif line.month and not _exists_in(office, line.month):
        line.row.refuse("month", f"đơn vị “{shown(line.office_code)}” không hoạt động trong tháng này")


def _exists_in(office: Office, month: date) -> bool:
    next_month = (month + timedelta(days=31)).replace(day=1)
    return office.valid_from < next_month and (office.valid_until is None or month <= office.valid_until)


def _check_doubles(lines: list[Settled]) -> None:
    first: dict[tuple[str, date | None], int] = {}
    for line in lines:
        earlier = first.setdefault((line.office_code, line.month), line.row.line)
        if earlier != line.row.line and line.month:
            line.row.refuse("month", f"đơn vị và tháng này đã ghi ở dòng {earlier}")


def _store(session: Session, lines: list[Settled], ids: dict[str, int]) -> None:
    rows = [
        {"office_id": ids[line.office_code], "month": line.month, "n_settled": line.n_settled}
        for line in lines
    ]
    months = {line.month for line in lines}
    known = session.execute(
        select(DossierCount.office_id, DossierCount.month).where(DossierCount.month.in_(months))
    )
    stored = {(office_id, month) for office_id, month in known}
    new = [row for row in rows if (row["office_id"], row["month"]) not in stored]
    changed = [row for row in rows if (row["office_id"], row["month"]) in stored]
    if new:
        session.execute(insert(DossierCount), new)
    if changed:
        session.execute(update(DossierCount), changed)
