"""Finding offices and listing their codes."""

from datetime import timedelta

import pytest

from survey_app.models.vietnamese import sort_key
from survey_app.prepare.codes.listing import (
    OFFICES_A_PAGE,
    campaigns_to_prepare,
    find_offices,
    list_codes,
)
from tests import factories
from tests.factories import DAY


def office(session, name, **given):
    return factories.office(session, name=name, sort_key=sort_key(name), **given)


def names(session, campaign, scope, search=""):
    ids = {one.id for one in scope}
    return [found.name for found in find_offices(session, campaign, ids, search, DAY)]


def test_offices_stand_in_vietnamese_order(session, campaign):
    scope = [office(session, name) for name in ("Xã Đa", "Phường 10", "Xã Ân", "Phường 2", "Xã An")]
    assert names(session, campaign, scope) == ["Phường 2", "Phường 10", "Xã An", "Xã Ân", "Xã Đa"]


def test_what_matches_to_the_mark_comes_first(session, campaign):
    scope = [office(session, name) for name in ("Xã Hoa", "Xã Hòa", "Xã Hóa", "Xã Mỹ")]
    assert names(session, campaign, scope, "hóa") == ["Xã Hóa", "Xã Hoa", "Xã Hòa"]


def test_offices_outside_the_scope_are_not_found(session, campaign):
    mine = office(session, "Xã An")
    office(session, "Xã An Khác")
    assert names(session, campaign, [mine], "an") == ["Xã An"]


def test_ended_office_is_listed_only_while_one_of_its_codes_works(session, campaign):
    ended = office(session, "Xã Cũ", valid_until=DAY - timedelta(days=1))
    assert names(session, campaign, [ended]) == []
    point = factories.access_point(session, campaign_id=campaign.id, office_id=ended.id)
    (found,) = find_offices(session, campaign, {ended.id}, "", DAY)
    assert (found.exists, found.n_places, found.n_codes) == (False, 0, 1)
    point.revoked_on = DAY
    session.flush()
    assert names(session, campaign, [ended]) == []


def test_list_shows_each_place_with_its_code_and_those_before(session, campaign):
    one = office(session, "Xã An")
    counters = [factories.counter(session, office_id=one.id, label=f"Quầy số {n}") for n in (10, 2)]
    on_two = {"campaign_id": campaign.id, "office_id": one.id, "counter_id": counters[1].id}
    old = factories.access_point(session, **on_two, revoked_on=DAY)
    new = factories.access_point(session, **on_two)
    found = find_offices(session, campaign, {one.id}, "", DAY)
    (listed,) = list_codes(session, campaign, found, 1).offices
    assert [place.counter for place in listed.places] == ["Quầy số 2", "Quầy số 10"]
    assert (listed.places[0].active, listed.places[0].revoked) == (new, [old])
    assert (listed.places[1].active, listed.places[1].revoked) == (None, [])


def test_code_of_the_whole_office_is_listed_beside_later_counters(session, campaign):
    one = office(session, "Xã An")
    point = factories.access_point(session, campaign_id=campaign.id, office_id=one.id)
    factories.counter(session, office_id=one.id, label="Quầy số 1")
    (listed,) = list_codes(session, campaign, find_offices(session, campaign, {one.id}, "", DAY), 1).offices
    assert [(place.counter, place.active) for place in listed.places] == [(None, point), ("Quầy số 1", None)]


@pytest.mark.parametrize(("asked", "number"), [(-3, 1), (1, 1), (2, 2), (99, 2)])
def test_page_that_does_not_exist_gives_the_nearest(session, campaign, asked, number):
    scope = {office(session, f"Xã {n}").id for n in range(OFFICES_A_PAGE + 1)}
    page = list_codes(session, campaign, find_offices(session, campaign, scope, "", DAY), asked)
    assert (page.number, page.n_pages, page.n_offices) == (number, 2, OFFICES_A_PAGE + 1)
    assert (page.previous, page.next) == ((None, 2) if number == 1 else (1, None))


def test_list_of_nothing_is_one_empty_page(session, campaign):
    page = list_codes(session, campaign, [], 1)
    assert (page.offices, page.number, page.n_pages, page.previous, page.next) == ([], 1, 1, None, None)


def test_only_campaigns_that_are_not_over_take_codes(session):
    factories.campaign(session, closes_on=DAY - timedelta(days=1))
    open_now = factories.campaign(session, closes_on=DAY)
    coming = factories.campaign(session, opens_on=DAY + timedelta(days=5))
    assert [one.id for one in campaigns_to_prepare(session, DAY)] == [open_now.id, coming.id]
