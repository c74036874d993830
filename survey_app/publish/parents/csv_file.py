"""The table of all offices below a parent as CSV: what the page shows, to the digit."""

import csv
import io
from collections.abc import Sequence

from survey_app.models.plain_text import without_formula
from survey_app.publish.parents.below import Below
from survey_app.publish.parents.lines import Line

BYTE_ORDER_MARK = "\N{ZERO WIDTH NO-BREAK SPACE}"  # tells spreadsheets that the file is UTF-8


def as_csv(below: Below, lines: Sequence[Line]) -> str:
    """Write one row an office, in the order of the page."""
    buffer = io.StringIO()
    buffer.write(BYTE_ORDER_MARK)
    writer = csv.writer(buffer)
    known = {
        "campaign": below.standing.campaign.code if below.standing else "",
        "class": below.provenance,
        "change_from": _earlier(below),
        "change_to": below.changed_to,
    }
    for number, line in enumerate(lines):
        row = {
            "office_code": line.code,
            "office_name": line.name,
            "office_kind": line.kind,
            **known,
            **line.cells(),
        }
        if not number:
            writer.writerow(row)
        writer.writerow(_cell(value) for value in row.values())
    return buffer.getvalue()


def _earlier(below: Below) -> str:
    """Name the earlier period; a wave by the number of its publication too."""
    number = below.earlier_publication_id
    return below.changed_from if number is None else f"{below.changed_from}:{number}"


def _cell(value: str | int | None) -> str | int:
    """Keep a spreadsheet from reading a name as a formula; a number may be negative."""
    if value is None:
        return ""
    return without_formula(value) if isinstance(value, str) and not _is_number(value) else value


def _is_number(text: str) -> bool:
    return text.removeprefix("-").replace(".", "", 1).isdecimal()
