"""Hides from readers what a comment may name its writer by: numbers of phones, papers and cars, e-mail.

Names of people stay: whom a citizen praises or complains about is what the comment says. Too much hidden is
better than too little, so a long number is hidden unless it is plainly a date, an hour or an amount of money.
Every pattern is bounded or begins at one place of a run alone: the time grows as the text does.
"""

import re
import unicodedata
from collections.abc import Iterator

from survey_app.review.comments.as_meant import as_meant
from survey_app.review.comments.kept import out_of_sight, without_kept
from survey_app.review.comments.marks import DASHES, HIDDEN, LETTER

FEWEST_DIGITS = 8  # of a number that may be a telephone's; an identity card has 9, or 12

_GAP = r"[\W_]{0,6}"

_SAID_AT = r"(?:a\scòng|a\scong|a\smóc|a\smoc|a\svòng|a\svong)"
_SAID_DOT = r"(?:\s{0,3}[(\[{]\s?(?:chấm|cham|dot|\.)\s?[)\]}]|\s{1,3}(?:chấm|cham|dot)(?=\s))\s{0,3}"
_DOT = rf"(?:\s{{0,3}}[.。]\s{{0,3}}|{_SAID_DOT})"
_LABEL = r"[\w\-]{1,63}"
_PROVIDER = r"(?:gmail|yahoo|hotmail|outlook|icloud|zalo)\b"
_DOMAIN = rf"(?:{_LABEL}(?:{_DOT}{_LABEL})+|{_PROVIDER})"
_EMAIL = (
    r"(?<![\w.+\-])[\w.+\-]++(?:"
    rf"\s{{0,3}}(?:@|[(\[{{]\s?(?:@|at|{_SAID_AT})\s?[)\]}}])\s{{0,3}}{_DOMAIN}"
    rf"|\s{{1,3}}{_SAID_AT}\s{{1,3}}{_DOMAIN}"
    # Without brackets it is a word of English: so no full stop makes an address of what follows.
    rf"|\s{{1,3}}at\s{{1,3}}(?:{_PROVIDER}(?:{_DOT}{_LABEL})?|{_LABEL}(?:{_SAID_DOT}{_LABEL})+))"
)
# 29A-123.45, 51F1-234.56, 29-A1 2345, 80-NG-123-45; of foreigners NN-123-45; of the army TM 12-34
_IN_PLATE = rf"[\s._/•·{DASHES}]{{0,5}}"
_NO_PLATE = r"(?!\s?/\s?(?:nq|qđ|qd|tt|ct|cv|kh|tb|bc|nđ|nd)\b|\s?(?:km|kg|ha|tr|cm|mm|gb|mb|ph)\b)"
_PLATE = (
    rf"(?<!\w)(?:[1-9]\d{_NO_PLATE}{_IN_PLATE}[a-zđ]{{1,2}}\d?{_IN_PLATE}(?:\d{{3}}{_IN_PLATE}\d{{2}}|\d{{4}})"
    rf"|(?:nn|ng|qt){_IN_PLATE}\d{{3}}{_IN_PLATE}\d{{2}}"
    rf"|(?:(?-i:[A-ZĐ]{{2}})[\s.{DASHES}]{{1,5}}|[a-zđ]{{2}}[{DASHES}])\d{{2}}[{DASHES}.]\d{{2}})(?!\d)"
)
_HYPHEN = rf"[.{DASHES}]"
_DOSSIER = rf"(?<!\w)\d{{3}}(?:\.\d{{2}}){{0,2}}{_HYPHEN}[a-z]\d{{2}}{_HYPHEN}\d{{6}}{_HYPHEN}\d{{3,6}}(?!\d)"
_PASSPORT = rf"(?<!\w)[a-z][\s.{DASHES}]{{0,2}}\d{{7,8}}(?!\d)"

_WORD = (
    r"(?:không|khong|một|mot|mốt|hai|ba|bốn|bon|tư|năm|nam|lăm|sáu|sau|bảy|bẩy|bay|tám|tam|chín|chin"
    r"|zero|one|two|three|four|five|six|seven|eight|nine)"
)
_SAID_DIGIT = rf"(?<!{LETTER}){_WORD}(?!{LETTER})"
_WRITTEN_DIGIT = r"[\doil]"  # with the letters that look like 0 and 1


def _number_of(digit: str) -> str:
    return (
        rf"(?:(?<!{LETTER})[+(]\s?)?(?:\d|(?<!{LETTER}){digit})(?:{_GAP}{digit}){{{FEWEST_DIGITS - 1},}}"
        rf"(?:(?<=\d)|(?!{LETTER}))"
    )


# Numbers in digits first: a word beside one ("không 0912345678") is no part of it.
_FOUND = (
    re.compile(
        f"{_EMAIL}|{_DOSSIER}|{_PLATE}|{_PASSPORT}|(?P<number>{_number_of(_WRITTEN_DIGIT)})", re.IGNORECASE
    ),
    re.compile(f"(?P<number>{_number_of(f'(?:{_WRITTEN_DIGIT}|{_SAID_DIGIT})')})", re.IGNORECASE),
)
_SURE_DIGIT = re.compile(rf"\d|{_SAID_DIGIT}", re.IGNORECASE)


def redacted(text: str) -> str:
    """Give a comment with a mark in the place of each such number or address."""
    text = unicodedata.normalize("NFC", text)
    meant = as_meant(text)
    parts, at = [], 0
    for first, last in sorted(_spans(without_kept(meant.plain))):
        hidden = meant.span(first, last, text)
        parts += [text[at : hidden.start], HIDDEN]
        at = hidden.stop
    return "".join([*parts, text[at:]])


def _spans(plain: str) -> Iterator[tuple[int, int]]:
    for pattern in _FOUND:
        found = [one.span() for one in pattern.finditer(plain) if _is_hidden(one)]
        yield from found
        plain = out_of_sight(plain, found)


def _is_hidden(found: re.Match[str]) -> bool:
    number = found["number"]
    # With hardly a digit among its letters it is a cry or a word.
    return number is None or sum(1 for _ in _SURE_DIGIT.finditer(number)) >= FEWEST_DIGITS - 2
