"""Where the counts of dossiers that coverage rests on contradict each other: said beside the index."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from survey_app.models.office import ALL_FIELDS, DossierCount
from survey_app.models.publication import Publication


@dataclass(frozen=True)
class Gap:
    """In how many months two counts differ, and by how many dossiers in all."""

    n_months: int
    n_dossiers: int


@dataclass(frozen=True)
class Gaps:
    parts: Gap | None  # what early, on time and late leave unexplained of the settled ones
    fields: Gap | None  # what the fields leave unexplained of the total, or have beyond it


def gaps_of(session: Session, office_id: int, publication: Publication) -> Gaps:
    counts = session.scalars(
        select(DossierCount).where(
            DossierCount.office_id == office_id,
            DossierCount.month >= publication.covers_from.replace(day=1),
            DossierCount.month <= publication.covers_until,
        )
    )
    totals: dict[date, DossierCount] = {}
    of_fields: dict[date, int] = defaultdict(int)
    for count in counts:
        if count.field_id == ALL_FIELDS:
            totals[count.month] = count
        else:
            of_fields[count.month] += count.n_settled
    return Gaps(
        parts=_gap(total.gap for total in totals.values()),
        fields=_gap(
            total.n_settled - of_fields[month] for month, total in totals.items() if month in of_fields
        ),
    )


def _gap(of_months: Iterable[int]) -> Gap | None:
    found = [abs(gap) for gap in of_months if gap]
    return Gap(len(found), sum(found)) if found else None
