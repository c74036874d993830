"""What sums over the same people with several sets of weights, put together, tell of a few of them.

Somebody who holds several such sums may take any number of times each, and add them up. People of the same
direction, which is their weights in all sums but for a factor, stay together; a direction can be made to fall
out, and with it all that are sums of directions that fell out. Whoever is left is told of.
"""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linprog

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Booleans = NDArray[np.bool_]

NEAR: Final = 1e-7  # what differs by less is the same direction


def find_few(directions: Floats, answers: Integers, beside: Integers, enough: int) -> Booleans | None:
    """Give directions that the sums tell apart from all others, if fewer than enough share them.

    `directions` are (directions, sums), each of length one and no two alike; `answers` how many answers stand
    behind each, by question; `beside` those of people whose weights are not told: they never fall out.
    """
    answered = answers.any(axis=1)
    if not answered.any():
        return np.zeros(len(answers), dtype=np.bool_) if 0 < beside.max(initial=0) < enough else None
    heavy = answers.max(axis=1, initial=0) >= enough  # among few these are never
    if beside.max(initial=0) >= enough or rank_of(directions[heavy]) == rank_of(directions[answered]):
        return None
    nothing = np.empty((0, directions.shape[1]))
    found = _few_outside(directions[answered], answers[answered], beside, enough, nothing)
    if found is None:
        return None
    told = np.zeros(len(directions), dtype=np.bool_)
    told[np.flatnonzero(answered)[found]] = True
    return told


def is_spread(directions: Floats, answers: Integers, enough: int) -> bool:
    """Whether so many answers stand apart that no few are told: a quick look, which may miss it.

    As many sets of answers as are enough, of which each tells all that the sums tell: whoever lets anything
    be left has one of each set left at least.
    """
    rank, free = rank_of(directions), answers.copy()
    for _ in range(enough if rank else 0):
        left = directions
        for _ in range(rank):
            length = np.linalg.norm(left, axis=1)
            one = int(np.argmax(np.where(length > NEAR, free, 0)))
            if not free[one] or length[one] <= NEAR:
                return False
            free[one] -= 1
            base = left[one] / length[one]
            left = left - np.outer(left @ base, base)
    return rank > 0


def _few_outside(
    directions: Floats, answers: Integers, beside: Integers, enough: int, fallen: Floats
) -> Booleans | None:
    """Let more and more fall out: of any that are enough together one must, if few are to be left."""
    left = directions - directions @ fallen.T @ fallen
    length = np.linalg.norm(left, axis=1)
    outside: Booleans = length > NEAR
    if not outside.any():
        return None
    if (answers[outside].sum(axis=0) + beside).max() < enough:
        return outside
    if rank_of(left[outside]) == 1:
        return None
    order = np.flatnonzero(outside)[np.argsort(-answers[outside].max(axis=1), kind="stable")]
    together = (np.cumsum(answers[order], axis=0) + beside).max(axis=1)
    for one in order[: int(np.argmax(together >= enough)) + 1].tolist():
        also = np.vstack([fallen, left[one] / length[one]])
        found = _few_outside(directions, answers, beside, enough, also)
        if found is not None:
            return found
    return None


def find_dissatisfied(
    directions: Floats, satisfied: Integers, answers: Integers, is_spared: Booleans
) -> Booleans | None:
    """Give directions of which the sums, only put together, prove that nobody was satisfied.

    A sum is the least that it can be where nobody whom it adds was satisfied, and all whom it takes away
    were. Of those who are spared nothing is asked: they left. Nor of what a single sum says by itself.
    """
    of_no, of_yes = (answers > 0) & (satisfied == 0), (answers > 0) & (satisfied == answers)
    is_asked = of_no & ~is_spared
    for among in (directions > 0).T & (answers > 0):
        if of_no[among].all():
            is_asked &= ~among
    if not is_asked.any():
        return None
    ways = _complement(directions[(answers > 0) & ~of_no & ~of_yes])
    if not ways.size:
        return None
    sign = of_no.astype(np.int64) - of_yes
    sums = (directions @ ways) * sign[:, None]
    pure = sums[of_no | of_yes]
    best: Any = linprog(-sums[is_asked].sum(axis=0), A_ub=-pure, b_ub=np.zeros(len(pure)), bounds=(-1, 1))
    told: Booleans = is_asked & (sums @ best.x > NEAR)
    return told if told.any() else None


def _complement(directions: Floats) -> Floats:
    """Give the ways to add the sums up so that these directions fall out, as columns."""
    *_, lengths, ways = np.linalg.svd(directions, full_matrices=True)
    return ways[int((lengths > NEAR).sum()) :].T


def rank_of(directions: Floats) -> int:
    if not len(directions):
        return 0
    return int((np.linalg.svd(directions, compute_uv=False) > NEAR).sum())
