"""Rows of a CSV text as spreadsheets save it, with commas or semicolons between the cells."""

import csv
import io
from collections.abc import Iterator

from survey_app.errors import SurveyError


class UnreadableRow(SurveyError):
    """From the row that begins on `line` on, the text is no CSV."""

    def __init__(self, line: int, reason: csv.Error) -> None:
        super().__init__(str(reason))
        self.line = line


def csv_rows(text: str) -> Iterator[tuple[int, list[str]]]:
    """Give the cells of each row that holds any, with the number of the line on which it begins."""
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
        raise UnreadableRow(begins, error) from error
