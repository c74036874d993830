"""Small tables of responses with edges, and their sums by plain arithmetic of whole numbers."""

from collections import defaultdict
from dataclasses import dataclass

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from analysis.sums.columns import AnswerCodes
from analysis.sums.item_sums import ItemSums
from analysis.sums.kernel import LARGEST_WEIGHT, sum_responses

CODES = (
    AnswerCodes(),
    AnswerCodes(satisfied={0, 1}, valid={0, 1, 2}),  # low codes are good, and 0 is one of them
    AnswerCodes(satisfied={1, 254}, valid={1, 3, 254}),  # with gaps
)


@dataclass(frozen=True)
class Table:
    psu: np.ndarray
    cell: np.ndarray
    weight: np.ndarray
    answers: np.ndarray

    def take(self, rows: np.ndarray) -> "Table":
        return Table(self.psu[rows], self.cell[rows], self.weight[rows], self.answers[:, rows])

    def sums(self, weighted: bool = True) -> ItemSums:
        weight = self.weight if weighted else None
        return sum_responses(self.psu, list(self.answers), CODES, weight=weight, cell=self.cell)

    def sums_by_hand(self) -> dict[tuple[int, int], list[int]]:
        """Map each pair of PSU and cell to n, sum(w), sum(w²), then n, numerator, denominator by item."""
        found = defaultdict(lambda: [0] * (3 + 3 * len(CODES)))
        for psu, cell, w, answers in zip(
            self.psu.tolist(), self.cell.tolist(), self.weight.tolist(), self.answers.T.tolist(), strict=True
        ):
            terms = [int(w > 0), w, w * w]
            for answer, codes in zip(answers, CODES, strict=True):
                valid = answer in codes.valid
                terms += [int(valid and w > 0), w * (answer in codes.satisfied), w * valid]
            found[psu, cell] = [a + b for a, b in zip(found[psu, cell], terms, strict=True)]
        return dict(found)


def as_whole_numbers(sums: ItemSums) -> dict[tuple[int, int], list[int]]:
    rows = zip(sums.psu.tolist(), sums.cell.tolist(), sums.totals.T.tolist(), strict=True)
    return {(psu, cell): [n, w, (high << 32) + low, *items] for psu, cell, (n, w, high, low, *items) in rows}


def same_bits(one: ItemSums, other: ItemSums) -> bool:
    return all(np.array_equal(getattr(one, name), getattr(other, name)) for name in ("psu", "cell", "totals"))


@st.composite
def tables(draw: st.DrawFn, max_rows: int = 40) -> Table:
    n = draw(st.integers(0, max_rows))
    weights = st.sampled_from([0, 1, 1_000_000, 2**40, LARGEST_WEIGHT // 2]) | st.integers(0, 10**8)
    return Table(
        psu=draw(hnp.arrays(np.int64, n, elements=st.integers(-3, 3))),
        cell=draw(hnp.arrays(np.int64, n, elements=st.integers(0, 2))),
        weight=draw(hnp.arrays(np.int64, n, elements=weights)),
        answers=draw(
            hnp.arrays(np.uint8, (len(CODES), n), elements=st.sampled_from([0, 1, 2, 3, 4, 5, 9, 254, 255]))
        ),
    )
