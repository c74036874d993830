"""All figures of one office in a publication, as staff may see them: read once, named by their measures."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import TypeVar

from sqlalchemy import Select, bindparam, select
from sqlalchemy.orm import Session

from survey_app.models.breakdown import INDEX, WHOLE, kind_of, part_of
from survey_app.models.publication import Change, Distribution, Figure, Publication
from survey_app.publish.shown.figure import BEST_FIRST, ShownFigure, show
from survey_app.publish.suppression import INSIDE_MINIMUM

Row = TypeVar("Row", Figure, Distribution, Change)


@dataclass
class FiguresOfClass:
    """What one provenance class's answers say of an office, before it is laid out."""

    whole: dict[str, ShownFigure] = field(default_factory=dict)  # by measure
    index_by: dict[str, ShownFigure] = field(default_factory=dict)  # by breakdown
    n_predecessors: dict[str, int] = field(default_factory=dict)  # by breakdown
    counts: Mapping[str, Mapping[str, int]] = field(default_factory=dict)  # item → option → answers
    changes: list[Change] = field(default_factory=list)

    def of_kind(self, kind: str) -> dict[str, ShownFigure]:
        """Give the index by month, counter or field: the name after the colon → figure, in their order."""
        return {part_of(name): self.index_by[name] for name in sorted(self.index_by) if kind_of(name) == kind}


def figures_inside(
    session: Session, publication: Publication, office_id: int, measure: str | None = None
) -> dict[str, FiguresOfClass]:
    """Read an office's figures by class, as people of the house may see them: all, or of one measure."""
    found: dict[str, FiguresOfClass] = {}
    asked = {"publication_id": publication.id, "office_id": office_id}
    for figure in session.scalars(_figures(measure), asked):
        of_class = found.setdefault(figure.provenance, FiguresOfClass())
        shown = show(figure, INSIDE_MINIMUM, publication.minimum_n)
        if figure.breakdown == WHOLE:
            of_class.whole[figure.measure] = shown
        elif figure.measure == INDEX:
            of_class.index_by[figure.breakdown] = shown
            of_class.n_predecessors[figure.breakdown] = figure.n_predecessors
    for distribution in session.scalars(_of_office(Distribution), asked):
        if distribution.provenance in found:
            found[distribution.provenance].counts = distribution.counts
    for change in session.scalars(_of_office(Change), asked):
        if change.provenance in found:
            found[change.provenance].changes.append(change)
    return {provenance: figures for provenance, figures in found.items() if INDEX in figures.whole}


@cache
def _figures(measure: str | None) -> Select[Figure]:
    query = _of_office(Figure).order_by(*BEST_FIRST)
    return query.where(Figure.measure == measure) if measure else query


@cache
def _of_office(row: type[Row]) -> Select[Row]:
    """Write each question once: every page of an office asks it, and writing takes longer than asking."""
    is_of_publication = row.publication_id == bindparam("publication_id")
    return select(row).where(is_of_publication, row.office_id == bindparam("office_id"))
