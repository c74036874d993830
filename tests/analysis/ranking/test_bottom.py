import math
import time

import numpy as np
import pytest
from hypothesis import given, strategies as st

from analysis import AnalysisError
from analysis.comparison.compared import ComparedEstimates
from analysis.ranking.bottom import probability_of_bottom

tables = st.lists(
    st.tuples(st.integers(50, 100), st.floats(0.1, 9), st.integers(2, 60)), min_size=1, max_size=12
)


def test_two_offices_by_hand():
    # P(N(1, 1² + 2²) < 0) = R's pnorm(-1 / sqrt(5)) = 0.3273604
    found = probability_of_bottom(ComparedEstimates([81.0, 80.0], [1.0, 2.0]), 0.5, replicates=200_000)
    assert found == pytest.approx([0.32736, 0.67264], abs=0.004)


def test_offices_that_share_their_error_keep_their_order():
    shared = ComparedEstimates([80.0, 80.1], [2.0, 2.0], covariance=[[4.0, 4.0], [4.0, 4.0]])
    assert probability_of_bottom(shared, 0.5).tolist() == [1, 0]


def test_equal_offices_are_equally_likely():
    found = probability_of_bottom(ComparedEstimates([85.0] * 10, [2.0] * 10, 8), replicates=20_000)
    assert found == pytest.approx([0.2] * 10, abs=0.015)


def test_a_small_office_is_less_sure_than_a_large_one_of_the_same_figure():
    estimate, error = [70.0, 70.0, *[85.0] * 8], [0.5, 12.0, *[1.0] * 8]
    found = probability_of_bottom(ComparedEstimates(estimate, error, 20))
    assert found[0] > 0.99
    assert 0.7 < found[1] < 0.95


@pytest.mark.parametrize(
    ("n", "share", "places"), [(30, 0.2, 6), (8, 0.2, 1), (3, 0.2, 1), (10, 0.3, 3), (1, 0.2, 1)]
)
def test_the_bottom_is_rounded_down_to_whole_offices_but_never_empty(n, share, places):
    found = probability_of_bottom(ComparedEstimates(np.linspace(70, 90, n), np.full(n, 3.0)), share)
    assert found.sum() == pytest.approx(places)


def test_known_offices_of_equal_figures_share_the_last_place():
    offices = ComparedEstimates([80.0, 80.0, 90.0, 95.0, 99.0], [0.0] * 5, is_census=True)
    assert probability_of_bottom(offices).tolist() == [0.5, 0.5, 0, 0, 0]


def test_offices_left_out_have_no_probability_and_do_not_count():
    found = probability_of_bottom(ComparedEstimates([80.0, None, 90.0, 0.0], [1.0, 1.0, 1.0, 0.0]), 0.5)
    assert np.isnan(found[[1, 3]]).all()
    assert found[[0, 2]].sum() == pytest.approx(1)
    assert np.isnan(probability_of_bottom(ComparedEstimates([None], [None]))).all()


@given(tables, st.floats(0.05, 0.95), st.integers(0, 9))
def test_probabilities_add_up_to_the_places_and_a_worse_figure_is_no_less_likely(table, share, seed):
    estimate, error, freedom = (np.array(column, dtype=float) for column in zip(*table, strict=True))
    found = probability_of_bottom(ComparedEstimates(estimate, error, freedom), share, 50, seed)
    assert np.all((found >= 0) & (found <= 1))
    assert found.sum() == pytest.approx(max(int(share * len(table) + 1e-9), 1))
    estimate[0] -= 5
    lower = probability_of_bottom(ComparedEstimates(estimate, error, freedom), share, 50, seed)
    assert lower[0] >= found[0]


def test_3300_offices_take_seconds():
    random = np.random.default_rng(2)
    offices = ComparedEstimates(random.normal(85, 5, 3300), np.full(3300, 3.0), 8)
    start = time.process_time()
    found = probability_of_bottom(offices)
    assert time.process_time() - start < 10
    assert found.sum() == pytest.approx(660)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"share": 0}, "share must lie between 0 and 1; got 0"),
        ({"share": 20}, "share must lie between 0 and 1; got 20"),
        ({"share": math.nan}, "share must lie between 0 and 1; got nan"),
        ({"replicates": 0}, "replicates must be a whole number of at least 1; got 0"),
        ({"seed": 0.5}, "seed must be a whole number of at least 0; got 0.5"),
    ],
)
def test_arguments_out_of_range_are_refused(arguments, message):
    with pytest.raises(AnalysisError, match=message):
        probability_of_bottom(ComparedEstimates([80.0, 90.0], [1.0, 1.0]), **arguments)
