"""The funnel of each batch: three counts, of this batch alone, and none that names who has answered."""

from datetime import timedelta

from survey_app.prepare.invitations.listing import (
    Funnel,
    batches_of,
    cells_of,
    counters_of,
    in_steps,
    listed_batches,
)
from tests import factories
from tests.factories import DAY


def batch(session, office, **given):
    point = factories.access_point(session, office_id=office.id, way_in="invitation", provenance="B")
    return factories.invitation_batch(session, access_point_id=point.id, **given)


def test_funnel_counts_what_was_issued_opened_and_used(session, office):
    mine, other = batch(session, office, n_issued=30), batch(session, office)
    for of, days_ago, n_opened, n_received in ((mine, 2, 20, 7), (mine, 1, 18, 6), (other, 1, 4, 4)):
        came_in(session, of, days_ago, n_opened, n_received)
    listed = listed_batches(session, [other.id, mine.id], DAY)
    assert [one.batch for one in listed] == [other, mine]
    assert [one.funnel for one in listed] == [Funnel(20, 0, 0), Funnel(30, 35, 10)]


def came_in(session, of, days_ago, n_opened, n_received):
    day = DAY - timedelta(days=days_ago)
    counts = {"n_opened": n_opened, "n_received": n_received}
    factories.access_point_day(session, access_point_id=of.access_point_id, day=day, **counts)


def test_nothing_that_comes_today_moves_a_count_before_tomorrow(session, office):
    one = batch(session, office)
    came_in(session, one, 1, 6, 5)
    came_in(session, one, 0, 14, 9)
    shown = [listed_batches(session, [one.id], DAY + timedelta(days=n))[0].funnel for n in (0, 1)]
    assert shown == [Funnel(20, 5, 5), Funnel(20, 20, 10)]


def test_a_single_answer_seldom_moves_a_count_and_never_the_first_four():
    assert [in_steps(n) for n in (0, 1, 4, 5, 9, 10, 1_203)] == [0, 0, 0, 5, 5, 10, 1_200]


def test_a_used_code_was_opened_even_if_its_page_view_is_not_counted_yet():
    assert Funnel(n_issued=20, n_viewed=0, n_used=3).n_opened == 3
    assert Funnel(n_issued=20, n_viewed=5, n_used=3).n_opened == 5


def test_the_longest_bar_is_the_largest_count():
    funnel = Funnel(n_issued=20, n_viewed=40, n_used=10)
    assert [funnel.share(n) for n in (20, 40, 10)] == [0.5, 1.0, 0.25]


def test_batches_of_the_own_offices_come_newest_first(session, office):
    foreign = factories.office(session)
    first, _foreign, last = batch(session, office), batch(session, foreign), batch(session, office)
    assert batches_of(session, {office.id}) == [last.id, first.id]
    assert listed_batches(session, [], DAY) == []


def test_state_follows_revocation_then_the_campaign_then_a_pause(session, office):
    listed = listed_batches(session, [batch(session, office).id], DAY)[0]
    assert listed.state_on(DAY) == "in_use"
    listed.point.paused_on = DAY
    assert listed.state_on(DAY) == "paused"
    listed.campaign.closes_on = DAY
    assert [listed.state_on(DAY + timedelta(days=n)) for n in (0, 1)] == ["paused", "closed"]
    listed.point.revoked_on = DAY
    assert listed.state_on(DAY + timedelta(days=1)) == "revoked"


def test_counters_and_cells_are_those_of_the_office_and_campaign(session, office, drawn_campaign):
    counter = factories.counter(session, office_id=office.id)
    cell = factories.sample_cell(session, campaign_id=drawn_campaign.id)
    factories.counter(session)
    factories.sample_cell(session)
    assert counters_of(session, office) == [counter]
    assert cells_of(session, drawn_campaign) == [cell]
