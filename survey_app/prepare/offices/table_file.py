"""Reads a table from CSV: each fault is noted with its line and column, and nothing is guessed."""

import csv
import io
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date

from survey_app.errors import ImportRefused

MOST_BYTES = 16 * 1024 * 1024
WHOLE_FILE = "tệp"  # stands where a column would, when the fault is in none of them
LIST_MARK = "|"
LONGEST_QUOTE = 60
LARGEST_COUNT_DIGITS = 9
DAY_FORMS = (
    re.compile(r"(?P<year>\d{4})-(?P<month>\d{2})-(?P<day>\d{2})", re.ASCII),
    # A Vietnamese spreadsheet turns 2025-07-01 into this when it saves.
    re.compile(r"(?P<day>\d{1,2})/(?P<month>\d{1,2})/(?P<year>\d{4})", re.ASCII),
)


@dataclass
class Faults:
    """What is wrong with one file, gathered until all of it has been looked at."""

    found: list[tuple[int, str, str]] = field(default_factory=list)

    def add(self, line: int, column: str, message: str) -> None:
        self.found.append((line, column, message))

    def refuse_if_any(self) -> None:
        if self.found:
            raise ImportRefused(sorted(self.found))


@dataclass(frozen=True)
class Row:
    """One line of the table; what is wrong with a cell goes to the file's faults."""

    line: int
    cells: dict[str, str]
    faults: Faults

    def refuse(self, column: str, message: str) -> None:
        self.faults.add(self.line, column, message)

    def optional(self, column: str) -> str:
        return self.cells[column]

    def required(self, column: str) -> str:
        if not self.cells[column]:
            self.refuse(column, "chưa điền")
        return self.cells[column]

    def several(self, column: str) -> tuple[str, ...]:
        """Read values joined by "|"; none may stand twice."""
        values = [value.strip() for value in self.cells[column].split(LIST_MARK) if value.strip()]
        for value in sorted({value for value in values if values.count(value) > 1}):
            self.refuse(column, f"“{shown(value)}” ghi hai lần")
        return tuple(dict.fromkeys(values))

    def day(self, column: str) -> date | None:
        text = self.cells[column]
        if not text:
            return None
        try:
            return _day(text)
        except ValueError:
            self.refuse(column, f"“{shown(text)}” không phải ngày; hãy ghi như 2025-07-01 hoặc 01/07/2025")
            return None

    def count(self, column: str) -> int:
        text = self.required(column)
        if text and not re.fullmatch(f"[0-9]{{1,{LARGEST_COUNT_DIGITS}}}", text):
            self.refuse(
                column, f"“{shown(text)}” không phải số đếm; chỉ ghi chữ số, không có dấu chấm hay phẩy"
            )
            return 0
        return int(text or 0)


def shown(text: str) -> str:
    """Shorten what a message repeats out of the file."""
    return text if len(text) <= LONGEST_QUOTE else text[: LONGEST_QUOTE - 1] + "…"


def read_table(content: bytes, columns: tuple[str, ...], faults: Faults) -> list[Row]:
    """Read the rows under a header that names each of `columns` once, in any order."""
    text = _decoded(content)
    lines = _cells(text, faults)
    _, header = next(lines, (1, []))
    names = [name.strip().casefold() for name in header]
    _refuse_wrong_header(names, columns, faults)
    faults.refuse_if_any()
    rows = []
    for line, cells in lines:
        if len(cells) != len(names):
            faults.add(line, WHOLE_FILE, f"dòng có {len(cells)} ô, tiêu đề có {len(names)} cột")
            continue
        row = Row(line, {name: _clean(cell) for name, cell in zip(names, cells, strict=True)}, faults)
        for name, cell in row.cells.items():
            if not cell.isprintable():
                row.refuse(name, "có ký tự không đọc được; hãy xóa phần đó")
        rows.append(row)
    return rows


def _decoded(content: bytes) -> str:
    if len(content) > MOST_BYTES:
        raise ImportRefused([(1, WHOLE_FILE, f"tệp lớn hơn {MOST_BYTES // 1024**2} MB")])
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        message = "tệp không phải Unicode UTF-8; hãy lưu lại theo CSV UTF-8"
        raise ImportRefused([(line, WHOLE_FILE, message)]) from error
    return unicodedata.normalize("NFC", text)


def _cells(text: str, faults: Faults) -> Iterator[tuple[int, list[str]]]:
    """Give the cells of each line that holds any, with the number of the line on which they begin."""
    header = text.lstrip().partition("\n")[0]
    separator = ";" if header.count(";") > header.count(",") else ","
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    begins = 1
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                yield begins, cells
            begins = reader.line_num + 1
    except csv.Error as error:
        faults.add(begins, WHOLE_FILE, f"từ dòng này không đọc được theo cú pháp CSV ({error})")
        faults.refuse_if_any()  # without the rest, most of what else could be said would be wrong


def _refuse_wrong_header(names: list[str], columns: tuple[str, ...], faults: Faults) -> None:
    for column in columns:
        if column not in names:
            faults.add(1, column, "thiếu cột này")
    for name in sorted(set(names)):
        if name not in columns:
            faults.add(1, shown(name), f"không dùng cột này; chỉ dùng: {', '.join(columns)}")
        elif names.count(name) > 1:
            faults.add(1, name, "cột này có hai lần")


def _clean(cell: str) -> str:
    # Spreadsheets leave doubled and no-break spaces that nobody sees and every comparison trips over.
    return re.sub(r"[ \u00a0\t\r\n]+", " ", cell).strip()


def _day(text: str) -> date:
    for form in DAY_FORMS:
        if found := form.fullmatch(text):
            return date(int(found["year"]), int(found["month"]), int(found["day"]))
    raise ValueError(text)
