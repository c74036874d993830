"""What somebody asks to export: which survey, offices, classes and days, and in what form."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from typing import Any, Self

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from survey_app.models.campaign import Campaign
from survey_app.models.publication import OfficeRelease

JOB, RIGHT = "export", "exports"
# Who knows the people at a counter by sight finds them by sex, age and occupation; so the rated office's own
# people do not get what respondents said of themselves.
RIGHT_TO_RESPONDENTS = "respondents"
FILE_FORMATS = ("csv", "xlsx", "parquet")
ANSWERS = ("codes", "words")
ROWS_OF_A_SHEET = 1_048_576  # of a spreadsheet, the one with the names of the columns among them


@dataclass(frozen=True)
class Choice:
    """One export as it was asked for; the offices are those that the asker's right reached then."""

    campaign_id: int
    office_ids: list[int]
    provenances: list[str]
    first: date | None
    last: date | None
    file_format: str
    answers: str
    language: str
    with_respondents: bool = False  # what they were asked about themselves

    def arguments(self) -> dict[str, Any]:
        """Give what the row of a job can hold."""
        return asdict(self) | {"first": _written(self.first), "last": _written(self.last)}

    @classmethod
    def read(cls, arguments: dict[str, Any]) -> Self:
        values = {name: arguments[name] for name in cls.__annotations__}
        return cls(**values | {"first": _day(values["first"]), "last": _day(values["last"])})

    def holds(self, first: date | None, last: date | None) -> bool:
        """Whether all days that a row may be of lie within the days asked for."""
        begins = self.first is None or (first is not None and first >= self.first)
        ends = self.last is None or (last is not None and last <= self.last)
        return begins and ends


def last_of_month(day: date) -> date:
    return (day.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)


def campaigns_to_export(session: Session, today: date) -> list[Campaign]:
    """List the surveys that have begun: those that run, then those that have ended, the latest first."""
    query = select(Campaign).where(Campaign.opens_on <= today)
    found = list(session.scalars(query.order_by(Campaign.opens_on.desc(), Campaign.id)))
    return sorted(found, key=lambda one: one.is_over(today))


def campaign_to_begin_with(
    session: Session, campaigns: Sequence[Campaign], of_offices: ColumnElement[bool]
) -> Campaign | None:
    """Give the first of these surveys of which something can leave; where none can, the first."""
    released = select(OfficeRelease.campaign_id).where(OfficeRelease.n_released > 0, of_offices)
    with_answers = set(session.scalars(released.distinct()))
    return next((one for one in campaigns if one.id in with_answers), next(iter(campaigns), None))


def count_released(session: Session, campaign_id: int, of_offices: ColumnElement[bool]) -> dict[str, int]:
    """Count by class the responses of offices that figures contain: no more than these can leave."""
    counted = select(OfficeRelease.provenance, func.sum(OfficeRelease.n_released))
    counted = counted.where(OfficeRelease.campaign_id == campaign_id, of_offices)
    return dict(session.execute(counted.group_by(OfficeRelease.provenance)).all())


def _written(day: date | None) -> str | None:
    return None if day is None else day.isoformat()


def _day(written: str | None) -> date | None:
    return None if written is None else date.fromisoformat(written)
