"""The least that must be hidden, by integer programming, beside what the heuristic hides.

`python -m tests.analysis.disclosure.optimum` prints the table of docs/analysis.md.
"""

import sys
from collections.abc import Iterable

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import block_array, csr_array, eye_array, hstack, vstack

from analysis.disclosure.protect import protect_counts
from analysis.disclosure.relations import CountRelations

FAR = 500.0
"""No count need rise further: the largest sum of the tables compared."""


def random_table(seed: int, shape: tuple[int, int] = (4, 4)) -> tuple[np.ndarray, CountRelations]:
    """Offices by items with both totals; a third or so of the counts is small."""
    random = np.random.default_rng(seed)
    body = np.floor(random.lognormal(2.2, 1.0, shape)).astype(int)
    rows, columns = shape
    at = np.arange((rows + 1) * (columns + 1)).reshape(rows + 1, columns + 1)
    table = np.zeros(at.shape, dtype=int)
    table[:-1, :-1] = body
    table[-1], table[:, -1] = table.sum(0), table.sum(1)
    table[-1, -1] = body.sum()
    pairs = [(row[-1], row[:-1]) for row in at] + [(column[-1], column[:-1]) for column in at.T]
    return table.ravel(), CountRelations.of(pairs)


def least_hidden(
    counts: np.ndarray, relations: CountRelations, minimum: int, costs: np.ndarray
) -> np.ndarray:
    """Fischetti and Salazar's model, every hidden cell protected, solved to the optimum.

    y says what is hidden. For each cell c, f and g are two tables' distances from the truth, 0
    where shown, at least 1 - count elsewhere, and f[c] - g[c] >= minimum where c is hidden.
    """
    n = counts.size
    relation, cell, sign = relations.members(np.ones(n, dtype=bool))
    sums = csr_array((sign, (relation, cell)), shape=(len(relations), n)) * 1.0
    room, low = FAR * eye_array(n), csr_array(np.diag(np.maximum(counts - 1.0, 0)))
    parts, lower, upper = [], [], []

    def state(block: csr_array, least: float, most: float) -> None:
        parts.append(block)
        lower.append(np.full(block.shape[0], least))
        upper.append(np.full(block.shape[0], most))

    def at(c: int, end: int, block: csr_array, y: csr_array) -> csr_array:
        """Place a block at the table `end` of cell c, beside y."""
        return block_array(
            [[y, *(block if k == 2 * c + end else csr_array(block.shape) for k in range(2 * n))]]
        )

    for c in range(n):
        for end in (0, 1):
            state(at(c, end, sums, csr_array(sums.shape)), 0, 0)
            state(at(c, end, eye_array(n), -room), -np.inf, 0)
            state(at(c, end, eye_array(n), low), 0, np.inf)
        unit = csr_array((np.array([1.0]), ([0], [c])), shape=(1, n))
        width = hstack(
            [
                -minimum * unit,
                *(csr_array((1, n)) for _ in range(2 * c)),
                unit,
                -unit,
                *(csr_array((1, n)) for _ in range(2 * (n - c - 1))),
            ]
        )
        state(width, 0, np.inf)
    primary = (counts > 0) & (counts < minimum)
    n_all = n * (2 * n + 1)
    found = milp(
        np.concatenate([costs, np.zeros(n_all - n)]),
        integrality=np.repeat([1, 0], [n, n_all - n]),
        bounds=Bounds(
            np.concatenate([primary * 1.0, np.full(n_all - n, -np.inf)]),
            np.concatenate([(counts > 0) * 1.0, np.full(n_all - n, np.inf)]),
        ),
        constraints=LinearConstraint(
            vstack(parts, format="csr"), np.concatenate(lower), np.concatenate(upper)
        ),
        options={"time_limit": 60, "mip_rel_gap": 0},
    )
    if found.status != 0:
        raise ArithmeticError(found.message)
    return found.x[:n] > 0.5


def compare(seeds: Iterable[int], minimum: int = 5) -> np.ndarray:
    """(tables with small cells, 4): cells hidden, their least number; sum hidden, its least."""
    rows = []
    for seed in seeds:
        counts, relations = random_table(seed)
        if ((counts > 0) & (counts < minimum)).any():
            rows.append([
                cost @ hidden
                for cost in (np.ones(counts.size), counts * 1.0)
                for hidden in (
                    protect_counts(counts, relations, minimum, costs=cost).hidden,
                    least_hidden(counts, relations, minimum, cost),
                )
            ])  # fmt: skip
    return np.array(rows)


if __name__ == "__main__":
    found = compare(range(int(sys.argv[1])))
    for name, (ours, least) in zip(("cells", "sum"), (found.T[:2], found.T[2:]), strict=True):
        print(
            f"{name}: {len(found)} tables, {ours.sum() / least.sum():.3f} of the least, "
            f"least in {(ours < least + 0.5).mean():.0%}, at worst {(ours / least).max():.2f}"
        )
