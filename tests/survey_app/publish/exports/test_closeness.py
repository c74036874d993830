"""No row says more about where, when and in which cell than five rows say alike."""

from collections import Counter
from datetime import date, timedelta

from hypothesis import given, strategies as st

from survey_app.models.base import EPOCH
from survey_app.publish.exports.closeness import NOT_SAID, NOTHING, Drawn, Said, Way, what_to_say
from survey_app.publish.exports.groups import ENOUGH, Group, Told, Unit

ONE, TWO = Way("Quầy số 1", "poster", "web"), Way("Quầy số 2", "poster", "web")
WAYS = {1: ONE, 2: TWO, 3: ONE}  # point 3 took the place of point 1
STRATA = {7: "S1", 8: "S1", 9: "S2"}
MARCH = date(2026, 3, 1)


def unit(point, day, version=1, cell=0):
    return Unit(point, (MARCH + timedelta(days=day - 1) - EPOCH).days, version, cell)


def said_of(n_responses, n_months=1):
    group = Group([Told(*one, one.day, n) for one, n in n_responses.items()], n_months)
    return what_to_say(group, WAYS, STRATA)


def places_of(n_responses, n_months=1):
    return {one: said for one, (said, _) in said_of(n_responses, n_months).items()}


units = st.builds(
    unit, st.sampled_from(list(WAYS)), st.integers(1, 70), st.integers(1, 2), st.sampled_from([0, *STRATA])
)
groups = st.dictionaries(units, st.integers(1, 9), min_size=1, max_size=40)


@given(groups, st.integers(1, 2))
def test_each_row_shares_all_that_it_says_with_at_least_four_others(n_responses, n_months):
    said = said_of(n_responses, n_months)
    assert said.keys() == n_responses.keys()
    shared, of_version = Counter(), Counter()
    for one, words in said.items():
        shared[one.instrument_version_id, words] += n_responses[one]
        of_version[one.instrument_version_id] += n_responses[one]
    for (version, words), n in shared.items():
        is_all_of_few = n == of_version[version] and words == (NOTHING, NOT_SAID)
        assert n >= ENOUGH or is_all_of_few


@given(groups)
def test_what_a_row_says_is_true(n_responses):
    for one, (said, drawn) in said_of(n_responses).items():
        day = EPOCH + timedelta(days=one.day)
        assert said.way in (None, WAYS[one.access_point_id])
        assert said.month in (None, day.replace(day=1))
        assert said.day in (None, day)
        assert said.day is None or said.way is not None
        first, last = said.days()
        assert first is None or first <= day <= last
        assert drawn.cell_id in (None, one.cell_id)
        assert drawn.stratum in (None, STRATA.get(one.cell_id))


@given(groups)
def test_a_group_of_several_months_says_no_month(n_responses):
    assert set(places_of(n_responses, n_months=2).values()) == {NOTHING}


def test_rows_say_less_the_fewer_they_are():
    counts = {
        unit(1, 2): 5,  # a day of its own
        unit(1, 3): 4,
        unit(1, 4): 1,  # with the day before, five of a counter and month
        unit(2, 3): 2,
        unit(2, 33): 3,  # carried from another month; together five
    }
    assert places_of(counts) == {
        unit(1, 2): Said(ONE, MARCH, date(2026, 3, 2)),
        unit(1, 3): Said(ONE, MARCH, None),
        unit(1, 4): Said(ONE, MARCH, None),
        unit(2, 3): NOTHING,
        unit(2, 33): NOTHING,
    }


def test_few_who_say_least_are_joined_by_the_fewest_others():
    counts = {unit(1, 2): 6, unit(1, 3): 5, unit(2, 40): 2}
    assert places_of(counts) == {
        unit(1, 2): Said(ONE, MARCH, date(2026, 3, 2)),
        unit(1, 3): NOTHING,
        unit(2, 40): NOTHING,
    }


def test_the_old_and_the_new_code_of_a_counter_are_one_place():
    counts = {unit(1, 2): 2, unit(3, 2): 3}
    assert set(places_of(counts).values()) == {Said(ONE, MARCH, date(2026, 3, 2))}


def test_versions_are_not_mixed():
    counts = {unit(1, 2, version=1): 5, unit(1, 2, version=2): 3}
    assert places_of(counts) == {
        unit(1, 2, version=1): Said(ONE, MARCH, date(2026, 3, 2)),
        unit(1, 2, version=2): NOTHING,
    }


def test_a_cell_is_said_by_five_and_a_stratum_too():
    counts = {unit(1, 2, cell=7): 5, unit(1, 2, cell=8): 6, unit(1, 2, cell=9): 4, unit(1, 2): 1}
    drawn = {one.cell_id: drawn for one, (_, drawn) in said_of(counts).items()}
    assert drawn == {7: Drawn("S1", 7), 8: Drawn("S1", 8), 9: NOT_SAID, 0: NOT_SAID}
    counts = {unit(1, 2, cell=7): 4, unit(1, 2, cell=8): 4}
    assert {drawn for _, drawn in said_of(counts).values()} == {Drawn("S1")}


def test_a_cell_of_one_takes_others_with_it():
    """Alone in saying no cell, whoever knows the one of that cell would find the row."""
    counts = {unit(1, 2, cell=7): 9, unit(1, 2, cell=8): 5, unit(1, 2, cell=9): 1}
    drawn = {one.cell_id: drawn for one, (_, drawn) in said_of(counts).items()}
    assert drawn == {7: Drawn("S1", 7), 8: NOT_SAID, 9: NOT_SAID}
