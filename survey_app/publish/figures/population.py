"""How many dossiers stand behind a figure: known for every office and month that it covers, or not known."""

from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from survey_app.models.access_point import AccessPoint
from survey_app.models.office import ALL_FIELDS, DossierCount, Office


class Population:
    """Dossiers settled, by month and field, of the offices that take part in a campaign."""

    def __init__(self, session: Session, campaign_id: int) -> None:
        takes_part = select(AccessPoint.office_id).where(AccessPoint.campaign_id == campaign_id)
        self._offices = {
            office.id: office for office in session.scalars(select(Office).where(Office.id.in_(takes_part)))
        }
        self._settled = {
            (row.office_id, row.month, row.field_id): row.n_settled
            for row in session.execute(
                select(
                    DossierCount.office_id,
                    DossierCount.month,
                    DossierCount.field_id,
                    DossierCount.n_settled,
                ).where(DossierCount.office_id.in_(takes_part))
            )
        }

    def size(self, offices: set[int], first: date, last: date, field_id: int = ALL_FIELDS) -> int | None:
        """Sum the months from `first` to `last`; None if one office lacks one month in which it existed."""
        found = [
            self._settled.get((office.id, month, field_id))
            for office in (self._offices[office_id] for office_id in sorted(offices & self._offices.keys()))
            for month in _months(max(first, office.valid_from), min(last, office.valid_until or last))
        ]
        return None if None in found else sum(n for n in found if n is not None)


def _months(first: date, last: date) -> list[date]:
    numbers = range(first.year * 12 + first.month - 1, last.year * 12 + last.month)
    return [date(number // 12, number % 12 + 1, 1) for number in numbers] if first <= last else []
