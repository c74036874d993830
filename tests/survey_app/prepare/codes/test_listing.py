"""Finding offices and listing their codes."""

from datetime import timedelta

from survey_app.models.vietnamese import sort_key
from survey_app.prepare.codes.listing import (
    campaigns_to_prepare,
    list_codes,
    offices_with_codes,
)
from survey_app.web.paging import ROWS_A_PAGE
from tests import factories
from tests.factories import DAY


def office(session, name, **given):
    return factories.office(session, name=name, sort_key=sort_key(name), **given)


def names(session, campaign, scope, search=""):
    ids = {one.id for one in scope}
    found = offices_with_codes(session, campaign, ids, search, DAY)
    return [listed.name for listed in list_codes(session, campaign, found, 1, DAY).offices.rows]


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


def test_ended_office_is_gone_and_one_that_begins_later_waits_for_its_codes(session, campaign):
    ended = office(session, "Xã Cũ", valid_until=DAY - timedelta(days=1))
    factories.access_point(session, campaign_id=campaign.id, office_id=ended.id)
    coming = office(session, "Xã Mới", valid_from=DAY + timedelta(days=1))
    ending = office(session, "Xã Nay", valid_until=DAY)
    found = offices_with_codes(session, campaign, {ended.id, coming.id, ending.id}, "", DAY)
    listed = list_codes(session, campaign, found, 1, DAY).offices.rows
    assert [(one.name, one.begins_on, one.ends_on, len(one.places)) for one in listed] == [
        ("Xã Mới", DAY + timedelta(days=1), None, 1),
        ("Xã Nay", None, DAY, 1),
    ]


def test_screen_is_listed_beside_the_poster_and_counts_as_no_code_of_the_list(session, campaign):
    one = office(session, "Xã An")
    on_it = {"campaign_id": campaign.id, "office_id": one.id, "way_in": "screen", "provenance": "B"}
    before = factories.access_point(session, **on_it, revoked_on=DAY)
    screen = factories.access_point(session, **on_it)
    (found,) = offices_with_codes(session, campaign, {one.id}, "", DAY)
    assert found.n_codes == 0
    ((listed,),) = [listed.places for listed in list_codes(session, campaign, [found], 1, DAY).offices.rows]
    assert (listed.poster, listed.revoked, listed.screen.point) == (None, [before], screen)


def test_list_shows_each_place_with_its_code_and_those_before(session, campaign):
    one = office(session, "Xã An")
    counters = [factories.counter(session, office_id=one.id, label=f"Quầy số {n}") for n in (10, 2)]
    on_two = {"campaign_id": campaign.id, "office_id": one.id, "counter_id": counters[1].id}
    old = factories.access_point(session, **on_two, revoked_on=DAY)
    new = factories.access_point(session, **on_two)
    found = offices_with_codes(session, campaign, {one.id}, "", DAY)
    (listed,) = list_codes(session, campaign, found, 1, DAY).offices.rows
    assert [place.counter for place in listed.places] == ["Quầy số 2", "Quầy số 10"]
    assert (listed.places[0].poster.point, listed.places[0].revoked) == (new, [old])
    assert (listed.places[1].poster, listed.places[1].revoked) == (None, [])


def test_code_of_the_whole_office_is_listed_beside_later_counters(session, campaign):
    one = office(session, "Xã An")
    point = factories.access_point(session, campaign_id=campaign.id, office_id=one.id)
    factories.counter(session, office_id=one.id, label="Quầy số 1")
    found = offices_with_codes(session, campaign, {one.id}, "", DAY)
    (listed,) = list_codes(session, campaign, found, 1, DAY).offices.rows
    whole, counter = listed.places
    assert (whole.counter, whole.poster.point) == (None, point)
    assert (counter.counter, counter.poster) == ("Quầy số 1", None)


def test_only_places_of_today_count_as_having_a_code_or_lacking_one(session, campaign):
    whole = office(session, "Xã An")  # has its code
    split = office(session, "Xã Ân")  # got counters after its code, and a code for one of them
    bare = office(session, "Xã Đa")
    counters = [factories.counter(session, office_id=split.id, label=f"Quầy số {n}") for n in (1, 2, 3)]
    hung = [(whole, None), (split, None), (split, counters[0].id)]
    for at, counter_id in hung:
        point = {"campaign_id": campaign.id, "office_id": at.id, "counter_id": counter_id}
        factories.access_point(session, **point)
        factories.access_point(session, **point, revoked_on=DAY)
        factories.access_point(session, **point, way_in="screen", provenance="B")
    factories.access_point(session, office_id=bare.id)  # of another campaign
    found = offices_with_codes(session, campaign, {whole.id, split.id, bare.id}, "", DAY)
    assert [(one.n_places, one.n_codes) for one in found] == [(1, 1), (3, 1), (1, 0)]
    page = list_codes(session, campaign, found, 1, DAY)
    assert (page.n_places, page.n_codes, page.n_missing) == (5, 2, 3)


def test_page_shows_its_own_offices_and_counts_those_of_all_pages(session, campaign):
    scope = {office(session, f"Xã {n:02}").id for n in range(ROWS_A_PAGE + 1)}
    found = offices_with_codes(session, campaign, scope, "", DAY)
    page = list_codes(session, campaign, found, 99, DAY)
    assert [listed.name for listed in page.offices.rows] == [f"Xã {ROWS_A_PAGE}"]
    assert (page.offices.number, page.offices.n_rows, page.n_places) == (2, ROWS_A_PAGE + 1, ROWS_A_PAGE + 1)


def test_only_campaigns_that_are_not_over_take_codes(session):
    factories.campaign(session, closes_on=DAY - timedelta(days=1))
    open_now = factories.campaign(session, closes_on=DAY)
    coming = factories.campaign(session, opens_on=DAY + timedelta(days=5))
    assert [one.id for one in campaigns_to_prepare(session, DAY)] == [open_now.id, coming.id]
