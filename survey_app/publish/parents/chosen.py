"""Which of the offices below a parent a reader wants to see, and in which order."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Double, SQLColumnExpression, case, cast, func
from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict

from survey_app.models.office import OFFICE_KINDS, Office
from survey_app.models.office_tree import itself_and_below
from survey_app.models.publication import VERDICTS, Comparison, Figure
from survey_app.publish.parents.below import Below, is_index_shown, lines_below
from survey_app.web.office_search import find_offices
from survey_app.web.paging import typed_page, typed_search

Read = Callable[[slice], Sequence[int]]

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


def choose(session: Session, below: Below, asked: Asked) -> tuple[int, Read]:
    """Say how many offices were asked for, and how to read the ids of some of them in their order."""
    connection = session.connection()  # past the session, which would handle each of thousands once more
    order = _order(asked.sort or ("band" if below.has_ranks else "name"))
    ordered = lines_below().where(*_conditions(session, below, asked)).order_by(*order)

    def read(shown: slice) -> Sequence[int]:
        some = ordered.offset(shown.start).limit(shown.stop - shown.start)
        return connection.scalars(some, below.binds).all()

    if asked.is_narrowed:
        found = connection.scalars(ordered, below.binds).all()
        return len(found), found.__getitem__
    return below.together.n_offices, read


def _conditions(session: Session, below: Below, asked: Asked) -> Iterator[ColumnElement[bool]]:
    if asked.name:
        # Names are read only where one is asked for: they cost more than all else of thousands of offices.
        is_below = Office.id.in_(itself_and_below(below.parent.id))
        yield Office.id.in_(find_offices(session, asked.name, is_below))
    if asked.kind:
        yield Office.kind == asked.kind
    if asked.verdict:
        yield is_index_shown() & (Comparison.verdict == asked.verdict)
    if asked.figures:
        yield _IS_SHOWN.in_([1 if asked.figures == "shown" else 0])


def _order(sort: str) -> Iterator[SQLColumnExpression[Any]]:
    """Sort those with an index, both ways by name among equals; the others stand at the end, by name."""
    by_name: tuple[SQLColumnExpression[Any], ...] = (Office.sort_key, Office.name, Office.id)
    yield _IS_SHOWN.desc()
    if sort == "-name":
        yield from (case((_IS_SHOWN == 1, column)).desc() for column in by_name)
    elif sort != "name":
        of_shown = case((_IS_SHOWN == 1, _VALUES[sort.removeprefix("-")]))
        yield of_shown.is_(None)  # of which it is not known
        yield of_shown.desc() if sort.startswith("-") else of_shown
    yield from by_name


def _known(said: str | None, words: Sequence[str]) -> str:
    return said if said and said in words else ""


_IS_SHOWN = case((is_index_shown(), 1), else_=0)
_N_FORMS = case((Figure.n_people > 0, Figure.n_respondents))
_VALUES: dict[str, SQLColumnExpression[Any]] = {
    "band": Comparison.band,
    "index": Figure.value,
    "n": _N_FORMS,
    "coverage": func.nullif(cast(_N_FORMS, Double), 0) / func.nullif(Figure.population_size, 0),
}
