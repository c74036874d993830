import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, strategies as st

from analysis import AnalysisError
from analysis.comparison.compared import ComparedEstimates
from analysis.ranking.bands import tie_bands
from analysis.ranking.sets import rank_sets
from tests.analysis.reference_data import read_rows

METHODS = ["mogstad", "klein_wright_wieczorek", "bonferroni_pairs"]
tables = st.lists(st.tuples(st.integers(50, 100), st.floats(0.1, 5)), min_size=1, max_size=9)


def bands(offices, method="klein_wright_wieczorek"):
    return tie_bands(rank_sets(ComparedEstimates(*offices), method=method, replicates=199))


def test_a_band_ends_where_an_office_is_shown_below_its_first():
    # half widths 2.57 (Sidak for five, z = 2.569): steps of 4 join, a step of 8 does not
    assert bands(([96.0, 92.0, 88.0, 84.0, 80.0], [1.0] * 5)).tolist() == [1, 1, 2, 2, 3]
    assert bands(([80.0, 88.0, 96.0, 84.0, 92.0], [1.0] * 5)).tolist() == [3, 2, 1, 2, 1]


def test_the_eight_offices_of_the_reference_fall_into_bands_as_their_sets_say():
    # Klein, Wright and Wieczorek: the first is shown above offices 5 to 8, office 5 above 7 and 8, 7 above 8
    rows = read_rows("methods/expected_ranks.csv")
    offices = [float(row["x"]) for row in rows], [float(row["se"]) for row in rows]
    assert bands(offices).tolist() == [1, 1, 1, 1, 2, 2, 3, 4]


def test_an_office_without_a_rank_has_no_band():
    found = bands(([96.0, None, 80.0, 100.0], [1.0, 1.0, 1.0, 0.0]))
    assert np.array_equal(found, [1, math.nan, 2, math.nan], equal_nan=True)
    assert np.isnan(bands(([None], [None]))).all()


def test_equal_figures_share_a_band_whatever_their_errors():
    assert bands(([90.0, 80.0, 80.0], [0.5, 5.0, 0.5])).tolist() == [1, 2, 2]
    assert bands(([90.0, 80.0, 80.0], [0.5, 0.5, 5.0])).tolist() == [1, 2, 2]


@given(tables, st.sampled_from(METHODS), st.randoms(use_true_random=False))
def test_bands_are_runs_of_the_table_that_begin_at_a_shown_difference(table, method, random):
    random.shuffle(table)
    estimate, error = (np.array(column, dtype=float) for column in zip(*table, strict=True))
    ranks = rank_sets(ComparedEstimates(estimate, error), method=method, replicates=59)
    found = tie_bands(ranks)
    order = np.lexsort((error, -estimate))
    assert found[order[0]] == 1
    assert set(np.diff(found[order])) <= {0, 1}
    firsts = [order[np.flatnonzero(found[order] == band)[0]] for band in range(1, int(found.max()) + 1)]
    for first, next_first in pairwise(firsts):
        assert ranks.rule.shown_higher(np.array(first), np.array(next_first))
    for office, band in enumerate(found.astype(int)):
        assert not ranks.rule.shown_higher(np.array(firsts[band - 1]), np.array(office))


def test_sets_that_hold_one_by_one_make_no_bands():
    each = rank_sets(ComparedEstimates([90.0, 80.0], [1.0, 1.0]), simultaneous=False)
    with pytest.raises(AnalysisError, match=r"ranks must hold together \(simultaneous=True\)"):
        tie_bands(each)
