"""Read a table of keyed paper forms, and find every fault in it before anything is stored."""

import math
import unicodedata
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from survey_app.models.csv_text import UnreadableRow, csv_rows
from survey_app.models.definition import Definition

FORM_COLUMNS = ("form_number", "office")
SAMPLE_COLUMNS = ("stratum", "psu", "weight")

Cell = tuple[str, str, float]  # stratum, psu, weight


@dataclass(frozen=True, slots=True)
class Form:
    """One row of the table, read and found in order."""

    line: int
    number: str
    office: str
    cell: Cell | None
    answers: dict[str, str]


class FormTable:
    """Reads a CSV text against an instrument; `faults` lists (line, column, what) in Vietnamese.

    Columns: `form_number`, `office`; for a drawn sample `stratum`, `psu` and `weight`; every column that
    bears an item's code holds that item's option code, empty where skipped. `columns` gives the file's own
    name for any of them.
    """

    def __init__(
        self, definition: Definition, offices: set[str], columns: Mapping[str, str], *, is_sample: bool
    ) -> None:
        self.faults: list[tuple[int, str, str]] = []
        self._definition = definition
        self._offices = offices
        self._columns = columns
        self._is_sample = is_sample
        self._numbers: set[str] = set()
        self._stratum_of_psu: dict[str, str] = {}

    def column(self, role: str) -> str:
        return self._columns.get(role, role)

    def fault(self, line: int, role: str, what: str) -> None:
        self.faults.append((line, self.column(role), what))

    def read(self, text: str) -> Iterator[Form]:
        rows = self._rows(text)
        header = [name.strip() for name in next(rows, (1, []))[1]]
        self._check_header(header)
        if self.faults:
            return
        n_rows = 0
        for line, row in rows:
            n_rows += 1
            if len(row) != len(header):
                self.fault(line, "", f"Dòng có {len(row)} ô, tiêu đề có {len(header)} cột.")
                continue
            cells = {name: value.strip() for name, value in zip(header, row, strict=True)}
            yield from self._read_form(line, cells)
        if n_rows == 0:
            self.fault(1, "", "Tệp không có phiếu nào.")

    def _rows(self, text: str) -> Iterator[tuple[int, list[str]]]:
        try:
            yield from csv_rows(unicodedata.normalize("NFC", text.removeprefix("\ufeff")))
        except UnreadableRow as error:
            self.fault(error.line, "", f"Không đọc được dòng này ({error}).")

    def _check_header(self, header: list[str]) -> None:
        for role in FORM_COLUMNS + (SAMPLE_COLUMNS if self._is_sample else ()):
            if self.column(role) not in header:
                self.fault(1, role, f"Thiếu cột “{self.column(role)}”.")
        for name, times in Counter(header).items():
            if times > 1:
                self.fault(1, name, f"Cột “{name}” có {times} lần.")
        if not any(self.column(item.code) in header for item in self._definition.items):
            self.fault(1, "", "Không có cột nào mang mã câu hỏi của bộ câu hỏi.")

    def _read_form(self, line: int, cells: Mapping[str, str]) -> Iterator[Form]:
        n_faults = len(self.faults)
        number, office = cells[self.column("form_number")], cells[self.column("office")]
        if not number:
            self.fault(line, "form_number", "Thiếu số phiếu.")
        elif number in self._numbers:
            self.fault(line, "form_number", f"Số phiếu “{number}” có hai lần.")
        self._numbers.add(number)
        if office not in self._offices:
            self.fault(line, "office", f"Không có đơn vị nào mang mã “{office}” phục vụ dân vào ngày này.")
        cell = self._read_cell(line, cells) if self._is_sample else None
        answers = self._read_answers(line, cells)
        if len(self.faults) == n_faults:
            yield Form(line, number, office, cell, answers)

    def _read_cell(self, line: int, cells: Mapping[str, str]) -> Cell:
        stratum, psu, weight_text = (cells[self.column(role)] for role in SAMPLE_COLUMNS)
        for role, value in (("stratum", stratum), ("psu", psu)):
            if not value:
                self.fault(line, role, "Ô bỏ trống.")
        if psu and self._stratum_of_psu.setdefault(psu, stratum) != stratum:
            self.fault(line, "psu", f"Đơn vị chọn mẫu “{psu}” nằm trong hai tầng.")
        try:
            weight = float(weight_text.replace(",", "."))
        except ValueError:
            weight = math.nan
        if not 0 < weight < math.inf:
            self.fault(line, "weight", f"Quyền số phải là số dương, gặp “{weight_text}”.")
        return stratum, psu, weight

    def _read_answers(self, line: int, cells: Mapping[str, str]) -> dict[str, str]:
        answers = {}
        for item in self._definition.items:
            value = cells.get(self.column(item.code), "")
            if value in item.positions:
                answers[item.code] = value
            elif value:
                known = ", ".join(item.positions)
                self.fault(line, item.code, f"“{value}” không có trong các mã: {known}.")
        for code in self._definition.contradictions(answers):
            self.fault(line, code, "Câu trả lời này mâu thuẫn với câu trả lời trước đó.")
        return answers
