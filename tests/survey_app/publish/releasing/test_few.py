"""What several sums tell of a few people is found as trying all ways to put them together finds it."""

from itertools import combinations

import numpy as np
import pytest

from survey_app.publish.releasing.few import find_dissatisfied, find_few, is_spread, rank_of

ENOUGH = 5
NOBODY = np.zeros(1, dtype=np.int64)


def directions_of(*weights):
    """Give directions from the weights of groups of people, sum by sum."""
    table = np.array(weights, dtype=np.float64).T
    return table / np.linalg.norm(table, axis=1, keepdims=True)


def is_few_told(directions, n):
    """Let every set of directions fall out in turn, with all that follow from it."""
    rank = rank_of(directions)
    for size in range(rank):
        for fallen in combinations(range(len(directions)), size):
            base = directions[list(fallen)]
            if rank_of(base) == size:
                left = [one for one in directions if rank_of(np.vstack([base, one])) > size]
                told = [
                    place
                    for place, one in enumerate(directions)
                    if any(np.array_equal(one, other) for other in left)
                ]
                if 0 < n[told].sum() < ENOUGH:
                    return True
    return False


def test_three_sums_tell_what_no_two_of_them_tell():
    stayed, came, left = 3, 5, 5
    sums = ([1, 0, 1], [1, 1, 1], [1, 1, 0])
    n = np.array([[stayed], [came], [left]])
    found = find_few(directions_of(*sums), n, NOBODY, ENOUGH)
    assert found is not None
    assert found.tolist() == [True, False, False]
    for two in combinations(sums, 2):
        weights = np.array(two).T
        answered = weights.any(axis=1)
        kept, place = np.unique(weights[answered], axis=0, return_inverse=True)
        counts = np.bincount(place.ravel(), n[answered, 0]).astype(np.int64)[:, None]
        assert find_few(directions_of(*kept.T), counts, NOBODY, ENOUGH) is None


@pytest.mark.parametrize("seed", range(2))
def test_it_finds_what_trying_all_ways_finds(seed):
    chance = np.random.default_rng(seed)
    outcomes = set()
    for _ in range(25):
        weights = np.unique(chance.integers(0, 3, (6, 3)), axis=0)
        directions = np.unique(directions_of(*weights[weights.any(axis=1)].T).round(9), axis=0)
        n = chance.integers(1, 9, len(directions))
        found = find_few(directions, n[:, None], NOBODY, ENOUGH)
        assert (found is not None) is is_few_told(directions, n)
        assert found is None or not is_spread(directions, n, ENOUGH)
        if found is not None:
            assert 0 < n[found].sum() < ENOUGH
        outcomes.add(found is not None)
    assert outcomes == {True, False}


def test_many_of_each_direction_need_no_closer_look():
    directions = directions_of([1, 0, 1], [1, 1, 0])
    assert is_spread(directions, np.array([4, 4, 4]), ENOUGH)  # five pairs of two that tell all
    assert not is_spread(directions, np.array([20, 4, 0]), ENOUGH)


def test_whose_weights_are_not_told_never_falls_out():
    one = directions_of([1.0], [1.0])
    assert find_few(one, np.array([[20]]), np.array([3]), ENOUGH) is None  # twenty more than they
    assert find_few(one, np.array([[0]]), np.array([3]), ENOUGH) is not None
    assert find_few(one, np.array([[0]]), np.array([5]), ENOUGH) is None


STAYED_AND_CAME = ([1, 0], [1, 1])
AND_LEFT = ([1, 0, 1], [1, 1, 0])


@pytest.mark.parametrize(
    ("sums", "satisfied", "told"),
    [
        (STAYED_AND_CAME, [4, 0], [False, True]),
        (STAYED_AND_CAME, [4, 1], None),
        (STAYED_AND_CAME, [0, 3], None),  # as the first of the two says by itself
        (AND_LEFT, [4, 0, 8], [False, True, False]),  # eight fewer, who all were satisfied
        (AND_LEFT, [4, 0, 7], None),
        (AND_LEFT, [4, 8, 0], None),  # of who left it may be told
    ],
)
def test_that_nobody_who_came_was_satisfied_is_found(sums, satisfied, told):
    directions = directions_of(*sums)
    n = np.full(len(directions), 8)
    found = find_dissatisfied(directions, np.array(satisfied), n, directions[:, -1] == 0)
    assert (None if found is None else found.tolist()) == told
