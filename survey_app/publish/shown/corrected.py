"""Which offices' indices a correction changed, where everybody reads both publications."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final, NamedTuple

from sqlalchemy import ColumnElement, Select, func, literal_column, or_, select, tuple_
from sqlalchemy.orm import Session, aliased

from survey_app.models.breakdown import INDEX, WHOLE
from survey_app.models.office import BY_NAME, Office
from survey_app.models.publication import Figure, Publication, publications_of
from survey_app.publish.shown.figure import ShownFigure, show
from survey_app.publish.suppression import forms_behind, is_seen
from survey_app.web.formatting import rounded_percent

MOST_NAMED = 10
NEW, OLD = aliased(Figure), aliased(Figure)
PLACE: Final = (NEW.office_id, NEW.provenance)
Place = tuple[int, str]  # office and class
SHARES: Final = ("value", "low", "high")
COUNTS: Final = ("n_respondents", "n_people")
STORED: Final = (*SHARES, *COUNTS)  # what is printed of an index follows from them
PARTS: Final = 1000  # of a whole: pages print a tenth of a percent
NEAR_A_TIE: Final = 1e-6  # of such a part: beyond what arithmetic of databases and pages differs by


class Printed(NamedTuple):
    """An index by the rounding of pages, which no database has."""

    value: Decimal | None
    low: Decimal | None
    high: Decimal | None
    n: int | None

    @classmethod
    def of(cls, value: float | None, low: float | None, high: float | None, n: int | None) -> "Printed":
        share, lowest, highest = (None if one is None else rounded_percent(one) for one in (value, low, high))
        return cls(share, lowest, highest, n)

    def moved_by(self, other: "Printed") -> Decimal:
        """Say how far apart two of them are; where one cannot be estimated they are the least."""
        if self.value is None or other.value is None:
            return Decimal(-1)
        return abs(self.value - other.value)


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

    Judged and ordered by what is printed: digits beyond it are not for everybody.
    """
    seen = _seen_in_both(now, before)
    distances = _distances(session, seen)
    named = sorted(distances, key=distances.__getitem__, reverse=True)[:MOST_NAMED]
    figures = session.execute(seen.add_columns(Office.name, OLD, NEW).where(tuple_(*PLACE).in_(named)))
    found = {
        (later.office_id, later.provenance): Moved(
            name,
            later.provenance,
            later.sampling_basis,
            show(earlier, before.minimum_n, before.minimum_n),
            show(later, now.minimum_n, now.minimum_n),
        )
        for name, earlier, later in figures
    }
    return [found[place] for place in named], len(distances)


def _distances(session: Session, seen: Select[Any]) -> dict[Place, Decimal]:
    """Say how far each index moved that is printed otherwise, in the order of the offices' names."""
    columns = [getattr(side, name) for side in (OLD, NEW) for name in STORED]
    candidates = seen.add_columns(*PLACE, *columns).where(_may_be_printed_otherwise())
    found = {}
    for office_id, provenance, *both in session.execute(candidates):
        then, now = (_printed(*part) for part in (both[: len(STORED)], both[len(STORED) :]))
        if then != now:
            found[office_id, provenance] = now.moved_by(then)
    return found


def _may_be_printed_otherwise() -> ColumnElement[bool]:
    """Leave out, of thousands, those whose digits are the same whichever way a tie is rounded."""
    counts = (getattr(NEW, name).is_distinct_from(getattr(OLD, name)) for name in COUNTS)
    shares = (
        func.round(PARTS * getattr(NEW, name) + aside).is_distinct_from(
            func.round(PARTS * getattr(OLD, name) - aside)
        )
        for name in SHARES
        for aside in (NEAR_A_TIE, -NEAR_A_TIE)
    )
    return or_(*counts, *shares)


def _printed(
    value: float | None, low: float | None, high: float | None, n_respondents: int, n_people: int
) -> Printed:
    return Printed.of(value, low, high, forms_behind(n_respondents, n_people))


def _seen_in_both(now: Publication, before: Publication) -> Select[Any]:
    """Join the indices that everybody reads in both publications, in the order of the offices' names."""
    is_same = (OLD.office_id == NEW.office_id) & (OLD.provenance == NEW.provenance)
    return (
        select()
        .select_from(NEW)
        .join(OLD, is_same)
        .join(Office, Office.id == NEW.office_id)
        .where(
            # In the words of their index: SQLite proves no bound parameter against it.
            *(one.measure == literal_column(f"'{INDEX}'") for one in (NEW, OLD)),
            *(one.breakdown == literal_column(f"'{WHOLE}'") for one in (NEW, OLD)),
            NEW.publication_id == now.id,
            OLD.publication_id == before.id,
            is_seen(now.minimum_n, NEW),
            is_seen(before.minimum_n, OLD),
        )
        .order_by(*BY_NAME, NEW.provenance)
    )
