"""Writes the lines of some of the offices below a parent: those of a page, or of the whole file."""

from collections.abc import Collection, Iterator, Sequence
from functools import cache
from typing import Any

from sqlalchemy import Select, and_, bindparam, case, func, select
from sqlalchemy.orm import Session

from survey_app.models.breakdown import INDEX, WHOLE, month_name
from survey_app.models.office import Office
from survey_app.models.publication import Change, Comparison, Figure
from survey_app.publish.parents.below import Below, with_figures
from survey_app.publish.parents.lines import Found, Index, Line, Moved
from survey_app.publish.suppression import INSIDE_MINIMUM, is_seen

OFFICES_AT_ONCE = 500  # in one question to the database
N_TERMS = 2  # what `Found` says of all offices of a publication
# Where in a row its figure begins, where it says whether there is one, and where what was found begins.
FIGURE = 8
N_PEOPLE = FIGURE + Index._fields.index("n_people")
FOUND = FIGURE + len(Index._fields)


def write_lines(session: Session, below: Below, office_ids: Sequence[int]) -> list[Line]:
    """Write names, figures, what the release found, and how each moved between the same two periods."""
    return [
        line
        for start in range(0, len(office_ids), OFFICES_AT_ONCE)
        for line in _write(session, below, office_ids[start : start + OFFICES_AT_ONCE])
    ]


def _write(session: Session, below: Below, office_ids: Sequence[int]) -> Iterator[Line]:
    publication = below.publication
    terms = (publication.target, publication.adjustment) if publication else ()
    of_change = {"later": below.changed_to, "earlier": below.changed_from}
    asked = {**below.binds, **of_change, "office_ids": office_ids}
    rows = {row[0]: row for row in session.execute(_of_offices(), asked)}
    figures = {one: Index._make(row[FIGURE:FOUND]) for one, row in rows.items() if row[N_PEOPLE] is not None}
    shown = [one for one, figure in figures.items() if figure.state == "shown"]
    former = _former_offices(session, below, shown)
    for office_id in office_ids:
        row = rows[office_id]
        code, name, kind, last_day, value, low, high = row[1:FIGURE]
        yield Line(
            *(office_id, code, name, kind),
            figures.get(office_id),
            Found(*terms, *row[FOUND:]) if row[FOUND] is not None else None,
            Moved(value, low, high, former[office_id]) if office_id in former else None,
            last_day if last_day and last_day < below.today else None,
        )


@cache
def _of_offices() -> Select[*tuple[Any, ...]]:
    """Write the question once, too."""
    moved = and_(
        Change.publication_id == bindparam("publication_id"),
        Change.office_id == Office.id,
        Change.provenance == bindparam("provenance"),
        Change.later == bindparam("later"),
        Change.earlier == bindparam("earlier"),
    )
    return (
        with_figures()
        .with_only_columns(
            *(Office.id, Office.code, Office.name, Office.kind, Office.valid_until),
            *(Change.value, Change.low, Change.high),
            *(getattr(Figure, name) for name in Index._fields),
            *(getattr(Comparison, name) for name in Found._fields[N_TERMS:]),
        )
        .outerjoin(Change, moved)
        .where(Office.id.in_(bindparam("office_ids", expanding=True)))
    )


def _former_offices(session: Session, below: Below, office_ids: Collection[int]) -> dict[int, int]:
    """Count the former offices that speak for each in the two periods of the change; waves pool none.

    Of an office of which a figure of either period is hidden nothing is given: the change would give it away.
    """
    if below.change is None or below.publication is None:
        return {}
    is_seen_inside = is_seen(INSIDE_MINIMUM)
    of_index = (
        Figure.provenance == below.provenance,
        Figure.measure == INDEX,
        Figure.office_id.in_(office_ids),
    )
    if below.change.later.kind == "wave":
        of_wave = (Figure.publication_id == below.earlier_publication_id, Figure.breakdown == WHOLE)
        seen = session.scalars(select(Figure.office_id).where(*of_wave, *of_index, is_seen_inside))
        return dict.fromkeys(seen, 0)
    months = (*below.change.later.months, *below.change.earlier.months)
    rows = session.execute(
        select(
            Figure.office_id,
            func.sum(case((is_seen_inside, 0), else_=1)),
            func.max(Figure.n_predecessors),
        )
        .where(
            Figure.publication_id == below.publication.id,
            Figure.breakdown.in_([month_name(month) for month in months]),
            *of_index,
        )
        .group_by(Figure.office_id)
    )
    n_former = dict.fromkeys(office_ids, 0)
    for office_id, n_hidden, n_pooled in rows:
        if n_hidden:
            del n_former[office_id]
        else:
            n_former[office_id] = n_pooled
    return n_former
