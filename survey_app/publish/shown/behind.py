"""Which offices stand behind the figure of an office above them: how many, and whose dossiers are known."""

from dataclasses import dataclass
from functools import cache

from sqlalchemy import ColumnElement, case, distinct, func, literal, null, select
from sqlalchemy.orm import Session

from survey_app.models.access_point import AccessPoint
from survey_app.models.known_offices import known_offices
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


@cache
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
    known = known_offices(session)
    if not known.tree.has_below(office_id):
        return {}
    lowest = known.tree.lowest_below(office_id)
    of_classes = (
        select(Figure.provenance, *counted_behind(minimum))
        .where(
            Figure.publication_id == publication.id,
            IS_WHOLE_INDEX,  # in the words of the index that holds no other figures: SQLite then reads it
            known.holds(lowest, Figure.office_id),
        )
        .group_by(Figure.provenance)
    )
    of_all = select(null(), func.count(distinct(AccessPoint.office_id)), *[literal(0)] * 3).where(
        AccessPoint.campaign_id == publication.campaign_id, known.holds(lowest, AccessPoint.office_id)
    )
    found = session.execute(of_classes.union_all(of_all)).all()
    n_taking_part = next(n for provenance, n, *_ in found if provenance is None)
    return {
        provenance: Behind(n_offices, n_taking_part, *map(int, sums))
        for provenance, n_offices, *sums in found
        if provenance is not None
    }
