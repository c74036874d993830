"""What the plain intervals have in common: R's rows, refusals, properties."""

import math

import numpy as np
import pytest
from hypothesis import given, strategies as st

from analysis import AnalysisError
from analysis.intervals.beta import clopper_pearson_interval, jeffreys_interval
from analysis.intervals.score import agresti_coull_interval, wilson_interval
from analysis.intervals.student import critical_value
from analysis.intervals.transformed import arcsine_interval, likelihood_interval, logit_interval
from tests.analysis.reference_data import read_rows

PLAIN = [
    agresti_coull_interval,
    arcsine_interval,
    clopper_pearson_interval,
    jeffreys_interval,
    likelihood_interval,
    logit_interval,
    wilson_interval,
]
IN_R = {
    "agresti-coull": agresti_coull_interval,
    "exact": clopper_pearson_interval,
    "jeffreys_bdc": jeffreys_interval,
    "wilson": wilson_interval,
}
ROWS = read_rows("methods/expected_binomial.csv")
PROPORTIONS = st.just(0.0) | st.just(1.0) | st.floats(0, 1)
SIZES = st.floats(0.1, 1e7)
QUANTILES = st.floats(0.01, 12)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: " ".join([row["case"], *list(row.values())[2:5]]))
def test_limits_are_those_of_the_r_package_binom(row):
    quantile = critical_value(int(row["case"][1:]) / 100, math.inf)
    n = int(row["domain"].removeprefix("n="))
    limits = IN_R[row["stat"]](int(row["variable"].removeprefix("x=")) / n, n, quantile)
    # R's own rounding leaves -2e-17 where the limit is 0.
    assert limits == pytest.approx((float(row["ci_low"]), float(row["ci_high"])), rel=1e-8, abs=1e-15)


@pytest.mark.parametrize("interval", PLAIN)
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((1.2, 5, 2), r"proportion must lie in \[0, 1\]; got 1.2"),
        ((math.nan, 5, 2), "proportion must be a number; got nan"),
        ((0.5, 0, 2), "n_effective must be positive and finite; got 0"),
        ((0.5, math.inf, 2), "n_effective must be positive and finite; got inf"),
        ((0.5, 5, -2), "quantile must be positive and finite; got -2"),
        ((0.5, 5, math.inf), "quantile must be positive and finite; got inf"),
    ],
)
def test_numbers_out_of_range_are_refused(interval, arguments, message):
    with pytest.raises(AnalysisError, match=message):
        interval(*arguments)


@pytest.mark.parametrize("interval", PLAIN)
def test_functions_work_on_whole_tables(interval):
    low, high = interval([0.5, 0.9, 1.0], [[30], [60], [90], [500]], 1.96)
    assert low.shape == high.shape == (4, 3)
    assert (np.diff(high - low, axis=0) < 0).all()


@pytest.mark.parametrize("interval", PLAIN)
@given(p=PROPORTIONS, n=SIZES, q=QUANTILES)
def test_the_interval_contains_the_estimate_and_has_width(interval, p, n, q):
    low, high = interval(p, n, q)
    assert low <= p + 1e-15
    assert high >= p - 1e-15
    assert low < high
    if interval is not agresti_coull_interval:
        assert 0 <= low <= p <= high <= 1


@pytest.mark.parametrize("interval", PLAIN)
@given(p=PROPORTIONS, n=SIZES, one=QUANTILES, other=QUANTILES)
def test_a_higher_level_is_not_narrower(interval, p, n, one, other):
    # Beyond 0 and 1, where Agresti and Coull's limits may lie, they need not grow.
    low, high = np.clip(interval(p, n, min(one, other)), 0, 1)
    wide_low, wide_high = np.clip(interval(p, n, max(one, other)), 0, 1)
    assert wide_low <= low + 1e-9
    assert wide_high >= high - 1e-9


@pytest.mark.parametrize("interval", PLAIN)
@given(share=st.integers(0, 1000), n=SIZES, q=QUANTILES)
def test_dissatisfied_is_the_mirror_of_satisfied(interval, share, n, q):
    p = share / 1000
    low, high = interval(p, n, q)
    mirrored_low, mirrored_high = interval(1 - p, n, q)
    assert 1 - mirrored_high == pytest.approx(float(low), abs=1e-8)
    assert 1 - mirrored_low == pytest.approx(float(high), abs=1e-8)
