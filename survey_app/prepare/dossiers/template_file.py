"""The table to fill in: one line an office of a month, with what is known already."""

import csv
import io
from collections.abc import Iterable, Sequence
from datetime import date

from survey_app.models.office import ServiceField
from survey_app.models.plain_text import without_formula
from survey_app.prepare.dossiers.dossier_file import HEADINGS
from survey_app.prepare.dossiers.listing import OfficeOfMonth
from survey_app.prepare.tables.sheet_writer import write_sheets

COUNTS = ("n_received", "n_settled", "n_early", "n_on_time", "n_late")
ORDER = ("office_code", "office_name", "month", "field_code", *COUNTS)
Line = Sequence[str | int | None]


def lines_of(month: date, offices: Iterable[OfficeOfMonth]) -> list[Line]:
    """Give the header and one line an office."""
    lines: list[Line] = [[HEADINGS[column][0] for column in ORDER]]
    for office in offices:
        known: Line = (None,) * len(COUNTS)
        if office.counts is not None:
            known = [getattr(office.counts, name) for name in COUNTS]
        lines.append([office.code, office.name, f"{month:%Y-%m}", None, *known])
    return lines


def as_csv(lines: Iterable[Line], _fields: Iterable[ServiceField]) -> bytes:
    """Write it with a byte order mark, without which a spreadsheet would break the letters."""
    text = io.StringIO(newline="")
    csv.writer(text).writerows([_cell(value) for value in line] for line in lines)
    return b"\xef\xbb\xbf" + text.getvalue().encode()


def as_sheet(lines: Iterable[Line], fields: Iterable[ServiceField]) -> bytes:
    """Put the codes of the fields on a second sheet: nobody knows them by heart."""
    codes: list[Line] = [[HEADINGS["field_code"][0], HEADINGS["field_name"][0]]]
    codes += [[one.code, one.name] for one in fields]
    return write_sheets({"Số hồ sơ": lines, HEADINGS["field_code"][0]: codes})


def _cell(value: str | int | None) -> str | int | None:
    return without_formula(value) if isinstance(value, str) else value
