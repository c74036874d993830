"""What names a row in an address or a field: an id that both databases can hold. All else names none."""

from flask import Flask
from werkzeug.routing import IntegerConverter, ValidationError

LARGEST_ID = 2**31 - 1
MOST_DIGITS = 10


class RowId(IntegerConverter):
    """Digits of ASCII alone: Werkzeug takes those of every script, so a page had many addresses."""

    regex = f"[0-9]{{1,{MOST_DIGITS}}}"

    def to_python(self, value: str) -> int:
        number = int(value)
        if number > LARGEST_ID:
            raise ValidationError
        return number


def row_id(typed: str) -> int:
    """Read the id of a row that a field or a query names; 0, which no row has, for anything else."""
    number = int(typed) if typed.isascii() and typed.isdecimal() and len(typed) <= MOST_DIGITS else 0
    return number if number <= LARGEST_ID else 0


def know(app: Flask) -> None:
    app.url_map.converters["int"] = RowId
