"""Reads the dossiers that offices settled, from a file: all of it, or every fault is told."""

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from survey_app.models.days import read_month
from survey_app.models.known_offices import known_offices
from survey_app.models.office import ALL_FIELDS, Office, ServiceField
from survey_app.prepare.dossiers import contradictions
from survey_app.prepare.dossiers.contradictions import Contradiction, Place, Reported
from survey_app.prepare.dossiers.counts import Counts, added
from survey_app.prepare.dossiers.store import Stored, stored_counts, usual_totals, with_totals, write_counts
from survey_app.prepare.tables.sheet import Number, refused
from survey_app.prepare.tables.table_file import Faults, Row, read_table, shown

COLUMNS = ("office_code", "month", "n_settled")
PARTS = ("n_received", "n_early", "n_on_time", "n_late")
LOOKED_AT = ("on_time_rate", "n_invalid")  # compared, not kept
NOT_TAKEN = (
    "office_name",
    "field_name",
    "n_carried_over",
    "n_pending",
    "n_waiting",
    "n_online",
    "n_returned",
)
OPTIONAL = ("field_code", *PARTS, *LOOKED_AT, *NOT_TAKEN)
# What the tables of one-stop software write above these columns.
HEADINGS = {
    "office_code": ("Mã đơn vị",),
    "office_name": ("Tên đơn vị", "Đơn vị"),
    "month": ("Tháng", "Tháng báo cáo"),
    "field_code": ("Mã lĩnh vực",),
    "field_name": ("Lĩnh vực", "Tên lĩnh vực"),
    "n_received": ("Mới tiếp nhận", "Tiếp nhận", "Tiếp nhận mới", "Số hồ sơ mới tiếp nhận"),
    "n_carried_over": ("Kỳ trước chuyển sang",),
    "n_settled": ("Đã giải quyết", "Số hồ sơ đã giải quyết"),
    "n_early": ("Trước hạn", "Giải quyết trước hạn"),
    "n_on_time": ("Đúng hạn", "Giải quyết đúng hạn"),
    "n_late": ("Quá hạn", "Trễ hạn", "Chậm hạn"),
    "n_invalid": ("Không hợp lệ",),
    "n_pending": ("Đang giải quyết",),
    "n_waiting": ("Chờ tiếp nhận",),
    "n_returned": ("Trả lại", "Rút hồ sơ"),
    "n_online": ("Trực tuyến", "Nộp trực tuyến"),
    "on_time_rate": ("Tỷ lệ đúng hạn", "Tỷ lệ đúng hạn (%)", "Tỷ lệ trước hạn và đúng hạn (%)"),
}
_RATE = re.compile(r"\d{1,3}(?:\.\d{1,6})?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Sender:
    """Whose offices a file may name (None: all), and what its table means."""

    office_ids: Collection[int] | None = None
    today: date = date.max
    on_time_includes_early: bool = False


@dataclass(frozen=True)
class Intake:
    """What a file would change, what in it does not add up, and which columns were not taken."""

    given: dict[Place, Counts]
    before: Stored
    made: dict[Place, Counts]
    contradictions: list[Contradiction]
    unused_columns: list[str]

    @property
    def n_replaced(self) -> int:
        return sum(self.before.get(place, counts) != counts for place, counts in self.given.items())

    @property
    def months(self) -> list[date]:
        return sorted({month for _, month, _ in self.given})

    @property
    def n_offices(self) -> int:
        return len({office_id for office_id, _, _ in self.given})

    @property
    def total(self) -> Counts:
        """Add up what the file states, fields only where it gives no total."""
        wholes = {place[:2] for place in self.given if place[2] == ALL_FIELDS}
        return added(
            counts
            for place, counts in self.given.items()
            if place[2] == ALL_FIELDS or place[:2] not in wholes
        )


def import_dossiers(session: Session, content: bytes, *, accepts_contradictions: bool = False) -> int:
    """Store the counts of a file, in place of earlier counts of the same months; say how many there are."""
    intake = read_dossiers(session, content, accepts_contradictions=accepts_contradictions)
    write_counts(session, intake.before, intake.made)
    return len(intake.given)


def read_dossiers(session: Session, content: bytes, *, accepts_contradictions: bool = False) -> Intake:
    """Read a file of counts; refuse every fault, and what does not add up unless that is accepted."""
    intake = look_at(session, rows_of(content), Sender())
    if not accepts_contradictions:
        faults = Faults()
        for one in intake.contradictions:
            faults.add(one.line, one.kind, f"số liệu không khớp: {one.stated:g}, tính ra {one.found:g}")
        faults.refuse_if_any()
    return intake


def rows_of(content: bytes, name: str = "") -> list[Row]:
    """Read the lines of a file without asking the database anything."""
    faults = Faults()
    return read_table(content, COLUMNS, faults, headings=HEADINGS, optional=OPTIONAL, name=name)


def look_at(session: Session, rows: list[Row], sender: Sender) -> Intake:
    """Compare the lines of a file with the offices, the fields and the counts that are known."""
    if not rows:
        raise refused("tệp không có dòng nào dưới tiêu đề")
    reading = _Reading(session, sender)
    reported = [one for one in map(reading.reported, rows) if one is not None]
    _check_doubles(reported, rows)
    rows[0].faults.refuse_if_any()
    counted = [one for one in reported if one.place[0] not in reading.sum_ups]
    totals = [one for one in reported if one.place[0] in reading.sum_ups]
    if not counted:
        raise refused("tệp chỉ có dòng của tỉnh; dòng này chỉ để so với các đơn vị, không được lưu riêng")
    given = {one.place: one.counts for one in counted}
    before = stored_counts(session, {place[1] for place in given})
    made = with_totals(before, given)
    _check_sums(made, {one.place[:2]: one.line for one in counted}, rows)
    found = [contradiction for one in reported for contradiction in contradictions.in_itself(one)]
    lines = {one.place: one.line for one in counted}
    found += contradictions.between_fields(lines, before | made)
    usual = usual_totals(session, {place[0] for place in given}, [place[1] for place in given])
    found += contradictions.jumps(lines, made, usual)
    found += contradictions.of_provinces(totals, reading.sums_below(totals, given))
    unused = sorted(NOT_TAKEN & rows[0].cells.keys())
    return Intake(given, before, made, sorted(found, key=lambda one: (one.line, one.kind)), unused)


class _Reading:
    """Turns lines into counts at their places, and notes what stands against each."""

    def __init__(self, session: Session, sender: Sender) -> None:
        self._sender = sender
        self._tree = known_offices(session).tree
        scope = sender.office_ids
        offices = [one for one in session.scalars(select(Office)) if scope is None or one.id in scope]
        self._offices = {office.code: office for office in offices}
        self._fields = {one.code: one.id for one in session.scalars(select(ServiceField))}
        self.sum_ups = {office.id for office in offices if office.kind == "province"}

    def reported(self, row: Row) -> Reported | None:
        office, month, field_id = self._office(row), self._month(row), self._field(row)
        counts = Counts(row.count("n_settled"), *(row.optional_count(name) for name in PARTS))
        n_invalid, rate = row.optional_count("n_invalid"), _rate(row)
        if office is None or month is None or field_id is None:
            return None
        if not office.exists_in_month(month):
            row.refuse("month", f"đơn vị “{shown(office.code)}” không hoạt động trong tháng này")
        if self._sender.on_time_includes_early and None not in (counts.n_on_time, counts.n_early):
            counts = replace(counts, n_on_time=(counts.n_on_time or 0) - (counts.n_early or 0))
            if (counts.n_on_time or 0) < 0:
                row.refuse("n_on_time", "đúng hạn ít hơn trước hạn, nên không thể đã gồm trước hạn")
        return Reported(row.line, (office.id, month, field_id), counts, n_invalid, rate)

    def sums_below(self, totals: Iterable[Reported], given: dict[Place, Counts]) -> dict[Place, Counts]:
        """Add up, for each total of a province, what the file gives for the offices under it."""
        found = {}
        for total in totals:
            province, month, field_id = total.place
            below = self._tree.subtree(province)
            several = [
                counts
                for (office_id, *rest), counts in given.items()
                if office_id in below and rest == [month, field_id]
            ]
            if several:
                found[total.place] = added(several)
        return found

    def _office(self, row: Row) -> Office | None:
        code = row.required("office_code")
        office = self._offices.get(code)
        if office is None and code:
            row.refuse("office_code", f"không có đơn vị mã “{shown(code)}”")
        return office

    def _field(self, row: Row) -> int | None:
        code = row.optional("field_code")
        if code and code not in self._fields:
            row.refuse("field_code", f"không có lĩnh vực mã “{shown(code)}”")
            return None
        return self._fields[code] if code else ALL_FIELDS

    def _month(self, row: Row) -> date | None:
        text = row.required("month")
        month = read_month(text)
        if month is None:
            if text:
                row.refuse("month", f"“{shown(text)}” không phải tháng; hãy ghi như 2026-02 hoặc 02/2026")
        elif month > self._sender.today:
            row.refuse("month", "tháng này chưa đến")
        return month


def _rate(row: Row) -> str:
    """Read a share in percent, 97,37 or 97.37; what a spreadsheet shows as percent is a number up to 1."""
    text = row.optional("on_time_rate").removesuffix("%").strip()
    if text in ("", "-", "–", "…"):
        return ""
    plain = text.replace(",", ".")
    if isinstance(row.optional("on_time_rate"), Number) and re.fullmatch(r"[01](?:\.\d+)?", plain):
        plain = f"{100 * float(plain):.2f}"
    if not _RATE.fullmatch(plain) or float(plain) > 100:
        row.refuse("on_time_rate", f"“{shown(text)}” không phải tỷ lệ phần trăm; hãy ghi như 97,37")
        return ""
    return plain


def _check_sums(made: Mapping[Place, Counts], lines: Mapping[tuple[int, date], int], rows: list[Row]) -> None:
    by_line = {row.line: row for row in rows}
    for place, counts in made.items():
        if counts.is_too_large:
            message = "tổng các lĩnh vực của tháng này lớn quá mức lưu được"
            by_line[lines[place[:2]]].refuse("n_settled", message)
    rows[0].faults.refuse_if_any()


def _check_doubles(reported: list[Reported], rows: list[Row]) -> None:
    by_line = {row.line: row for row in rows}
    first: dict[Place, int] = {}
    for one in reported:
        earlier = first.setdefault(one.place, one.line)
        if earlier != one.line:
            by_line[one.line].refuse("month", f"đơn vị, tháng và lĩnh vực này đã ghi ở dòng {earlier}")
