import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from analysis.disclosure.audit import audit_hidden
from analysis.disclosure.protect import protect_counts
from analysis.disclosure.relations import CountRelations
from analysis.errors import AnalysisError
from tests.analysis.disclosure.tables import (
    overlapping_totals,
    publications,
    solved_by_fractions,
    whole_number_widths,
)
from tests.soak import SOAK

MONTHS = CountRelations.of([(0, [1, 2, 3, 4])])
"""One total, four months."""


def hidden_cells(counts, relations=MONTHS, minimum=5, **options):
    return np.flatnonzero(protect_counts(counts, relations, minimum, **options).hidden).tolist()


def test_where_all_is_large_nothing_is_hidden():
    assert hidden_cells([40, 5, 10, 20, 5]) == []


def test_the_cheapest_partner_that_suffices():
    # 3 + 5 are known to a width of 6; where 7 is asked, 3 + 10 are known to 11
    counts = [38, 3, 5, 10, 20]
    assert hidden_cells(counts) == [1, 2]
    assert hidden_cells(counts, minimum=[5, 7, 5, 5, 5]) == [1, 3]


def test_small_cells_may_protect_each_other():
    protection = protect_counts([47, 4, 4, 19, 20], MONTHS, 5)
    assert (protection.primary.tolist(), protection.secondary.sum()) == ([False, True, True, False, False], 0)


def test_where_parts_do_not_suffice_the_total_is_hidden_too():
    assert hidden_cells([5, 1, 1, 2, 1]) == [0, 1, 2, 3, 4]


def test_empty_cells_are_shown_and_protect_nothing():
    assert hidden_cells([33, 3, 0, 0, 30]) == [1, 4]
    assert hidden_cells([33, 3, 0, 0, 30], sensitive=[False, False, True, False, False]) == [1, 4]
    assert hidden_cells([0, 0, 0, 0, 0]) == []


def test_an_only_part_and_its_total_hide_together():
    assert hidden_cells([3, 3, 0, 0, 0]) == [0, 1]


def test_a_cell_named_sensitive_is_primary():
    sensitive = [False, False, True, False, False]
    protection = protect_counts([44, 7, 10, 20, 7], MONTHS, 5, sensitive=sensitive)
    assert protection.primary.tolist() == sensitive
    assert np.flatnonzero(protection.secondary).tolist() == [1]


def test_costs_choose_and_infinite_ones_forbid():
    counts = [38, 3, 5, 10, 20]
    assert hidden_cells(counts, costs=[9, 1, 3, 2, 1]) == [1, 4]
    assert hidden_cells(counts, costs=[9, 1, np.inf, np.inf, 1]) == [1, 4]
    with pytest.raises(AnalysisError, match=r"costs must leave enough cells to hide: .* cell; got 1$"):
        hidden_cells(counts, costs=[np.inf, 1, np.inf, np.inf, np.inf])


def test_what_no_hiding_can_widen_is_said_with_its_cell():
    """Six cells of 1, none of which is empty, add up to a 6 that is shown."""
    counts, rows = [6, 3, 3, 1, 1, 1, 1, 1, 1], [(1, [3, 4, 5]), (2, [6, 7, 8])]
    relations = CountRelations.of([(0, [1, 2]), *rows])
    with pytest.raises(AnalysisError, match="nothing is left to protect cell"):
        protect_counts(counts, relations, 5, costs=[np.inf, *[1.0] * 8])
    assert protect_counts(counts, relations, 5).hidden.all()


def test_what_was_hidden_before_is_preferred():
    counts = [58, 3, 15, 20, 20]
    assert hidden_cells(counts) == [1, 2]
    assert hidden_cells(counts, keep_hidden=[False, False, False, False, True]) == [1, 4]
    assert hidden_cells([40, 5, 10, 20, 5], keep_hidden=[False, True, True, False, False]) == []


def test_relations_that_are_safe_one_by_one_may_not_be_together():
    """a+b, b+c and c+a are shown: two hidden cells each, and all three follow; so a total must go, too."""
    relations = CountRelations.of([(0, [3, 4]), (1, [4, 5]), (2, [3, 5])])
    protection = protect_counts([30, 34, 32, 14, 16, 18], relations, 5, sensitive=[False] * 3 + [True] * 3)
    assert protection.secondary.sum() == 1
    assert protection.secondary[:3].sum() == 1


def test_a_copy_of_the_input_comes_to_the_same():
    random = np.random.default_rng(1)
    body = random.integers(0, 30, (12, 9))
    cells = np.concatenate([body.ravel(), body.sum(1), body.sum(0)])
    at = np.arange(body.size).reshape(body.shape)
    relations = CountRelations.of(
        [*zip(108 + np.arange(12), at, strict=True), *zip(120 + np.arange(9), at.T, strict=True)]
    )
    first = protect_counts(cells, relations, 10)
    assert first.secondary.any()
    np.testing.assert_array_equal(first.hidden, protect_counts(cells.copy(), relations, 10).hidden)


@settings(max_examples=2000 if SOAK else 400, deadline=None)
@given(publications() | overlapping_totals(), st.integers(1, 12))
def test_no_hidden_cell_can_be_solved(publication, minimum):
    counts = publication.counts
    protection = protect_counts(counts, publication.relations, minimum)
    np.testing.assert_array_equal(protection.primary, (counts > 0) & (counts < minimum))
    assert not (protection.primary & protection.secondary).any()
    assert counts[protection.hidden].all()
    assert not solved_by_fractions(publication, protection.hidden)


@settings(max_examples=60, deadline=None)
@given(publications(largest=3) | overlapping_totals(), st.integers(1, 12), st.data())
def test_attackers_in_whole_numbers_find_no_narrow_range(publication, minimum, data):
    """In theory they could, where relations are more than a two-way table."""
    sensitive = data.draw(
        st.lists(st.booleans(), min_size=publication.counts.size, max_size=publication.counts.size)
    )
    protection = protect_counts(publication.counts, publication.relations, minimum, sensitive=sensitive)
    widths = whole_number_widths(publication, protection.hidden)
    assert all(width >= minimum for width in widths.values())
    assert audit_hidden(publication.counts, publication.relations, protection.hidden, minimum).is_clean


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"costs": [1, 2]}, r"costs must have shape \(5,\); got \(2,\)"),
        ({"costs": [1, 1, -1, 1, 1]}, "costs must not be negative; got -1"),
        ({"costs": [1, 1, np.nan, 1, 1]}, "costs must be a number"),
        (
            {"costs": [1, np.inf, 1, 1, 1]},
            "costs must be finite where a cell must be hidden, unlike in cell; got 1",
        ),
        ({"sensitive": [0, 0, 0, 0, 1]}, "sensitive must hold booleans"),
        ({"keep_hidden": [True]}, r"keep_hidden must have shape \(5,\)"),
        ({"minimum": 0}, "minimum must be 1 at least; got 0"),
    ],
)
def test_what_breaks_a_rule_is_refused(options, message):
    with pytest.raises(AnalysisError, match=message):
        protect_counts([38, 3, 5, 10, 20], MONTHS, **{"minimum": 5, **options})
