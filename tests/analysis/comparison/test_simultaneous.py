import math

import numpy as np
import pytest
from hypothesis import given, strategies as st

from analysis import AnalysisError, t_interval
from analysis.comparison.compared import ComparedEstimates
from analysis.comparison.simultaneous import simultaneous_intervals
from tests.analysis.reference_data import read_rows

ROWS = read_rows("sipas/expected_simultaneous_and_ranks.csv")
OFFICES = ComparedEstimates(
    *(
        [float(row[column]) for row in read_rows("sipas/expected_below_target.csv")]
        for column in ("estimate", "se", "df")
    )
)


@pytest.mark.parametrize(("method", "in_r"), [("bonferroni", "bonf"), ("sidak", "sidak")])
@pytest.mark.parametrize("row", range(len(ROWS)), ids=[row["office"] for row in ROWS])
def test_limits_of_thirty_offices_are_those_of_r(method, in_r, row):
    found = simultaneous_intervals(OFFICES, 0.95, method)
    assert found.low[row] == pytest.approx(float(ROWS[row][f"{in_r}_low"]), rel=1e-8)
    assert found.high[row] == pytest.approx(float(ROWS[row][f"{in_r}_high"]), rel=1e-8)
    assert (found.level, found.method) == (0.95, method)


def test_normal_limits_of_two_offices_by_hand():
    # Bonferroni at 0.90 for two: each at 0.95, z = 1.959964
    found = simultaneous_intervals(ComparedEstimates([10.0, 20.0], [1.0, 2.0]), 0.9, "bonferroni")
    assert found.low == pytest.approx([8.040036, 16.080072], abs=1e-6)
    assert found.high == pytest.approx([11.959964, 23.919928], abs=1e-6)


def test_one_office_alone_has_its_ordinary_interval():
    low, high = t_interval([80.0], [2.0], [7])
    for method in ("sidak", "bonferroni"):
        found = simultaneous_intervals(ComparedEstimates([80.0], [2.0], 7), 0.95, method)
        assert (found.low, found.high) == (pytest.approx(low, rel=1e-9), pytest.approx(high, rel=1e-9))


def test_offices_left_out_do_not_widen_the_others():
    found = simultaneous_intervals(ComparedEstimates([80.0, None, 100.0], [2.0, None, 0.0], [7, 7, 7]))
    alone = simultaneous_intervals(ComparedEstimates([80.0], [2.0], 7))
    assert found.low[0] == alone.low[0]
    assert np.isnan(found.low[1:]).all()
    assert np.isnan(found.high[1:]).all()
    assert np.isnan(simultaneous_intervals(ComparedEstimates([None], [None])).low).all()


def test_a_census_has_no_width():
    found = simultaneous_intervals(ComparedEstimates([80.0, 90.0], [0.0, 1.0], [0, 9], is_census=True))
    assert found.low[0] == found.high[0] == 80.0
    assert found.low[1] < 90 < found.high[1]


@given(
    st.lists(st.tuples(st.floats(0, 100), st.floats(0.1, 9), st.integers(1, 60)), min_size=1, max_size=9),
    st.floats(0.5, 0.99),
)
def test_sidak_lies_within_bonferroni_and_more_level_is_wider(offices, level):
    compared = ComparedEstimates(*zip(*offices, strict=True))
    inner, outer = (simultaneous_intervals(compared, level, name) for name in ("sidak", "bonferroni"))
    wider = simultaneous_intervals(compared, (1 + level) / 2, "sidak")
    slack = 1e-9 * (outer.high - outer.low)
    assert np.all(outer.low <= inner.low + slack)
    assert np.all(inner.high <= outer.high + slack)
    assert np.all(wider.low < inner.low)
    assert np.all(inner.low < compared.estimate)


def test_all_thirty_hold_together_at_their_level():
    random, n_tables = np.random.default_rng(20251122), 2000
    freedom = np.resize([3, 6, 9, 40], 30)
    held = 0
    for _ in range(n_tables):
        error = np.sqrt(random.chisquare(freedom) / freedom)
        found = simultaneous_intervals(ComparedEstimates(random.standard_normal(30), error, freedom))
        held += bool(np.all((found.low <= 0) & (found.high >= 0)))
    assert abs(held / n_tables - 0.95) <= 3 * math.sqrt(0.95 * 0.05 / n_tables)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"level": 95}, "level must lie between 0 and 1; got 95"),
        ({"level": math.nan}, "level must lie between 0 and 1; got nan"),
        ({"method": "tukey"}, "method must be one of bonferroni, sidak; got 'tukey'"),
    ],
)
def test_arguments_out_of_range_are_refused(arguments, message):
    with pytest.raises(AnalysisError, match=message):
        simultaneous_intervals(OFFICES, **arguments)
