import numpy as np
import pytest

from analysis.design import DesignTable, SurveyDesign
from analysis.domains import Domains
from analysis.errors import AnalysisError
from analysis.estimation.estimate_measures import estimate_measures
from analysis.estimation.measure import Measure
from analysis.estimation.statistics import mean, total
from analysis.replication.bootstrap import bootstrap
from analysis.replication.replicates import measure_values
from analysis.sums.tally import tally_counts
from tests.analysis.reference_data import office_index

OFFICE = ["A", "A", "A", "B", "B"]
Y = {"y": [1.0, 5, 2, 9, 4]}
DESIGN = SurveyDesign([1.0, 2, 1, 1, 3], OFFICE)


def drawn(estimates, seed=7, n_replicates=2000):
    return bootstrap(estimates, generator=np.random.default_rng(seed), n_replicates=n_replicates)


def test_two_psus_have_two_equal_replicates():
    # One of two is drawn and counts twice, the other not: totals 2 z1 or 2 z2 = 2 or 10, mean 6 ± 4.
    design = SurveyDesign([1.0, 1.0])
    n = 4000
    found = drawn(total(design, {"y": [1.0, 5.0]}), n_replicates=n)
    assert found.variance[0, 0] == pytest.approx(16, rel=5 / np.sqrt(n))
    assert total(design, {"y": [1.0, 5.0]}).variance[0, 0] == 16  # linearised


def test_of_half_a_population_the_replicates_move_by_its_root():
    # 1 - f = 1/2: factors 1 ± sqrt(1/2), totals 6 ± 4 sqrt(1/2)
    found = drawn(total(SurveyDesign([1.0, 1.0], fpc=[4, 4]), {"y": [1.0, 5.0]}), n_replicates=4000)
    assert found.variance[0, 0] == pytest.approx(8, rel=5 / np.sqrt(4000))


@pytest.mark.parametrize("fpc", [None, [6, 6, 6, 4, 4]])
def test_of_a_total_it_estimates_the_linearised_variance(fpc):
    linearised = total(SurveyDesign([1.0, 2, 1, 1, 3], OFFICE, fpc=fpc), Y, by={"office": OFFICE})
    np.testing.assert_allclose(drawn(linearised, n_replicates=6000).variance, linearised.variance, rtol=0.1)


def test_of_indices_of_offices_it_comes_near_the_linearised_error():
    linearised = office_index("wr", by="office", df="domain")
    replicated = drawn(linearised, seed=1, n_replicates=1000)
    ratio = replicated.standard_error[:, 0] / linearised.standard_error[:, 0]
    assert ratio.min() > 0.9
    assert ratio.max() < 1.2
    assert ratio.mean() == pytest.approx(1.03, abs=0.03)  # a little above: few wards an office


def test_the_same_seed_gives_the_same_variances_and_another_does_not():
    found = mean(DESIGN, Y)
    assert drawn(found).variance == drawn(found).variance
    assert drawn(found).variance != drawn(found, seed=8).variance


def test_replicates_in_several_batches_are_all_counted():
    found = mean(DESIGN, Y)
    assert drawn(found, n_replicates=101).variance[0, 0] > 0
    assert drawn(found, n_replicates=2).variance[0, 0] >= 0


def test_a_whole_population_has_no_error():
    found = drawn(mean(SurveyDesign([1.0] * 5, OFFICE, fpc=[3, 3, 3, 2, 2]), Y), n_replicates=20)
    assert found.variance[0, 0] == pytest.approx(0, abs=1e-20)
    assert found[0, "y"].is_census


def test_the_design_effect_is_that_of_its_own_variance():
    linearised = mean(DESIGN, Y)
    replicated = drawn(linearised)
    wanted = linearised.design_effect * replicated.variance / linearised.variance
    np.testing.assert_allclose(replicated.design_effect, wanted)


def test_a_lone_psu_is_not_estimable_and_takes_no_other_office_its_variance():
    design = SurveyDesign([1.0] * 5, ["A", "A", "A", "A", "B"])
    found = drawn(mean(design, Y, by={"office": ["A", "A", "A", "A", "B"]}), n_replicates=50)
    assert found.variance[0, 0] > 0
    assert found[1, "y"].reason == "single_psu"


@pytest.mark.parametrize("policy", ["adjust", "average"])
def test_policies_that_no_replicate_follows_are_refused(policy):
    design = SurveyDesign([1.0] * 5, ["A", "A", "A", "A", "B"], lone_psu=policy)
    with pytest.raises(AnalysisError, match="stratum must have two PSUs for replication"):
        drawn(mean(design, Y))


def test_a_second_stage_is_refused():
    design = SurveyDesign([1.0] * 5, psu=[1, 1, 1, 2, 2], fpc=([9] * 5, [9] * 5))
    with pytest.raises(AnalysisError, match="estimates must have neither a second stage"):
        drawn(mean(design, Y))


@pytest.mark.parametrize("n_replicates", [1, 0, -5])
def test_fewer_than_two_replicates_are_refused(n_replicates):
    with pytest.raises(AnalysisError, match="n_replicates must be at least 2"):
        drawn(mean(DESIGN, Y), n_replicates=n_replicates)


def test_no_row_has_no_respondents():
    none = np.zeros((0, 1), int)
    found = estimate_measures(
        tally_counts([], [], none, none), DesignTable([0, 0]), Domains.crossing(None, 0), [Measure("q", (0,))]
    )
    assert drawn(found, n_replicates=5)[0, "q"].reason == "no_respondents"


def test_values_of_measures_follow_from_totals():
    above, below = np.array([[3.0, 1.0], [2.0, 5.0]]), np.array([[4.0, 2.0], [4.0, 0.0]])
    measures = [
        Measure("one", (0,)),
        Measure("two", (1,)),
        Measure("both", (0, 1)),
        Measure("sum", (1,), "total"),
    ]
    found = measure_values(measures, above, below)
    np.testing.assert_array_equal(found, [[0.75, 0.5, 0.625, 1.0], [0.5, np.nan, 0.5, 5.0]])
