import numpy as np
import pytest
from hypothesis import given

from analysis.domains import Domains
from analysis.errors import AnalysisError
from analysis.estimation.linearise import linearise
from analysis.estimation.measure import Measure
from analysis.sums.psu_sums import PsuSums
from analysis.sums.tally import tally_counts
from tests.analysis.strategies import FEW, samples

WHOLE = Domains.crossing(None, 2)
KINDS = [Measure("share", (0,)), Measure("mean of shares", (0, 1)), Measure("satisfied", (1,), "total")]


def two_rows() -> PsuSums:
    return tally_counts([0, 1], [4, 6], [[4, 1], [3, 0]], [[4, 2], [6, 0]])


def test_values_and_influence_agree_with_paper_and_pencil():
    # Item 1: R = 7/10, influence (4 - .7·4)/10 = .12 and (3 - .7·6)/10 = -.12.
    # Item 2: R = 1/2, influence (1 - .5·2)/2 = 0 and 0. Their mean: .6, influence half of both sums.
    found = linearise(two_rows(), WHOLE, KINDS)
    np.testing.assert_allclose(found.value, [[0.7, 0.6, 1.0]], rtol=1e-15)
    np.testing.assert_allclose(found.influence, [[0.12, 0.06, 1.0], [-0.12, -0.06, 0.0]], atol=1e-16)
    assert found.answered.tolist() == [[True, True, True], [True, True, False]]


def test_each_row_counts_in_its_own_domain_and_rows_of_none_in_none():
    found = linearise(two_rows(), Domains([0, -1], ({},)), KINDS[:1])
    assert found.value.tolist() == [[1.0]]
    assert found.influence.tolist() == [[0.0], [0.0]]


def test_a_ratio_that_nobody_answered_falls_out_of_the_mean_and_alone_is_nan():
    found = linearise(
        two_rows(), Domains([0, 1], ({"part": 1}, {"part": 2})), [*KINDS[:2], Measure("second", (1,))]
    )
    np.testing.assert_array_equal(found.value, [[1.0, 0.75, 0.5], [0.5, 0.5, np.nan]])
    assert np.isfinite(found.influence).all()


def test_with_several_items_all_respondents_take_part():
    sums = tally_counts([0, 1], [4, 6], [[4], [0]], [[8], [0]])
    found = linearise(sums, WHOLE, [Measure("one", (0,)), Measure("index", (0,), n_items=2)])
    assert found.answered.tolist() == [[True, True], [False, True]]


def test_what_is_no_proportion_is_refused_as_one_and_taken_as_a_ratio():
    sums = PsuSums([0], [0], [1], [1.0], [1.0], [[1]], [[5.0]], [[2.0]])
    whole = Domains.crossing(None, 1)
    with pytest.raises(AnalysisError, match=r"numerator must not exceed denominator .*; got 2.5"):
        linearise(sums, whole, [Measure("share", (0,))])
    assert linearise(sums, whole, [Measure("ratio", (0,), "ratio")]).value.tolist() == [[2.5]]


def test_rounding_takes_no_proportion_out_of_its_range():
    third = 0.1 + 0.2  # just above 0.3
    sums = PsuSums([0], [0], [1], [0.3], [0.09], [[1]], [[third]], [[0.3]])
    assert linearise(sums, Domains.crossing(None, 1), [Measure("share", (0,))]).value.tolist() == [[1.0]]


@pytest.mark.parametrize("columns", [(2,), (0, 2)])
def test_a_column_that_the_sums_do_not_have_is_refused(columns):
    with pytest.raises(AnalysisError, match="must"):
        linearise(two_rows(), WHOLE, [Measure("unknown", columns)])


@FEW
@given(samples())
def test_influence_values_of_ratios_add_up_to_0_in_each_domain(sample):
    sums = sample.tally()
    domains = Domains.crossing({"sex": sample.sex}, len(sample))
    found = linearise(sums, domains, [Measure("q1", (0,)), Measure("both", (0, 1), n_items=2)])
    for domain in range(len(domains)):
        added = found.influence[domains.code == domain].sum(axis=0)
        np.testing.assert_allclose(added, 0, atol=1e-12)
