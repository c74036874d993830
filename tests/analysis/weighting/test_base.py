import numpy as np
import pytest
from hypothesis import given, strategies as st

from analysis.errors import AnalysisError
from analysis.weighting.base import design_weights, two_stage_weights
from tests.analysis.reference_data import sipas_columns


def test_a_weight_is_one_over_the_probability():
    assert design_weights([1, 0.25, 0.001]).tolist() == [1, 4, 1000]


def test_two_stages_multiply():
    assert two_stage_weights(40, 8, 120, 30).tolist() == 20
    assert two_stage_weights([40, 8], [8, 8], 120, 120).tolist() == [5, 1]


def test_the_base_weights_of_the_reference_survey_come_out():
    columns = sipas_columns()
    names = ("ward_M", "ward_m", "ward_N", "ward_n")
    found = two_stage_weights(*(columns[name].astype(float) for name in names))
    np.testing.assert_allclose(found, columns["w_base"].astype(float), atol=5.1e-7)  # printed with six digits


@given(st.integers(1, 500), st.integers(1, 500), st.integers(1, 500), st.integers(1, 500))
def test_the_weights_of_a_sample_add_up_to_its_population(m, extra_psus, n, extra_units):
    weight = two_stage_weights(m + extra_psus, m, n + extra_units, n)
    assert m * n * weight == pytest.approx((m + extra_psus) * (n + extra_units))
    assert weight == pytest.approx(design_weights([m / (m + extra_psus) * n / (n + extra_units)])[0])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: design_weights([0.0]), "inclusion_probability must lie above 0 and at most at 1; got 0.0"),
        (lambda: design_weights([0.5, 1.5]), "inclusion_probability must lie .* got 1.5"),
        (lambda: design_weights([np.nan]), "inclusion_probability must be finite"),
        (
            lambda: design_weights([0.5, 1e-320]),
            "inclusion_probability must give a finite weight; got 1e-320",
        ),
        (lambda: two_stage_weights(1e200, 1, 1e200, 1), "n_units must give a finite weight; got inf"),
        (lambda: design_weights(np.ma.array([0.5, 1], mask=[0, 1])), "inclusion_probability must be no mask"),
        (lambda: design_weights(0.5), "inclusion_probability must have shape"),
        (lambda: two_stage_weights(0, 1, 1, 1), "n_psus must be finite and at least 1; got 0"),
        (lambda: two_stage_weights(5, 6, 1, 1), "n_psus_sampled must lie between 1 and n_psus; got 6"),
        (lambda: two_stage_weights(5, 5, 9, 0), "n_units_sampled must lie between 1 and n_units; got 0"),
        (lambda: two_stage_weights(5, 5, np.inf, 3), "n_units must be finite"),
    ],
)
def test_impossible_designs_are_refused(call, message):
    with pytest.raises(AnalysisError, match=message):
        call()
