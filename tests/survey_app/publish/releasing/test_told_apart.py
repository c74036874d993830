"""A correction beside what it corrects: no total of the two differs by one to four people."""

import random

import pytest
from sqlalchemy import select

from survey_app.db import Database
from survey_app.models.office import Counter, Office
from survey_app.models.publication import Figure
from survey_app.models.sample import SampleCell
from survey_app.publish.releasing.freeze import PublicationRefused, publish_wave
from tests import factories
from tests.survey_app.publish.counter_feedback import receive
from tests.survey_app.publish.releasing.test_freeze import PAST, REASON

pytestmark = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
CAME = {"QA": (12, 11, 3), "QB": (10, 13)}


@pytest.fixture
def campaign_id(database: Database) -> int:
    """Two provinces, of which three people of an office are hidden by the eleven of another, as published."""
    chance = random.Random("told apart")
    with database.transaction() as session:
        campaign = factories.campaign(session, kind="annual", closes_on=factories.DAY)
        for code, came in CAME.items():
            parent = factories.office(session, code=code, kind="province", name=code)
            for number, n in enumerate(came, start=1):
                office = factories.office(
                    session, code=f"{code}-{number}", name=f"{code}-{number}", parent_id=parent.id
                )
                place = {"campaign_id": campaign.id, "office_id": office.id, "provenance": "A"}
                cell = factories.sample_cell(session, campaign_id=campaign.id, psu=office.code, weight=2.0)
                point = factories.access_point(session, **place)
                for _ in range(n):
                    answers = {item: chance.choice("12345") for item in ("q1", "q2")}
                    factories.response(session, answers, access_point_id=point.id, cell_id=cell.id)
                factories.access_point_day(session, access_point_id=point.id, n_received=n)
    publish_wave(database, campaign.id, PAST)
    with database.reading() as session:
        query = (
            select(Office.code)
            .join(Figure, Figure.office_id == Office.id)
            .where(Figure.hidden_inside.is_not(None), Figure.measure == "index", Figure.breakdown == "")
        )
        assert sorted(session.scalars(query)) == ["QA-2", "QA-3"]
    return campaign.id


def move(session, code, under):
    offices = {one.code: one for one in session.scalars(select(Office))}
    offices[code].parent_id = offices[under].id


def weigh(session, weights):
    for cell in session.scalars(select(SampleCell)):
        cell.weight = weights.get(cell.psu, cell.weight)


def told_by(database, campaign_id):
    """Publish anew, and give the offices that a refusal names."""
    try:
        publish_wave(database, campaign_id, PAST, REASON)
    except PublicationRefused as error:
        return str(error).splitlines()[1:]
    return []


@pytest.mark.parametrize(
    ("moved", "told"),
    [
        ({"QA-3": "QB"}, ["QA: QA-3", "QB: QA-3"]),
        ({"QA-1": "QB", "QA-3": "QB"}, ["QB: QA-3"]),  # the twelve are shown, and so known
        ({"QB-1": "QA"}, []),
    ],
)
def test_an_office_that_was_moved_does_not_give_its_people_away(database, campaign_id, moved, told):
    with database.transaction() as session:
        for code, under in moved.items():
            move(session, code, under)
    assert told_by(database, campaign_id) == told


@pytest.mark.parametrize(
    ("weights", "told"),
    [
        ({"QA-3": 3.0}, ["QA: QA-3"]),
        ({"QA-1": 7.0, "QA-3": 3.0}, ["QA: QA-3"]),
        ({"QA-2": 3.0}, ["QA: QA-3"]),  # twice the total then, less three times the one of today
        ({"QA-2": 3.0, "QA-3": 3.0}, []),  # together as before
        ({"QA-1": 7.0}, []),
    ],
)
def test_other_weights_of_the_hidden_do_not_give_them_away(database, campaign_id, weights, told):
    with database.transaction() as session:
        weigh(session, weights)
    assert told_by(database, campaign_id) == told


def test_a_correction_is_held_against_all_that_came_before(database, campaign_id):
    with database.transaction() as session:
        move(session, "QB-1", "QA")
    assert told_by(database, campaign_id) == []
    with database.transaction() as session:
        move(session, "QB-1", "QB")
        weigh(session, {"QA-3": 2.5, "QA-2": 2.5, "QB-1": 4.0})
    assert told_by(database, campaign_id) == []
    with database.transaction() as session:
        weigh(session, {"QA-3": 2.0})
    assert told_by(database, campaign_id) == ["QA: QA-3"]


def test_a_counter_of_a_few_keeps_its_field(database):
    with database.transaction() as session:
        fields = [factories.service_field(session) for _ in range(2)]
        campaign = factories.campaign(session, kind="annual", closes_on=factories.DAY)
        office = factories.office(session, code="X", name="X")
        for n, field in ((9, 0), (7, 0), (3, 0), (8, 1), (10, 1)):
            counter = factories.counter(session, office_id=office.id, field_id=fields[field].id, label=str(n))
            point = factories.access_point(
                session, campaign_id=campaign.id, office_id=office.id, counter_id=counter.id, provenance="A"
            )
            receive(session, point, n)
    publish_wave(database, campaign.id, PAST)
    with database.transaction() as session:
        for few in session.scalars(select(Counter).where(Counter.label == "3")):
            few.field_id = fields[1].id
    assert told_by(database, campaign.id) == ["X: X"]
