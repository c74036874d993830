"""Spreadsheets that mean harm, and one that does not."""

import io
import struct
import zipfile
from itertools import pairwise

import xlsxwriter

SHEET = "xl/worksheets/sheet1.xml"
HEAD = '<?xml version="1.0"?><worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
MEGABYTE = 1024 * 1024


def workbook(rows: list[list[object]]) -> bytes:
    content = io.BytesIO()
    book = xlsxwriter.Workbook(content, {"in_memory": True})
    sheet = book.add_worksheet()
    for number, row in enumerate(rows):
        sheet.write_row(number, 0, row)
    book.close()
    return content.getvalue()


def with_sheet(text: str) -> bytes:
    """Give a workbook whose one sheet is this text."""
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(workbook([["x"]]))) as source, zipfile.ZipFile(made, "w") as target:
        for part in source.infolist():
            content = text if part.filename == SHEET else source.read(part)
            target.writestr(part.filename, content, zipfile.ZIP_DEFLATED)
    return made.getvalue()


def cell(place: str, row: int) -> str:
    return f'<row r="{row}"><c r="{place}"><v>1</v></c></row>'


def zip_bomb() -> bytes:
    return with_sheet(f"{HEAD}<sheetData>{' ' * (200 * MEGABYTE)}</sheetData></worksheet>")


def zip_bomb_that_lies() -> bytes:
    """Give one whose list of parts says that it is small."""
    bomb = zip_bomb()
    with zipfile.ZipFile(io.BytesIO(bomb)) as archive:
        size = archive.getinfo(SHEET).file_size
    return bomb.replace(struct.pack("<I", size), struct.pack("<I", 1000))


def xml_bomb() -> bytes:
    names = "abcdefghij"
    entities = "".join(f'<!ENTITY {n} "{f"&{m};" * 10}">' for m, n in pairwise(names))
    body = f'<c r="A1" t="inlineStr"><is><t>&{names[-1]};</t></is></c>'
    return with_sheet(
        f'<!DOCTYPE w [<!ENTITY a "{"x" * 100}">{entities}]>{HEAD.partition("?>")[2]}'
        f'<sheetData><row r="1">{body}</row></sheetData></worksheet>'
    )


def huge_extent() -> bytes:
    cells = cell("A1", 1) + cell("XFD1048576", 1_048_576)
    return with_sheet(f"{HEAD}<sheetData>{cells}</sheetData></worksheet>")


def tall() -> bytes:
    cells = cell("A1", 1) + cell("H1048576", 1_048_576)
    return with_sheet(f"{HEAD}<sheetData>{cells}</sheetData></worksheet>")


def too_many_cells() -> bytes:
    cells = cell("A1", 1) + cell("ZZ500", 500)
    return with_sheet(f"{HEAD}<sheetData>{cells}</sheetData></worksheet>")


def claims_huge_dimension() -> bytes:
    """Give one that says it is huge and is small: it does no harm."""
    return with_sheet(
        f'{HEAD}<dimension ref="A1:XFD1048576"/><sheetData>{cell("A1", 1)}</sheetData></worksheet>'
    )


HOSTILE = {
    "zip bomb": (zip_bomb, "quá lớn"),
    "zip bomb that lies": (zip_bomb_that_lies, "bị hỏng"),
    "XML bomb": (xml_bomb, "bị hỏng"),
    "huge extent": (huge_extent, "quá lớn"),
    "tall": (tall, "quá lớn"),
    "too many cells": (too_many_cells, "quá lớn"),
    "claims a huge dimension": (claims_huge_dimension, "tiêu đề"),
    "HTML": (lambda: b"\xef\xbb\xbf <html><table><tr><td>1</td></tr></table>", "HTML"),
    "old Excel": (lambda: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "kiểu cũ"),
    "cut in half": (lambda: (made := workbook([["a", 1]] * 2000))[: len(made) // 2], "bị hỏng"),
    "begins as an archive": (lambda: b"PK\x03\x04" + bytes(100), "bị hỏng"),
    "no archive": (lambda: b"abc", "bị hỏng"),
}
