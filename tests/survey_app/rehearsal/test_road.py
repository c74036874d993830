"""The whole road of a campaign in one go, on answers that were made up; the real database is only read."""

import os

import pytest
from sqlalchemy import select

from survey_app.cli.database import migrate
from survey_app.db import Database
from survey_app.models.base import Base
from survey_app.rehearsal.road import Asked, Trial, rehearse
from tests.survey_app.prepare.samples.conftest import lay, plan

pytestmark = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)


@pytest.fixture
def trial(tmp_path, settings):
    place = tmp_path / "trial"
    place.mkdir()
    trial = Database(f"sqlite:///{place / 'trial.sqlite'}")
    migrate(trial)
    yield Trial(trial, place, b"s" * 32, settings.public_url)
    trial.engine.dispose()


def rows_of(database):
    with database.reading() as session:
        tables = Base.metadata.sorted_tables
        return {one.name: session.execute(select(one)).all() for one in tables}


def test_a_campaign_is_walked_to_its_report_and_nothing_of_it_stays(database, settings, trial, tmp_path):
    with database.transaction() as session:
        lay(session, settings, plan(n_drawn=200))
    before = rows_of(database), sorted(os.walk(settings.data_dir))
    said = []
    rehearse(database, settings.data_dir, trial, Asked("do-luong-2026", tmp_path / "out", 1), said.append)
    assert (rows_of(database), sorted(os.walk(settings.data_dir))) == before
    print("\n".join(said))
    assert [line.partition(":")[0] for line in said][:4] == ["plan", "draw", "fieldwork", "publication"]
