"""Rows of figures as aligned text, CSV or JSON."""

from __future__ import annotations

import csv
import io
import json
import math
import re
import sys
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final

from analysis.command.faults import printable
from analysis.command.output.text_table import text_table

Row = Mapping[str, Any]

_FORMULA: Final = re.compile(r"[=@\t\r]|[+-](?![0-9]+\Z)")


def write_rows(
    form: str, rows: Sequence[Row], *, by: Sequence[str] = (), basis: Mapping[str, str] | None = None
) -> None:
    """Write rows to stdout as "table", "csv" or "json"; `basis` stands under the table."""
    if form == "json":
        text = as_json(rows)
    elif form == "csv":
        text = as_csv([flat(row, by) for row in rows])
    else:
        text = text_table(rows, by, basis or {})
    sys.stdout.write(text)


def write_notes(notes: Sequence[str]) -> None:
    """Write notes on the data to stderr."""
    for note in notes:
        sys.stderr.write(f"note: {printable(note)}\n")


def as_json(rows: Sequence[Row]) -> str:
    """Return a list of objects, one a line; what is not a number is null."""
    lines = [json.dumps(_finite(row), ensure_ascii=False, allow_nan=False) for row in rows]
    return "[\n" + ",\n".join(lines) + "\n]\n" if lines else "[]\n"


def flat(row: Row, by: Sequence[str]) -> dict[str, Any]:
    """Return a row with a column per domain variable; one that is named like a figure gets a prefix."""
    figures = {key: value for key, value in row.items() if key != "domain"}
    heads = own_heads(by, figures, "domain.")
    return {head: row["domain"].get(name) for head, name in zip(heads, by, strict=True)} | figures


def own_heads(names: Sequence[str], taken: Collection[str], prefix: str) -> list[str]:
    """Return names of columns, those that are taken with as many prefixes as it needs to be unique."""
    heads = []
    for name in names:
        head = name
        while head in taken or (head != name and head in names):
            head = f"{prefix}{head}"
        heads.append(head)
    return heads


def as_csv(rows: Sequence[Row]) -> str:
    """Return CSV (RFC 4180); a text that a spreadsheet would take for a formula gets an apostrophe.

    Plain numbers such as -1 or +84 are left as they are: they do no harm, and ids have to be found again.
    """
    file = io.StringIO(newline="")
    writer = csv.writer(file)
    if rows:
        writer.writerow([_cell(name) for name in rows[0]])
    writer.writerows([_cell(value) for value in row.values()] for row in rows)
    return file.getvalue()


def is_marked(text: str) -> bool:
    """Say whether a text gets an apostrophe in CSV."""
    return _FORMULA.match(text) is not None


def _cell(value: Any) -> Any:
    if isinstance(value, float):
        return repr(value) if math.isfinite(value) else ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str) and is_marked(value):
        return f"'{value}"
    return value


def _finite(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _finite(item) for key, item in value.items()}
    return None if isinstance(value, float) and not math.isfinite(value) else value
