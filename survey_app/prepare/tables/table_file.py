"""Reads a table from CSV or a spreadsheet: each fault is noted with its place, and nothing is guessed."""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date

from survey_app.errors import ImportRefused
from survey_app.models.csv_text import UnreadableRow, csv_rows
from survey_app.models.days import read_day
from survey_app.models.vietnamese import name_key
from survey_app.prepare.tables import old_letters
from survey_app.prepare.tables.numbers import NOTHING, digits_alone, whole_number
from survey_app.prepare.tables.sheet import (
    WHOLE_FILE,
    Number,
    is_sheet,
    read_sheet,
    refuse_other_kinds,
    refused,
)

MOST_BYTES = 16 * 1024 * 1024
MOST_FAULTS = 1_000  # whoever has more will send the file again in any case
LIST_MARK = "|"
LONGEST_QUOTE = 60
EMPTY = "tệp trống"
# What a spreadsheet would run when the cell comes out again; numbers may begin with a minus sign.
_FORMULA = re.compile(r"[=@+]|-[^\d\s.,]")


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
        return self.cells.get(column, "")

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
        day = read_day(text)
        if text and day is None:
            self.refuse(column, f"“{shown(text)}” không phải ngày; hãy ghi như 2025-07-01 hoặc 01/07/2025")
        return day

    def count(self, column: str) -> int:
        """Read a number that must be there; what cannot be read is noted, and counts as 0."""
        self.required(column)
        return self.optional_count(column) or 0

    def optional_count(self, column: str) -> int | None:
        """Read 1234, 1.234 or 1,234; a dash or dots say, as in tables of the state, that there is none."""
        text = self.cells.get(column, "")
        if text in NOTHING:
            return None
        try:
            return digits_alone(text) if isinstance(text, Number) else whole_number(text)
        except ValueError:
            self.refuse(column, f"“{shown(text)}” không phải số đếm; hãy ghi như 1234 hoặc 1.234")
            return None


def shown(text: str) -> str:
    """Shorten what a message repeats out of the file."""
    return text if len(text) <= LONGEST_QUOTE else text[: LONGEST_QUOTE - 1] + "…"


def told(fault: tuple[int, str, str]) -> str:
    """Say in a sentence what is wrong with a file, and where."""
    line, column, what = fault
    place = "" if column == WHOLE_FILE else f"{column}: "
    begins = f"Dòng {line}, " if line > 1 else ""
    said = f"{begins}{place}{what}"
    return said[:1].upper() + said[1:]


def read_table(
    content: bytes,
    columns: tuple[str, ...],
    faults: Faults,
    *,
    headings: Mapping[str, Iterable[str]] | None = None,
    optional: Iterable[str] = (),
    name: str = "",
) -> list[Row]:
    """Read the rows under a header that names each of `columns` once, in any order.

    `headings` gives for names of ours the words that a header may use as well, the usual ones first;
    `optional` may be missing, and is read as empty then.
    """
    lines = _lines_of(content, name, faults)
    _, header = next(lines, (1, []))
    if not header:
        raise refused(EMPTY)
    words = {column: tuple(several) for column, several in (headings or {}).items()}
    aliases = {name_key(one): column for column, several in words.items() for one in several}
    names = [_named(cell, aliases) for cell in header]
    known = (*columns, *optional)
    usual = {column: words.get(column, (column,))[0] for column in known}
    usable = f"các cột dùng được: {', '.join(usual.values())}"
    if not set(known) & set(names) and any(name[:1].isdecimal() for name in names):
        raise refused(f"tệp không có dòng tiêu đề: dòng đầu đã là số liệu; {usable}")
    for column in columns:
        if column not in names:
            faults.add(1, usual[column], "thiếu cột này")
    _refuse_unusable(names, known, faults)
    if not set(known).issuperset(names):
        faults.add(1, WHOLE_FILE, usable)
    faults.refuse_if_any()
    return list(_rows(lines, names, faults))


def _lines_of(content: bytes, name: str, faults: Faults) -> Iterator[tuple[int, list[str]]]:
    if len(content) > MOST_BYTES:
        raise refused(f"tệp lớn hơn {MOST_BYTES // 1024**2} MB")
    refuse_other_kinds(content, name)
    if not is_sheet(content):
        return _cells(_decoded(content), faults)
    table = read_sheet(content)
    if old_letters.look_old(cell for row in table for cell in row):
        raise refused(old_letters.REFUSAL)
    # Spreadsheets pad their rows to the widest one.
    width = max((n for n, cell in enumerate(_first(table), start=1) if cell.strip()), default=0)
    return (
        (line, row[: max(width, _length(row))])
        for line, row in enumerate(table, start=1)
        if any(cell.strip() for cell in row)
    )


def _first(table: list[list[str]]) -> list[str]:
    return next((row for row in table if any(cell.strip() for cell in row)), [])


def _length(row: list[str]) -> int:
    return max((n for n, cell in enumerate(row, start=1) if cell.strip()), default=0)


def _named(cell: str, aliases: Mapping[str, str]) -> str:
    name = _clean(unicodedata.normalize("NFC", cell)).casefold()
    return aliases.get(name_key(name), name)


def _rows(lines: Iterator[tuple[int, list[str]]], names: list[str], faults: Faults) -> Iterator[Row]:
    for line, cells in lines:
        if len(cells) != len(names):
            faults.add(line, WHOLE_FILE, f"dòng có {len(cells)} ô, tiêu đề có {len(names)} cột")
            continue
        row = Row(line, {name: _clean(cell) for name, cell in zip(names, cells, strict=True)}, faults)
        for name, cell in row.cells.items():
            if not cell.isprintable():
                row.refuse(name, "có ký tự không đọc được; hãy xóa phần đó")
            elif _FORMULA.match(cell):
                row.refuse(name, f"“{shown(cell)}” bắt đầu như một công thức; hãy xóa dấu đầu ô")
        yield row
        if len(faults.found) > MOST_FAULTS:
            faults.refuse_if_any()


def _decoded(content: bytes) -> str:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        if old_letters.are_old(content):
            raise refused(old_letters.REFUSAL) from error
        line = content.count(b"\n", 0, error.start) + 1
        message = "tệp không phải Unicode UTF-8; hãy lưu lại theo CSV UTF-8"
        raise ImportRefused([(line, WHOLE_FILE, message)]) from error
    if old_letters.look_old(text.splitlines()):
        raise refused(old_letters.REFUSAL)
    return unicodedata.normalize("NFC", text)


def _cells(text: str, faults: Faults) -> Iterator[tuple[int, list[str]]]:
    try:
        yield from csv_rows(text)
    except UnreadableRow as error:
        message = f"từ dòng này không đọc được theo cú pháp CSV ({error})"
        faults.add(error.line, WHOLE_FILE, message)
        faults.refuse_if_any()  # without the rest, most of what else could be said would be wrong


def _refuse_unusable(names: list[str], known: tuple[str, ...], faults: Faults) -> None:
    for name in sorted(set(names)):
        if name not in known:
            faults.add(1, shown(name) or "cột không tên", "không dùng cột này")
        elif names.count(name) > 1:
            faults.add(1, name, "cột này có hai lần")


def _clean(cell: str) -> str:
    # Spreadsheets leave doubled and no-break spaces that nobody sees and every comparison trips over.
    if isinstance(cell, Number):
        return cell
    return re.sub(r"[ \u00a0\t\r\n]+", " ", unicodedata.normalize("NFC", cell)).strip()
