"""Only what figures contain may leave, in whole days, batches and months."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from survey_app.models.access_point import AccessPointDay
from survey_app.models.base import EPOCH
from survey_app.models.campaign import Campaign
from survey_app.models.response import Response
from survey_app.publish.exports.closeness import Way
from survey_app.publish.exports.released import Point, find_leaving, finished_in
from tests import factories
from tests.factories import DAY
from tests.survey_app.publish.exports.arrivals import SETTLED, come, release

WAY = Way("Quầy số 1", "poster", "web")


@pytest.fixture
def session(database):
    with database.transaction() as session:
        yield session


def found(session, point):
    """Decide what leaves of a point that is the only one of its office."""
    owner = (point.office_id, point.provenance)
    campaign = session.get_one(Campaign, point.campaign_id)
    points = {owner: [Point(point.id, point.counter_id, WAY)]}
    return find_leaving(session, points, finished_in(session, campaign, DAY), unseen=())[owner]


def leaving(session, point):
    """Give how many responses of each day may leave."""
    units = {}
    for group in found(session, point).groups:
        for unit, n in group.n_responses.items():
            units[unit.day - (DAY - EPOCH).days] = n
    return units


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
    assert leaving(session, point) == {-3: 6}
    assert found(session, point).n_waiting == 3


def test_a_day_to_which_one_more_came_stays_back_whole_until_its_release(session, point):
    come(session, point, 6)
    release(session, point)
    come(session, point, 1)
    assert leaving(session, point) == {}
    assert found(session, point).n_waiting == 7
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
    assert found(session, point).n_voided == 1


def test_a_day_may_be_in_two_batches(session, point):
    come(session, point, 6)
    release(session, point)
    (tally,) = session.scalars(select(factories.Tally))
    tally.n_respondents = 4
    factories.tally(
        session,
        access_point_id=point.id,
        day=SETTLED,
        instrument_version_id=tally.instrument_version_id,
        batch_day=DAY.replace(month=4, day=1),
        n_respondents=2,
    )
    assert leaving(session, point) == {-3: 6}


def test_a_point_without_responses_lets_nothing_leave(session, point):
    assert leaving(session, point) == {}


def test_nothing_leaves_of_a_month_that_goes_on_and_all_of_it_later(session, point):
    session.get_one(Campaign, point.campaign_id).closes_on = None
    come(session, point, 6, day=DAY - timedelta(days=40))
    come(session, point, 6)
    release(session, point)
    assert leaving(session, point) == {-40: 6}
    session.get_one(Campaign, point.campaign_id).closes_on = DAY - timedelta(days=2)
    assert leaving(session, point) == {-40: 6}  # a late form may still come
    session.get_one(Campaign, point.campaign_id).closes_on = SETTLED
    assert leaving(session, point) == {-40: 6, -3: 6}


@pytest.mark.parametrize(
    "given",
    [
        {"n": 4},  # few people
        {"n": 9, "answers": {"q2": "4"}},  # enough people, but none answered the other item
        {"n": 5, "answers": {"q1": "4"}},
    ],
)
def test_what_stays_back_decides_how_much_leaves(session, point, given):
    session.get_one(Campaign, point.campaign_id).closes_on = None
    come(session, point, 6, day=DAY - timedelta(days=40))
    come(session, point, 1, answers={"q1": "4", "q2": "4"})
    come(session, point, **given)
    release(session, point)
    is_enough = given["n"] + 1 >= 5 and "answers" not in given
    assert leaving(session, point) == ({-40: 6} if is_enough else {})


def test_a_sealed_wave_leaves_whole(session, point):
    campaign = session.get_one(Campaign, point.campaign_id)
    campaign.kind = "annual"
    come(session, point, 6)
    release(session, point)
    session.get_one(
        factories.OfficeRelease, (campaign.id, point.office_id, point.provenance)
    ).closed_on = None
    assert leaving(session, point) == {}
    factories.publication(session, campaign_id=campaign.id, kind="wave", sealed_at=factories.MOMENT)
    assert leaving(session, point) == {-3: 6}
