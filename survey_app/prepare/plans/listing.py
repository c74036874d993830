"""Which offices' sizes a reader wants to see, and in which order."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from werkzeug.datastructures import MultiDict

from survey_app.models.vietnamese import Search
from survey_app.prepare.plans.sizes import OfficeSize
from survey_app.web.paging import typed_page, typed_search

ROWS_A_PAGE = 100
ALL_ROWS = "all"  # on one page: for paper
ORDERS: dict[str, Callable[[OfficeSize], float]] = {
    "population": lambda one: one.office.population,
    "drawn": lambda one: one.n_drawn,
    "margin": lambda one: one.margin if one.margin is not None else 2,
    "change": lambda one: one.change if one.change is not None else 2,
}


@dataclass(frozen=True)
class Asked:
    """What stands in the address; what is not known there counts as not said."""

    search: str = ""
    sort: str = ""
    shows_all: bool = False
    page: int = 1

    @classmethod
    def of(cls, fields: MultiDict[str, str]) -> "Asked":
        sort = fields.get("sort", "")
        return cls(
            typed_search(fields),
            sort if sort.removeprefix("-") in ORDERS else "",
            fields.get("rows") == ALL_ROWS,
            typed_page(fields),
        )

    def said(self, **other: Any) -> dict[str, Any]:
        """Give what an address must say for the same table, with something else in it."""
        now = {"q": self.search, "sort": self.sort, "rows": ALL_ROWS if self.shows_all else ""}
        return {name: value or None for name, value in {**now, **other}.items()}


def choose(seen: Iterable[OfficeSize], asked: Asked) -> list[OfficeSize]:
    """Give the lines that were asked for."""
    searched = Search(asked.search)
    found = [one for one in seen if not searched or searched.finds(one.office.name, one.office.code)]
    if value := ORDERS.get(asked.sort.removeprefix("-")):
        found.sort(key=value, reverse=asked.sort.startswith("-"))
    return found
