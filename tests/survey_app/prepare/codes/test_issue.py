"""Issuing and revoking codes."""

import threading
from datetime import date, timedelta

import pytest
from sqlalchemy import func, select

from survey_app.errors import CampaignClosed, NotFound
from survey_app.models import short_code
from survey_app.models.access_point import AccessPoint
from survey_app.models.campaign import Campaign
from survey_app.prepare.codes import issue
from survey_app.prepare.codes.issue import (
    Place,
    active_codes,
    issue_codes,
    issued_code,
    places_in,
    revoke_code,
)
from tests import factories
from tests.factories import DAY


def n_points(session):
    return session.scalar(select(func.count()).select_from(AccessPoint))


def test_each_counter_gets_one_well_formed_web_code_of_class_c(session, campaign):
    office = factories.office(session)
    counters = [factories.counter(session, office_id=office.id) for _ in range(3)]
    points = issue_codes(session, campaign, places_in(session, [office.id], DAY), DAY)
    assert [point.counter_id for point in points] == [counter.id for counter in counters]
    assert {(point.mode, point.provenance, point.issued_on) for point in points} == {("web", "C", DAY)}
    assert len({point.code for point in points}) == 3
    assert all(short_code.is_well_formed(point.code) for point in points)


def test_office_without_counters_gets_one_code_for_the_whole_office(session, campaign):
    office = factories.office(session)
    (point,) = issue_codes(session, campaign, places_in(session, [office.id], DAY), DAY)
    assert point.counter_id is None


def test_issuing_twice_gives_the_same_codes(session, campaign):
    place = Place(factories.office(session).id, None)
    first = issue_codes(session, campaign, [place], DAY)
    again = issue_codes(session, campaign, [place], DAY + timedelta(days=1))
    assert [point.id for point in again] == [point.id for point in first]
    assert n_points(session) == 1


def test_two_issuing_at_once_make_one_code(database):
    with database.transaction() as session:
        campaign_id = factories.campaign(session).id
        place = Place(factories.office(session).id, None)
    start = threading.Barrier(2)

    def press_the_button():
        start.wait()
        with database.transaction() as session:
            issue_codes(session, session.get(Campaign, campaign_id), [place], DAY)

    threads = [threading.Thread(target=press_the_button) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with database.reading() as session:
        assert n_points(session) == 1


def test_another_campaign_has_codes_of_its_own(session, campaign):
    place = Place(factories.office(session).id, None)
    codes = [
        issue_codes(session, one, [place], DAY)[0].code for one in (campaign, factories.campaign(session))
    ]
    assert len(set(codes)) == 2


def test_code_that_exists_already_is_drawn_again(session, campaign, monkeypatch):
    taken = factories.access_point(session, revoked_on=DAY).code
    fresh = short_code.new_code()
    draws = iter([taken, taken, fresh])
    monkeypatch.setattr(short_code, "new_code", lambda: next(draws))
    (point,) = issue_codes(session, campaign, [Place(factories.office(session).id, None)], DAY)
    assert point.code == fresh


def test_office_that_begins_later_gets_its_codes_before_and_one_that_has_ended_none(session, campaign):
    ended = factories.office(session, valid_until=DAY - timedelta(days=1))
    coming = factories.office(session, valid_from=DAY + timedelta(days=1))
    last_day = factories.office(session, valid_until=DAY)
    places = [Place(office.id, None) for office in (ended, coming, last_day)]
    assert [point.office_id for point in issue_codes(session, campaign, places, DAY)] == [
        coming.id,
        last_day.id,
    ]


def test_province_gets_no_code_since_nobody_is_served_there(session, campaign):
    province = factories.office(session, kind="province")
    assert issue_codes(session, campaign, [Place(province.id, None)], DAY) == []


def test_counter_of_another_office_gets_no_code(session, campaign):
    office, counter = factories.office(session), factories.counter(session)
    assert issue_codes(session, campaign, [Place(office.id, counter.id)], DAY) == []


def test_closed_campaign_gives_no_code_and_its_last_day_still_does(session):
    campaign = factories.campaign(session, opens_on=date(2026, 1, 1), closes_on=DAY)
    place = Place(factories.office(session).id, None)
    assert issue_codes(session, campaign, [place], DAY)
    with pytest.raises(CampaignClosed):
        issue_codes(session, campaign, [place], DAY + timedelta(days=1))


def test_revoked_code_stays_with_its_first_day_and_the_place_can_have_a_new_one(session, campaign):
    place = Place(factories.office(session).id, None)
    (old,) = issue_codes(session, campaign, [place], DAY)
    revoke_code(session, old, DAY)
    revoke_code(session, old, DAY + timedelta(days=3))
    assert old.revoked_on == DAY
    (new,) = issue_codes(session, campaign, [place], DAY)
    assert new.code != old.code
    assert active_codes(session, campaign, [place.office_id]) == {place: new}
    assert n_points(session) == 2


def test_screen_or_paper_stack_of_the_office_is_no_poster_code(session, campaign):
    office = factories.office(session)
    screen = factories.access_point(
        session, campaign_id=campaign.id, office_id=office.id, way_in="screen", provenance="B"
    )
    stack = factories.access_point(
        session,
        campaign_id=campaign.id,
        office_id=office.id,
        way_in="paper",
        mode="paper",
        provenance="A",
        code=None,
    )
    assert active_codes(session, campaign, [office.id]) == {}
    for point in (screen, stack):
        with pytest.raises(NotFound):
            issued_code(session, point.id, [office.id], ("poster",))


def test_screen_has_a_code_of_its_own_beside_the_poster_and_one_a_place(session, campaign):
    place = Place(factories.office(session).id, None)
    (poster,) = issue_codes(session, campaign, [place], DAY)
    (screen,) = issue_codes(session, campaign, [place], DAY, "screen")
    (again,) = issue_codes(session, campaign, [place], DAY, "screen")
    assert again is screen
    assert (screen.way_in, screen.mode, screen.provenance) == ("screen", "web", "B")
    assert screen.code != poster.code
    assert active_codes(session, campaign, [place.office_id]) == {place: poster}
    assert active_codes(session, campaign, [place.office_id], "screen") == {place: screen}


def test_paper_stacks_and_invitations_are_not_revoked_as_codes(session, campaign):
    office = factories.office(session)
    given = {"campaign_id": campaign.id, "office_id": office.id}
    stack = factories.access_point(session, **given, way_in="paper", mode="paper", provenance="A", code=None)
    batch = factories.access_point(session, **given, way_in="invitation", provenance="B")
    for point in (stack, batch):
        with pytest.raises(NotFound):
            issued_code(session, point.id, [office.id])


@pytest.mark.parametrize("number", [0, 999, 2**31 - 1])
def test_number_that_is_no_code_is_not_found(session, number):
    with pytest.raises(NotFound):
        issued_code(session, number, [1])


def test_more_places_than_one_question_takes_are_asked_in_portions(session, campaign, monkeypatch):
    monkeypatch.setattr(issue, "AT_ONCE", 2)
    ids = [factories.office(session).id for _ in range(5)]
    assert len(issue_codes(session, campaign, places_in(session, ids, DAY), DAY)) == 5
    assert len(active_codes(session, campaign, ids)) == 5
