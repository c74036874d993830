"""Looks at the beginning of a file: what it is, how its letters are written, what parts its cells."""

import csv
import io
import re
from codecs import BOM_UTF8, BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from survey_app.prepare.frames.columns import REQUIRED, guess, shown_heading
from survey_app.prepare.tables import old_letters
from survey_app.prepare.tables.sheet import Number, is_sheet, read_sheet, refuse_other_kinds, refused
from survey_app.prepare.tables.table_file import EMPTY, MOST_BYTES

LOOKED_AT = 256 * 1024
LONGEST_HEADER = 64 * 1024
MOST_COLUMNS = 200
MOST_ABOVE = 20  # lines of titles above the header
UTF_8, UTF_16 = "utf-8", "utf-16"
NO_TEXT = bytes(set(range(32)) - set(b"\t\n\r"))
SEPARATORS = ",;\t|"
NO_HEADER = "bảng thiếu cột: dòng đầu phải là tiêu đề của ít nhất hai cột, mỗi ô một cột"
# Never said with the cell itself: it is a person's.
NO_HEADING_LINE = (
    "tệp không có dòng tiêu đề: dòng đầu đã là một hồ sơ (có ngày, dãy số dài hoặc đơn vị); "
    "hãy thêm dòng tiêu đề như trong bảng mẫu rồi gửi lại"
)
_DATE = re.compile(r"(?<!\d)(\d{1,2}[./-]\d{1,2}[./-]\d{4}|\d{4}[./-]\d{1,2}[./-]\d{1,2})(?!\d)")
_LONG_NUMBER = re.compile(r"\d{6}|\d(?:[ .-]?\d){8}")  # ids, telephones in any grouping; years are shorter


@dataclass(frozen=True, slots=True)
class Source:
    """A table of text: where it lies, its letters, what parts its cells, its headings and their line."""

    path: Path
    encoding: str
    separator: str
    header: tuple[str, ...]
    header_line: int


def open_source(path: Path, name: str, as_text: Path) -> Source:
    """Recognise a file by what it holds; a spreadsheet is written out as text to `as_text` first."""
    with path.open("rb") as file:
        beginning = file.read(LOOKED_AT)
    if not beginning:
        raise refused(EMPTY)
    refuse_other_kinds(beginning, name)
    if is_sheet(beginning):
        _write_text(path, as_text)
        return open_source(as_text, "", as_text)
    encoding = UTF_16 if beginning.startswith((BOM_UTF16_LE, BOM_UTF16_BE)) else UTF_8
    text = _beginning_as_text(beginning, encoding)
    before, separator, headings = _header_of(text)
    if len(headings) < 2 or len(headings) > MOST_COLUMNS:
        raise refused(NO_HEADER)
    if any(map(_is_of_a_row, headings)):
        raise refused(NO_HEADING_LINE)
    return Source(path, encoding, separator, headings, before + 1)


def _beginning_as_text(beginning: bytes, encoding: str) -> str:
    if encoding == UTF_16:
        return beginning[: len(beginning) // 2 * 2].decode(UTF_16, "replace")
    if _looks_like_bytes(beginning):
        raise refused("tệp không phải bảng chữ; hãy lưu lại thành CSV UTF-8 hoặc .xlsx")
    text = beginning.removeprefix(BOM_UTF8).decode(UTF_8, "replace")
    lines = text.splitlines()
    if old_letters.look_old(lines) or ("\ufffd" in text and old_letters.are_old(beginning)):
        raise refused(old_letters.REFUSAL)
    return text


def _is_of_a_row(heading: str) -> bool:
    """Whether a heading is none: no list calls a column by a day or a telephone number."""
    return bool(_DATE.search(heading) or _LONG_NUMBER.search(heading))


def _looks_like_bytes(beginning: bytes) -> bool:
    """Whether this is no text at all: text has no more than a stray NUL."""
    return len(beginning) - len(beginning.translate(None, NO_TEXT)) > len(beginning) // 100


def _header_of(text: str) -> tuple[int, str, tuple[str, ...]]:
    """Find the header: how many lines stand before its last one, what parts its cells, its headings.

    It is the first line that holds anything. Titles may stand above: then it is the first of the next lines
    that names all columns which must be there.
    """
    first = None
    for n_lines, (before, line) in enumerate(_lines_in(text)):
        separator = max(SEPARATORS, key=line.count)
        headings = tuple(map(shown_heading, next(csv.reader([line], delimiter=separator), [])))
        found = before, separator, headings
        if set(REQUIRED) <= guess(headings).keys():
            return found
        first = first or found
        if n_lines == MOST_ABOVE:
            break
    if first is None:
        raise refused(NO_HEADER if text.strip() else EMPTY)
    return first


def _lines_in(text: str) -> Iterator[tuple[int, str]]:
    """Give each line that holds anything, and how many stand before: a heading may go over several."""
    line = ""
    for before, part in enumerate(io.StringIO(text, newline=None)):
        line += part if line or part.strip() else ""
        if len(line) > LONGEST_HEADER:
            break
        if line and not line.count('"') & 1:
            yield before, line.rstrip("\n").replace("\n", " ")
            line = ""


def _write_text(path: Path, as_text: Path) -> None:
    """Write the cells of a spreadsheet's first sheet as text, a line a row: its numbers stay right."""
    if path.stat().st_size > MOST_BYTES:
        raise refused(
            f"bảng tính lớn hơn {MOST_BYTES // 1024**2} MB; hãy lưu lại thành CSV UTF-8 rồi nạp lại"
        )
    rows = read_sheet(path.read_bytes())
    if old_letters.look_old(cell for row in rows for cell in row):
        raise refused(old_letters.REFUSAL)
    with as_text.open("w", encoding=UTF_8, errors="replace", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        for row in rows:
            writer.writerow([cell if isinstance(cell, Number) else " ".join(cell.split()) for cell in row])
