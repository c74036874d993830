"""What a correction would change is told before anybody decides on it, and nothing is written for that."""

from decimal import Decimal

import pytest
from sqlalchemy import func, select

from survey_app.models.approval import Wanted, ask
from survey_app.models.breakdown import INDEX
from survey_app.models.campaign import Campaign
from survey_app.models.job import Job, Work, enqueue
from survey_app.models.office import Office
from survey_app.models.publication import Figure, Publication
from survey_app.models.publishing import FORESEE_JOB, FORESEEN, KIND, REFUSED
from survey_app.models.response import Response
from survey_app.models.sample import SampleCell
from survey_app.prepare.approvals.publish import asked_basis
from survey_app.publish.releasing import foresee_job, foreseen
from survey_app.publish.releasing.foreseen import Answers, Line, Seen, foresee
from survey_app.publish.releasing.freeze import prepare_wave, publish_wave
from tests import factories
from tests.factories import DAY
from tests.survey_app.publish.counter_feedback import NOT_SATISFIED, SATISFIED, receive
from tests.survey_app.publish.releasing.test_verify import PAST, REASON, build

# Of `build`: four to seven of X1 are satisfied in a ward, one more in each further office, two are not.
N_DRAWN = sum(4 + office + ward + 2 for office in range(3) for ward in range(4))
on_sqlite = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)


@pytest.fixture
def campaign_id(database):
    with database.transaction() as session:
        campaign_id = build(session, DAY).id
    publish_wave(database, campaign_id, PAST)
    return campaign_id


def seen_by(database, campaign_id):
    with database.reading() as session:
        campaign = session.get_one(Campaign, campaign_id)
        names = dict(session.execute(select(Office.id, Office.code)).all())
        found = foresee(session, prepare_wave(session, campaign, PAST, REASON))
    lines = {
        part: {(names[one["office_id"]], one["provenance"]): one for one in found[part]}
        for part in ("tops", "offices")
    }
    return found | lines


def published(database, campaign_id, publication_id):
    query = (
        select(Office.code, Figure)
        .join(Office, Office.id == Figure.office_id)
        .where(Figure.measure == INDEX, Figure.breakdown == "", Figure.publication_id == publication_id)
    )
    with database.reading() as session:
        return {
            (code, one.provenance): {"value": one.value, "low": one.low, "high": one.high}
            for code, one in session.execute(query)
        }


def test_other_weights_are_counted_and_move_what_they_move(database, campaign_id):
    with database.transaction() as session:
        cell = session.scalar(select(SampleCell).where(SampleCell.stratum == "X2", SampleCell.psu == "W3"))
        cell.weight *= 3
    found = seen_by(database, campaign_id)
    assert found["n_weights"] == N_DRAWN
    assert found["n_other_weights"] == 4 + 1 + 3 + 2
    assert found["offices"].keys() == {("X2", "A")}
    assert found["n_by_weights_alone"] == 1
    assert found["tops"].keys() == {("P", "A"), ("P", "C")}
    assert found["changed"] == {"cells": 2}
    with database.reading() as session:
        assert session.scalar(select(func.count(Publication.id))) == 1
    assert publish_wave(database, campaign_id, PAST, REASON) == 2
    for key, line in (found["tops"] | found["offices"]).items():
        for side, number in (("before", 1), ("now", 2)):
            figure = published(database, campaign_id, number)[key]
            assert {name: line[side][name] for name in figure} == figure, "as it is published, to the digit"
    moved = found["tops"]["P", "A"]
    assert moved["before"]["value"] != moved["now"]["value"]


@on_sqlite
def test_people_of_cells_that_differ_by_their_weight_alone_are_all_counted(database):
    with database.transaction() as session:
        campaign_id = build(session, DAY).id
        place = {"campaign_id": campaign_id, "stratum": "X2", "psu": "W3"}
        cell = session.scalars(select(SampleCell).filter_by(**place)).one()
        other = factories.sample_cell(session, **place, weight=9.0)
        for response in session.scalars(select(Response).filter_by(cell_id=cell.id).limit(4)).all():
            response.cell_id = other.id
    publish_wave(database, campaign_id, PAST)
    with database.transaction() as session:
        session.get_one(SampleCell, other.id).weight *= 3
    found = seen_by(database, campaign_id)
    assert (found["n_weights"], found["n_other_weights"]) == (N_DRAWN, 4)


@on_sqlite
def test_the_most_changed_stand_first_and_the_others_are_counted(database, campaign_id, monkeypatch):
    with database.transaction() as session:
        for code, n in (("X1", 6), ("X3", 9)):
            point = _point(session, code)
            receive(session, point, n, SATISFIED, DAY)
    found = seen_by(database, campaign_id)
    assert list(found["offices"]) == [("X3", "C"), ("X1", "C")]
    assert found["offices"]["X3", "C"]["answers"] == {"n_came": 9, "n_voided": 0}
    assert found["tops"]["P", "C"]["answers"] == {"n_came": 15, "n_voided": 0}
    assert (found["n_more"], found["n_by_weights_alone"]) == (0, 0)
    monkeypatch.setattr(foreseen, "MOST_OFFICES", 1)
    found = seen_by(database, campaign_id)
    assert (list(found["offices"]), found["n_more"]) == ([("X3", "C")], 1)


@on_sqlite
def test_what_a_few_answered_waits_and_gets_no_index(database, campaign_id):
    with database.transaction() as session:
        office = factories.office(session, code="X4", parent_id=_parent(session))
        point = factories.access_point(session, campaign_id=campaign_id, office_id=office.id, provenance="C")
        receive(session, point, 4, SATISFIED, DAY)
        receive(session, _point(session, "X1"), 8, SATISFIED, DAY)
        receive(session, _point(session, "X2"), 2, NOT_SATISFIED, DAY)
    found = seen_by(database, campaign_id)
    waiting = found["offices"]["X2", "C"]
    assert (waiting["waits"], waiting["answers"]["n_came"]) == (True, 2)
    assert waiting["before"] == waiting["now"], "it stands as it was published"
    few = found["offices"]["X4", "C"]
    assert (few["waits"], few["before"], few["now"]) == (True, None, None)


@pytest.mark.parametrize("why", [{"n_people": 4}, {"hidden_inside": "linked"}])
def test_of_a_hidden_index_no_digit_is_kept(why):
    index = {"sampling_basis": "opt_in", "n_respondents": 40, "n_people": 40}
    limits = {"value": 0.9, "low": 0.8, "high": 0.95}
    assert Seen.of(Figure(**index, **limits), 10) == Seen("opt_in", "shown", 40, **limits)
    assert Seen.of(Figure(**index | limits | why), 10) == Seen("opt_in", "suppressed")


@pytest.mark.parametrize("why", [{"n_people": 9}, {"hidden_in_public": "linked"}])
def test_an_index_that_staff_alone_will_see_is_named_as_such(why):
    index = {"sampling_basis": "opt_in", "n_respondents": 40, "n_people": 40, "value": 0.9}
    assert not Seen.of(Figure(**index), 10).hidden_from_public
    assert Seen.of(Figure(**index | why), 10).hidden_from_public


@pytest.mark.parametrize(
    ("before", "now", "points"),
    [
        (0.8, 0.9, "10.0"),
        (0.8001, 0.8004, "0.0"),  # printed alike
        (0.7, None, "-1"),
        (None, 0.7, "-1"),
    ],
)
def test_how_far_an_index_moved_is_judged_by_what_is_printed(before, now, points):
    then, later = (Seen("census", "shown", 40, value) for value in (before, now))
    assert Line(1, "A", Answers(), waits=False, before=then, now=later).moved_by == Decimal(points)


def test_an_index_that_stands_once_alone_moved_least():
    one = Seen("census", "shown", 40, 0.7)
    for before, now in ((one, None), (None, one)):
        assert Line(1, "A", Answers(), waits=False, before=before, now=now).moved_by < 0


@on_sqlite
@pytest.mark.parametrize(("n", "outcome"), [(2, REFUSED), (6, FORESEEN)])
def test_the_job_notes_what_it_found_or_why_nothing_would_be_published(database, campaign_id, n, outcome):
    with database.transaction() as session:
        receive(session, _point(session, "X1"), n, SATISFIED, DAY)
        wanted = Wanted(KIND, campaign_id, None, asked_basis(session, campaign_id), REASON)
        approval = ask(session, wanted, factories.staff(session).id, PAST)
        job = enqueue(session, FORESEE_JOB, {"approval_id": approval.id}, PAST)
    foresee_job.run(Work(job.id, job.arguments, database, None, PAST, lambda _done, _of: None))
    with database.reading() as session:
        found = session.get_one(Job, job.id).outcome
        assert found.keys() == {outcome}
        assert session.scalar(select(func.count(Publication.id))) == 1
    if outcome == REFUSED:
        assert "Chưa có gì để đính chính" in found[REFUSED]


def _parent(session):
    return session.scalars(select(Office.id).where(Office.code == "P")).one()


def _point(session, code):
    query = select(factories.AccessPoint).join(Office, Office.id == factories.AccessPoint.office_id)
    return session.scalars(query.where(Office.code == code, factories.AccessPoint.provenance == "C")).one()
