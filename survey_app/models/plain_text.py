"""Text that people type: composed, and without symbols that nobody can see."""

import re
import unicodedata

# Directional marks and the like can turn a text around or hide parts of it; a reader cannot see them.
INVISIBLE = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
UNREADABLE_MARK = "\N{REPLACEMENT CHARACTER}"
# With which spreadsheets take a text for a formula, some in full width too.
FORMULA_SIGNS = tuple("=+-@\t\r＝＋－＠")
# Where decimals have commas, spreadsheets cut the lines of a file at semicolons, whatever it is made of.
_AFTER_A_CUT = re.compile(rf"""(;[\s"']*)(?=[{re.escape("".join(FORMULA_SIGNS))}])""")


def composed(typed: str) -> str:
    """Bring text to NFC: some keyboards send letters and marks apart, and lengths must count letters."""
    return unicodedata.normalize("NFC", typed.replace("\r\n", "\n")).strip()


def marked_unreadable(text: str) -> str:
    """Put a mark in the place of every symbol that cannot be read, for its writer to see and remove."""
    return "".join(UNREADABLE_MARK if _is_unreadable(symbol) else symbol for symbol in text)


def one_line(typed: str) -> str:
    """Give a short text as one line, without anything that cannot be seen."""
    visible = (" " if symbol.isspace() else symbol for symbol in typed if not _is_hidden(symbol))
    return " ".join(composed("".join(visible)).split())


def without_formula(text: str) -> str:
    """Put an apostrophe before what a spreadsheet would run; there it reads: this is text."""
    if ";" in text:
        text = _AFTER_A_CUT.sub(r"\1'", text)
    return "'" + text if text.startswith(FORMULA_SIGNS) else text


def _is_unreadable(symbol: str) -> bool:
    # Private-use symbols mean nothing to a reader, and stand for what pages fill in.
    kind = unicodedata.category(symbol)
    return symbol in INVISIBLE or (kind in {"Cc", "Cs", "Co"} and symbol not in "\n\t")


def _is_hidden(symbol: str) -> bool:
    is_control = unicodedata.category(symbol) in {"Cc", "Cf", "Cs", "Co"}
    return symbol == UNREADABLE_MARK or (is_control and not symbol.isspace())
