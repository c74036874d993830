"""A hall with phones in it, and the real server in front of either database."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import func, select

from survey_app.collect.keys import SubmissionKey
from survey_app.config import Settings
from survey_app.db import Database
from survey_app.models.access_point import AccessPointDay
from survey_app.models.base import Base
from survey_app.models.response import Response
from tests import factories, running_server
from tests.survey_app.collect.faults import phones

MOMENT = datetime(2026, 5, 12, 3, 0, tzinfo=UTC)  # ten in the morning in Vietnam
TODAY = MOMENT.date()
LAST_MONTH = date(2026, 4, 1)  # it has 22 working days


@dataclass
class Hall:
    """An access point with the small definition, its server's port, and what is stored."""

    settings: Settings
    database: Database
    port: int
    code: str
    point_id: int
    office_id: int
    campaign_id: int
    version_id: int

    def server(self, moment: datetime = MOMENT, **limits: float):
        return running_server.web_at(self.settings, self.port, moment, **limits)

    def form(self, day: date = TODAY, **fields: str) -> bytes:
        """Give a filled-in form of the poster, as if its page had been opened that day."""
        key = SubmissionKey.issue(self.point_id, self.version_id, day).sealed(self.settings.secrets[0])
        return phones.post(self.code, {"form-key": key, "q1": "4", **fields})

    def count(self, row: type[Base], *conditions) -> int:
        with self.database.reading() as session:
            return session.scalar(select(func.count()).select_from(row).where(*conditions))

    @property
    def n_stored(self) -> int:
        """The number of responses, which must also be the number counted for the days."""
        with self.database.reading() as session:
            counted = session.scalar(select(func.sum(AccessPointDay.n_received))) or 0
        assert self.count(Response) == counted
        return counted


@pytest.fixture
def hall(database, settings, free_port):
    with database.transaction() as session:
        office = factories.office(session)
        version = factories.instrument_version(session)
        campaign = factories.campaign(
            session, instrument_version_id=version.id, opens_on=TODAY - timedelta(days=20)
        )
        point = factories.access_point(session, campaign_id=campaign.id, office_id=office.id)
        return Hall(settings, database, free_port, point.code, point.id, office.id, campaign.id, version.id)
