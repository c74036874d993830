import json

import numpy as np
import pytest
from hypothesis import given, strategies as st

from analysis.errors import AnalysisError
from analysis.weighting.diagnostics import weight_diagnostics


def test_kish_by_paper_and_pencil():
    found = weight_diagnostics([1.0, 1.0, 2.0])  # 3 · 6 / 16
    assert found.design_effect == pytest.approx(1.125, rel=1e-14)
    assert found.effective_sample_size == pytest.approx(8 / 3, rel=1e-14)
    assert (found.n, found.weight_sum, found.minimum, found.median, found.maximum) == (3, 4, 1, 1, 2)
    assert found.ratio_median is found.share_at_bounds is None


def test_equal_weights_and_a_single_row_cost_nothing():
    assert weight_diagnostics([0.1] * 7).design_effect == pytest.approx(1, rel=1e-15)
    assert weight_diagnostics([3.0]).effective_sample_size == 1


def test_rows_of_weight_zero_do_not_count():
    found = weight_diagnostics([0.0, 2.0, 4.0], base_weight=[5.0, 2.0, 2.0])
    assert (found.n, found.minimum, found.ratio_minimum, found.ratio_median) == (2, 2, 1, 1.5)


def test_ratios_at_the_bounds_are_counted():
    found = weight_diagnostics([0.5, 1.0, 2.0, 1.2], np.ones(4), bounds=(0.5, 2.0))
    assert found.share_at_bounds == 0.5
    assert (found.ratio_minimum, found.ratio_maximum) == (0.5, 2)


@given(st.lists(st.floats(0.001, 1e6), min_size=1, max_size=50), st.floats(1e-150, 1e150))
def test_the_design_effect_is_one_plus_the_squared_variation_in_any_unit(weight, factor):
    found = weight_diagnostics(np.array(weight) * factor)
    assert found.design_effect == pytest.approx(1 + np.var(weight) / np.mean(weight) ** 2, rel=1e-9)
    assert 1 <= found.design_effect <= len(weight) * (1 + 1e-9)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([-1.0],), "weight must not be negative; got -1.0"),
        (([0.0],), "weight must hold a positive weight"),
        (([],), "weight must hold a positive weight"),
        (([np.nan],), "weight must be finite; got nan"),
        (([1.0], [0.0]), "base_weight must be positive where weight is; got 0.0"),
        (([1.0], [-2.0]), "base_weight must not be negative; got -2.0"),
        (([1.0], [1.0, 1.0]), r"base_weight must have shape \(1,\)"),
        (([1.0], None, (0.5, 2)), "bounds must come with base_weight"),
    ],
)
def test_what_can_not_be_described_is_refused(arguments, message):
    with pytest.raises(AnalysisError, match=message):
        weight_diagnostics(*arguments)


def test_the_summary_goes_into_a_report():
    found = weight_diagnostics([1.0, 3.0], base_weight=[1.0, 1.0])
    assert json.loads(json.dumps(found.to_dict()))["effective_sample_size"] == 1.6
    assert repr(found) == (
        "WeightDiagnostics(2 weights, sum 4, 1 to 3, design effect 1.25, effective n 1.6, ratios 1 to 3)"
    )
