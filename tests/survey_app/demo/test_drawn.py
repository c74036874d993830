"""The demo's drawn campaigns: one published by two people and verified, one whose letters are out."""

import pyarrow.parquet as pq
import pytest
from sqlalchemy import func, select

from survey_app.config import Settings
from survey_app.db import Database
from survey_app.demo.drawn import FORM, N_LETTERS, TAKE_PART
from survey_app.models.aapor import CALLS_IN_RESERVE
from survey_app.models.approval import Approval
from survey_app.models.breakdown import INDEX, WHOLE
from survey_app.models.campaign import Campaign
from survey_app.models.frame import contacts_path, frame_in_force, frame_path
from survey_app.models.instrument import InstrumentVersion
from survey_app.models.job import Job
from survey_app.models.office import ALL_FIELDS, DossierCount, Office
from survey_app.models.plan import Plan
from survey_app.models.publication import Figure, Publication
from survey_app.models.sample import SampledUnit, draw_in_force
from survey_app.models.staff import Staff
from survey_app.models.weighting import WeightingStep
from survey_app.prepare.campaigns.road import Road, road_of
from survey_app.prepare.fieldwork.replace import due
from survey_app.prepare.fieldwork.spent import entered_units
from survey_app.publish.releasing.verify import verify
from tests import factories
from tests.survey_app.demo.conftest import Demo


@pytest.fixture(scope="session")
def roads(demo: Database) -> list[tuple[Campaign, Road]]:
    with demo.reading() as session:
        query = select(Campaign).where(Campaign.code.startswith("chon-mau-")).order_by(Campaign.opens_on)
        return [
            (one, road_of(session, one, session.get(Plan, one.id), factories.DAY))
            for one in session.scalars(query)
        ]


def test_one_is_handed_over_and_one_is_in_the_field(roads: list[tuple[Campaign, Road]]) -> None:
    (over, its_road), (fielded, other_road) = roads
    assert (its_road.state, its_road.next_step) == ("closed", "hand_over")
    assert (other_road.state, other_road.next_step) == ("open", "invite")
    assert fielded.previous_id == over.id
    assert its_road.n_drawn_answers > 2 * len(TAKE_PART) * over.minimum_n
    assert 0.25 < other_road.n_drawn_answers / N_LETTERS < 0.45
    assert other_road.published_from > factories.DAY


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_frame_holds_what_the_offices_reported(loaded: Demo) -> None:
    """As many dossiers of each office as its count of the month says; contacts until their last day."""
    with loaded.database.reading() as session:
        over, fielded = session.scalars(
            select(Campaign).where(Campaign.code.startswith("chon-mau-")).order_by(Campaign.opens_on)
        )
        for campaign, has_contacts in ((over, False), (fielded, True)):
            frame = frame_in_force(session, campaign.id)
            month = session.get_one(Plan, campaign.id).document.population.settled_from
            reported = session.scalar(
                select(func.sum(DossierCount.n_settled))
                .join(Office, Office.id == DossierCount.office_id)
                .where(Office.code.in_(TAKE_PART), DossierCount.month == month)
                .where(DossierCount.field_id == ALL_FIELDS)
            )
            assert frame.n_units == reported > 1000
            assert (frame.n_refused, frame.n_duplicates) == (1, 1)
            assert (
                pq.read_metadata(frame_path(loaded.settings.data_dir, frame.frame_hash)).num_rows == reported
            )
            kept = contacts_path(loaded.settings.data_dir, frame.ticket).is_file()
            assert kept == frame.has_contacts == has_contacts


def test_two_people_published_and_every_digit_follows_again(demo: Database) -> None:
    with demo.reading() as session:
        asked = session.scalars(select(Approval).where(Approval.kind == "publish")).one()
        names = [session.get_one(Staff, who).username for who in (asked.asked_by, asked.decided_by)]
        job = session.scalars(select(Job).where(Job.name == "publish_wave")).one()
        wave = session.get_one(Publication, job.outcome["publication_id"])
        found = verify(session, wave)
        steps = session.scalars(
            select(WeightingStep.step).where(WeightingStep.publication_id == wave.id)
        ).all()
        index = (Figure.publication_id == wave.id, Figure.measure == INDEX, Figure.breakdown == WHOLE)
        shown = session.execute(select(Office.code, Figure.hidden_in_public).join(Office).where(*index)).all()
        files = session.scalars(select(Job.arguments).where(Job.name == "handover")).all()
    assert (names, asked.decision, job.state) == (["demo-lead", "demo-admin"], "approved", "done")
    assert (found.difference, found.n_figures > 100) == (None, True)
    assert {"base", "nonresponse", "raking"} <= set(steps)
    assert sorted(shown) == sorted((code, None) for code in (*TAKE_PART, "MAU"))
    assert [one["product"] for one in files] == ["report_pdf", "annex", "sheets"]


def test_whoever_is_silent_in_the_field_may_still_answer(
    demo: Database, roads: list[tuple[Campaign, Road]], settings: Settings
) -> None:
    fielded, _road = roads[1]
    with demo.reading() as session:
        draw = draw_in_force(session, fielded.id)
        noted = session.scalars(
            select(SampledUnit.outcome).where(
                SampledUnit.draw_id == draw.id, SampledUnit.outcome.is_not(None)
            )
        ).all()
        form = session.get_one(InstrumentVersion, fielded.instrument_version_id)
        waiting = due(session, draw, entered_units(session, draw, settings.secrets))
    assert form.code == FORM
    assert "3.19" not in noted
    n_due = sum(outcome in CALLS_IN_RESERVE for outcome in noted)
    assert waiting.n_due + sum(waiting.short_of.values()) == n_due > 5
