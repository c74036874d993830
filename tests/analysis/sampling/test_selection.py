import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, strategies as st

from analysis import AnalysisError
from analysis.sampling.selection import (
    certain_units,
    inclusion_probabilities,
    ranked_places,
    systematic_places,
)
from tests.analysis.reference_data import read_rows

REFERENCE = read_rows("methods/expected_pps_inclusion.csv")
SIZES = st.lists(st.sampled_from([1, 2, 3, 7, 20, 150]) | st.integers(1, 400), min_size=1, max_size=12)


@st.composite
def problems(draw):
    sizes = draw(SIZES)
    return sizes, draw(st.integers(1, len(sizes)))


@pytest.mark.parametrize("n", [3, 5])
@pytest.mark.parametrize("place", range(len(REFERENCE)))
def test_probabilities_agree_with_r(place, n):
    got = inclusion_probabilities([int(row["size"]) for row in REFERENCE], n)
    assert got[place] == pytest.approx(float(REFERENCE[place][f"pik_n{n}"]), rel=1e-8)


def test_probabilities_by_hand():
    # 170 of 270 takes more than one of two; the others share the second: 10, 20, 70 of 100
    assert inclusion_probabilities([10, 20, 170, 70], 2).tolist() == [0.1, 0.2, 1.0, 0.7]
    assert inclusion_probabilities([1, 1, 2], 2).tolist() == [0.5, 0.5, 1.0]  # 2 · 2 = 4: certain exactly
    assert inclusion_probabilities([5, 5], 2).tolist() == [1.0, 1.0]


@given(problems())
def test_probabilities_are_those_of_removing_large_units_again_and_again(problem):
    sizes, n = problem
    certain = set()
    while True:
        rest, m = sum(x for i, x in enumerate(sizes) if i not in certain), n - len(certain)
        large = {i for i, x in enumerate(sizes) if i not in certain and m * x >= rest > 0 and m > 0}
        if not large:
            break
        certain |= large
    exact = [Fraction(1) if i in certain else Fraction(m * x, rest) for i, x in enumerate(sizes)]
    got = inclusion_probabilities(sizes, n)
    assert got == pytest.approx([float(pi) for pi in exact], rel=1e-15)
    assert got.sum() == pytest.approx(n, rel=1e-12)
    assert ((got > 0) & (got <= 1)).all()
    assert certain == set(np.flatnonzero(got == 1).tolist())


@given(problems())
def test_every_start_draws_n_units_and_each_unit_exactly_as_often_as_its_size_says(problem):
    sizes, n = np.array(problem[0]), problem[1]
    certain = certain_units(sizes, n)
    length, m = int(sizes[~certain].sum()), n - int(certain.sum())
    times = np.zeros(sizes.size, np.int64)
    for start in range(length):
        places = systematic_places(sizes, n, start, certain)
        assert places.size == n == np.unique(places).size
        times[places] += 1
    assert times.tolist() == np.where(certain, length, m * sizes).tolist()


def test_madow_by_hand():
    # ends 20, 50, 60, 100; n = 2 steps of 50: starts 19 and 20 (in halves 39, 40) draw units 0 and 2, 1 and 3
    sizes, none = np.array([20, 30, 10, 40]), np.zeros(4, np.bool_)
    assert systematic_places(sizes, 2, 19, none).tolist() == [0, 2]
    assert systematic_places(sizes, 2, 20, none).tolist() == [0, 3]
    assert systematic_places(sizes, 2, 39, none).tolist() == [0, 3]
    assert systematic_places(sizes, 2, 40, none).tolist() == [1, 3]


def test_long_lists_and_large_sizes_do_not_overflow():
    sizes = np.full(1000, 2**53 // 1000)
    none = np.zeros(1000, np.bool_)
    places = systematic_places(sizes, 999, int(sizes.sum()) - 1, none)
    assert places.size == 999 == np.unique(places).size
    assert places[-1] == 999


def test_ranking_puts_certain_units_first_and_breaks_ties_by_place():
    keys = np.array([5, 1, 5, 9, 0], dtype=np.uint64)
    certain = np.array([False, False, False, True, False])
    assert ranked_places(keys, certain, 5).tolist() == [3, 4, 1, 0, 2]


@pytest.mark.parametrize(
    ("sizes", "n", "message"),
    [
        ([1, 0], 1, "sizes must be positive; got 0"),
        ([1, -2], 1, "sizes must be positive; got -2"),
        ([1.0, math.nan], 1, "sizes must hold whole numbers; got 'float64'"),
        ([2**53, 1], 1, r"sizes must add up to at most 2\*\*53"),
        ([1, 2], 3, "n must not exceed the 2 units; got 3"),
        ([], 1, "n must not exceed the 0 units; got 1"),
        ([1, 2], 0, "n must be a whole number of at least 1; got 0"),
        ([1, 2], -1, "n must be a whole number of at least 1; got -1"),
        ([1, 2], math.nan, "n must be a whole number; got nan"),
    ],
)
def test_impossible_draws_are_refused(sizes, n, message):
    with pytest.raises(AnalysisError, match=message):
        inclusion_probabilities(sizes, n)
