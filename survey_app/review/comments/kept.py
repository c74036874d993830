"""Numbers that name nobody: dates, hours, years and amounts of money, where they plainly stand alone."""

import re
from collections.abc import Iterable

from survey_app.review.comments.marks import DASHES, HIDDEN, LETTER

# In the place of what is kept: a letter of no word, so that the numbers around it meet no more.
_OUT_OF_SIGHT = "\N{LATIN LETTER GLOTTAL STOP}"

_AFTER_NO_NUMBER = r"(?<!\d)(?<!\d[\W_])(?<!\d[\W_]{2})(?<!\d[\W_]{3})"
_BEFORE_NO_NUMBER = r"(?![\W_]{0,3}\d)"
_SEPARATOR = rf"[\s,;~()+=:{DASHES}]{{1,4}}"
_DAY, _MONTH, _YEAR = r"(?:0?[1-9]|[12]\d|3[01])", r"(?:0?[1-9]|1[0-2])", r"(?:19[3-9]|20\d)\d"


def _listed(one: str) -> str:
    return rf"{one}(?:{_SEPARATOR}{one}){{0,50}}"


_DATE = "|".join(rf"{_DAY}{mark}{_MONTH}{mark}(?:{_YEAR}|\d\d)" for mark in ("/", r"\.", "-"))
_HOUR = r"(?:[01]?\d|2[0-4])\s?:\s?[0-5]\d"
_TIME = rf"(?:{_DATE}|{_MONTH}/{_YEAR}|{_DAY}/{_MONTH}|{_HOUR})"
_TIMES = rf"(?<!\d)(?<!\d[ ./:\-]){_listed(_TIME)}(?![ ./:\-]?\d)"
_WHOLE_DATE = r"(?<!\d)\d{1,2}(?P<mark>[/.\-])\d{1,2}(?P=mark)(?:19|20)\d{2}(?![/.\-]?\d)"
_SAID_YEAR = rf"(?:(?:năm|nam)\s{{1,3}})?{_YEAR}"
_YEARS = rf"{_AFTER_NO_NUMBER}{_listed(_SAID_YEAR)}{_BEFORE_NO_NUMBER}"
_MONEY = (
    rf"(?<!{LETTER}){_AFTER_NO_NUMBER}[1-9]\d{{0,2}}(?:[.,]?\d{{3}}){{1,5}}"
    r"\s{0,3}(?:đồng|dong|vnđ|vnd|đ|₫|triệu|tỷ)(?!\w)"
)
_AMOUNT = r"(?:[1-9](?:[.,]\d{3}){2}|[1-9]\d{0,2}[.,]\d{3})"
_AMOUNTS = rf"{_AFTER_NO_NUMBER}{_listed(_AMOUNT)}{_BEFORE_NO_NUMBER}"
# Rooms, counters, queue numbers: a telephone number spelt like this would begin with a nought.
_FEW_DIGITS = r"[1-9]\d{0,2}"
_COUNTED = rf"{_AFTER_NO_NUMBER}{_FEW_DIGITS}(?:, {_FEW_DIGITS}){{2,20}}{_BEFORE_NO_NUMBER}"

# One after the other: an amount that stands behind a date stands behind no number.
_KEPT = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (re.escape(HIDDEN), _TIMES, _WHOLE_DATE, _YEARS, _MONEY, _AMOUNTS, _COUNTED)
)


def without_kept(text: str) -> str:
    """Put what is kept out of sight; every other symbol stays in its place."""
    for pattern in _KEPT:
        text = out_of_sight(text, [found.span() for found in pattern.finditer(text)])
    return text


def out_of_sight(text: str, spans: Iterable[tuple[int, int]]) -> str:
    parts, at = [], 0
    for first, last in spans:
        parts += [text[at:first], _OUT_OF_SIGHT * (last - first)]
        at = last
    return "".join([*parts, text[at:]])
