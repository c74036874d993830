"""Which codes need a look, and how each was used."""

from datetime import timedelta

import pytest
from sqlalchemy import delete, func, select

from survey_app.models.access_point import AccessPoint, AccessPointDay
from survey_app.prepare.codes.listing import Stock, list_codes, offices_with_codes
from survey_app.prepare.codes.stock import QUIET_AFTER_DAYS, Use, codes_of, ends_soon, note_openings
from tests import factories
from tests.factories import DAY


def days_ago(n):
    return DAY - timedelta(days=n)


@pytest.fixture
def campaign(session):
    return factories.campaign(session, opens_on=days_ago(100))


def hung(session, campaign, **given):
    return factories.access_point(session, campaign_id=campaign.id, **{"issued_on": days_ago(60)} | given)


def opened(session, point, ago, n_opened=1, n_received=0, n_voided=0):
    counts = {"n_opened": n_opened, "n_received": n_received, "n_voided": n_voided}
    factories.access_point_day(session, access_point_id=point.id, day=days_ago(ago), **counts)


def use_of(session, campaign, point):
    (use,) = (one.use for one in codes_of(session, campaign, [point.office_id], DAY) if one.point is point)
    return use


def test_use_counts_thirty_whole_days_and_leaves_today_out(session, campaign):
    point = hung(session, campaign)
    opened(session, point, 0, 100, 50)
    opened(session, point, 1, 5, 3, n_voided=1)
    opened(session, point, 30, 7, 4)
    opened(session, point, 31, 1000, 900)
    use = use_of(session, campaign, point)
    assert (use.last_scan, use.n_opened, use.n_answered) == (DAY, 12, 6)


def test_code_that_nobody_scanned_has_no_last_scan(session, campaign):
    point = hung(session, campaign, issued_on=DAY)
    assert use_of(session, campaign, point) == Use()
    opened(session, point, 3, n_opened=0, n_received=2)  # a form opened elsewhere and sent late
    assert use_of(session, campaign, point).last_scan is None


@pytest.mark.parametrize(
    ("scanned", "is_quiet"),
    [(None, True), (0, False), (QUIET_AFTER_DAYS - 1, False), (QUIET_AFTER_DAYS, True)],
)
def test_code_is_quiet_when_two_weeks_have_passed_since_its_last_scan(session, campaign, scanned, is_quiet):
    point = hung(session, campaign)
    if scanned is not None:
        opened(session, point, scanned)
    assert use_of(session, campaign, point).is_quiet is is_quiet
    note_openings(session)
    assert use_of(session, campaign, point).is_quiet is is_quiet


def noted(session, point):
    return session.scalar(select(AccessPoint.opened_until).where(AccessPoint.id == point.id))


def test_the_night_notes_the_last_opening_and_no_answer_that_came_without_one(session, campaign):
    point, never, revoked = (hung(session, campaign, revoked_on=on) for on in (None, None, DAY))
    opened(session, point, 40, n_received=1)
    opened(session, point, 20)
    opened(session, point, 2, n_opened=0, n_received=5)
    opened(session, never, 3, n_opened=0, n_received=2)
    opened(session, revoked, 3)
    note_openings(session)
    assert [noted(session, one) for one in (point, never, revoked)] == [days_ago(20), None, None]
    opened(session, point, 1)
    note_openings(session)
    assert noted(session, point) == days_ago(1)


def test_what_is_noted_is_never_later_than_the_last_opening_however_often_it_is_noted(session, campaign):
    points = [hung(session, campaign) for _ in range(4)]
    last_opened = func.max(AccessPointDay.day).filter(AccessPointDay.n_opened > 0)
    for ago in range(9, 0, -1):
        for number, point in enumerate(points):
            if number:  # the first one is never opened
                opened(session, point, ago, n_opened=int(ago % (number + 1) == 0), n_received=1)
        truth = dict(
            session.execute(
                select(AccessPointDay.access_point_id, last_opened).group_by(AccessPointDay.access_point_id)
            ).all()
        )
        for point in points:
            before, last = noted(session, point), truth.get(point.id)
            assert before is None or before <= last
        if ago % 3 == 0:
            note_openings(session)
            assert {point.id: noted(session, point) for point in points} == {points[0].id: None} | truth


@pytest.mark.parametrize(("ago", "is_quiet"), [(QUIET_AFTER_DAYS - 1, False), (QUIET_AFTER_DAYS, True)])
def test_what_is_noted_of_the_last_two_weeks_is_looked_up_no_more(session, campaign, ago, is_quiet):
    point = hung(session, campaign)
    opened(session, point, ago)
    note_openings(session)
    session.execute(delete(AccessPointDay))  # which nothing does: so it shows who looks there
    opened(session, point, 2, n_opened=0, n_received=1)
    assert use_of(session, campaign, point).is_quiet is is_quiet


def test_code_opened_since_it_was_noted_is_not_quiet(session, campaign):
    point = hung(session, campaign)
    opened(session, point, QUIET_AFTER_DAYS + 6)
    note_openings(session)
    assert use_of(session, campaign, point).is_quiet
    opened(session, point, 3)
    assert not use_of(session, campaign, point).is_quiet


@pytest.mark.parametrize(
    "given",
    [
        {"issued_on": days_ago(QUIET_AFTER_DAYS - 1)},
        {"paused_on": days_ago(3)},
        {"revoked_on": days_ago(3)},
    ],
)
def test_new_paused_and_revoked_codes_are_not_called_quiet(session, campaign, given):
    assert not use_of(session, campaign, hung(session, campaign, **given)).is_quiet


def test_nothing_is_quiet_in_a_campaign_that_has_just_opened(session):
    campaign = factories.campaign(session, opens_on=days_ago(QUIET_AFTER_DAYS - 1))
    assert not use_of(session, campaign, hung(session, campaign)).is_quiet


def test_open_report_calls_for_a_look_and_a_settled_one_does_not(session, campaign):
    reported, settled = hung(session, campaign), hung(session, campaign)
    factories.code_report(session, access_point_id=reported.id)
    factories.code_report(session, access_point_id=settled.id, settled_on=DAY)
    assert use_of(session, campaign, reported).is_reported
    assert not use_of(session, campaign, settled).is_reported


@pytest.mark.parametrize(("closes_in", "soon"), [(None, False), (31, False), (30, True), (0, True)])
def test_end_of_a_campaign_is_announced_thirty_days_before(session, closes_in, soon):
    closes_on = None if closes_in is None else DAY + timedelta(days=closes_in)
    assert ends_soon(factories.campaign(session, closes_on=closes_on), DAY) is soon


@pytest.fixture
def offices(session, campaign):
    """One office a state."""
    names = ("quiet", "reported", "paused", "revoked", "missing", "ended", "coming", "fine")
    made = {name: factories.office(session, name=f"Xã {name}") for name in names}
    made["ended"].valid_until = days_ago(1)
    made["coming"].valid_from = days_ago(3)
    given = {"reported": {}, "quiet": {}, "paused": {"paused_on": DAY}, "fine": {}, "ended": {}, "coming": {}}
    given |= {"revoked": {"revoked_on": DAY}}
    points = {
        name: hung(session, campaign, office_id=made[name].id, **states) for name, states in given.items()
    }
    for name in ("reported", "paused", "fine", "ended"):
        opened(session, points[name], 1)
    factories.code_report(session, access_point_id=points["reported"].id)
    return made


@pytest.mark.parametrize(
    ("narrowed", "names"),
    [
        ("look", {"quiet", "reported"}),
        ("paused", {"paused"}),
        ("missing", {"missing", "revoked"}),
        ("revoked", {"revoked"}),
        ("", {"quiet", "reported", "paused", "revoked", "missing", "coming", "fine"}),
    ],
)
def test_list_is_narrowed_to_the_places_that_belong_on_it(session, campaign, offices, narrowed, names):
    found = offices_with_codes(session, campaign, {one.id for one in offices.values()}, "", DAY)
    page = list_codes(session, campaign, found, 1, DAY, narrowed)
    listed = {one.name.removeprefix("Xã ") for one in page.offices.rows if one.places}
    assert listed == names


def test_stock_is_counted_over_all_offices_found(session, campaign, offices):
    found = offices_with_codes(session, campaign, {one.id for one in offices.values()}, "", DAY)
    stock = Stock.of(found)
    assert stock == Stock(n_working=5, n_paused=1, n_revoked=1, n_quiet=1, n_reported=1)
    assert stock.needs_a_look
    assert not Stock.of([]).needs_a_look


def test_page_says_the_same_with_the_nights_work_and_without(session, campaign, offices):
    def shown():
        session.expire_all()
        found = offices_with_codes(session, campaign, {one.id for one in offices.values()}, "", DAY)
        listed = list_codes(session, campaign, found, 1, DAY).offices.rows
        codes = [(one.place, one.poster and one.poster.use) for office in listed for one in office.places]
        return found, codes

    before = shown()
    note_openings(session)
    assert session.scalar(select(func.count(AccessPoint.opened_until))) == 4  # so there was work to do
    assert shown() == before


def test_office_of_many_counters_has_a_page_of_its_own(session, campaign):
    large = factories.office(session, sort_key="2")
    for _ in range(30):
        factories.counter(session, office_id=large.id)
    small = [factories.office(session, sort_key=key).id for key in ("1", "3")]
    found = offices_with_codes(session, campaign, {large.id, *small}, "", DAY)
    pages = [list_codes(session, campaign, found, number, DAY) for number in (1, 2, 3)]
    assert [len(page.offices.rows[0].places) for page in pages] == [1, 30, 1]
    assert pages[0].offices.n_pages == 3
