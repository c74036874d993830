"""Takes the cells out of an .xlsx file that nobody has vouched for."""

import json
import subprocess
import sys
import zipfile
from io import BytesIO
from pathlib import Path

from survey_app.errors import ImportRefused
from survey_app.prepare.tables import sheet_reader

WHOLE_FILE = "tệp"  # stands where a column would, when the fault is in none of them
MOST_PARTS = 500
MOST_UNPACKED = 24 * 1024 * 1024
LONGEST_WAIT_SECONDS = 10  # under load; the reader's own processor time is a tenth of it
OF_ARCHIVE, OF_OLD_EXCEL = b"PK", b"\xd0\xcf\x11\xe0"
ENCRYPTED = 0x1

TOO_LARGE = "bảng tính quá lớn khi mở ra; hãy chỉ để lại các dòng cần nạp rồi nạp lại"
DAMAGED = "tệp bảng tính bị hỏng hoặc thiếu một phần; hãy mở bằng Excel, lưu lại rồi nạp lại"


class Number(str):
    """A cell that the spreadsheet holds as a number: 1.234 in it is not 1234."""

    __slots__ = ()


def is_sheet(content: bytes) -> bool:
    return content.startswith(OF_ARCHIVE)


def refuse_other_kinds(content: bytes, name: str) -> None:
    """Refuse what is neither a table of text nor an .xlsx file, by what it holds rather than by its name."""
    if content.startswith(OF_OLD_EXCEL):
        raise refused("tệp là Excel kiểu cũ (.xls) hoặc có mật khẩu; hãy lưu lại thành .xlsx không mật khẩu")
    if content.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"<":
        raise refused("tệp là trang web (HTML hoặc XML) mang tên bảng tính; hãy lưu lại thành .xlsx hoặc CSV")
    if name.casefold().endswith((".xlsx", ".xlsm")) and not is_sheet(content):
        raise refused(DAMAGED)


def read_sheet(content: bytes) -> list[list[str]]:
    """Give the cells of the first sheet, row by row, numbers marked as such."""
    _check_archive(content)
    try:
        reader = subprocess.run(  # noqa: S603  # our own program
            [sys.executable, "-I", str(Path(sheet_reader.__file__))],
            input=content,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=LONGEST_WAIT_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise refused(TOO_LARGE) from error
    if reader.returncode == sheet_reader.UNREADABLE:
        raise refused(DAMAGED)
    if reader.returncode:  # its own word, or the kernel's: it asked for too much
        raise refused(TOO_LARGE)
    return [[_cell(value) for value in row] for row in json.loads(reader.stdout)]


def _check_archive(content: bytes) -> None:
    """Look at the archive's list of parts before anything is unpacked."""
    try:
        with zipfile.ZipFile(BytesIO(content)) as archive:
            parts = archive.infolist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError) as error:
        raise refused(DAMAGED) from error
    if len(parts) > MOST_PARTS or sum(part.file_size for part in parts) > MOST_UNPACKED:
        raise refused(TOO_LARGE)
    if any(part.flag_bits & ENCRYPTED for part in parts):
        raise refused("tệp có mật khẩu; hãy lưu lại không mật khẩu")


def _cell(value: str | float) -> str:
    if isinstance(value, str):
        return value
    is_whole = value == int(value) if abs(value) < 1e15 else False
    return Number(int(value) if is_whole else value)


def refused(message: str) -> ImportRefused:
    return ImportRefused([(1, WHOLE_FILE, message)])
