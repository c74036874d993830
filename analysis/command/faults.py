"""What is wrong with a file or an option: gathered, then said in one line each."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from itertools import islice
from typing import Final

from analysis.errors import AnalysisError

LIMIT: Final = 20
"""Faults that are written out; the others are counted."""


_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]")


def printable(text: str) -> str:
    r"""Return text whose control characters are written out, so that a terminal does not obey them.

    Examples
    --------
    >>> print(printable("red: \x1b[31m"))
    red: \x1b[31m
    """
    return _CONTROL.sub(lambda found: found[0].encode("unicode_escape").decode("ascii"), text)


class Refused(Exception):
    """The command cannot run; `lines` say why."""

    def __init__(self, *lines: str) -> None:
        super().__init__(*lines)
        self.lines = lines


class Faults:
    """Faults met so far, so that one run names them all.

    Examples
    --------
    >>> faults = Faults()
    >>> faults.add("line 3, column w: 'abc' is no number")
    >>> try:
    ...     faults.refuse()
    ... except Refused as refused:
    ...     print(*refused.lines)
    line 3, column w: 'abc' is no number
    """

    def __init__(self) -> None:
        self.n_faults = 0
        self._lines: list[str] = []
        self._n_more = 0

    def add(self, line: str) -> None:
        """Note one fault."""
        self.add_many([line], 1)

    def add_many(self, lines: Iterable[str], n_lines: int) -> None:
        """Note faults of which only the first are worth wording."""
        taken = list(islice(lines, max(LIMIT - len(self._lines), 0)))
        self.n_faults += n_lines
        self._lines += taken
        self._n_more += n_lines - len(taken)

    def refuse(self) -> None:
        """Raise what was found, if anything was."""
        if self._lines:
            more = [f"… and {self._n_more} more"] if self._n_more else []
            raise Refused(*self._lines, *more)


@contextmanager
def in_words_of_options(words: Mapping[str, str]) -> Iterator[None]:
    """Turn the library's refusals into those of the options that caused them."""
    try:
        yield
    except AnalysisError as error:
        option = words.get(error.argument, error.argument)
        raise Refused(f"{option}: must {error.rule}; got {error.value!r}") from error
