"""Which of the offices below a parent a reader wants to see, and in which order."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from werkzeug.datastructures import MultiDict

from survey_app.models.office import OFFICE_KINDS
from survey_app.models.publication import VERDICTS
from survey_app.models.vietnamese import Search
from survey_app.publish.parents.lines import Line
from survey_app.web.paging import typed_page, typed_search

ROWS_A_PAGE = 140  # with addresses of two campaigns and long names still 60 kB
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
    def is_narrowed(self) -> bool:
        return bool(self.name or self.kind or self.verdict or self.figures)

    def said(self, **other: Any) -> dict[str, Any]:
        """Give what an address must say for the same table, with something else in it."""
        now = {
            "q": self.name,
            "kind": self.kind,
            "verdict": self.verdict,
            "figures": self.figures,
            "sort": self.sort,
            "rows": ALL_ROWS if self.shows_all else "",
        }
        return {name: value or None for name, value in {**now, **other}.items()}


def choose(lines: Sequence[Line], asked: Asked, *, has_ranks: bool) -> list[Line]:
    """Give the lines that were asked for; those without an index stand at the end, by name."""
    searched = Search(asked.name)
    found = lines
    if asked.is_narrowed:
        found = [line for line in lines if _fits(line, asked) and searched.finds(line.name, line.code)]
    shown = [line for line in found if line.state == "shown"]
    order = asked.sort or ("band" if has_ranks else "name")
    if value := _VALUES.get(order.removeprefix("-")):
        # Both ways by name among equals, and those of which it is not known last.
        shown.sort(key=lambda line: value(line) or 0, reverse=order.startswith("-"))
        shown.sort(key=lambda line: value(line) is None)
    elif order == "-name":
        shown.reverse()
    return shown + [line for line in found if line.state != "shown"]


def _fits(line: Line, asked: Asked) -> bool:
    return (
        asked.kind in {"", line.kind}
        and asked.verdict in {"", line.verdict}
        and asked.figures in {"", "shown" if line.state == "shown" else "lacking"}
    )


def _known(said: str | None, words: Sequence[str]) -> str:
    return said if said and said in words else ""


_VALUES: dict[str, Callable[[Line], float | None]] = {
    "band": lambda line: line.band,
    "index": lambda line: line.limits[1] if line.limits else None,
    "n": lambda line: line.n_forms,
    "coverage": lambda line: line.coverage_share,
}
