from dataclasses import fields

import numpy as np
import pytest
from hypothesis import given, strategies as st

from analysis.errors import AnalysisError
from analysis.sums.psu_sums import PsuSums, distinct, sum_rows
from analysis.sums.tally import tally_counts
from tests.analysis.strategies import FEW, samples

GOOD = {
    "psu": [1, 2, 1],
    "cell": [0, 0, 1],
    "n_respondents": [2, 3, 0],
    "weight_sum": [2.0, 4.0, 0.0],
    "weight_square_sum": [2.0, 6.0, 0.0],
    "n_answers": [[2, 1], [3, 3], [0, 0]],
    "numerator": [[1.0, 1.0], [3.0, 4.0], [0.0, 0.0]],
    "denominator": [[2.0, 1.0], [4.0, 4.0], [0.0, 0.0]],
}
COLUMNS = [field.name for field in fields(PsuSums)]


def assert_same_sums(one: PsuSums, other: PsuSums, rtol: float = 1e-12) -> None:
    for name in COLUMNS:
        np.testing.assert_allclose(
            getattr(one, name), getattr(other, name), rtol=rtol, atol=1e-12, err_msg=name
        )


def empty(n_columns: int = 2) -> PsuSums:
    none, table = np.zeros(0, int), np.zeros((0, n_columns))
    return PsuSums(none, none, none, np.zeros(0), np.zeros(0), table.astype(int), table, table)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"cell": [0, 0]}, r"cell must have shape \(3,\); got \(2,\)"),
        ({"psu": [1, -2, 1]}, "psu must not be negative; got -2"),
        ({"psu": [1.5, 2, 1]}, "psu must hold whole numbers"),
        ({"cell": [0, -1, 1]}, "cell must not be negative; got -1"),
        ({"n_respondents": [2, -3, 0]}, "n_respondents must not be negative; got -3"),
        ({"n_answers": [[2.5, 1], [3, 3], [0, 0]]}, "n_answers must hold whole numbers"),
        ({"n_answers": [[2], [3], [0]]}, r"n_answers must have shape \(3, 2\)"),
        ({"weight_sum": [2.0, float("nan"), 0.0]}, "weight_sum must be finite; got nan"),
        ({"weight_sum": [2.0, -4.0, 0.0]}, "weight_sum must not be negative; got -4.0"),
        ({"weight_square_sum": [2.0, 5.0, 0.0]}, "weight_square_sum must be at least weight_sum² / n_respon"),
        ({"numerator": [1.0, 3.0, 0.0]}, r"numerator must have shape \(3, any\); got \(3,\)"),
        ({"numerator": [[1.0, np.inf], [3.0, 4.0], [0.0, 0.0]]}, "numerator must be finite; got inf"),
        ({"numerator": np.empty((3, 0))}, "numerator must have at least one column"),
        ({"numerator": [[1.0, 1.0], [3.0, 4.0], [1.0, 0.0]]}, "numerator must be 0 where n_answers or"),
        ({"denominator": [[2.0, 1.0], [4.0, 4.0], [1.0, 0.0]]}, "denominator must be 0 where n_answers or"),
    ],
)
def test_sums_that_cannot_be_are_refused(change, message):
    with pytest.raises(AnalysisError, match=message):
        PsuSums(**(GOOD | change))


def test_rounding_does_not_make_equal_weights_illegal():
    weights = np.full(3, 0.1)  # 0.1 + 0.1 + 0.1 is just above 0.3
    sums = PsuSums(
        [0], [0], [3], [weights.sum()], [(weights**2).sum()], [[3]], [[weights.sum()]], [[weights.sum()]]
    )
    assert sums.weight_sum[0] > 0.3


def test_sums_are_read_only_and_leave_the_arrays_of_the_caller_alone():
    mine = np.array([2, 3, 0])
    sums = PsuSums(**(GOOD | {"n_respondents": mine}))
    mine[0] = 7
    assert sums.n_respondents[0] == 2
    for name in COLUMNS:
        with pytest.raises(ValueError, match="read-only"):
            getattr(sums, name)[0] = 9


def test_repr_counts_rows_columns_and_respondents():
    assert repr(PsuSums(**GOOD)) == "PsuSums(3 rows, 2 columns, 5 respondents)"


def test_condensing_adds_the_rows_of_a_psu_and_cell():
    # PSU 1 has a row of cell 1 and two of cell 0, which add up; PSU 0 comes first.
    sums = tally_counts(
        [1, 1, 1, 0], [2, 3, 4, 1], [[1], [2], [4], [0]], [[2], [3], [4], [1]], cell=[0, 1, 0, 0]
    )
    added = sums.condense()
    assert (added.psu.tolist(), added.cell.tolist()) == ([0, 1, 1], [0, 0, 1])
    assert added.n_respondents.tolist() == [1, 6, 3]
    assert added.weight_square_sum.tolist() == [1.0, 6.0, 3.0]
    assert added.numerator.tolist() == [[0.0], [5.0], [2.0]]
    assert added.n_answers.dtype == np.int64


def test_no_row_condenses_and_merges_to_no_row():
    assert empty().condense().psu.size == 0
    assert_same_sums(empty().merge(PsuSums(**GOOD)), PsuSums(**GOOD).condense(), rtol=0)


def test_columns_pool_into_sums_of_items():
    both = PsuSums(**GOOD).pool([[0, 1], [1]])
    assert both.numerator.tolist() == [[2.0, 1.0], [7.0, 4.0], [0.0, 0.0]]
    assert both.denominator.tolist() == [[3.0, 1.0], [8.0, 4.0], [0.0, 0.0]]
    assert both.n_answers.tolist() == [[3, 1], [6, 3], [0, 0]]


@pytest.mark.parametrize("groups", [[[0, 0]], [[]], [[0], [2]], [[-1]], [[0.5]], []])
def test_a_group_of_no_repeated_or_unknown_columns_is_refused(groups):
    with pytest.raises(AnalysisError, match=r"groups must|numerator must"):
        PsuSums(**GOOD).pool(groups)


@pytest.mark.parametrize("rows", [[0, 2], np.array([True, False, True])])
def test_rows_are_taken_by_place_or_by_flag(rows):
    taken = PsuSums(**GOOD).take(np.asarray(rows))
    assert (taken.psu.tolist(), taken.cell.tolist()) == ([1, 1], [0, 1])


def test_parts_with_other_columns_do_not_merge():
    with pytest.raises(AnalysisError, match="others must have 2 columns; got 1"):
        PsuSums(**GOOD).merge(tally_counts([0], [1], [[1]], [[1]]))


def test_sums_by_group_keep_empty_groups_and_whole_numbers():
    assert sum_rows(np.array([2, 0, 2]), 4, np.array([1, 2, 3])).tolist() == [2.0, 0.0, 4.0, 0.0]
    table = sum_rows(np.array([1, 1]), 2, np.array([[1.5, 2**53 - 1], [2.0, 1]]))
    assert table.tolist() == [[0.0, 0.0], [3.5, 2.0**53]]


@FEW
@given(samples(), st.lists(st.integers(0, 2), min_size=30, max_size=30))
def test_parts_merge_to_the_whole_in_any_order_and_grouping(sample, parts):
    part = np.array(parts[: len(sample)])
    whole = sample.tally()
    first, second, third = (whole.take(part == k) for k in range(3))
    for merged in (
        first.merge(second, third),
        third.merge(first).merge(second),
        first.merge(second.merge(third)),
    ):
        assert_same_sums(merged, whole.condense())


@FEW
@given(samples(), samples())
def test_merging_two_parts_commutes_to_the_last_bit(one, other):
    one, other = one.tally().condense(), other.tally().condense()
    assert_same_sums(one.merge(other), other.merge(one), rtol=0)


@FEW
@given(samples())
def test_condensing_twice_is_condensing_once(sample):
    once = sample.tally().condense()
    assert_same_sums(once.condense(), once, rtol=0)


@FEW
@given(samples(n_items=3))
def test_pooling_and_condensing_commute(sample):
    sums, groups = sample.tally(), [[0, 2], [1]]
    assert_same_sums(sums.pool(groups).condense(), sums.condense().pool(groups))


def test_cells_may_be_numbered_as_one_likes():
    """Hashed cells are near 2**63; PSU and cell must not run over when they are crossed."""
    sums = tally_counts([0, 4], [1, 1], [[1], [0]], [[1], [1]], cell=[4, 2**62])
    found = sums.merge(sums)
    assert (found.psu.tolist(), found.cell.tolist()) == ([0, 4], [4, 2**62])
    assert found.n_respondents.tolist() == [2, 2]


@given(st.lists(st.integers(-3, 3)), st.booleans())
def test_distinct_keys_are_those_of_numpy_sorted_or_not(keys, is_sorted):
    given_keys = np.array(sorted(keys) if is_sorted else keys, dtype=np.int64)
    found, row = distinct(given_keys)
    wanted, places = np.unique(given_keys, return_inverse=True)
    np.testing.assert_array_equal(found, wanted)
    np.testing.assert_array_equal(row, places)
