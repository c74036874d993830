"""All figures of one office in a publication, as staff may see them: read once, named by their measures."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from sqlalchemy import select
from sqlalchemy.orm import Session

from survey_app.models.breakdown import INDEX, WHOLE, kind_of, part_of
from survey_app.models.publication import Change, Distribution, Figure, Publication
from survey_app.publish.shown.figure import BEST_FIRST, ShownFigure, show
from survey_app.publish.suppression import INSIDE_MINIMUM


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
    of_office = {"publication_id": publication.id, "office_id": office_id}
    of_measure = {"measure": measure} if measure else {}
    for figure in session.scalars(select(Figure).filter_by(**of_office, **of_measure).order_by(*BEST_FIRST)):
        of_class = found.setdefault(figure.provenance, FiguresOfClass())
        shown = show(figure, INSIDE_MINIMUM, publication.minimum_n)
        if figure.breakdown == WHOLE:
            of_class.whole[figure.measure] = shown
        elif figure.measure == INDEX:
            of_class.index_by[figure.breakdown] = shown
            of_class.n_predecessors[figure.breakdown] = figure.n_predecessors
    for distribution in session.scalars(select(Distribution).filter_by(**of_office)):
        if distribution.provenance in found:
            found[distribution.provenance].counts = distribution.counts
    for change in session.scalars(select(Change).filter_by(**of_office)):
        if change.provenance in found:
            found[change.provenance].changes.append(change)
    return {provenance: figures for provenance, figures in found.items() if INDEX in figures.whole}
