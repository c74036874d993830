"""Which offices stand behind the figure of an office above them: how many, and whose dossiers are known."""

from dataclasses import dataclass

from sqlalchemy import case, exists, func, select
from sqlalchemy.orm import Session, aliased

from survey_app.models.access_point import AccessPoint
from survey_app.models.office import Office
from survey_app.models.office_tree import has_below, itself_and_below
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


def offices_behind(
    session: Session, publication: Publication, office_id: int, minimum: int
) -> dict[str, Behind]:
    """Give by class the offices behind the figures of an office; nothing for one with none below it."""
    if not has_below(session, office_id):
        return {}
    child = aliased(Office)
    has_none_below = ~exists().where(child.parent_id == Office.id)
    lowest = select(Office.id).where(Office.id.in_(itself_and_below(office_id)), has_none_below)
    takes_part = select(AccessPoint.office_id).where(AccessPoint.campaign_id == publication.campaign_id)
    n_taking_part = session.scalar(
        select(func.count()).select_from(lowest.where(Office.id.in_(takes_part)).subquery())
    )
    is_counted = is_seen(minimum) & (Figure.n_people > 0) & (Figure.population_size > 0)
    rows = session.execute(
        select(
            Figure.provenance,
            func.count(),
            func.sum(case((is_counted, 1), else_=0)),
            func.sum(case((is_counted, Figure.n_respondents), else_=0)),
            func.sum(case((is_counted, Figure.population_size), else_=0)),
        )
        .where(
            Figure.publication_id == publication.id,
            IS_WHOLE_INDEX,  # in the words of the index that holds no other figures: SQLite then reads it
            Figure.office_id.in_(lowest),
        )
        .group_by(Figure.provenance)
    )
    return {
        provenance: Behind(n_offices, n_taking_part or 0, *(int(n) for n in counted))
        for provenance, n_offices, *counted in rows
    }
