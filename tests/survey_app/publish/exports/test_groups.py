"""What leaves together: whole days in whole batches, whole months of them, five at least."""

from collections import Counter
from datetime import date

from hypothesis import given, strategies as st

from survey_app.models.base import EPOCH
from survey_app.publish.exports.groups import ENOUGH, Told, bundles_of, groups_of

COUNTERS = {1: 1, 2: 2, 3: 1}  # points 1 and 3 stand at one counter
JANUARY = (date(2026, 1, 1) - EPOCH).days
ALL_OVER = None


def told(point, day, batch_day=None, n=5, version=1):
    """Give a tally; days are counted from the first of January."""
    return Told(point, JANUARY + day - 1, version, 0, JANUARY + (batch_day or day) - 1, n)


tallies = st.lists(
    st.builds(
        lambda point, day, later, n, version: told(point, day, day + later, n, version),
        st.sampled_from(list(COUNTERS)),
        st.integers(1, 100),
        st.sampled_from([0, 0, 0, 1, 2, 30]),
        st.integers(1, 7),
        st.integers(1, 2),
    ),
    max_size=60,
    unique_by=lambda one: one[:5],
)


@given(tallies)
def test_no_bundle_cuts_a_day_or_what_a_batch_brought_to_a_counter(some):
    owner = {one: number for number, bundle in enumerate(bundles_of(some, COUNTERS)) for one in bundle}
    assert owner.keys() == set(some)
    for one in some:
        for other in some:
            is_same_day = one[:2] == other[:2]
            counters = {COUNTERS[each.access_point_id] for each in (one, other)}
            if is_same_day or (len(counters) == 1 and one.batch_day == other.batch_day):
                assert owner[one] == owner[other]


def test_what_shares_nothing_is_no_bundle():
    some = [told(1, 1), told(1, 2), told(2, 1), told(3, 1)]
    assert sorted(map(len, bundles_of(some, COUNTERS))) == [1, 1, 2]  # the two codes of a counter


@given(tallies, st.integers(40, 200))
def test_later_batches_change_no_group_that_has_left(some, last):
    """Whatever comes to bundles of its own, later, what left leaves again and in the same groups."""
    bundles = bundles_of(some, COUNTERS)
    before = groups_of(bundles, JANUARY + last)
    more = [[told(1, day, n=7)] for day in range(last, last + 90, 9)]
    assert groups_of([*bundles, *more], JANUARY + last + 100)[: len(before)] == before


@given(tallies, st.integers(0, 200) | st.none())
def test_a_group_has_five_of_each_version_while_more_may_come(some, last):
    last_batch_day = None if last is None else JANUARY + last
    found = groups_of(bundles_of(some, COUNTERS), last_batch_day)
    assert all(sum(one.n_respondents for one in group.tallies) >= ENOUGH for group in found)
    for group in found[: None if last is not None else -1]:
        n_by_version = Counter()
        for one in group.tallies:
            n_by_version[one.instrument_version_id] += one.n_respondents
        assert min(n_by_version.values()) >= ENOUGH


def lengths(bundles, last_batch_day):
    return [(group.n_months, len(group.tallies)) for group in groups_of(bundles, last_batch_day)]


def test_a_month_leaves_when_a_batch_shows_that_none_of_it_can_come():
    january, february = [told(1, 5)], [told(1, 31, 32)]
    last_of_january = JANUARY + 30
    for days, found in ((0, []), (2, []), (3, [(1, 1)])):
        assert lengths([january, february], last_of_january + days) == found


def test_small_months_leave_with_the_next_and_the_tail_with_the_one_before():
    months = [[told(1, 5, n=3)], [told(1, 40, n=2)], [told(1, 70, n=5)], [told(1, 100, n=4)]]
    assert lengths(months, JANUARY + 150) == [(2, 2), (1, 1)]
    assert lengths(months, ALL_OVER) == [(2, 2), (2, 2)]


def test_fewer_than_five_in_all_make_no_group():
    assert lengths([[told(1, 5, n=4)]], ALL_OVER) == []


def test_a_version_of_few_waits_for_more_of_it_and_leaves_in_the_end():
    months = [[told(1, 5)], [told(1, 40), told(1, 40, n=1, version=2)], [told(1, 70, n=5, version=2)]]
    assert lengths(months, JANUARY + 60 + 60) == [(1, 1), (2, 3)]
    assert lengths(months[:2], ALL_OVER) == [(1, 1), (1, 2)]
