"""No row says more about where and when than five rows say alike."""

from collections import Counter
from datetime import date, timedelta

from hypothesis import given, strategies as st

from survey_app.models.base import EPOCH
from survey_app.publish.exports.closeness import ENOUGH, Said, Unit, Way, what_to_say

ONE, TWO = Way("Quầy số 1", "poster", "web"), Way("Quầy số 2", "poster", "web")
WAYS = {1: ONE, 2: TWO, 3: ONE}  # point 3 took the place of point 1
MARCH = date(2026, 3, 1)


def unit(point, day, version=1):
    return Unit(point, (MARCH + timedelta(days=day - 1) - EPOCH).days, version)


units = st.builds(unit, st.sampled_from(list(WAYS)), st.integers(1, 70), st.integers(1, 2))


@given(st.dictionaries(units, st.integers(1, 9), max_size=40))
def test_each_row_shares_what_it_says_with_at_least_four_others(n_responses):
    said = what_to_say(n_responses, WAYS)
    shared = Counter()
    for one, words in said.items():
        shared[one.instrument_version_id, words] += n_responses[one]
    assert all(n >= ENOUGH for n in shared.values())
    left = Counter()
    for one in n_responses.keys() - said.keys():
        left[one.instrument_version_id] += n_responses[one]
    assert all(n < ENOUGH for n in left.values())


@given(st.dictionaries(units, st.integers(1, 9), max_size=40))
def test_what_a_row_says_is_true(n_responses):
    for one, words in what_to_say(n_responses, WAYS).items():
        day = EPOCH + timedelta(days=one.day)
        assert words.way in (None, WAYS[one.access_point_id])
        assert words.month in (None, day.replace(day=1))
        assert words.day in (None, day)
        assert words.day is None or words.way is not None
        first, last = words.days()
        assert first is None or first <= day <= last


def test_rows_say_less_the_fewer_they_are():
    counts = {
        unit(1, 2): 5,  # a day of its own
        unit(1, 3): 4,
        unit(1, 4): 1,  # with the day before, five of a counter and month
        unit(2, 3): 2,
        unit(2, 33): 3,  # of another month; together five of the office
    }
    assert what_to_say(counts, WAYS) == {
        unit(1, 2): Said(ONE, MARCH, date(2026, 3, 2)),
        unit(1, 3): Said(ONE, MARCH, None),
        unit(1, 4): Said(ONE, MARCH, None),
        unit(2, 3): Said(None, None, None),
        unit(2, 33): Said(None, None, None),
    }


def test_fewer_than_five_of_an_office_stay_back():
    assert what_to_say({unit(1, 2): 2, unit(2, 40): 2}, WAYS) == {}


def test_the_old_and_the_new_code_of_a_counter_are_one_place():
    counts = {unit(1, 2): 2, unit(3, 2): 3}
    assert set(what_to_say(counts, WAYS).values()) == {Said(ONE, MARCH, date(2026, 3, 2))}


def test_versions_are_not_mixed():
    assert what_to_say({unit(1, 2, version=1): 3, unit(1, 2, version=2): 3}, WAYS) == {}
