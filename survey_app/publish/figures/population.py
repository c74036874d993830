"""How many dossiers stand behind a figure: known for every office and month that it covers, or not known."""

from collections.abc import Mapping
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from survey_app.models.access_point import AccessPoint
from survey_app.models.office import ALL_FIELDS, DossierCount, Office

Days = tuple[date, date | None]  # the first on which an office exists, and the last


class Population:
    """Dossiers settled, by month and field, of the offices that take part in a campaign."""

    def __init__(
        self, days_of_office: Mapping[int, Days], settled: Mapping[tuple[int, date, int], int]
    ) -> None:
        self._days_of_office, self._settled = days_of_office, settled

    @classmethod
    def of_campaign(cls, session: Session, campaign_id: int) -> "Population":
        takes_part = select(AccessPoint.office_id).where(AccessPoint.campaign_id == campaign_id)
        offices = select(Office.id, Office.valid_from, Office.valid_until).where(Office.id.in_(takes_part))
        key = (DossierCount.office_id, DossierCount.month, DossierCount.field_id)
        counts = select(*key, DossierCount.n_settled).where(DossierCount.office_id.in_(takes_part))
        return cls(
            {row[0]: (row[1], row[2]) for row in session.execute(offices)},
            {(row[0], row[1], row[2]): row[3] for row in session.execute(counts)},
        )

    def size(self, offices: set[int], first: date, last: date, field_id: int = ALL_FIELDS) -> int | None:
        """Sum the months from `first` to `last`; None if one office lacks one month in which it existed."""
        found = [
            self._settled.get((office_id, month, field_id))
            for office_id in sorted(offices & self._days_of_office.keys())
            for begins, ends in (self._days_of_office[office_id],)
            for month in _months(max(first, begins), min(last, ends or last))
        ]
        return None if None in found else sum(n for n in found if n is not None)


def _months(first: date, last: date) -> list[date]:
    numbers = range(first.year * 12 + first.month - 1, last.year * 12 + last.month)
    return [date(number // 12, number % 12 + 1, 1) for number in numbers] if first <= last else []
