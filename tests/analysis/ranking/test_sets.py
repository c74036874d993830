import math
import time

import numpy as np
import pytest
from hypothesis import given, strategies as st

from analysis import AnalysisError
from analysis.comparison.compared import ComparedEstimates
from analysis.estimation.factored import FactoredCovariance
from analysis.ranking.sets import rank_sets
from tests.analysis.ranking.rank_coverage import TRUTHS, coverage
from tests.analysis.reference_data import read_rows

NAN = math.nan
EIGHT = read_rows("methods/expected_ranks.csv")
EIGHT_OFFICES = ComparedEstimates([float(row["x"]) for row in EIGHT], [float(row["se"]) for row in EIGHT])
THIRTY = read_rows("sipas/expected_simultaneous_and_ranks.csv")
THIRTY_OFFICES = ComparedEstimates(
    *(
        [float(row[column]) for row in read_rows("sipas/expected_below_target.csv")]
        for column in ("estimate", "se", "df")
    )
)
METHODS = ["mogstad", "mogstad_single_step", "klein_wright_wieczorek", "bonferroni_pairs"]
SIMULATED = METHODS[:2]

tables = st.lists(
    st.tuples(st.integers(50, 100), st.floats(0.1, 9), st.integers(2, 60) | st.just(math.inf)),
    min_size=1,
    max_size=7,
)


def limits(found, row):
    return found.best_rank[row], found.worst_rank[row]


@pytest.mark.parametrize(
    ("method", "in_r"), [("klein_wright_wieczorek", "kww"), ("bonferroni_pairs", "bonf")]
)
@pytest.mark.parametrize("row", range(8))
def test_counted_rank_sets_of_eight_offices_are_those_of_r(method, in_r, row):
    found = rank_sets(EIGHT_OFFICES, method=method)
    assert limits(found, row) == (int(EIGHT[row][f"{in_r}_L"]), int(EIGHT[row][f"{in_r}_U"]))


@pytest.mark.parametrize(("simultaneous", "in_r"), [(True, "sim"), (False, "marg")])
@pytest.mark.parametrize("row", range(8))
@pytest.mark.parametrize("is_diagonal", [False, True])
def test_simulated_rank_sets_of_eight_offices_are_those_of_csranks(simultaneous, in_r, row, is_diagonal):
    covariance = np.diag(EIGHT_OFFICES.standard_error**2) if is_diagonal else None
    offices = ComparedEstimates(EIGHT_OFFICES.estimate, EIGHT_OFFICES.standard_error, covariance=covariance)
    best, worst = limits(rank_sets(offices, simultaneous=simultaneous), row)
    assert abs(best - int(EIGHT[row][f"{in_r}_L"])) <= 1
    assert abs(worst - int(EIGHT[row][f"{in_r}_U"])) <= 1


@pytest.mark.parametrize("row", range(30), ids=[row["office"] for row in THIRTY])
def test_rank_sets_of_thirty_offices_with_their_own_t_are_those_of_r(row):
    found = rank_sets(THIRTY_OFFICES, method="klein_wright_wieczorek")
    assert limits(found, row) == (int(THIRTY[row]["rank_best_kww"]), int(THIRTY[row]["rank_worst_kww"]))
    assert found.point_rank[row] == float(THIRTY[row]["rank_point"])


def test_three_offices_by_hand():
    # Sidak z for three at 0.95 is 2.388: intervals 87.6 to 92.4, 83.6 to 88.4, 70.2 to 79.8
    offices = ComparedEstimates([90.0, 86.0, 75.0], [1.0, 1.0, 2.0])
    found = rank_sets(offices, method="klein_wright_wieczorek")
    assert found.best_rank.tolist() == [1, 1, 3]
    assert found.worst_rank.tolist() == [2, 2, 3]
    # 90 - 86 = 4 is 2.83 standard errors of the difference: more than z(1 - 0.05 / 6) = 2.394
    assert rank_sets(offices, method="bonferroni_pairs").best_rank.tolist() == [1, 2, 3]
    assert rank_sets(offices, method="bonferroni_pairs", level=0.99).worst_rank.tolist() == [2, 2, 3]


def test_the_critical_value_of_two_offices_is_known():
    """One pair: two-sided at first; once the better one is shown, the other direction alone is left."""
    near = rank_sets(ComparedEstimates([81.0, 80.0], [1.0, 3.0]), replicates=29_999)
    apart = rank_sets(ComparedEstimates([99.0, 80.0], [1.0, 3.0]), replicates=29_999)
    assert near.rule.critical == pytest.approx([1.95996] * 2, abs=0.02)
    assert apart.rule.critical == pytest.approx([1.64485] * 2, abs=0.02)


def test_the_critical_value_of_equal_errors_is_that_of_tukeys_range():
    # R 4.2.2: qtukey(.95, 30, Inf) / sqrt(2) = 3.748578
    offices = ComparedEstimates([80.0] * 30, [2.0] * 30)
    found = rank_sets(offices, method="mogstad_single_step", replicates=29_999)
    assert found.rule.critical[0] == pytest.approx(3.748578, abs=0.02)


@pytest.mark.parametrize("simultaneous", [True, False])
def test_correlated_offices_are_told_apart_by_the_error_of_their_difference(simultaneous):
    estimate, error = [80.0, 82.0, 60.0], [2.0, 2.0, 2.0]
    shared = 4 * np.array([[1.0, 0.98, 0.0], [0.98, 1.0, 0.0], [0.0, 0.0, 1.0]])
    alone = rank_sets(ComparedEstimates(estimate, error), simultaneous=simultaneous)
    together = rank_sets(ComparedEstimates(estimate, error, covariance=shared), simultaneous=simultaneous)
    assert alone.worst_rank.tolist() == [2, 2, 3]
    assert together.worst_rank.tolist() == [2, 1, 3]
    assert (
        rank_sets(ComparedEstimates(estimate, error, covariance=shared), method="bonferroni_pairs")
    ).worst_rank.tolist() == [2, 1, 3]


@pytest.mark.parametrize("method", ["mogstad", "bonferroni_pairs"])
def test_unequal_degrees_of_freedom_never_make_correlated_offices_certain(method):
    """However alike their errors, offices whose half widths happen to agree are not free of error."""
    covariance = np.array([[4.0, 2.4], [2.4, 1.44]])  # correlation 1, standard errors 2 and 1.2
    offices = ComparedEstimates([80.0, 80.5], [2.0, 1.2], [60, 6], covariance)
    equal = ComparedEstimates([80.0, 80.5], [2.0, 1.2], [60, 60], covariance)
    pair = np.array([0]), np.array([1])
    needed = [
        found.rule.critical[0] * found.rule.distance(*pair)
        for found in (rank_sets(offices, method=method), rank_sets(equal, method=method))
    ]
    assert needed[0] > needed[1] > 1.9 * (2.0 - 1.2)


@pytest.mark.parametrize("method", METHODS)
def test_a_single_office_is_first_and_last(method):
    found = rank_sets(ComparedEstimates([80.0], [2.0], 7), method=method)
    assert (found.best_rank, found.worst_rank, found.point_rank) == ([1], [1], [1])


@pytest.mark.parametrize("method", METHODS)
def test_offices_left_out_have_no_rank_and_change_nobody_elses(method):
    offices = ComparedEstimates([90.0, NAN, 70.0, 100.0, 69.0], [1.0, 1.0, 1.0, 0.0, 2.0], 20)
    found = rank_sets(offices, method=method, replicates=199)
    without = rank_sets(
        ComparedEstimates([90.0, 70.0, 69.0], [1.0, 1.0, 2.0], 20), method=method, replicates=199
    )
    assert np.isnan(found.best_rank[[1, 3]]).all()
    assert found.best_rank[[0, 2, 4]].tolist() == without.best_rank.tolist()
    assert found.worst_rank[[0, 2, 4]].tolist() == without.worst_rank.tolist()
    assert found.compared.exclusion == (None, "not_estimable", None, "zero_standard_error", None)
    assert repr(found) == f"RankSets(3 ranked, 2 without rank, {method} at 95 %, simultaneous)"


@pytest.mark.parametrize("method", METHODS)
def test_where_nobody_can_be_ranked_nobody_is(method):
    found = rank_sets(ComparedEstimates([NAN, 100.0], [NAN, 0.0]), method=method)
    assert np.isnan(found.point_rank).all()
    assert np.isnan(found.best_rank).all()


@pytest.mark.parametrize("method", METHODS)
def test_offices_known_by_census_are_ranked_by_their_figures(method):
    found = rank_sets(ComparedEstimates([80.0, 90.0, 80.0], [0.0, 0.0, 0.0], is_census=True), method=method)
    assert found.best_rank.tolist() == [2, 1, 2]
    assert found.worst_rank.tolist() == [3, 1, 3]
    assert found.point_rank.tolist() == [2.5, 1, 2.5]


@pytest.mark.parametrize("simultaneous", [True, False])
@pytest.mark.parametrize("method", [*SIMULATED, "bonferroni_pairs"])
def test_a_census_beside_samples_is_compared_by_their_errors_alone(method, simultaneous):
    offices = ComparedEstimates([80.0, 80.1, 84.0, 70.0], [0.0, 0.0, 2.0, 2.0], is_census=True)
    found = rank_sets(offices, method=method, simultaneous=simultaneous, replicates=1999)
    assert found.best_rank.tolist() == [2, 1, 1, 4]
    assert found.worst_rank.tolist() == [3, 2, 3, 4]


@pytest.mark.parametrize("method", METHODS)
def test_equal_figures_share_the_whole_table(method):
    found = rank_sets(ComparedEstimates([85.0] * 6, [0.1, 1.0, 2.0, 0.5, 0.1, 3.0]), method=method)
    assert set(found.best_rank) == {1}
    assert set(found.worst_rank) == {6}
    assert set(found.point_rank) == {3.5}


@given(tables, st.sampled_from(METHODS))
def test_the_point_rank_lies_in_its_set_and_the_table_adds_up(table, method):
    found = rank_sets(ComparedEstimates(*zip(*table, strict=True)), method=method, replicates=59)
    assert np.all(found.best_rank <= found.point_rank)
    assert np.all(found.point_rank <= found.worst_rank)
    assert found.point_rank.sum() == pytest.approx(len(table) * (len(table) + 1) / 2)
    # each pair shown to differ counts once as "higher" and once as "lower"
    assert (found.best_rank - 1).sum() == (len(table) - found.worst_rank).sum()


@given(tables, st.sampled_from(METHODS))
def test_more_level_gives_no_shorter_sets_and_step_down_no_longer_ones(table, method):
    compared = ComparedEstimates(*zip(*table, strict=True))
    found = rank_sets(compared, 0.8, method, replicates=59)
    wider = rank_sets(compared, 0.95, method, replicates=59)
    if method not in SIMULATED:  # there the scale depends on the level, and a draw could tip the balance
        assert np.all(wider.best_rank <= found.best_rank)
        assert np.all(wider.worst_rank >= found.worst_rank)
    single = rank_sets(compared, 0.8, "mogstad_single_step", replicates=59)
    stepped = rank_sets(compared, 0.8, "mogstad", replicates=59)
    assert np.all(single.best_rank <= stepped.best_rank)
    assert np.all(single.worst_rank >= stepped.worst_rank)


@given(tables, st.sampled_from(METHODS[2:]), st.randoms(use_true_random=False))
def test_the_order_of_offices_and_the_unit_change_nothing(table, method, random):
    found = rank_sets(ComparedEstimates(*zip(*table, strict=True)), method=method)
    order = list(range(len(table)))
    random.shuffle(order)
    # a power of two changes no digit
    again = [(table[place][0] / 128, table[place][1] / 128, table[place][2]) for place in order]
    shuffled = rank_sets(ComparedEstimates(*zip(*again, strict=True)), method=method)
    assert shuffled.best_rank.tolist() == found.best_rank[order].tolist()
    assert shuffled.worst_rank.tolist() == found.worst_rank[order].tolist()


def test_the_same_seed_gives_the_same_sets_and_another_nearly_so():
    first, again, other = (rank_sets(THIRTY_OFFICES, seed=seed) for seed in (3, 3, 4))
    assert first.rule.critical.tolist() == again.rule.critical.tolist()
    assert first.rule.critical[0] != other.rule.critical[0]
    assert first.rule.critical[0] == pytest.approx(other.rule.critical[0], abs=0.06)


def test_an_office_with_one_degree_of_freedom_leaves_the_others_their_ranks():
    random = np.random.default_rng(5)
    estimate, error = 80 + 15 * random.standard_normal(40), np.full(40, 1.0)
    freedom = np.full(40, 200.0)
    before = rank_sets(ComparedEstimates(estimate, error, freedom))
    freedom[7] = 1
    after = rank_sets(ComparedEstimates(estimate, error, freedom))
    others = np.arange(40) != 7
    width = [np.mean((found.worst_rank - found.best_rank)[others]) for found in (before, after)]
    assert width[1] <= width[0] + 2
    assert limits(after, 7) == (1, 40)


# 1,000 tables at 0.95, 999 replicates: in how many % all sets hold together (standard error up to 0.7, in the
# last block 1.6); mogstad, klein_wright_wieczorek, bonferroni_pairs:
#                normal errors         6 df, t               6 df, taken as normal
#   8 spread  100.0 100.0 100.0     100.0 100.0 100.0     100.0 100.0 100.0
#   8 ties     98.9 100.0  99.6      99.0 100.0 100.0      92.6  98.3  95.0
#   8 equal    95.8  99.7  97.4      96.2  99.6  99.4      79.3  91.9  83.9
#   30 spread 100.0 100.0 100.0     100.0 100.0 100.0      99.4  99.8  99.4
#   30 ties    98.4  99.7  99.2      99.4 100.0 100.0      79.3  92.9  86.2
#   30 equal   95.1  99.4  97.0      97.0  99.3  99.9      59.6  80.9  67.8
@pytest.mark.parametrize("freedom", [math.inf, 6])
@pytest.mark.parametrize("method", ["mogstad", "klein_wright_wieczorek", "bonferroni_pairs"])
@pytest.mark.parametrize("truth", TRUTHS)
@pytest.mark.parametrize("n", [8, 30])
def test_rank_sets_hold_together_at_their_level(n, truth, method, freedom):
    """At 0.90, where there is more to see; 3 standard errors of the simulation are allowed."""
    n_tables = 200
    joint, _ = coverage(n, truth, freedom, n_tables, method=method, level=0.9, replicates=199)
    assert joint >= 0.9 - 3 * math.sqrt(0.9 * 0.1 / n_tables)


@pytest.mark.parametrize("freedom", [math.inf, 6])
@pytest.mark.parametrize("truth", TRUTHS)
def test_each_rank_set_by_itself_holds_at_its_level(truth, freedom):
    n_tables = 300
    _, least = coverage(8, truth, freedom, n_tables, simultaneous=False, level=0.9, replicates=199)
    assert least >= 0.9 - 3.5 * math.sqrt(0.9 * 0.1 / n_tables)  # the least of eight


def test_normal_errors_would_promise_too_much_where_degrees_of_freedom_are_few():
    joint, _ = coverage(30, "equal", 6, 100, assumed_freedom=math.inf, level=0.95, replicates=199)
    assert joint < 0.75


def test_3300_offices_take_seconds():
    random = np.random.default_rng(1)
    error = 2 * np.exp(random.normal(0, 0.5, 3300))
    compared = ComparedEstimates(85 + 5 * random.standard_normal(3300), error)
    start = time.process_time()
    for method in METHODS:
        rank_sets(compared, method=method)
    assert time.process_time() - start < 10


@pytest.mark.parametrize("simultaneous", [True, False])
def test_offices_that_share_margins_are_ranked_as_by_the_whole_matrix(simultaneous):
    """But for the draws, which leave an error of some 0.03 in critical values."""
    random = np.random.default_rng(8)
    own, left = random.uniform(1, 4, 25), random.normal(0, 0.7, (25, 3))
    explained = random.uniform(-0.3, 0.3, (25, 2)) * np.sqrt(own / 5)[:, None]
    factors = FactoredCovariance(own, explained, left)
    matrix = np.diag(own) - explained @ explained.T + left @ left.T
    given = random.normal(80, 4, 25), np.sqrt(factors.variance), random.integers(5, 40, 25)
    by_factors, by_matrix = (
        rank_sets(ComparedEstimates(*given, covariance), 0.95, "mogstad_single_step", simultaneous)
        for covariance in (factors, matrix)
    )
    assert by_factors.rule.critical == pytest.approx(by_matrix.rule.critical, abs=0.08)
    assert np.abs(by_factors.best_rank - by_matrix.best_rank).max() <= 1
    everybody = np.arange(25)
    np.testing.assert_allclose(
        by_factors.rule.distance(everybody[1:], everybody[:-1]),
        by_matrix.rule.distance(everybody[1:], everybody[:-1]),
        rtol=1e-12,
    )


def test_3300_offices_with_common_margins_take_seconds():
    random = np.random.default_rng(1)
    own, left = np.exp(random.normal(0, 0.5, 3300)), random.normal(0, 0.01, (3300, 17))
    factors = FactoredCovariance(own, np.zeros((3300, 0)), left)
    compared = ComparedEstimates(random.normal(80, 5, 3300), np.sqrt(factors.variance), 9, factors)
    start = time.process_time()
    found = rank_sets(compared, replicates=499)
    assert time.process_time() - start < 5
    assert 4.8 < found.rule.critical[0] < 5.5  # 5.15 for independent ones


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"level": 95}, "level must lie between 0.5 and 1; got 95"),
        ({"level": 0.5}, "level must lie between 0.5 and 1; got 0.5"),
        ({"method": "goldstein"}, "method must be one of .*; got 'goldstein'"),
        ({"replicates": 0}, "replicates must be a whole number of at least 1; got 0"),
        ({"replicates": 18}, "replicates must be at least 19; got 18"),
        ({"replicates": 999.0}, "replicates must be a whole number of at least 1; got 999.0"),
        ({"seed": -1}, "seed must be a whole number of at least 0; got -1"),
        ({"seed": None}, "seed must be a whole number of at least 0; got None"),
        (
            {"method": "klein_wright_wieczorek", "simultaneous": False},
            "simultaneous must be True for klein_wright_wieczorek, which is joint; got False",
        ),
    ],
)
def test_arguments_out_of_range_are_refused(arguments, message):
    with pytest.raises(AnalysisError, match=message):
        rank_sets(EIGHT_OFFICES, **arguments)


def test_a_covariance_that_nothing_can_have_is_refused():
    offices = ComparedEstimates([80.0, 81.0], [1.0, 1.0], covariance=[[1.0, 2.0], [2.0, 1.0]])
    with pytest.raises(AnalysisError, match="covariance must be positive semidefinite; got -1"):
        rank_sets(offices)
