"""What days bring: budgets that mark, versions that change, campaigns that end; by the server's clock."""

from datetime import timedelta

from sqlalchemy import select

from survey_app.models.campaign import Campaign
from survey_app.models.instrument import InstrumentVersion
from survey_app.models.response import OVER_BUDGET, Response
from tests import factories
from tests.running_server import PATIENT
from tests.survey_app.collect.faults import phones
from tests.survey_app.collect.faults.conftest import LAST_MONTH, MOMENT, TODAY

DAY = timedelta(days=1)


def unmarked_and_marked(hall, day=TODAY):
    def number(mark):
        return hall.count(Response, Response.day == day, Response.review_mark.is_not_distinct_from(mark))

    return number(None), number(OVER_BUDGET)


def test_beyond_a_days_dossiers_responses_are_stored_with_a_mark(hall):
    with hall.database.transaction() as session:
        factories.dossier_count(session, office_id=hall.office_id, month=LAST_MONTH, n_settled=220)
    forms = [hall.form() for _ in range(64)]
    with hall.server(**PATIENT):
        answers = phones.each_from_its_own_phone(hall.port, forms)
        answers += phones.by_turns(hall.port, forms)  # a repeat is counted and marked once
    assert {answer.status for answer in answers} == {303}
    assert unmarked_and_marked(hall) == (10, 54)
    tomorrow = TODAY + DAY
    with hall.server(MOMENT + DAY, **PATIENT):
        phones.each_from_its_own_phone(hall.port, [hall.form(tomorrow) for _ in range(12)])
        phones.by_turns(hall.port, [hall.form(TODAY) for _ in range(3)])  # opened yesterday
    assert unmarked_and_marked(hall, tomorrow) == (10, 2)
    assert unmarked_and_marked(hall) == (10, 57)
    assert hall.n_stored == 64 + 12 + 3


def test_an_office_without_known_dossiers_has_two_hundred_a_day(hall):
    with hall.server(**PATIENT):
        phones.by_turns(hall.port, [hall.form() for _ in range(203)])
    assert unmarked_and_marked(hall) == (200, 3)


def test_a_form_opened_before_its_version_was_replaced_is_stored_under_its_own(hall):
    with hall.server(**PATIENT):
        opened = phones.ask(hall.port, phones.get(f"/s/{hall.code}"))
        with hall.database.transaction() as session:
            old = session.get_one(InstrumentVersion, hall.version_id).definition
            new = factories.definition(old.code, version=2)
            successor = factories.instrument_version(session, new)
            session.get_one(Campaign, hall.campaign_id).instrument_version_id = successor.id
        late = phones.post(hall.code, {"form-key": opened.form_key, "q1": "5"})
        assert phones.ask(hall.port, late).status == 303
    with hall.database.reading() as session:
        assert session.scalar(select(Response.instrument_version_id)) == hall.version_id


def test_a_form_opened_before_the_end_counts_on_its_day_for_48_hours_more(hall):
    with hall.server(**PATIENT):
        keys = [phones.ask(hall.port, phones.get(f"/s/{hall.code}")).form_key for _ in range(2)]
    in_time, too_late = (phones.post(hall.code, {"form-key": key, "q1": "2"}) for key in keys)
    with hall.database.transaction() as session:
        session.get_one(Campaign, hall.campaign_id).closes_on = TODAY
    with hall.server(MOMENT + 2 * DAY, **PATIENT):
        assert phones.ask(hall.port, phones.get(f"/s/{hall.code}")).status == 410
        assert phones.ask(hall.port, in_time).status == 303
    with hall.server(MOMENT + 3 * DAY, **PATIENT):
        refused = phones.ask(hall.port, too_late)
        assert refused.status == 410
        assert "48" in refused.text
    with hall.database.reading() as session:
        assert session.scalars(select(Response.day)).all() == [TODAY]
