import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, strategies as st

from analysis import AnalysisError
from analysis.sums.columns import AnswerCodes
from analysis.sums.kernel import sum_responses, to_micro_units
from tests.analysis.sums.exact_samples import as_whole_numbers, same_bits, tables

N_COMPILED = 1_000_003  # from a million answers on, numba takes over


def test_five_respondents_are_added_up_as_by_hand():
    sums = sum_responses(
        psu=[9, 4, 4, 2, 9],
        answers=[np.uint8([4, 5, 1, 0, 4]), np.uint8([9, 4, 5, 3, 5])],
        codes=[AnswerCodes(), AnswerCodes()],
        weight=to_micro_units([2.0, 1.0, 3.0, 0.5, 0.0]),
    )
    assert sums.psu.tolist() == [2, 4, 9]
    assert sums.n_respondents.tolist() == [1, 2, 1]
    assert sums.n_answers.tolist() == [[0, 1], [2, 2], [1, 0]]
    assert sums.weight_sum.tolist() == [0.5, 4.0, 2.0]
    assert sums.weight_square_sum.tolist() == [0.25, 10.0, 4.0]
    assert sums.numerator.tolist() == [[0.0, 0.0], [1.0, 4.0], [2.0, 0.0]]
    assert sums.denominator.tolist() == [[0.0, 0.5], [4.0, 4.0], [2.0, 0.0]]


@given(tables())
def test_sums_are_exact(table):
    assert as_whole_numbers(table.sums()) == table.sums_by_hand()


@given(tables())
def test_no_weights_are_weights_of_one(table):
    ones = np.full(table.psu.size, 1_000_000)
    weighted = sum_responses(
        table.psu, list(table.answers), [AnswerCodes()] * 3, weight=ones, cell=table.cell
    )
    assert same_bits(
        sum_responses(table.psu, list(table.answers), [AnswerCodes()] * 3, cell=table.cell), weighted
    )


@pytest.mark.parametrize("n_psus", [3000, 300_000])  # long runs and short ones
@pytest.mark.parametrize("is_sorted", [True, False])
def test_a_large_table_is_compiled_and_adds_up_to_its_small_parts(is_sorted, n_psus):
    rng = np.random.default_rng(5)
    psu = np.append(np.arange(n_psus), rng.integers(0, n_psus, N_COMPILED - n_psus))
    psu = np.sort(psu) if is_sorted else psu
    answers = [rng.choice([0, 1, 2, 3, 4, 5, 9], N_COMPILED).astype(np.uint8)]
    weight = rng.integers(0, 10**8, N_COMPILED)
    whole = sum_responses(psu, answers, [AnswerCodes()], weight=weight)
    satisfied = np.isin(answers[0], [4, 5])
    expected = np.zeros(n_psus, dtype=np.int64)
    np.add.at(expected, psu, weight * satisfied)
    assert np.array_equal(whole.totals[5], expected)
    unweighted = sum_responses(psu, answers, [AnswerCodes()])
    assert np.array_equal(unweighted.numerator[:, 0], np.bincount(psu, satisfied))


def test_no_response_at_all_gives_no_row():
    assert sum_responses([], [np.empty(0, np.uint8)], [AnswerCodes()]).psu.size == 0


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"weight": [1, -1]}, "weight must lie between 0 and 2.45 micro-units; got -1"),
        ({"weight": [1, 2**45]}, "weight must lie between 0 and 2.45 micro-units"),
        ({"weight": [1.0, 2.0]}, "weight must hold whole numbers"),
        ({"weight": [1]}, r"weight must have shape \(2,\)"),
        ({"cell": [1]}, r"cell must have shape \(2,\)"),
        ({"psu": ["a", "b"]}, "psu must hold whole numbers"),
        ({"answers": [np.array([4, 5])]}, r"answers must be uint8 of shape \(2,\); got 'int64"),
        ({"answers": [np.uint8([4])]}, r"answers must be uint8 of shape \(2,\)"),
        ({"codes": []}, "codes must be given for each of 1 items"),
        ({"answers": [], "codes": []}, "codes must be given for each of 0 items, at least one"),
    ],
)
def test_a_bad_table_is_refused(change, message):
    good = {"psu": [5, 5], "answers": [np.uint8([4, 1])], "codes": [AnswerCodes()], "weight": [1, 2]}
    with pytest.raises(AnalysisError, match=message):
        sum_responses(**(good | change))


@pytest.mark.parametrize("argument", ["psu", "weight", "cell", "answers"])
def test_masked_arrays_are_refused(argument):
    good = {"psu": np.array([5, 5]), "weight": np.array([1, 2]), "cell": np.array([0, 1])}
    good["answers"] = np.uint8([4, 1])
    masked = good | {argument: np.ma.array(good[argument], mask=[False, True])}
    with pytest.raises(AnalysisError, match=f"{argument} must be no masked array"):
        sum_responses(**(masked | {"answers": [masked["answers"]]}), codes=[AnswerCodes()])
    unmasked = good | {argument: np.ma.array(good[argument])}
    sums = sum_responses(**(unmasked | {"answers": [unmasked["answers"]]}), codes=[AnswerCodes()])
    assert sums.totals[1].tolist() == [1, 2]


def test_masked_weights_have_no_micro_units():
    with pytest.raises(AnalysisError, match="weight must be no masked array"):
        to_micro_units(np.ma.array([1.0, 2.0], mask=[False, True]))


def test_sums_that_could_overflow_are_refused_before_they_do():
    weight = np.full(20, 2**45 - 1)
    answers = [np.full(20, 4, np.uint8)]
    with pytest.raises(AnalysisError, match="weight must have a sum of squares below 2"):
        sum_responses(np.zeros(20, int), answers, [AnswerCodes()], weight=weight)
    weight[4:] = 1  # one large weight among many small ones is no reason to refuse
    assert sum_responses(np.zeros(20, int), answers, [AnswerCodes()], weight=weight).n_answers[0, 0] == 20


@pytest.mark.parametrize("weight", [-1.0, float("nan"), float("inf"), 4e7])
def test_weights_outside_of_the_range_have_no_micro_units(weight):
    with pytest.raises(AnalysisError, match="weight must be finite, not negative and below 35 million"):
        to_micro_units([1.0, weight])


@given(st.floats(0, 3e7))
def test_micro_units_are_the_nearest(weight):
    assert abs(to_micro_units([weight])[0] / 1e6 - weight) <= 5e-7 * (1 + 1e-8) + 1e-15 * weight


def test_loading_the_module_loads_no_heavy_library(tmp_path):
    code = "import analysis.sums.kernel, analysis.sums.snapshot, sys; print(sorted(sys.modules))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    assert not {f"'{name}'" for name in ("numba", "pyarrow", "pandas", "pyspark", "polars")} & set(
        run.stdout.strip("[]\n").split(", ")
    )
