"""The whole road of a campaign in one go, on answers that were made up; the real database is only read."""

import os

import pytest
from sqlalchemy import func, select

from survey_app.cli.database import migrate
from survey_app.db import Database
from survey_app.models.base import Base
from survey_app.models.campaign import Campaign
from survey_app.models.invitation import SpentInvitation
from survey_app.models.office import Office
from survey_app.models.plan_document import Raked, Weighting
from survey_app.models.publication import Figure
from survey_app.models.response import Response
from survey_app.models.weighting import WeightingStep
from survey_app.prepare.instruments.definition_file import shipped_definition
from survey_app.prepare.samples.ready import DrawRefused
from survey_app.publish.handover.products import PRODUCTS
from survey_app.rehearsal.road import Asked, RehearsalStopped, Trial, rehearse
from tests import factories
from tests.survey_app.prepare.samples.conftest import CLOSES_ON, lay, plan

TOTALS = {"sex": [["male", 180], ["female", 180], [None, 43]]}

pytestmark = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)


@pytest.fixture
def trial(tmp_path, settings):
    place = tmp_path / "trial"
    place.mkdir()
    trial = Database(f"sqlite:///{place / 'trial.sqlite'}")
    migrate(trial)
    yield Trial(trial, place, b"s" * 32, settings.public_url)
    trial.close()


def rows_of(database):
    with database.reading() as session:
        tables = Base.metadata.sorted_tables
        return {one.name: session.execute(select(one)).all() for one in tables}


def walk(database, settings, trial, to):
    said = []
    rehearse(database, settings.data_dir, trial, Asked("do-luong-2026", to, 1), said.append)
    return said


def test_a_campaign_is_walked_to_its_report_and_nothing_of_it_stays(database, settings, trial, tmp_path):
    """Drawn, answered, weighted to the list's totals, published, verified and handed over."""
    raked = Weighting(cells=("field",), smallest_cell=5, raked=(Raked(variable="sex", question="sex"),))
    with database.transaction() as session:
        form = factories.instrument_version(session, of=shipped_definition("counter_short"))
        lay(session, settings, plan(n_drawn=200, weighting=raked), form=form, totals=TOTALS)
        office = factories.counter(session).office_id
    before = rows_of(database), sorted(os.walk(settings.data_dir))
    said = walk(database, settings, trial, tmp_path / "out")
    assert (rows_of(database), sorted(os.walk(settings.data_dir))) == before
    assert [line.partition(":")[0] for line in said][:4] == ["plan", "draw", "fieldwork", "publication"]
    assert len(list((tmp_path / "out").iterdir())) == len(PRODUCTS)
    with trial.database.reading() as session:
        assert session.scalars(select(Campaign.title)).one().startswith("TẬP DƯỢT, số liệu bịa: ")
        assert session.get_one(Office, office).n_counters == 1, "copied, and not counted on top"
        steps = {one.step: one for one in session.scalars(select(WeightingStep))}
        assert set(steps) == {"unweighted", "base", "nonresponse", "raking"}
        of_whole = Figure.measure == "index", Figure.breakdown == "", Figure.provenance == "A"
        whole = session.scalars(select(Figure).where(*of_whole).order_by(Figure.n_respondents.desc())).first()
        assert steps["raking"].details["interval"] == pytest.approx([whole.low, whole.high])
        answered = session.scalar(select(func.count()).select_from(Response))
        assert session.scalar(select(func.count()).select_from(SpentInvitation)) == answered > 100


def test_what_would_stop_the_campaign_stops_its_rehearsal(database, settings, trial, tmp_path):
    """A level of the list that no option of the form says: weights could not be raked to it."""
    raked = Weighting(cells=("sex",), smallest_cell=5, raked=(Raked(variable="sex", question="sex"),))
    with database.transaction() as session:
        form = factories.instrument_version(session, of=shipped_definition("counter_short"))
        totals = {"sex": [["male", 100], ["unwilling to say", 300]]}
        lay(session, settings, plan(weighting=raked), form=form, totals=totals)
    with pytest.raises(DrawRefused, match="does not offer"):
        walk(database, settings, trial, tmp_path / "out")


def test_a_campaign_without_a_frame_is_named(database, settings, trial, tmp_path):
    with database.transaction() as session:
        factories.campaign(session, code="do-luong-2026", kind="annual", closes_on=CLOSES_ON)
    with pytest.raises(RehearsalStopped, match="no frame yet"):
        walk(database, settings, trial, tmp_path / "out")
