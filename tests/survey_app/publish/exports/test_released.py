"""Only what figures contain may leave."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from survey_app.models.access_point import AccessPointDay
from survey_app.models.base import EPOCH
from survey_app.models.response import Response
from survey_app.publish.exports.released import find_released
from tests import factories
from tests.factories import DAY
from tests.survey_app.publish.exports.arrivals import SETTLED, come, release


@pytest.fixture
def session(database):
    with database.transaction() as session:
        yield session


def leaving(session, point):
    """Give how many responses of each day may leave."""
    found = find_released(session, [point.id], DAY).n_responses.get(point.id, {})
    return {unit.day - (DAY - EPOCH).days: n for unit, n in found.items()}


def void(session, point, of=("1",)):
    """Void the first response whose first answer is one of these."""
    approval = factories.approval(session, kind="void_responses", campaign_id=point.campaign_id)
    for one in session.scalars(select(Response).where(Response.access_point_id == point.id)):
        if one.approval_id is None and str(one.answers[0] >> 4) in of:
            one.approval_id = approval.id
            session.get_one(AccessPointDay, (point.id, one.day)).n_voided += 1
            session.flush()
            return


def test_days_leave_that_the_tallies_hold_whole(session, point):
    come(session, point, 6)
    assert leaving(session, point) == {}
    release(session, point)
    come(session, point, 3, day=DAY)
    found = find_released(session, [point.id], DAY)
    assert leaving(session, point) == {-3: 6}
    assert found.n_waiting[point.id] == 3


def test_a_day_to_which_one_more_came_stays_back_whole_until_its_release(session, point):
    come(session, point, 6)
    release(session, point)
    come(session, point, 1)
    assert leaving(session, point) == {}
    assert find_released(session, [point.id], DAY).n_waiting[point.id] == 7
    release(session, point)
    assert leaving(session, point) == {-3: 7}


def test_a_live_response_does_not_pass_in_the_place_of_a_voided_one(session, point):
    come(session, point, 5, answers={"q1": "1"})
    release(session, point)
    void(session, point)
    come(session, point, 1, answers={"q1": "5"})
    assert leaving(session, point) == {}  # five in the tallies, five alive, but not the same
    release(session, point)
    assert leaving(session, point) == {-3: 5}


def test_voided_responses_do_not_leave_and_are_counted(session, point):
    come(session, point, 6, answers={"q1": "1"})
    void(session, point)
    assert leaving(session, point) == {}
    release(session, point)
    assert leaving(session, point) == {-3: 5}
    assert find_released(session, [point.id], DAY).n_voided[point.id] == 1


@pytest.mark.parametrize("days_ago", [0, 1, 2])
def test_days_to_which_many_late_forms_may_come_stay_back(session, point, days_ago):
    come(session, point, 6, day=DAY - timedelta(days=days_ago))
    release(session, point)
    assert leaving(session, point) == {}
    assert find_released(session, [point.id], DAY).n_waiting[point.id] == 6


def test_a_day_may_be_in_the_tallies_of_two_months(session, point):
    come(session, point, 6)
    release(session, point)
    (tally,) = session.scalars(select(factories.Tally))
    tally.n_respondents = 4
    factories.tally(
        session,
        access_point_id=point.id,
        day=SETTLED,
        instrument_version_id=tally.instrument_version_id,
        month=DAY.replace(month=4, day=1),
        n_respondents=2,
    )
    assert leaving(session, point) == {-3: 6}


def test_a_point_without_responses_lets_nothing_leave(session, point):
    assert leaving(session, point) == {}
