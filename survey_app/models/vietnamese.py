"""Vietnamese names: how they are found without marks, and in which order they stand.

What kind of unit a name begins with counts in neither: "Bộ phận Một cửa xã An Phú" is sorted by "An Phú", and
whoever types "P. An Phú" finds it too. Sort keys are plain ASCII, so that every database compares them alike.
"""

import re
import unicodedata
from collections.abc import Callable
from functools import cache, lru_cache
from typing import TypeVar

Form = TypeVar("Form")
NAMES_REMEMBERED = 8192

_WORD = re.compile(r"[^\W\d_]+|\d+")
_SHORT_TYPE = re.compile(r"\b(?:tp|p|x)\.")
_TYPES = (
    "trung tâm phục vụ hành chính công",
    "bộ phận tiếp nhận và trả kết quả",
    "bộ phận một cửa",
    "ủy ban nhân dân",
    "ubnd",
    "tỉnh",
    "thành phố",
    "đặc khu",
    "phường",
    "xã",
    "huyện",
    "quận",
    "thị xã",
    "thị trấn",
)

_SYMBOLS = "0123456789abcdefghijklmnopqrstuvwxyz"  # in the order of every collation
_END, _BETWEEN_WORDS, _NUMBER = "0", "1", "2"
_LETTERS = dict(zip("aăâbcdđeêfghijklmnoôơpqrstuưvwxyz", _SYMBOLS[3:], strict=True))
_QUALITIES = "\u0306\u0302\u031b"  # breve, circumflex, horn make another letter
_TONES = dict(zip("\u0300\u0309\u0303\u0301\u0323", "12345", strict=True))  # huyền, hỏi, ngã, sắc, nặng


def search_key(typed: str) -> str:
    """Reduce what somebody types for a name to words without marks, less the kind of unit they begin with."""
    return " ".join(_without_type(_words(typed), _unmarked))


def name_key(name: str) -> str:
    """Reduce a name to words without marks: hoà, Hòa and hoa are one."""
    return " ".join(map(_unmarked, _words(name)))


@lru_cache(NAMES_REMEMBERED)
def stored_name_key(name: str) -> str:
    """Reduce a name that the database holds; a search looks through thousands of them, and soon again."""
    return name_key(name)


class Search:
    """What somebody types to find offices or people: words of a name, or a whole code; nothing finds all."""

    def __init__(self, typed: str) -> None:
        self._typed = " ".join(typed.casefold().split())
        key = search_key(typed)
        # It begins at a word of a name; a number must stand there whole.
        self._begins = f" {key} " if key[-1:].isdigit() else key and f" {key}"

    def __bool__(self) -> bool:
        return bool(self._typed)

    def finds(self, name: str, code: str = "") -> bool:
        """Whether a name or a code is meant; marks, case and the kind of unit do not matter."""
        if not self._typed or self._typed == code.casefold():
            return True
        return bool(self._begins) and self._begins in f" {stored_name_key(name)} "

    def stands_in(self, name: str) -> bool:
        """Whether a name holds what was typed, to the mark: such names are better found than others."""
        return self._typed in name.casefold()


def spelling_key(name: str) -> str:
    """Give one key to all ways of writing a name: case, spaces, signs, where in a word its tone stands."""
    folded = unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())
    return " ".join(map(_tone_last, _WORD.findall(folded)))


@lru_cache(NAMES_REMEMBERED)
def sort_key(text: str) -> str:
    """Give a key that sorts as Vietnamese does: a ă â b …, then by tone; Phường 2 before Phường 10."""
    weighed = _without_type(_words(text), _weighed)
    letters = _BETWEEN_WORDS.join(letters for letters, _ in weighed)
    return letters + _END + "".join(tone for _, tone in weighed)


def _words(text: str) -> list[str]:
    folded = unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).casefold())
    return _WORD.findall(_SHORT_TYPE.sub(" ", folded))


def _without_type(words: list[str], form: Callable[[str], Form]) -> list[Form]:
    """Drop the types a name begins with, each once: the name itself may repeat one (xã Xá Lượng)."""
    left = [form(word) for word in words]
    types = list(_types_in(form))
    while found := [kind for kind in types if left[: len(kind)] == kind and len(left) > len(kind)]:
        left = left[len(found[0]) :]
        types.remove(found[0])
    return left


@cache
def _types_in(form: Callable[[str], Form]) -> tuple[list[Form], ...]:
    """Give the types as names are compared with them: they are the same for each name."""
    return tuple([form(word) for word in kind.split()] for kind in _TYPES)


def _unmarked(word: str) -> str:
    if word.isdecimal():
        return str(int(word))
    letters = (symbol for symbol in unicodedata.normalize("NFD", word) if not unicodedata.combining(symbol))
    return "".join(letters).replace("đ", "d").replace("y", "i")


def _tone_last(word: str) -> str:
    """Put a word's tone behind it: hoà and hòa are one, hoa and hóa are others."""
    if word.isdecimal():
        return str(int(word))
    parts = unicodedata.normalize("NFD", word)
    return "".join(sorted(parts, key=_TONES.__contains__))


def _weighed(word: str) -> tuple[str, str]:
    """Give a word's letters in the alphabet's order, and the tone that decides between equal letters."""
    if word.isdecimal():
        digits = str(int(word))
        return _NUMBER + _SYMBOLS[min(len(digits), len(_SYMBOLS) - 1)] + digits, "0"
    parts = unicodedata.normalize("NFD", word)
    tone = max((_TONES[symbol] for symbol in parts if symbol in _TONES), default="0")
    kept = (s for s in parts if s in _QUALITIES or not unicodedata.combining(s))
    letters = unicodedata.normalize("NFC", "".join(kept))
    return "".join(_LETTERS.get(letter, _SYMBOLS[-1]) for letter in letters), tone
