import numpy as np
import pytest

from analysis.comparison.change import change
from analysis.domains import Domains
from analysis.errors import AnalysisError
from analysis.estimation.measure import Measure
from analysis.replication.replicate_weights import ReplicateWeights

# Two strata of two respondents, half samples balanced: BRR with R = 2
WEIGHT = [1.0, 1.0, 1.0, 1.0]
HALVES = [[2, 2], [0, 0], [2, 0], [0, 2]]
WEIGHTS = ReplicateWeights(WEIGHT, HALVES, scale=1 / 2)
Y = np.array([[1.0], [5.0], [2.0], [8.0]])
ONE = np.ones((4, 1))
MEAN = [Measure("y", (0,), "mean")]


def test_two_half_samples_agree_with_paper_and_pencil():
    # Means 6/4 and 18/4 around 3: (1.5² + 1.5²)/2; around the estimate 4: (2.5² + .5²)/2
    assert WEIGHTS.estimate(Y, ONE, MEAN)[0, "y"].value == 4.0
    assert WEIGHTS.estimate(Y, ONE, MEAN).variance[0, 0] == pytest.approx(2.25)
    around = ReplicateWeights(WEIGHT, HALVES, scale=1 / 2, centre="estimate")
    assert around.estimate(Y, ONE, MEAN).variance[0, 0] == pytest.approx(3.25)


def test_factors_weigh_the_replicates():
    weights = ReplicateWeights(WEIGHT, HALVES, scale=0.1, factors=[1.0, 3.0])
    assert weights.estimate(Y, ONE, MEAN).variance[0, 0] == pytest.approx(0.1 * (1 + 3) * 2.25)


def test_degrees_of_freedom_are_the_rank_less_1():
    assert WEIGHTS.degrees_of_freedom == 1
    assert ReplicateWeights(WEIGHT, np.column_stack([HALVES, HALVES]), 1 / 4).degrees_of_freedom == 1
    assert repr(WEIGHTS) == "ReplicateWeights(4 rows, 2 replicates, 1 degrees of freedom)"


def test_domains_totals_and_ratios():
    domains = Domains.crossing({"sex": ["F", "F", "M", "M"]}, 4)
    measures = [Measure("sum", (0,), "total"), Measure("per", (0,), "ratio")]
    found = WEIGHTS.estimate(Y, np.array([[1.0], [2.0], [1.0], [4.0]]), measures, domains)
    np.testing.assert_allclose(found.value, [[6.0, 2.0], [10.0, 2.0]])
    # Women: totals 2 and 2, both of the first; men 4 and 16
    np.testing.assert_allclose(found.variance, [[0.0, 0.0], [36.0, 0.0]])


def test_a_denominator_of_0_is_an_answer_too():
    x = np.array([[1.0], [0.0], [1.0], [2.0]])
    estimate = WEIGHTS.estimate(Y, x, [Measure("per", (0,), "ratio")])[0, "per"]
    assert estimate.value == 4.0
    assert estimate.n_answers == 4


def test_an_index_counts_its_answers_not_its_respondents():
    """22 valid answers of each of four people are 88 answers, of four complete respondents."""
    satisfied, valid = np.array([[20], [11], [18], [22]]), np.full((4, 1), 22)
    estimate = WEIGHTS.estimate(satisfied, valid, [Measure("all", (0,), n_items=22)])[0, "all"]
    assert (estimate.n_respondents, estimate.n_answers, estimate.n_complete) == (4, 88, 4.0)
    assert estimate.n_kish == 4.0


def test_covariances_and_changes_that_the_replicates_do_not_give_are_refused():
    """Independent rows would be a wrong design: better no figure than that."""
    found = WEIGHTS.estimate(Y, ONE, MEAN, Domains.crossing({"year": [1, 1, 2, 2]}, 4))
    with pytest.raises(AnalysisError, match="must"):
        found.covariance([(0, "y"), (1, "y")])
    with pytest.raises(AnalysisError, match="must"):
        change(found, "year", earlier=1, later=2)


def test_the_arrays_are_its_own_and_read_only():
    mine = np.array(WEIGHT)
    weights = ReplicateWeights(mine, HALVES, 0.5)
    mine[0] = 9.0
    assert weights.weight[0] == 1.0
    with pytest.raises(ValueError, match="read-only"):
        weights.replicates[0, 0] = 1.0


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"weight": [1.0, -1, 1, 1]}, "weight must not be negative"),
        ({"weight": [1.0, np.nan, 1, 1]}, "weight must be finite"),
        ({"weight": [1.0]}, r"replicates must have shape \(1, any\); got \(4, 2\)"),
        ({"replicates": [[2, -2], [0, 0], [2, 0], [0, 2]]}, "replicates must not be negative; got -2"),
        ({"replicates": [[2], [0], [2], [0]]}, "two replicates"),
        ({"scale": 0.0}, "scale must be positive"),
        ({"scale": float("nan")}, "scale must be positive"),
        ({"scale": float("inf")}, "scale must"),
        ({"factors": [1.0]}, r"factors must have shape \(2,\)"),
        ({"factors": [1.0, -1.0]}, "factors must not be negative"),
        ({"centre": "median"}, "centre must be one of estimate, mean"),
    ],
)
def test_weights_that_cannot_be_are_refused(change, message):
    with pytest.raises(AnalysisError, match=message):
        ReplicateWeights(**({"weight": WEIGHT, "replicates": HALVES, "scale": 0.5} | change))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"numerator": Y[:2]}, r"numerator must have shape \(4, 1\)"),
        ({"denominator": ONE[:2]}, r"denominator must have shape \(4, any\)"),
        ({"domains": Domains.crossing(None, 3)}, "domains must have 4 rows; got 3"),
        ({"measures": [Measure("y", (1,), "mean")]}, "must"),
    ],
)
def test_responses_that_do_not_fit_are_refused(change, message):
    with pytest.raises(AnalysisError, match=message):
        WEIGHTS.estimate(**({"numerator": Y, "denominator": ONE, "measures": MEAN} | change))
