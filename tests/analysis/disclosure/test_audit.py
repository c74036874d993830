import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from hypothesis.extra import numpy as hnp

from analysis.disclosure.audit import audit_hidden
from analysis.disclosure.relations import CountRelations
from analysis.errors import AnalysisError
from tests.analysis.disclosure.tables import (
    overlapping_totals,
    publications,
    solved_by_fractions,
    whole_number_widths,
)

MONTHS = CountRelations.of([(0, [1, 2, 3])])


def audit(counts, relations, cells, minimum):
    hidden = np.isin(np.arange(len(counts)), cells)
    found = audit_hidden(counts, relations, hidden, minimum)
    return np.flatnonzero(found.exact).tolist(), np.flatnonzero(found.narrow).tolist()


def test_the_last_part_is_a_subtraction():
    assert audit([40, 3, 30, 7], MONTHS, [1], 5) == ([1], [])
    assert audit([40, 3, 30, 7], MONTHS, [0], 5) == ([0], [])


@pytest.mark.parametrize(("minimum", "narrow"), [(8, []), (9, [1, 3])])
def test_two_parts_are_known_to_their_sum_less_two(minimum, narrow):
    # 3 + 7 = 10, each 1 to 9: the width is 8
    assert audit([40, 3, 30, 7], MONTHS, [1, 3], minimum) == ([], narrow)


def test_parts_of_one_each_follow_from_their_number():
    """No linear combination gives them, yet none can be but 1, for none is empty."""
    assert audit([3, 1, 1, 1], MONTHS, [1, 2, 3], 1) == ([], [1, 2, 3])


def test_nothing_bounds_parts_of_a_hidden_total():
    assert audit([3, 1, 1, 1], MONTHS, [0, 1, 2, 3], 50) == ([], [])
    assert audit([40, 3, 30, 7], MONTHS, [0, 1], 50) == ([], [])


def test_a_cell_of_no_relation_cannot_be_worked_out():
    assert audit([40, 3, 30, 7, 2], MONTHS, [4], 50) == ([], [])


def test_relations_are_taken_together():
    """Each relation has two hidden cells, and yet all three follow: (a+b) + (c+a) - (b+c) = 2a."""
    relations = CountRelations.of([(0, [3, 4]), (1, [4, 5]), (2, [3, 5])])
    assert audit([30, 34, 32, 14, 16, 18], relations, [3, 4, 5], 5) == ([3, 4, 5], [])


def test_each_cell_may_have_its_own_minimum():
    assert audit([40, 3, 30, 7], MONTHS, [1, 3], [1, 8, 1, 9]) == ([], [3])


@settings(max_examples=60, deadline=None)
@given(publications(largest=3) | overlapping_totals(), st.data())
def test_it_finds_what_slow_and_whole_number_attacks_find(publication, data):
    """Whole numbers may leave a narrower range than the audit sees, never a wider one."""
    hidden = data.draw(hnp.arrays(np.bool_, publication.counts.size)) & (publication.counts > 0)
    minimum = data.draw(st.integers(1, 10))
    found = audit_hidden(publication.counts, publication.relations, hidden, minimum)
    assert set(np.flatnonzero(found.exact).tolist()) == solved_by_fractions(publication, hidden)
    widths = whole_number_widths(publication, hidden)
    narrow = {cell for cell, width in widths.items() if width < minimum}
    assert set(np.flatnonzero(found.exact | found.narrow).tolist()) <= narrow


@pytest.mark.parametrize(
    ("hidden", "minimum", "message"),
    [
        ([True, False], 5, r"hidden must have shape \(4,\)"),
        ([0, 0, 1, 0], 5, "hidden must hold booleans"),
        ([False, True, False, False], 5, "hidden must leave empty cells shown, as none; not so cell; got 1"),
        ([False, False, True, True], 0, "minimum must be 1 at least; got 0"),
        ([False, False, True, True], [5, 5], r"minimum must have shape \(4,\)"),
        ([False, False, True, True], 2.5, "minimum must hold whole numbers"),
    ],
)
def test_what_cannot_be_audited_is_refused(hidden, minimum, message):
    with pytest.raises(AnalysisError, match=message):
        audit_hidden([37, 0, 30, 7], MONTHS, hidden, minimum)
