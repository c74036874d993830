"""One wave for all tests of the room: ten offices with a drawn sample, two with people who came by."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import NamedTuple

import pytest
from sqlalchemy.orm import Session

from survey_app.db import Database
from survey_app.models.campaign import Campaign
from survey_app.models.office import Office
from survey_app.publish.releasing.freeze import publish_wave
from tests import factories
from tests.factories import DAY, MOMENT
from tests.survey_app.publish.counter_feedback import NOT_SATISFIED, SATISFIED

PAST = MOMENT + timedelta(days=3)
FORMULA = "=Xã 3; +1"  # a name that a spreadsheet would run


class Handed(NamedTuple):
    """A frozen wave: its database, number and campaign."""

    database: Database
    number: int
    campaign_code: str
    folder: Path


@pytest.fixture(scope="session")
def handed(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Handed]:
    folder = tmp_path_factory.mktemp("handed")
    path = folder / "survey.sqlite"
    path.write_bytes(sqlite_template.read_bytes())
    database = Database(f"sqlite:///{path}")
    with database.transaction() as session:
        campaign = build(session)
        code, campaign_id = campaign.code, campaign.id
    yield Handed(database, publish_wave(database, campaign_id, PAST), code, folder)
    database.engine.dispose()


def build(session: Session) -> Campaign:
    """Ten offices answered by a drawn sample, the last by seven people alone; two by people who chose to."""
    version = factories.instrument_version(session, factories.definition("f"))
    campaign = factories.annual_campaign(
        session,
        code="nam-2026",
        title="Đo lường 2026",
        instrument_version_id=version.id,
    )
    province = factories.office(session, code="P", name="Tỉnh P", kind="province")
    for number in range(1, 11):
        name = FORMULA if number == 3 else f"Xã {number}"
        office = factories.office(session, code=f"X{number:02}", name=name, parent_id=province.id)
        _draw(session, campaign, office, number)
        if number < 3:
            _come(session, campaign, office)
    return campaign


def _draw(session: Session, campaign: Campaign, office: Office, number: int) -> None:
    given = {"campaign_id": campaign.id, "office_id": office.id}
    point = factories.access_point(session, **given, code=None, mode="paper", way_in="paper", provenance="A")
    n = 0
    for ward in range(5):
        cell = factories.sample_cell(
            session, campaign_id=campaign.id, stratum=office.code, psu=f"W{ward}", weight=1.25 + ward / 7
        )
        good, bad = (1, ward % 2) if number == 10 else (3 + (number * ward) % 4, 1 + ward % 2)
        for answers, how_many in ((SATISFIED, good), (NOT_SATISFIED, bad), ({"q1": "4"}, number % 2)):
            n += how_many
            for _ in range(how_many):
                factories.response(session, answers, access_point_id=point.id, day=DAY, cell_id=cell.id)
    # A ward in which nobody answered is a part of the design.
    factories.sample_cell(session, campaign_id=campaign.id, stratum=office.code, psu="W9", weight=2.0)
    factories.access_point_day(session, access_point_id=point.id, day=DAY, n_opened=0, n_received=n)


def _come(session: Session, campaign: Campaign, office: Office) -> None:
    counter = factories.counter(session, office_id=office.id, label="Quầy 1")
    point = factories.access_point(
        session, campaign_id=campaign.id, office_id=office.id, counter_id=counter.id, provenance="C"
    )
    for back in (0, 3, 6):
        day = DAY - timedelta(days=back)
        for answers, how_many in ((SATISFIED, 7), (NOT_SATISFIED, 5)):
            for _ in range(how_many):
                factories.response(session, answers, access_point_id=point.id, day=day)
        factories.access_point_day(session, access_point_id=point.id, day=day, n_opened=0, n_received=12)
