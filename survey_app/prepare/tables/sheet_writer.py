"""Writes a small .xlsx file: texts and whole numbers, each cell typed, none a formula."""

import zipfile
from collections.abc import Iterable, Mapping, Sequence
from io import BytesIO
from xml.sax.saxutils import escape, quoteattr

_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_OF_PACKAGE = "http://schemas.openxmlformats.org/package/2006/"
_OF_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml."
_RELATIONSHIPS = f'<Relationships xmlns="{_OF_PACKAGE}relationships">'

Rows = Iterable[Sequence[str | int | None]]


def write_sheet(rows: Rows) -> bytes:
    return write_sheets({"1": rows})


def write_sheets(sheets: Mapping[str, Rows]) -> bytes:
    """Write each under its name; readers of tables take the first."""
    content = BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, part in _parts(list(sheets)).items():
            archive.writestr(name, _HEAD + part)
        for number, rows in enumerate(sheets.values(), start=1):
            lines = "".join(f"<row>{''.join(map(_cell, row))}</row>" for row in rows)
            sheet = f'<worksheet xmlns="{_MAIN}"><sheetData>{lines}</sheetData></worksheet>'
            archive.writestr(f"xl/worksheets/sheet{number}.xml", _HEAD + sheet)
    return content.getvalue()


def _parts(names: Sequence[str]) -> dict[str, str]:
    """Give the parts that only say which other parts there are."""
    numbered = list(enumerate(names, start=1))
    types = "".join(
        f'<Override PartName="/xl/worksheets/sheet{n}.xml" ContentType="{_TYPE}worksheet+xml"/>'
        for n, _ in numbered
    )
    sheets = "".join(f'<sheet name={quoteattr(name)} sheetId="{n}" r:id="rId{n}"/>' for n, name in numbered)
    targets = "".join(
        f'<Relationship Id="rId{n}" Type="{_OF_OFFICE}/worksheet" Target="worksheets/sheet{n}.xml"/>'
        for n, _ in numbered
    )
    return {
        "[Content_Types].xml": (
            f'<Types xmlns="{_OF_PACKAGE}content-types">'
            '<Default Extension="rels" '
            'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
            f'<Override PartName="/xl/workbook.xml" ContentType="{_TYPE}sheet.main+xml"/>{types}</Types>'
        ),
        "_rels/.rels": (
            f'{_RELATIONSHIPS}<Relationship Id="rId1" Type="{_OF_OFFICE}/officeDocument" '
            'Target="xl/workbook.xml"/></Relationships>'
        ),
        "xl/workbook.xml": (
            f'<workbook xmlns="{_MAIN}" xmlns:r="{_OF_OFFICE}"><sheets>{sheets}</sheets></workbook>'
        ),
        "xl/_rels/workbook.xml.rels": f"{_RELATIONSHIPS}{targets}</Relationships>",
    }


def _cell(value: str | int | None) -> str:
    if value is None:
        return "<c/>"
    if isinstance(value, int):
        return f"<c><v>{value}</v></c>"
    return f'<c t="inlineStr"><is><t xml:space="preserve">{escape(value)}</t></is></c>'
