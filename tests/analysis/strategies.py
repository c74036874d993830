"""Hypothesis: small legal samples of weighted responses, with edges."""

from dataclasses import dataclass, replace

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from analysis import PsuSums, tally_responses


@dataclass(frozen=True)
class Sample:
    stratum: np.ndarray
    psu: np.ndarray
    weight: np.ndarray
    satisfied: np.ndarray
    valid: np.ndarray

    def take(self, rows: np.ndarray) -> "Sample":
        return Sample(
            self.stratum[rows], self.psu[rows], self.weight[rows], self.satisfied[rows], self.valid[rows]
        )

    def with_weight(self, weight: np.ndarray) -> "Sample":
        return replace(self, weight=weight)

    def tally(self) -> PsuSums:
        return tally_responses(self.stratum, self.psu, self.weight, self.satisfied, self.valid)


@st.composite
def samples(draw: st.DrawFn, n_strata: int = 3, n_items: int = 2) -> Sample:
    """Between 0 and 40 respondents; strata of 0 to 4 PSUs; weights from 0 to 100."""
    n = draw(st.integers(0, 40))
    psu = draw(hnp.arrays(np.int64, n, elements=st.integers(0, 4 * n_strata - 1)))
    weight = draw(hnp.arrays(np.float64, n, elements=st.just(0.0) | st.floats(0.01, 100)))
    valid = draw(hnp.arrays(np.bool_, (n, n_items)))
    satisfied = draw(hnp.arrays(np.bool_, (n, n_items))) & valid
    return Sample(psu // 4, psu, weight, satisfied, valid)
