"""Which offices' indices a correction changed, where everybody reads both publications."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy import func, literal_column, or_, select
from sqlalchemy.orm import Session, aliased

from survey_app.models.breakdown import INDEX, WHOLE
from survey_app.models.office import Office
from survey_app.models.publication import Figure, Publication, publications_of
from survey_app.publish.shown.figure import ShownFigure, show
from survey_app.publish.suppression import is_seen

MOST_NAMED = 10
PRINTED = 1000  # parts of a whole: pages print a tenth of a percent


class Moved(NamedTuple):
    """An office and class, its index as it was published before, and as it is now."""

    name: str
    letter: str
    basis: str  # of its sampling
    before: ShownFigure
    now: ShownFigure


@dataclass(frozen=True)
class Corrections:
    """The publications of a campaign, that in force first, and what the newest one changed most."""

    publications: Sequence[Publication]
    moved: Sequence[Moved]
    n_moved: int

    @property
    def bases(self) -> list[str]:
        return sorted({one.basis for one in self.moved})


def corrections_of(session: Session, publication: Publication | None) -> Corrections | None:
    """Give what a publication corrects, if it does, with those before it."""
    if publication is None or publication.corrects_id is None:
        return None
    before = session.get_one(Publication, publication.corrects_id)
    moved, n_moved = _moved(session, publication, before)
    return Corrections(publications_of(session, publication.campaign_id), moved, n_moved)


def _moved(session: Session, now: Publication, before: Publication) -> tuple[list[Moved], int]:
    """Give the offices of which another index or another n is printed, those that moved most first.

    Ordered by what is printed: digits beyond it are not for everybody.
    """
    new, old = aliased(Figure), aliased(Figure)
    by = func.abs(func.round(new.value * PRINTED) - func.round(old.value * PRINTED))
    differs = or_(
        # Of those who answered nothing that counts, nobody reads how many they are.
        (new.n_respondents != old.n_respondents) & (new.n_people > 0) & (old.n_people > 0),
        *(
            func.round(getattr(new, name) * PRINTED) != func.round(getattr(old, name) * PRINTED)
            for name in ("value", "low", "high")
        ),
    )
    query = (
        select(Office.name, new, old, func.count().over())
        .join(old, (old.office_id == new.office_id) & (old.provenance == new.provenance))
        .join(Office, Office.id == new.office_id)
        .where(
            # In the words of their index: SQLite proves no bound parameter against it.
            *(one.measure == literal_column(f"'{INDEX}'") for one in (new, old)),
            *(one.breakdown == literal_column(f"'{WHOLE}'") for one in (new, old)),
            new.publication_id == now.id,
            old.publication_id == before.id,
            is_seen(now.minimum_n, new),
            is_seen(before.minimum_n, old),
            differs,
        )
        .order_by(by.desc().nulls_last(), Office.sort_key, Office.name, new.provenance)
        .limit(MOST_NAMED)
    )
    rows = session.execute(query).all()
    found = [
        Moved(
            name,
            later.provenance,
            later.sampling_basis,
            show(earlier, before.minimum_n, before.minimum_n),
            show(later, now.minimum_n, now.minimum_n),
        )
        for name, later, earlier, _ in rows
    ]
    return found, rows[0][3] if rows else 0
