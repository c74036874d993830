"""A correction has what tells of nobody; offices of which more would be told stand as they were published."""

import pytest
from sqlalchemy import func, select

from survey_app.models.access_point import AccessPoint, AccessPointDay
from survey_app.models.campaign import Campaign
from survey_app.models.instrument import InstrumentVersion
from survey_app.models.office import Office
from survey_app.models.publication import Publication
from survey_app.models.response import Response
from survey_app.models.sample import SampleCell
from survey_app.models.snapshot import SnapshotPart
from survey_app.publish.figures.design import WeightingRefused
from survey_app.publish.releasing.freeze import PublicationRefused, prepare_wave
from survey_app.publish.releasing.verify import verify
from tests import factories
from tests.survey_app.publish.counter_feedback import NOT_SATISFIED, SATISFIED, receive
from tests.survey_app.publish.releasing.test_freeze import PAST, REASON

pytestmark = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
CODES = ("X1", "X2", "X3")
MIXED = [SATISFIED, NOT_SATISFIED, SATISFIED, NOT_SATISFIED, SATISFIED, NOT_SATISFIED]


class Wave:
    """Offices below a province with a dozen answers each."""

    def __init__(self, database, codes=CODES, **point):
        self.database = database
        with database.transaction() as session:
            parent = factories.office(session, code="P", name="P", kind="province")
            campaign = factories.campaign(session, kind="annual", closes_on=factories.DAY, target=0.9)
            self.campaign_id = campaign.id
            for code in codes:
                office = factories.office(session, code=code, name=code, parent_id=parent.id)
                given = {"campaign_id": campaign.id, "office_id": office.id}
                factories.access_point(session, **given, **point)
        for code in codes:
            self.come(code, MIXED * 2)

    def point(self, session, code):
        query = select(AccessPoint).join(Office, Office.id == AccessPoint.office_id)
        return session.scalars(query.where(Office.code == code)).one()

    def come(self, code, answers):
        with self.database.transaction() as session:
            for one in answers:
                receive(session, self.point(session, code), 1, one)

    def void(self, code, n):
        with self.database.transaction() as session:
            point = self.point(session, code)
            approval = factories.approval(session, kind="void_responses", campaign_id=point.campaign_id)
            live = (Response.access_point_id == point.id, Response.approval_id.is_(None))
            for one in session.scalars(select(Response).where(*live).limit(n)).all():
                one.approval_id = approval.id
                session.get_one(AccessPointDay, (point.id, one.day)).n_voided += 1

    def publish(self):
        """Publish; give the number of answers of each office, and the offices that wait."""
        with self.database.reading() as session:
            has_one = session.scalar(select(func.count()).select_from(Publication))
            campaign = session.get_one(Campaign, self.campaign_id)
            wave = prepare_wave(session, campaign, PAST, REASON if has_one else None)
        with self.database.transaction() as session:
            number = wave.write(session, PAST)
        return [one.n_respondents for one in self.parts(number).values()], list(wave.waiting)

    def parts(self, number):
        query = select(Office.code, SnapshotPart).join(Office, Office.id == SnapshotPart.office_id)
        with self.database.reading() as session:
            rows = session.execute(query.where(SnapshotPart.publication_id == number).order_by(Office.code))
            return dict(rows.all())

    def is_made_again(self, *numbers):
        with self.database.reading() as session:
            rows = [session.get_one(Publication, one) for one in numbers]
            return all(verify(session, one).difference is None for one in rows)

    def hashes(self):
        with self.database.reading() as session:
            return session.scalars(select(Publication.data_hash).order_by(Publication.id)).all()

    def changed(self, number):
        with self.database.reading() as session:
            return session.get_one(Publication, number).what_changed


def test_a_single_void_waits_until_there_are_five(database):
    wave = Wave(database)
    assert wave.publish() == ([12, 12, 12], [])
    wave.void("X1", 1)
    with pytest.raises(PublicationRefused, match=r"Chưa có gì để đính chính(.|\n)*X1$"):
        wave.publish()
    wave.come("X2", MIXED)
    assert wave.publish() == ([12, 18, 12], ["X1"])
    assert wave.changed(2) == {"n_respondents": {"C": [36, 42]}, "offices_waiting": 1}
    assert wave.parts(2)["X1"].content == wave.parts(1)["X1"].content
    wave.void("X1", 4)
    assert wave.publish() == ([7, 18, 12], [])
    assert wave.changed(3) == {"n_respondents": {"C": [42, 37]}}
    assert wave.is_made_again(1, 2, 3)


def test_what_would_tell_waits_beside_what_does_not(database):
    cases = {
        "X1": (MIXED[:4], 0),
        "X2": ([NOT_SATISFIED] * 6, 0),
        "X3": ([*[{"q1": "5"}] * 5, {"q1": "5", "q2": "1"}], 0),  # one answer to the second question
        "X4": (MIXED, 1),  # what they come to together says less than each of them
        "X5": (MIXED, 5),
        "X6": ([], 4),
        "X7": (MIXED, 0),
        "X8": ([], 5),
    }
    wave = Wave(database, codes=cases)
    wave.publish()
    for code, (late, n_voided) in cases.items():
        wave.void(code, n_voided)
        wave.come(code, late)
    assert wave.publish() == ([12, 12, 12, 12, 12, 12, 18, 7], ["X1", "X2", "X3", "X4", "X5", "X6"])


def test_who_has_gained_loses_none_later(database):
    wave = Wave(database)
    wave.publish()
    wave.come("X1", MIXED)
    assert wave.publish() == ([18, 12, 12], [])
    wave.void("X1", 5)
    wave.void("X2", 5)
    assert wave.publish() == ([18, 7, 12], ["X1"])


def test_who_would_be_left_to_be_seen_waits(database):
    """Three people of X1 would be hidden by another office, which the first publication shows."""
    wave = drawn_wave(database)
    wave.publish()
    wave.void("X1", 9)
    wave.come("X2", MIXED)
    draw_all(wave)
    assert wave.publish() == ([12, 18, 12], ["X1"])


def test_a_campaign_may_be_corrected_in_other_things_while_answers_wait(database):
    wave = Wave(database)
    wave.publish()
    wave.void("X1", 1)
    with database.transaction() as session:
        session.get_one(Campaign, wave.campaign_id).target = 0.8
    assert wave.publish() == ([12, 12, 12], ["X1"])
    assert wave.changed(2) == {"options": {"target": [0.9, 0.8]}, "offices_waiting": 1}


MARGINS = '["sex","sex","female",900],["sex","sex","male",1100]'


def drawn_wave(database, margins=None):
    """Let all who answer be drawn, in a cell of their office, and perhaps raked by what they told."""
    wave = Wave(database, provenance="A")
    with database.transaction() as session:
        for code in CODES:
            factories.sample_cell(session, campaign_id=wave.campaign_id, stratum=code, psu=code)
    if margins:
        rake(wave, margins)
    draw_all(wave)
    return wave


def rake(wave, margins):
    with wave.database.transaction() as session:
        factories.campaign_margins(session, campaign_id=wave.campaign_id, document_json=f"[{margins}]")


def draw_all(wave):
    """Let drawn people be who answered, of whom every third told nothing of himself."""
    with wave.database.transaction() as session:
        cells = {one.stratum: one.id for one in session.scalars(select(SampleCell))}
        definition = session.scalars(select(InstrumentVersion)).one().definition
        for code, cell_id in cells.items():
            point = wave.point(session, code)
            new = (Response.access_point_id == point.id, Response.cell_id.is_(None))
            for number, one in enumerate(session.scalars(select(Response).where(*new)).all()):
                told = ("female", "male", None)[number % 3]
                one.cell_id = cell_id
                one.answers = definition.pack(MIXED[number % 2] | ({"sex": told} if told else {}))


def test_raked_answers_that_wait_keep_what_they_told_of_themselves(database):
    wave = drawn_wave(database, MARGINS)
    assert wave.publish() == ([12, 12, 12], [])
    wave.void("X1", 1)
    rake(wave, MARGINS.replace("00]", "000]"))  # of all who are raked alike
    assert wave.publish() == ([12, 12, 12], ["X1"])
    assert wave.parts(2)["X1"].content == wave.parts(1)["X1"].content
    wave.void("X1", 4)
    draw_all(wave)
    assert wave.publish() == ([7, 12, 12], [])
    assert wave.is_made_again(2)


def weigh_otherwise(wave, code, weight):
    """Let some of an office's answers be of another cell of its unit, as imported forms are."""
    with wave.database.transaction() as session:
        place = {"campaign_id": wave.campaign_id, "stratum": code, "psu": code}
        cell = factories.sample_cell(session, **place, weight=weight)
        of_office = select(Response).where(Response.access_point_id == wave.point(session, code).id)
        for one in session.scalars(of_office.order_by(Response.submission_key).limit(6)).all():
            one.cell_id = cell.id


def test_answers_that_wait_stay_in_cells_that_differ_by_their_weight_alone(database):
    wave = drawn_wave(database, MARGINS)
    weigh_otherwise(wave, "X1", 5.0)
    wave.publish()
    wave.void("X1", 1)
    with database.transaction() as session:
        session.get_one(Campaign, wave.campaign_id).target = 0.8
    assert wave.publish() == ([12, 12, 12], ["X1"])
    assert wave.changed(2) == {"options": {"target": [0.9, 0.8]}, "offices_waiting": 1}
    assert wave.parts(2)["X1"].content == wave.parts(1)["X1"].content
    assert wave.hashes() == [wave.hashes()[0]] * 2
    assert wave.is_made_again(1, 2)


def test_answers_cannot_wait_in_cells_that_cannot_be_told_apart_any_more(database):
    wave = drawn_wave(database, MARGINS)
    weigh_otherwise(wave, "X1", 5.0)
    wave.publish()
    wave.void("X1", 1)
    with database.transaction() as session:
        for cell in session.scalars(select(SampleCell).where(SampleCell.stratum == "X1")):
            cell.weight *= 3
    with pytest.raises(WeightingRefused, match=r"X1.*X1, X1"):
        wave.publish()


def test_answers_cannot_wait_and_be_raked_by_another_question(database):
    wave = drawn_wave(database, MARGINS)
    wave.publish()
    wave.void("X1", 1)
    rake(wave, f'{MARGINS},["q1","q1","5",1500],["q1","q1","1",500]')
    with pytest.raises(WeightingRefused, match="X1"):
        wave.publish()
