"""A text as it is meant: without what nobody sees, every digit and letter in its plainest form."""

import unicodedata
from dataclasses import dataclass
from functools import lru_cache

_KEPT_AS_IT_IS = "…"  # three dots would be another gap


@dataclass(frozen=True, slots=True)
class Meant:
    """The plain symbols, and for each the place in the text that it stands for."""

    plain: str
    places: list[int] | range

    def span(self, first: int, last: int, text: str) -> slice:
        """Give the part of the text for a part of the plain symbols, with the marks upon its last one."""
        end = self.places[last - 1] + 1
        while end < len(text) and unicodedata.category(text[end]) in {"Cf", "Mn", "Me"}:
            end += 1
        return slice(self.places[first], end)


def as_meant(text: str) -> Meant:
    """Read the symbols one by one, so that each can be found again."""
    if text.isascii():
        return Meant(text, range(len(text)))
    plain, places = [], []
    for place, symbol in enumerate(text):
        for one in _plain(symbol):
            plain.append(one)
            places.append(place)
    return Meant("".join(plain), places)


@lru_cache(maxsize=4096)
def _plain(symbol: str) -> str:
    if symbol == _KEPT_AS_IT_IS:
        return symbol
    if unicodedata.category(symbol) in {"Cf", "Me"} or "\ufe00" <= symbol <= "\ufe0f":
        return ""
    return "".join(_digit(one) for one in unicodedata.normalize("NFKC", symbol))


def _digit(symbol: str) -> str:
    value = unicodedata.digit(symbol, None)
    return symbol if value is None else str(value)
