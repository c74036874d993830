import math

import numpy as np
import pytest
from hypothesis import given, strategies as st

from analysis import AnalysisError, t_interval
from analysis.comparison.compared import ComparedEstimates
from analysis.comparison.target import compare_with_target
from tests.analysis.reference_data import read_rows

NAN = math.nan
ROWS = read_rows("sipas/expected_below_target.csv")
IN_R = {
    "holm": "holm",
    "hochberg": "hochberg",
    "benjamini_hochberg": "BH",
    "benjamini_yekutieli": "BY",
    "bonferroni": "bonferroni",
    "none": "p_below85",
}
OFFICES = ComparedEstimates(*([float(row[column]) for row in ROWS] for column in ("estimate", "se", "df")))


@pytest.mark.parametrize("adjustment", IN_R)
@pytest.mark.parametrize("row", range(len(ROWS)), ids=[row["office"] for row in ROWS])
def test_p_values_below_85_percent_are_those_of_r(adjustment, row):
    found = compare_with_target(OFFICES, 85, adjustment=adjustment)
    assert found.p_below[row] == pytest.approx(float(ROWS[row]["p_below85"]), rel=1e-8)
    assert found.adjusted_below[row] == pytest.approx(float(ROWS[row][IN_R[adjustment]]), rel=1e-8)
    assert found.p_above[row] == pytest.approx(1 - float(ROWS[row]["p_below85"]), rel=1e-6, abs=1e-9)


@pytest.mark.parametrize(
    ("adjustment", "alternative", "below", "above"),
    [
        # of R's adjusted p-values: at most 0.025 each way, or 0.05 in one direction
        ("holm", "both", ["P02-O08", "P03-O02", "P03-O06"], ["P01-O02", "P01-O05", "P01-O06"]),
        ("holm", "below", ["P02-O08", "P03-O02", "P03-O06", "P03-O07"], []),
        ("benjamini_hochberg", "both", ["P02-O08", "P03-O02", "P03-O06", "P03-O07"], None),
    ],
)
def test_verdicts_follow_from_r_p_values(adjustment, alternative, below, above):
    found = compare_with_target(OFFICES, 85, adjustment=adjustment, alternative=alternative)
    named = {
        verdict: [row["office"] for row, got in zip(ROWS, found.verdict, strict=True) if got == verdict]
        for verdict in ("shown_below", "shown_above")
    }
    assert named["shown_below"] == below
    assert above is None or named["shown_above"] == above


def test_a_verdict_by_hand():
    # t = (80 - 85) / 2 = -2.5; R 4.2.2: pt(-2.5, 10) = 0.01572342
    one = ComparedEstimates([80.0], [2.0], 10)
    found = compare_with_target(one, 85)
    assert found.p_below[0] == pytest.approx(0.01572342, rel=1e-6)
    assert (found.verdict, found.threshold) == (("shown_below",), 0.025)
    assert compare_with_target(one, 85, alpha=0.03).verdict == ("not_decided",)
    assert compare_with_target(one, 85, alpha=0.03, alternative="below").verdict == ("shown_below",)
    assert compare_with_target(one, 85, alternative="above").verdict == ("not_decided",)


def test_two_offices_of_one_table_need_more_than_one_office_alone():
    both = compare_with_target(ComparedEstimates([80.0, 80.0], [2.0, 2.0], 10), 85)
    assert both.verdict == ("not_decided", "not_decided")
    assert both.adjusted_below == pytest.approx([2 * 0.01572342] * 2, rel=1e-6)


def test_offices_left_out_get_no_verdict_and_cost_the_others_nothing():
    alone = compare_with_target(ComparedEstimates([80.0], [2.0], 10), 85)
    found = compare_with_target(
        ComparedEstimates([None, 80.0, 100.0, 20.0], [NAN, 2.0, 0.0, 1.0], [10, 10, 10, 0]), 85
    )
    assert found.verdict == ("not_estimable", "shown_below", "not_estimable", "not_estimable")
    assert found.adjusted_below[1] == alone.adjusted_below[0]
    assert np.isnan(found.p_below[[0, 2, 3]]).all()
    assert repr(found) == (
        "TargetComparison(target 85: 1 shown below, 0 shown above, 0 not decided, 3 not estimable)"
    )
    assert compare_with_target(ComparedEstimates([None], [None]), 85).verdict == ("not_estimable",)


def test_a_census_is_decided_by_its_figure():
    offices = ComparedEstimates([84.9, 85.0, 85.1], [0.0, 0.0, 0.0], is_census=True)
    found = compare_with_target(offices, 85)
    assert found.verdict == ("shown_below", "not_decided", "shown_above")


@given(
    st.lists(st.tuples(st.floats(50, 100), st.floats(0.1, 9), st.integers(1, 60)), min_size=1, max_size=9),
    st.sampled_from([0.01, 0.05, 0.1]),
)
def test_an_unadjusted_verdict_says_what_the_interval_shows(offices, alpha):
    estimate, error, freedom = (np.array(column) for column in zip(*offices, strict=True))
    found = compare_with_target(ComparedEstimates(estimate, error, freedom), 85, alpha, "none")
    low, high = t_interval(estimate, error, freedom, level=1 - alpha)
    for verdict, least, most in zip(found.verdict, low, high, strict=True):
        if min(abs(least - 85), abs(most - 85)) > 1e-6:  # not on the border, where rounding decides
            shown = "shown_below" if most < 85 else "shown_above" if least > 85 else "not_decided"
            assert verdict == shown


@given(st.lists(st.tuples(st.floats(50, 100), st.floats(0.1, 9)), min_size=1, max_size=9))
def test_turning_the_scale_round_turns_the_verdicts_round(offices):
    estimate, error = (np.array(column) for column in zip(*offices, strict=True))
    found = compare_with_target(ComparedEstimates(estimate, error, 7), 85)
    mirrored = compare_with_target(ComparedEstimates(-estimate, error, 7), -85)
    assert found.adjusted_below.tolist() == mirrored.adjusted_above.tolist()
    turned = {"shown_below": "shown_above", "shown_above": "shown_below"}
    assert tuple(turned.get(verdict, verdict) for verdict in mirrored.verdict) == found.verdict


@pytest.mark.parametrize("freedom", [5, math.inf])
def test_false_verdicts_stay_below_alpha_over_all_offices_and_both_directions(freedom):
    """Thirty offices exactly on target: any verdict is false. 0.05 and 3 standard errors of simulation."""
    random, n_tables, n_offices = np.random.default_rng(20251122), 1500, 30
    n_false = 0
    for _ in range(n_tables):
        error = np.ones(n_offices)
        if math.isfinite(freedom):
            error = np.sqrt(random.chisquare(freedom, n_offices) / freedom)
        offices = ComparedEstimates(85 + random.standard_normal(n_offices), error, freedom)
        n_false += set(compare_with_target(offices, 85).verdict) != {"not_decided"}
    assert n_false / n_tables <= 0.05 + 3 * math.sqrt(0.05 * 0.95 / n_tables)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"target": NAN}, "target must be finite; got nan"),
        ({"alpha": 0}, "alpha must lie between 0 and 1; got 0"),
        ({"alpha": 5}, "alpha must lie between 0 and 1; got 5"),
        ({"adjustment": "fdr"}, "method must be one of .*; got 'fdr'"),
        ({"alternative": "less"}, "alternative must be one of above, below, both; got 'less'"),
    ],
)
def test_arguments_out_of_range_are_refused(arguments, message):
    with pytest.raises(AnalysisError, match=message):
        compare_with_target(OFFICES, **{"target": 85, **arguments})
