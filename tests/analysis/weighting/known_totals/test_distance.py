import numpy as np
import pytest
from hypothesis import given, strategies as st

from analysis.weighting.known_totals.distance import CURVES

BOUNDS = {
    "linear": (-np.inf, np.inf),
    "raking": (-np.inf, np.inf),
    "logit": (0.4, 2.5),
    "truncated_linear": (0.4, 2.5),
}


@pytest.mark.parametrize("name", CURVES)
def test_every_ratio_starts_at_one_with_slope_one(name):
    _, ratio, slope = CURVES[name](np.zeros(1), *BOUNDS[name])
    assert [ratio[0], slope[0]] == pytest.approx([1, 1], rel=1e-14)


@pytest.mark.parametrize("name", CURVES)
@given(u=st.floats(-3, 3))
def test_ratio_and_slope_are_derivatives(name, u):
    step = 1e-5
    low, middle, high = (np.array([u + shift]) for shift in (-step, 0, step))
    integral = [CURVES[name](score, *BOUNDS[name])[0][0] for score in (low, high)]
    _, ratio, slope = CURVES[name](middle, *BOUNDS[name])
    assert (integral[1] - integral[0]) / (2 * step) == pytest.approx(ratio[0], rel=1e-4, abs=1e-5)
    kink = name == "truncated_linear" and min(abs(u + 0.6), abs(u - 1.5)) < 2 * step
    if not kink:
        ratios = [CURVES[name](score, *BOUNDS[name])[1][0] for score in (low, high)]
        assert (ratios[1] - ratios[0]) / (2 * step) == pytest.approx(slope[0], rel=1e-4, abs=1e-5)


def test_logit_is_the_formula_of_deville_and_sarndal():
    low, high = BOUNDS["logit"]
    u = np.linspace(-4, 4, 33)
    a = (high - low) / ((1 - low) * (high - 1))
    grown = np.exp(a * u)
    wanted = (low * (high - 1) + high * (1 - low) * grown) / ((high - 1) + (1 - low) * grown)
    np.testing.assert_allclose(CURVES["logit"](u, low, high)[1], wanted, rtol=1e-13)


def test_far_scores_stay_at_the_bounds():
    for name in ("logit", "truncated_linear"):
        ratio = CURVES[name](np.array([-1e6, 1e6]), *BOUNDS[name])[1]
        assert ratio.tolist() == [0.4, 2.5]
