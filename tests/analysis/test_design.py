import numpy as np
import pytest
from hypothesis import given

from analysis.calibration import Calibration
from analysis.design import DesignTable, SurveyDesign
from analysis.errors import AnalysisError
from analysis.estimation.index import satisfaction_index
from tests.analysis.strategies import FEW, assert_same_estimates, samples

# Offices A (wards 1, 2) and B (ward 3); the rows of ward 2 come in two places.
WEIGHT = [2.0, 1.0, 1.5, 3.0, 0.0]
OFFICE = ["A", "A", "B", "A", "B"]
WARD = [1, 2, 3, 2, 3]


def test_rows_find_their_psu_and_psus_their_stratum():
    design = SurveyDesign(WEIGHT, OFFICE, WARD)
    assert design.psu_code.tolist() == [0, 1, 2, 1, 2]
    assert design.table.stratum.tolist() == [0, 0, 1]
    assert design.table.n_psus.tolist() == [2, 1]
    assert design.n_rows == 5
    assert repr(design) == (
        "SurveyDesign(5 rows, 3 PSUs in 2 strata, no finite population correction, probability)"
    )


def test_each_respondent_is_a_psu_of_one_stratum_where_nothing_else_is_said():
    design = SurveyDesign([1.0, 1.0, 2.0])
    assert design.psu_code.tolist() == [0, 1, 2]
    assert design.table.n_psus.tolist() == [3]
    assert design.table.sampled_fraction.tolist() == [0.0]


def test_population_sizes_of_both_stages_are_kept_once_per_stratum_and_psu():
    in_office, in_ward = [4, 4, 1, 4, 1], [10.0, 5.0, 2.0, 5.0, 2.0]
    design = SurveyDesign(WEIGHT, OFFICE, WARD, fpc=(in_office, in_ward))
    assert design.table.stratum_population.tolist() == [4.0, 1.0]
    assert design.table.psu_population.tolist() == [10.0, 5.0, 2.0]
    assert design.table.n_units.tolist() == [1, 2, 2]  # a respondent of weight 0 was sampled too
    assert design.table.sampled_fraction.tolist() == [0.5, 1.0]
    assert design.table.is_two_stage
    assert "two-stage finite population correction" in repr(design)


@pytest.mark.parametrize("fpc", [[4, 4, 1, 4, 1], ([4, 4, 1, 4, 1],), np.array([4, 4, 1, 4, 1])])
def test_one_column_of_population_sizes_is_the_first_stage(fpc):
    design = SurveyDesign(WEIGHT, OFFICE, WARD, fpc=fpc)
    assert design.table.stratum_population.tolist() == [4.0, 1.0]
    assert not design.table.is_two_stage


def test_population_sizes_weigh_a_simple_random_sample():
    in_office, in_ward = [4, 4, 1, 4, 1], [10.0, 5.0, 2.0, 5.0, 2.0]
    one = SurveyDesign.by_sizes(in_office, OFFICE, WARD)
    assert one.weight.tolist() == [2, 2, 1, 2, 1]  # 2 of 4 wards, 1 of 1
    two = SurveyDesign.by_sizes((in_office, in_ward), OFFICE, WARD, lone_psu="adjust")
    assert two.weight.tolist() == [20, 5, 1, 5, 1]
    assert two.weight.sum() == 4 / 2 * (10 + 5) + 2
    assert (two.table.lone_psu, two.table.is_two_stage) == ("adjust", True)
    assert SurveyDesign(WEIGHT, OFFICE, WARD).table.psu_weight.tolist() == [1, 1, 1]
    with pytest.raises(AnalysisError, match="fpc must be a population size, not below the 2 PSUs"):
        SurveyDesign.by_sizes([1] * 5, OFFICE, WARD)


def test_local_labels_are_told_apart_by_their_stratum():
    design = SurveyDesign([1.0] * 4, ["A", "A", "B", "B"], [1, 2, 1, 2], nest=True)
    assert design.table.n_psus.tolist() == [2, 2]


@FEW
@given(samples())
def test_local_labels_with_nest_equal_labels_that_are_unique(sample):
    local = SurveyDesign(sample.weight, sample.office, sample.ward % 4, nest=True)
    one, other = (satisfaction_index(design, sample.ratings()) for design in (local, sample.design()))
    assert_same_estimates(one, other, rtol=0)


def test_a_label_in_two_strata_is_refused_and_nest_is_named():
    with pytest.raises(AnalysisError, match=r"psu must .*nest.* it lies in A and B; got '?1'?$"):
        SurveyDesign([1.0, 1.0], ["A", "B"], [1, 1])
    with pytest.raises(AnalysisError, match=r"psu must .* it lies in A and B; got 'W7'$"):
        SurveyDesign([1.0, 1.0], ["A", "B"], ["W7", "W7"])


def test_composed_and_decomposed_vietnamese_labels_are_one():
    design = SurveyDesign([1.0, 1.0], psu=["Huế", "Huê\N{COMBINING ACUTE ACCENT}"])
    assert design.table.stratum.size == 1


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"weight": [1.0, -1.0]}, "weight must not be negative; got -1.0"),
        ({"weight": [1.0, float("nan")]}, "weight must be finite; got nan"),
        ({"weight": [1.0, float("inf")]}, "weight must be finite; got inf"),
        ({"weight": [0.0, 0.0]}, "weight must not be 0 everywhere"),
        ({"weight": []}, "weight must not be 0 everywhere"),
        ({"weight": ["a", "b"]}, "weight must hold numbers"),
        ({"weight": [[1.0, 1.0]]}, r"weight must have shape \(any,\); got \(1, 2\)"),
        ({"stratum": ["A"]}, r"stratum must have shape \(2,\); got \(1,\)"),
        ({"psu": [1, 2, 3]}, r"psu must have shape \(2,\); got \(3,\)"),
        ({"stratum": [1.0, float("nan")]}, "stratum must not be NaN"),
        ({"fpc": [5.0]}, r"fpc must have shape \(2,\); got \(1,\)"),
        ({"fpc": [5.0, float("nan")]}, "fpc must be finite"),
        ({"fpc": [5.0, 6.0]}, "fpc must be the same on all rows of a stratum or PSU; got 5.0"),
        ({"fpc": [1.0, 1.0]}, r"fpc must be a population size, not below the 2 PSUs .*\(row 1\); got 1.0"),
        ({"fpc": [0.1, 0.1]}, "fpc must be a population size, .* got 0.1"),
        ({"fpc": ([5, 5], [0, 3])}, r"fpc must be a population size, not below the 1 rows .*\(row 1\)"),
        ({"fpc": ([5, 5], [[3, 3]])}, "fpc must"),
        ({"fpc": (None, [3, 3])}, "fpc must"),
        ({"fpc": []}, "fpc must"),
        ({"fpc": ([5, 5], [3, 3], [9, 9])}, "fpc must"),
        ({"lone_psu": "ignore"}, "lone_psu must be one of adjust, average, certainty"),
        ({"sampling_basis": "luck"}, "sampling_basis must be one of census, opt_in, probability"),
    ],
)
def test_a_design_that_cannot_be_is_refused(change, message):
    with pytest.raises(AnalysisError, match=message):
        SurveyDesign(**({"weight": [1.0, 2.0]} | change))


def test_a_calibration_of_other_rows_is_refused():
    calibration = Calibration(np.ones((3, 1)), [1.0, 1.0, 1.0])
    with pytest.raises(AnalysisError, match="calibration must have 2 rows; got 3"):
        SurveyDesign([1.0, 1.0], calibration=calibration)
    design = SurveyDesign([1.0, 1.0, 2.0], calibration=calibration)
    assert repr(design).endswith(", probability, calibrated)")


def test_the_arrays_of_a_design_are_its_own_and_read_only():
    mine = np.array([1.0, 2.0])
    design = SurveyDesign(mine)
    mine[0] = 7.0
    assert design.weight[0] == 1.0
    for column in (design.weight, design.psu_code, design.table.stratum, design.table.n_psus):
        with pytest.raises(ValueError, match="read-only"):
            column[0] = 1


# ---- the table of sampled PSUs


def test_a_table_counts_the_psus_of_each_stratum():
    table = DesignTable([2, 0, 2], stratum_population=[5, 0, 8])
    assert table.n_psus.tolist() == [1, 0, 2]
    assert table.sampled_fraction.tolist() == [0.2, 0.0, 0.25]
    assert (
        repr(table) == "DesignTable(3 PSUs in 2 strata, one-stage finite population correction, probability)"
    )


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"stratum": [0.5, 1]}, "stratum must hold whole numbers"),
        ({"stratum": [-1, 0]}, "stratum must hold codes from 0 on; got -1"),
        ({"stratum_population": [1]}, "stratum_population must not be below the sampled PSUs; got 1.0"),
        ({"stratum": [0, 3], "stratum_population": [5]}, r"stratum_population must have shape \(4,\)"),
        (
            {"psu_population": [5, 5]},
            "n_units must come with psu_population, and both with stratum_population",
        ),
        ({"n_units": [2, 2], "psu_population": [5, 5]}, "n_units must come with psu_population"),
        ({"stratum_population": [5], "psu_population": [5, 5]}, "n_units must come with psu_population"),
        (
            {"stratum_population": [5], "n_units": [2, 0], "psu_population": [5, 5]},
            "n_units must be at least 1; got 0",
        ),
        (
            {"stratum_population": [5], "n_units": [2, 6], "psu_population": [5, 5]},
            "psu_population must not be below the sampled units; got 5.0",
        ),
        ({"n_units": [-3, 2]}, "n_units must"),
        ({"lone_psu": "ignore"}, "lone_psu must be one of"),
        ({"sampling_basis": "luck"}, "sampling_basis must be one of"),
    ],
)
def test_a_table_that_cannot_be_is_refused(change, message):
    with pytest.raises(AnalysisError, match=message):
        DesignTable(**({"stratum": [0, 0]} | change))


def test_a_table_of_no_psu_is_legal():
    assert DesignTable([]).n_psus.size == 0


@pytest.mark.parametrize("weight", [1e-170, 1e155])
def test_a_weight_whose_square_is_no_float_is_refused(weight):
    with pytest.raises(AnalysisError, match="weight must be 0 or lie between"):
        SurveyDesign([1.0, weight])


def test_strata_are_places_not_names():
    with pytest.raises(AnalysisError, match="stratum must hold codes below"):
        DesignTable([0, 2**40])
