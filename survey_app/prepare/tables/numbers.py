"""Whole numbers as people write them: 1234, 1.234, 1,234 or 1 234."""

import re

# How tables of the state say that there is no number, or none yet.
NOTHING = frozenset({"", "-", "–", "…", "..."})
LARGEST_COUNT = 999_999_999
_COUNT = re.compile(r"[0-9]{1,9}")
_GROUPED = re.compile(r"[0-9]{1,3}([., \u00a0])[0-9]{3}(?:\1[0-9]{3})*")


def whole_number(text: str) -> int:
    """Read a number up to a billion; ValueError for anything else, 84,2 and −1 among it."""
    plain = re.sub(r"\D", "", text) if _GROUPED.fullmatch(text) else text
    return digits_alone(plain)


def digits_alone(text: str) -> int:
    if not _COUNT.fullmatch(text):
        raise ValueError(text)
    return int(text)
