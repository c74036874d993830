import numpy as np
import pytest
from hypothesis import given, strategies as st

from analysis import AnalysisError
from analysis.sums.columns import AnswerCodes
from analysis.sums.item_sums import ItemSums, add_up
from analysis.sums.kernel import LARGEST_WEIGHT, sum_responses
from tests.analysis.sums.exact_samples import as_whole_numbers, same_bits, tables


def one_row(psu=1, weight=1_000_000, n_items=1):
    return sum_responses(
        [psu], [np.uint8([5])] * n_items, [AnswerCodes()] * n_items, weight=np.array([weight])
    )


def test_natural_units_are_as_by_hand():
    sums = sum_responses(
        [7, 7, 7, 9],
        [np.uint8([5, 3, 9, 4])],
        [AnswerCodes()],
        weight=[2_000_000, 500_000, 1_500_000, 0],
    )
    assert sums.psu.tolist() == [7, 9]
    assert sums.n_respondents.tolist() == [3, 0]
    assert sums.weight_sum.tolist() == [4.0, 0]
    assert sums.weight_square_sum.tolist() == [6.5, 0]
    assert sums.n_answers.tolist() == [[2], [0]]
    assert sums.numerator.tolist() == [[2.0], [0]]
    assert sums.denominator.tolist() == [[2.5], [0]]


@given(tables(), st.data())
def test_any_partition_in_any_order_gives_the_same_bits(table, data):
    n = table.psu.size
    order = np.array(data.draw(st.permutations(range(n))), dtype=int)
    cuts = sorted(data.draw(st.lists(st.integers(0, n), max_size=5)))
    parts = [table.take(rows).sums() for rows in np.split(order, cuts)]
    assert same_bits(add_up(data.draw(st.permutations(parts))), table.sums())
    if len(parts) > 2:
        grouped = add_up(parts[:2]) + add_up(parts[2:])
        assert same_bits(grouped, table.sums())


def test_squares_carry_from_the_low_into_the_high_part():
    parts = [one_row(weight=LARGEST_WEIGHT - 1)] * 3
    (row,) = as_whole_numbers(add_up(parts)).values()
    assert row[2] == 3 * (LARGEST_WEIGHT - 1) ** 2
    assert add_up(parts).totals[3].max() < 2**32


def test_many_parts_are_added_as_they_come():
    parts = (one_row(psu) for psu in range(500) for _ in range(3))
    assert add_up(parts).n_respondents.tolist() == [3] * 500


def test_more_keys_than_are_held_are_added_in_steps():
    keys = np.arange(60_000)
    part = sum_responses(keys, [np.full(keys.size, 4, np.uint8)], [AnswerCodes()])
    assert set(add_up([part] * 5).n_answers[:, 0]) == {5.0}


def test_sums_that_would_not_fit_are_refused():
    keys = np.array([1])
    huge = ItemSums(keys, keys, np.array([[1], [2**61], [1], [0], [1], [1], [2**61]]))
    with pytest.raises(AnalysisError, match="weight must have a sum below 2"):
        huge + huge


def test_pooled_items_that_would_not_fit_are_refused():
    keys = np.array([1])
    items = ItemSums(keys, keys, np.array([[1], [2**61], [1], [0]] + [[1], [2**61], [2**61]] * 8))
    with pytest.raises(AnalysisError, match="weight must have a sum below 2"):
        items.pool([range(8)])
    assert items.pool([[3]]).denominator[0, 0] == 2**61 / 1e6


def test_pooled_items_may_hold_more_than_the_weights_that_fit():
    keys = np.array([1])
    items = ItemSums(keys, keys, np.array([[1], [2**59], [1], [0]] + [[1], [2**59], [2**59]] * 4))
    pooled = items.pool([range(4)])
    with pytest.raises(AnalysisError, match="weight must have a sum below 2"):
        add_up([pooled] * 4)


@pytest.mark.parametrize("argument", ["psu", "cell", "totals"])
def test_masked_arrays_are_refused(argument):
    good = {"psu": np.array([1]), "cell": np.array([0]), "totals": np.ones((7, 1), int)}
    masked = np.ma.array(good[argument], mask=True)
    with pytest.raises(AnalysisError, match=f"{argument} must be no masked array"):
        ItemSums(**(good | {argument: masked}))


@pytest.mark.parametrize("parts", [[], [one_row(), one_row(n_items=2)]])
def test_parts_must_have_the_same_items(parts):
    with pytest.raises(AnalysisError, match="parts must be one or more with the same items"):
        add_up(parts)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"psu": [2, 1]}, "psu must be sorted with its cell, each pair once"),
        ({"psu": [1, 1]}, "psu must be sorted with its cell, each pair once"),
        ({"cell": [0]}, r"cell must have shape \(2,\)"),
        ({"totals": [[0, 0]] * 8}, r"totals must have 4 \+ 3 J rows; got 8"),
        ({"totals": [[0, 0]] * 4}, r"totals must have 4 \+ 3 J rows; got 4"),
        ({"totals": [[0, -1]] * 7}, "totals must not be negative; got -1"),
        ({"totals": [[0.5, 0]] * 7}, "totals must hold whole numbers"),
    ],
)
def test_broken_sums_are_refused(change, message):
    with pytest.raises(AnalysisError, match=message):
        ItemSums(**({"psu": [1, 2], "cell": [0, 0], "totals": [[0, 0]] * 7} | change))


def test_items_pool_exactly_into_factors():
    answers = [np.uint8([5, 1, 9]), np.uint8([4, 4, 2]), np.uint8([3, 9, 5])]
    sums = sum_responses([1, 1, 2], answers, [AnswerCodes()] * 3, weight=[1, 2, 4])
    pooled = sums.pool([[0, 2], range(3), [1]])
    assert pooled.n_answers.tolist() == [[3, 5, 2], [1, 2, 1]]
    assert pooled.totals[5::3].T.tolist() == [[1, 4, 3], [4, 4, 0]]
    assert pooled.totals[6::3].T.tolist() == [[4, 7, 3], [4, 8, 4]]
    assert pooled.totals[:4].tolist() == sums.totals[:4].tolist()


@pytest.mark.parametrize(
    ("groups", "message"),
    [
        ([], "totals must have 4 . 3 J rows"),
        ([[0], []], "groups must name each item once, at least one"),
        ([[0, 0]], "groups must name each item once"),
        ([[1]], "groups must name existing items; got 1"),
        ([[-1]], "groups must name existing items; got -1"),
    ],
)
def test_a_group_of_no_repeated_or_unknown_items_is_refused(groups, message):
    with pytest.raises(AnalysisError, match=message):
        one_row().pool(groups)


def test_estimates_get_natural_units_at_the_places_of_the_design():
    sums = sum_responses([30, 10, 30], [np.uint8([5, 4, 1])], [AnswerCodes()], weight=[1_500_000] * 3)
    converted = sums.to_psu_sums([40, 30, 20, 10])
    assert converted.psu.tolist() == [3, 1]
    assert converted.numerator.tolist() == [[1.5], [1.5]]
    assert converted.denominator.tolist() == [[1.5], [3.0]]
    assert converted.weight_square_sum.tolist() == [2.25, 4.5]


@pytest.mark.parametrize(
    ("psus", "message"),
    [
        ([1, 1], "psus must name each PSU once; got 1"),
        ([2, 0], "psus must name every PSU with responses; got 1"),
        ([0], "psus must name every PSU with responses; got 1"),
        ([], "psus must name every PSU with responses; got 1"),
    ],
)
def test_a_psu_outside_of_the_design_is_refused(psus, message):
    with pytest.raises(AnalysisError, match=message):
        one_row(psu=1).to_psu_sums(psus)


def test_sums_cannot_be_changed():
    with pytest.raises(ValueError, match="read-only"):
        one_row().totals[0] = 9
