"""The code printed on a poster: eight symbols, the last of which checks the other seven.

The alphabet leaves out vowels, B, L, S, W, Y, Z, 0 and 1. So no symbols look alike enough to need guessing,
no word forms by chance, and a Vietnamese keyboard (Telex) has nothing to turn into a marked letter but DD,
which becomes Đ and is turned back. Its 23 symbols are the numbers 0 to 22, and a code is well formed when
the sum of weight x number is 0 modulo 23, with the weights 8, 7, ... 1 from left to right. 23 is prime, so
a product is 0 modulo 23 only if one of its factors is:

- one wrong symbol shifts the sum by weight x (difference of the two numbers): both are 1 to 22 in size, so
  the shift is never 0 and every single wrong symbol is found;
- exchanging two symbols, neighbours or not, shifts it by (difference of weights) x (difference of numbers):
  weights are distinct, so every exchange of two different symbols is found.

Any other mistake slips through once in 23.
"""

import secrets
import unicodedata

ALPHABET = "23456789CDFGHJKMNPQRTVX"
LENGTH = 8

_MODULUS = len(ALPHABET)
_NUMBER = {symbol: number for number, symbol in enumerate(ALPHABET)}
_WEIGHTS = range(LENGTH, 0, -1)


def new_code() -> str:
    body = "".join(secrets.choice(ALPHABET) for _ in range(LENGTH - 1))
    return body + ALPHABET[-_weighted_sum(body) % _MODULUS]


def is_well_formed(code: str) -> bool:
    """Whether this could be a code of ours; only the database knows whether it is one."""
    return (
        len(code) == LENGTH and all(map(_NUMBER.__contains__, code)) and _weighted_sum(code) % _MODULUS == 0
    )


def normalise(text: str) -> str:
    """Bring what a person typed or scanned to the stored form; the result need not be well formed.

    Width and case do not matter; blanks, dashes and invisible characters are dropped. Nothing is guessed:
    0, O, 1, I and L stand in no code, so a 0 was a misread Q, D or 8, and no guess may open the form of
    another office. They stay, and the code is then not well formed.
    """
    wide = unicodedata.normalize("NFKC", text).upper().replace("Đ", "DD")
    return "".join(symbol for symbol in wide if not _is_separator(symbol))


def printed(code: str) -> str:
    """Two groups of four: short enough to keep in mind while typing, and to say aloud."""
    return f"{code[:4]}-{code[4:]}"


def form_path(code: str) -> str:
    return f"/s/{code}"


def spelled(number: int, length: int) -> str:
    """Write the last `length` places of a number in the alphabet, the highest place first."""
    symbols = []
    for _ in range(length):
        number, place = divmod(number, len(ALPHABET))
        symbols.append(ALPHABET[place])
    return "".join(reversed(symbols))


def number_of(text: str) -> int | None:
    """Read a number that `spelled` wrote; None if a symbol is not of the alphabet."""
    if not all(map(_NUMBER.__contains__, text)):
        return None
    number = 0
    for symbol in text:
        number = number * len(ALPHABET) + _NUMBER[symbol]
    return number


def _weighted_sum(symbols: str) -> int:
    return sum(weight * _NUMBER[symbol] for weight, symbol in zip(_WEIGHTS, symbols, strict=False))


def _is_separator(symbol: str) -> bool:
    return unicodedata.category(symbol) in {"Zs", "Zl", "Zp", "Cc", "Cf", "Pd"} or symbol in "−_"
