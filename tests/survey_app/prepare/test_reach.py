"""What a right over campaigns reaches: the same over all offices as over each, at less cost."""

import pytest
from sqlalchemy import event

from survey_app.errors import NotFound
from survey_app.prepare.reach import Reach
from survey_app.web.access import account_on
from tests import factories
from tests.factories import DAY


@pytest.fixture
def places(database):
    with database.transaction() as session:
        here, there = (factories.office(session, kind="province") for _ in range(2))
        office = factories.office(session, parent_id=here.id)
        campaign = factories.campaign(session)
        factories.access_point(session, campaign_id=campaign.id, office_id=office.id)
        staff = {
            place: factories.staff(session, role="campaign_lead", office_id=place).id
            for place in (None, here.id, there.id, office.id)
        }
        return here.id, there.id, office.id, campaign.id, staff


def reach_of(session, places, place):
    return Reach(session, account_on(session, places[-1][place], DAY))


def test_campaign_is_seen_where_it_has_codes_and_changed_by_who_reaches_all_of_them(database, places):
    here, there, office, campaign_id, _staff = places
    with database.reading() as session:
        for place, may_change in ((None, True), (here, True), (office, False)):
            reached = reach_of(session, places, place).campaign(campaign_id)
            assert (reached.may_change, reached.offices) == (may_change, {here, office})
        with pytest.raises(NotFound):
            reach_of(session, places, there).campaign(campaign_id)
        with pytest.raises(NotFound):
            reach_of(session, places, office).campaign(campaign_id, to_change=True)
        choices = [
            {one.id for one in reach_of(session, places, place).choices()} for place in (None, here, office)
        ]
    assert choices == [{here, there}, {here}, set()]


def test_right_over_all_offices_reads_no_list_of_them(database, places):
    asked = []

    @event.listens_for(database.engine, "before_cursor_execute")
    def _note(_connection, _cursor, statement, *_others):
        asked.append(statement)

    with database.reading() as session:
        assert [one.may_change for one in reach_of(session, places, None).campaigns()] == [True]
        assert not [one for one in asked if "FROM office" in one]
        assert reach_of(session, places, places[0]).campaigns()
        assert [one for one in asked if "FROM office" in one]
