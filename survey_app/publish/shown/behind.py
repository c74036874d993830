"""Which offices stand behind the figure of an office above them: how many, and whose dossiers are known."""

from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, CompoundSelect, Integer, bindparam, case, func, literal, null, select
from sqlalchemy.orm import Session

from survey_app.models.access_point import AccessPoint
from survey_app.models.office import Office
from survey_app.models.office_tree import has_below, has_none_below, itself_and_below
from survey_app.models.publication import IS_WHOLE_INDEX, Figure, Publication
from survey_app.publish.suppression import is_seen
from survey_app.web.formatting import percent_text


@dataclass(frozen=True)
class Behind:
    """The offices behind one class's figure, and what may be said of their coverage.

    It is added up from what the reader sees of each office: so it tells nothing that these do not tell.
    """

    n_offices: int  # that have a figure of the class, shown or hidden
    n_taking_part: int  # that have a way in
    n_counted: int  # whose figure is shown, and of which all dossiers are known
    n_forms: int  # in the figures of these, over
    n_dossiers: int  # the months of each one's own responses

    @property
    def coverage(self) -> str:
        return percent_text(self.n_forms / self.n_dossiers) if self.n_dossiers else ""

    @property
    def is_beyond(self) -> bool:
        return self.n_forms > self.n_dossiers > 0

    @property
    def leaves_out(self) -> bool:
        """Whether some that take part have no such responses: their dossiers are counted nowhere here."""
        return self.n_offices < self.n_taking_part


def counted_behind(minimum: int) -> tuple[ColumnElement[int], ...]:
    """Count in SQL all of `Behind` but who takes part."""
    is_counted = is_seen(minimum) & (Figure.n_people > 0) & (Figure.population_size > 0)
    return (
        func.count(Figure.office_id),
        func.sum(case((is_counted, 1), else_=0)),
        func.sum(case((is_counted, Figure.n_respondents), else_=0)),
        func.sum(case((is_counted, Figure.population_size), else_=0)),
    )


def offices_behind(
    session: Session, publication: Publication, office_id: int, minimum: int
) -> dict[str, Behind]:
    """Give by class the offices behind the figures of an office; nothing for one with none below it."""
    if not has_below(session, office_id):
        return {}
    asked = {"publication_id": publication.id, "campaign_id": publication.campaign_id, "office_id": office_id}
    found = {provenance: counts for provenance, *counts in session.execute(_counted(minimum), asked)}
    n_taking_part, *_ = found.pop(None)
    return {
        provenance: Behind(counts[0], n_taking_part, *map(int, counts[1:]))
        for provenance, counts in found.items()
    }


@cache
def _counted(minimum: int) -> CompoundSelect[*tuple[Any, ...]]:
    """Ask at once what each class counts and, in a row of no class, who takes part."""
    below = itself_and_below(bindparam("office_id", type_=Integer))
    lowest = select(Office.id).where(Office.id.in_(below), has_none_below()).cte("lowest")
    takes_part = select(AccessPoint.office_id).where(AccessPoint.campaign_id == bindparam("campaign_id"))
    of_classes = (
        select(Figure.provenance, *counted_behind(minimum))
        .where(
            Figure.publication_id == bindparam("publication_id"),
            IS_WHOLE_INDEX,  # in the words of the index that holds no other figures: SQLite then reads it
            # Not the column itself: SQLite would look each office up in every publication that there is.
            (Figure.office_id + 0).in_(select(lowest.c.id)),
        )
        .group_by(Figure.provenance)
    )
    of_all = select(null(), func.count(), *[literal(0)] * 3).where(lowest.c.id.in_(takes_part))
    return of_classes.union_all(of_all)
