"""A long list in pages: what is searched in it, which rows are shown, which pages lie before and after."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from werkzeug.datastructures import MultiDict

ROWS_A_PAGE = 20
LONGEST_SEARCH = 100
Row = TypeVar("Row")


def typed_search(fields: MultiDict[str, str], name: str = "q") -> str:
    """Read what was typed to be searched for, as far as anybody would type."""
    return fields.get(name, "").strip()[:LONGEST_SEARCH]


def typed_page(fields: MultiDict[str, str]) -> int:
    """Read which page of a list is wanted; the first where that is no number."""
    return fields.get("page", 1, type=int)


@dataclass(frozen=True, slots=True)
class PageAsked:
    """Which page of a list is wanted, and how long it may be."""

    number: int = 1
    n_rows: int = ROWS_A_PAGE


@dataclass(frozen=True, slots=True)
class Page(Generic[Row]):
    """Some rows of a list, and how many there are on all its pages."""

    rows: Sequence[Row]
    n_rows: int
    number: int
    n_pages: int

    @property
    def previous(self) -> int | None:
        return self.number - 1 if self.number > 1 else None

    @property
    def next(self) -> int | None:
        return self.number + 1 if self.number < self.n_pages else None


def page_of(rows: Sequence[Row], asked: PageAsked) -> Page[Row]:
    """Cut one page out of a list that is at hand."""
    return read_page(len(rows), rows.__getitem__, asked)


def read_page(n_rows: int, read: Callable[[slice], Sequence[Row]], asked: PageAsked) -> Page[Row]:
    """Read the rows of one page alone; a number beyond the last page shows the last."""
    n_pages = max(1, -(-n_rows // asked.n_rows))
    number = min(max(asked.number, 1), n_pages)
    shown = slice((number - 1) * asked.n_rows, number * asked.n_rows)
    return Page(read(shown), n_rows, number, n_pages)
