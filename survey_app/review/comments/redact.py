"""Hides from readers what a comment may name its writer by: numbers of phones, papers and cars, e-mail.

Names of people stay: whom a citizen praises or complains about is what the comment says. Too much hidden is
better than too little, so a long number is hidden unless it is plainly a date or an amount of money.
"""

import re
import unicodedata

HIDDEN = "[…]"
FEWEST_DIGITS = 8  # of a number that may be a telephone's; an identity card has 9, or 12

_GAP = r"[\s.\-_/(),·\u2010-\u2015\u200b]{0,3}"
_AT = r"(?:@|\(at\)|\[at\]|(?<=\s)(?:a còng|a cong|a móc|a moc)(?=\s))"
_DOT = r"(?:\.|(?<=\s)(?:chấm|cham|dot)(?=\s))"
_EMAIL = (
    rf"[\w.+\-]{{1,64}}\s*{_AT}\s*"
    rf"(?:[\w\-]{{1,63}}(?:\s*{_DOT}\s*[\w\-]{{1,63}})+|(?:gmail|yahoo|hotmail|outlook|icloud|zalo)\b)"
)
# 29A-123.45, 51F1-234.56, 29-A1 2345, 80-NG-123-45; cars of the army: TM 12-34
_PLATE = (
    r"(?<![\w])(?:[1-9]\d[\s\-.]{0,2}[a-zđ]{1,2}\d?[\s\-.]{0,3}(?:\d{3}[\s.\-]?\d{2}|\d{4})"
    r"|[a-zđ]{2}[\s\-]\d{2}-\d{2})(?!\d)"
)
_DOSSIER = r"(?<![\w])\d{3}(?:\.\d{2}){0,2}[.\-][a-z]\d{2}[.\-]\d{6}[.\-]\d{3,6}(?!\d)"
_PASSPORT = r"(?<![\w])[a-z]\s?\d{7,8}(?!\d)"
_DATE = r"(?<!\d)\d{1,2}(?P<mark>[/.\-])\d{1,2}(?P=mark)(?:19|20)\d{2}(?![/.\-]?\d)"
_MONEY = r"(?<!\d)[1-9]\d{0,2}(?:[.,]?\d{3})+\s*(?:đồng|dong|vnđ|vnd|đ|₫|triệu|tỷ)(?!\w)"
# With the letters that look like 0 and 1; real digits among them are counted below.
_DIGIT = r"[\doil]"
_NUMBER = rf"(?<![^\W\d_])(?:[+(]\s?)?{_DIGIT}(?:{_GAP}{_DIGIT}){{{FEWEST_DIGITS - 1},}}(?![^\W\d_])"
_DIGIT_WORD = (
    r"(?:không|khong|một|mot|mốt|hai|ba|bốn|bon|tư|năm|nam|lăm|sáu|sau|bảy|bẩy|bay|tám|tam|chín|chin)"
)
_SPELLED = rf"(?<!\w){_DIGIT_WORD}(?:[\s,.\-]+{_DIGIT_WORD}){{{FEWEST_DIGITS - 1},}}(?!\w)"

_FOUND = re.compile(
    f"(?P<kept>{_DATE}|{_MONEY})|{_EMAIL}|{_DOSSIER}|{_PLATE}|{_PASSPORT}|(?P<number>{_NUMBER})|{_SPELLED}",
    re.IGNORECASE,
)


def redacted(text: str) -> str:
    """Give a comment with a mark in the place of each such number or address."""
    return _FOUND.sub(_hidden, unicodedata.normalize("NFC", text))


def _hidden(found: re.Match[str]) -> str:
    if found["kept"] is not None:
        return found[0]
    if found["number"] is not None and sum(symbol.isdigit() for symbol in found[0]) < FEWEST_DIGITS - 2:
        return found[0]  # hardly a digit among the letters
    return HIDDEN
