"""Which of the offices below a parent a reader wants to see, and in which order."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any

from werkzeug.datastructures import MultiDict

from survey_app.models.office import OFFICE_KINDS
from survey_app.models.publication import VERDICTS
from survey_app.models.vietnamese import Search
from survey_app.publish.parents.below import Below
from survey_app.publish.parents.lines import Line
from survey_app.web.paging import typed_page, typed_search

ROWS_A_PAGE = 100  # a province has fewer communes; with addresses of two campaigns and long names 45 kB
ORDERS = ("name", "band", "index", "n", "coverage")
ALL_ROWS = "all"  # on one page: for paper


@dataclass(frozen=True)
class Asked:
    """What stands in the address; what is not known there counts as not said."""

    name: str = ""
    kind: str = ""
    verdict: str = ""
    figures: str = ""  # "shown" or "lacking"
    sort: str = ""
    shows_all: bool = False
    page: int = 1

    @classmethod
    def of(cls, fields: MultiDict[str, str]) -> "Asked":
        sort = fields.get("sort", "")
        return cls(
            name=typed_search(fields),
            kind=_known(fields.get("kind"), OFFICE_KINDS),
            verdict=_known(fields.get("verdict"), VERDICTS),
            figures=_known(fields.get("figures"), ("shown", "lacking")),
            sort=sort if sort.removeprefix("-") in ORDERS else "",
            shows_all=fields.get("rows") == ALL_ROWS,
            page=typed_page(fields),
        )

    @property
    def filters(self) -> dict[str, str]:
        """Give what narrows the table, as the address says it."""
        said = {"q": self.name, "kind": self.kind, "verdict": self.verdict, "figures": self.figures}
        return {name: value for name, value in said.items() if value}

    def said(self, **other: Any) -> dict[str, Any]:
        """Give what an address must say for the same table, with something else in it."""
        now = {**self.filters, "sort": self.sort, "rows": ALL_ROWS if self.shows_all else ""}
        return {name: value or None for name, value in {**now, **other}.items()}


def choose(below: Below, asked: Asked) -> list[Line]:
    """Give the lines that were asked for, in their order."""
    lines: Iterable[Line] = below.lines
    searched = Search(asked.name)
    if searched:
        lines = [line for line in lines if searched.finds(line.name, line.code)]
    if asked.kind:
        lines = [line for line in lines if line.kind == asked.kind]
    if asked.verdict:
        lines = [line for line in lines if line.verdict == asked.verdict]
    shown = [line for line in lines if line.state == "shown"] if asked.figures != "lacking" else []
    others = [line for line in lines if line.state != "shown"] if asked.figures != "shown" else []
    return [*_in_order(shown, asked.sort or ("band" if below.has_ranks else "name")), *others]


def _in_order(shown: list[Line], sort: str) -> list[Line]:
    """Sort those with an index, which stand by name, both ways by name among equals."""
    column, is_down = sort.removeprefix("-"), sort.startswith("-")
    if column == "name":
        return shown[::-1] if is_down else shown
    values = [(_VALUES[column](line), line) for line in shown]
    known = [one for one in values if one[0] is not None]
    known.sort(key=itemgetter(0), reverse=is_down)
    return [line for _, line in known] + [line for value, line in values if value is None]


def _known(said: str | None, words: Sequence[str]) -> str:
    return said if said and said in words else ""


_VALUES: dict[str, Callable[[Line], float | None]] = {
    "band": lambda line: line.band,
    "index": lambda line: line.figure and line.figure.value,
    "n": lambda line: line.n_forms,
    "coverage": lambda line: line.coverage_share,
}
