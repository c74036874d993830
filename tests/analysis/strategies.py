"""Hypothesis: small legal samples of offices with their edges, and when two tables of estimates agree.

The edges: weights of 0, offices of one ward, wards of one respondent, items that nobody answered,
populations that were sampled whole, groups that cross wards.
"""

from dataclasses import dataclass, replace

import numpy as np
from hypothesis import settings, strategies as st
from hypothesis.extra import numpy as hnp

from analysis.design import SurveyDesign
from analysis.estimation.estimates import Estimates
from analysis.ratings import Ratings
from analysis.sums.psu_sums import PsuSums
from analysis.sums.tally import tally_responses

CODES = np.array([1, 2, 3, 4, 5, 9, np.nan])
WARDS_PER_OFFICE = 4
FEW = settings(max_examples=40)
"""Each example makes several tables of estimates; together these tests must stay quick."""


@dataclass(frozen=True)
class Sample:
    """n respondents; all but `answers` (n, J) are columns of n."""

    office: np.ndarray
    ward: np.ndarray
    weight: np.ndarray
    sex: np.ndarray
    answers: np.ndarray
    wards_of_office: np.ndarray
    people_of_ward: np.ndarray

    def __len__(self) -> int:
        return self.weight.size

    def take(self, rows: np.ndarray) -> "Sample":
        return replace(self, **{name: column[rows] for name, column in vars(self).items()})

    def with_weight(self, weight: np.ndarray) -> "Sample":
        return replace(self, weight=weight)

    def design(self, n_stages: int = 0, **options) -> SurveyDesign:
        """With the finite population correction of 0, 1 or 2 stages."""
        fpc = {0: None, 1: self.wards_of_office, 2: (self.wards_of_office, self.people_of_ward)}[n_stages]
        return SurveyDesign(self.weight, self.office, self.ward, fpc=fpc, **options)

    def ratings(self) -> Ratings:
        return Ratings.from_codes({f"q{j}": column for j, column in enumerate(self.answers.T, start=1)})

    def tally(self) -> PsuSums:
        """One row per respondent, one column per item, the sexes as cells."""
        ratings, cell = self.ratings(), (self.sex == "M").astype(int)
        return tally_responses(self.design(), ratings.satisfied * 1, ratings.valid * 1, cell=cell)


@st.composite
def samples(draw: st.DrawFn, n_offices: int = 3, n_items: int = 2) -> Sample:
    """Between 1 and 30 respondents in at most 4 wards of each office."""
    n = draw(st.integers(1, 30))
    n_wards = WARDS_PER_OFFICE * n_offices
    ward = draw(hnp.arrays(np.int64, n, elements=st.integers(0, n_wards - 1)))
    weight = draw(hnp.arrays(np.float64, n, elements=st.just(0.0) | st.floats(0.01, 100)))
    weight[0] = draw(st.floats(0.01, 100))  # a design needs one positive weight
    office = ward // WARDS_PER_OFFICE
    n_sampled_wards = np.bincount(np.unique(ward) // WARDS_PER_OFFICE, minlength=n_offices)
    more_wards = draw(hnp.arrays(np.int64, n_offices, elements=st.integers(0, 5)))
    more_people = draw(hnp.arrays(np.int64, n_wards, elements=st.integers(0, 20)))
    return Sample(
        office=office,
        ward=ward,
        weight=weight,
        sex=np.where(draw(hnp.arrays(np.bool_, n)), "F", "M"),
        answers=CODES[draw(hnp.arrays(np.int64, (n, n_items), elements=st.integers(0, CODES.size - 1)))],
        wards_of_office=(n_sampled_wards + more_wards)[office],
        people_of_ward=(np.bincount(ward, minlength=n_wards) + more_people)[ward],
    )


def assert_same_estimates(one: Estimates, other: Estimates, rtol: float = 1e-9) -> None:
    """Same domains and measures, same states, figures equal but for rounding."""
    assert [(domain, name) for domain, name, _ in one] == [(domain, name) for domain, name, _ in other]
    assert [estimate.reason for *_, estimate in one] == [estimate.reason for *_, estimate in other]
    np.testing.assert_array_equal(one.n_answers, other.n_answers)
    np.testing.assert_array_equal(one.n_respondents, other.n_respondents)
    np.testing.assert_array_equal(one.degrees_of_freedom, other.degrees_of_freedom)
    np.testing.assert_array_equal(one.is_census, other.is_census)
    for name in ("value", "standard_error", "n_kish"):
        # 1e-9: the square root of the rounding of variances, in units of a proportion
        np.testing.assert_allclose(
            getattr(one, name), getattr(other, name), rtol=rtol, atol=1e-9, err_msg=name
        )
