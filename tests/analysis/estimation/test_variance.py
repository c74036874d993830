import math

import numpy as np
import pytest

from analysis import AnalysisError, PsuSums, ratio_variance, tally_counts
from tests.analysis.reference_data import read_rows


def two_strata():
    return tally_counts(
        stratum=[0, 0, 1, 1],
        psu=[1, 2, 3, 4],
        n_respondents=[4, 6, 5, 5],
        n_satisfied=[[4], [3], [5], [3]],
        n_valid=[[4], [6], [5], [5]],
    )


def test_two_strata_of_two_psus_agree_with_paper_and_pencil():
    # R = 15/20; z = (4-3, 3-4.5, 5-3.75, 3-3.75)/20 = (1, -1.5, 1.25, -.75)/20
    # V = 2 (1.25² + 1.25²)/400 + 2 (1² + 1²)/400
    got = ratio_variance(two_strata(), [0, 0])
    assert got.ratio[0, 0] == 0.75
    assert got.variance[0, 0] == pytest.approx((2 * 2 * 1.25**2 + 2 * 2) / 400, rel=1e-14)
    assert got.degrees_of_freedom[0, 0] == 2


def test_respondents_as_psus_give_the_textbook_variance_of_a_proportion():
    sums = tally_counts(np.zeros(30, int), range(30), np.ones(30, int), [[1]] * 27 + [[0]] * 3, [[1]] * 30)
    assert ratio_variance(sums, [0]).variance[0, 0] == pytest.approx(0.9 * 0.1 / 29, rel=1e-13)


def test_a_stratum_in_no_domain_adds_nothing():
    alone = tally_counts([0, 0], [1, 2], [4, 6], [[4], [3]], [[4], [6]])
    got, want = ratio_variance(two_strata(), [0, -1]), ratio_variance(alone, [0])
    np.testing.assert_array_equal(got.variance, want.variance)
    np.testing.assert_array_equal(got.degrees_of_freedom, want.degrees_of_freedom)


def test_a_sampled_psu_without_answers_counts_in_the_variance_but_not_in_the_df():
    silent = two_strata().merge(tally_counts([0], [9], [0], [[0]], [[0]]))
    got = ratio_variance(silent, [0, 0])
    # three PSUs in stratum 0, z = (1, -1.5, 0)/20, mean -1/6
    spread = (7 / 6) ** 2 + (4 / 3) ** 2 + (1 / 6) ** 2
    assert got.variance[0, 0] == pytest.approx((1.5 * spread + 4) / 400, rel=1e-13)
    assert got.degrees_of_freedom[0, 0] == 2


def test_one_psu_in_a_stratum_is_not_estimable_by_default():
    lone = two_strata().merge(tally_counts([2], [9], [3], [[3]], [[3]]))
    got = ratio_variance(lone, [0, 0, 1])
    assert got.variance[0, 0] > 0
    assert got.ratio[1, 0] == 1
    assert math.isnan(got.variance[1, 0])
    assert math.isnan(ratio_variance(lone, [0, 0, 0]).variance[0, 0])


@pytest.mark.parametrize("policy", ["adjust", "certainty"])
def test_a_domain_of_one_psu_has_no_variance_under_any_policy(policy):
    lone = tally_counts([0], [1], [5], [[4]], [[5]])
    assert math.isnan(ratio_variance(lone, [0], lone_psu=policy).variance[0, 0])


def test_a_measure_answered_in_one_psu_only_has_no_variance():
    sums = tally_counts([0, 0], [1, 2], [4, 4], [[2, 2], [3, 0]], [[4, 4], [4, 0]])
    got = ratio_variance(sums, [0])
    assert got.variance[0, 0] > 0
    assert math.isnan(got.variance[0, 1])
    assert got.degrees_of_freedom.tolist() == [[1, 0]]


def test_policy_fail_refuses_a_lone_psu_of_a_domain_and_no_other():
    lone = two_strata().merge(tally_counts([2], [9], [3], [[3]], [[3]]))
    with pytest.raises(AnalysisError, match=r"two PSUs under lone_psu='fail'; got \[2\]"):
        ratio_variance(lone, [0, 0, 0], lone_psu="fail")
    assert ratio_variance(lone, [0, 0, -1], lone_psu="fail").variance[0, 0] > 0


@pytest.mark.parametrize(
    ("domains", "message"),
    [
        ([0], "have a domain for each of 2 strata; got 1"),
        ([0, -2], "hold domains from 0 on, or -1; got -2"),
        ([0.5, 1], "hold whole numbers"),
    ],
)
def test_domains_that_do_not_fit_the_strata_are_refused(domains, message):
    with pytest.raises(AnalysisError, match=message):
        ratio_variance(two_strata(), domains)


def test_an_unknown_policy_is_refused():
    with pytest.raises(AnalysisError, match="lone_psu must be one of"):
        ratio_variance(two_strata(), [0, 0], lone_psu="ignore")


def test_equal_psus_have_no_variance_not_a_rounding_one():
    weight = 0.1 * np.arange(1, 8)
    sums = PsuSums(
        np.zeros(7, int), range(7), np.ones(7, int), np.ones((7, 1), int), weight, weight**2,
        (weight * 0.3)[:, None], weight[:, None],
    )  # fmt: skip
    assert ratio_variance(sums, [0]).variance[0, 0] == 0


def test_no_domain_at_all_gives_empty_tables():
    assert ratio_variance(two_strata(), [-1, -1]).ratio.shape == (0, 1)


def school_sums(variable, unit, design, keep):
    rows = read_rows("api/lonely.csv")
    weight = np.array([float(row["pw"]) for row in rows]) * keep
    numerator, denominator = {
        "api00": ("api00", None),
        "api.stu/enroll": ("api.stu", "enroll"),
    }[variable]
    above = np.array([float(row[numerator]) for row in rows])
    below = unit * np.array([float(row[denominator]) if denominator else 1.0 for row in rows])
    stratum = np.array([["E", "M", "H"].index(row["stype"]) for row in rows])
    local = np.arange(len(rows)) if design == "lonely_element" else [int(row["psu"]) for row in rows]
    ids, place = np.unique(stratum * 1000 + np.array(local), return_inverse=True)

    def add(values):
        return np.bincount(place, values, ids.size)

    answers = add(weight > 0).astype(int)
    home = np.zeros(ids.size, int)
    home[place] = stratum
    return PsuSums(
        home, ids, answers, answers[:, None], add(weight), add(weight**2),
        add(weight * above)[:, None], add(weight * below)[:, None],
    )  # fmt: skip


@pytest.mark.parametrize(
    "row", read_rows("api/expected_lonely.csv"), ids=lambda r: f"{r['case']}-{r['design']}-{r['domain']}"
)
def test_lone_psus_agree_with_r(row):
    unit = 1000.0 if row["variable"] == "api00" else 2.0  # keeps every school's ratio a proportion
    column, _, wanted = row["domain"].partition("==")
    keep = np.array([not column or r[column] == wanted for r in read_rows("api/lonely.csv")])
    sums = school_sums(row["variable"], unit, row["design"], keep)
    got = ratio_variance(sums, [0, 0, 0], lone_psu=row["case"].removeprefix("L_"))
    assert unit * got.ratio[0, 0] == pytest.approx(float(row["estimate"]), rel=1e-8)
    assert unit * math.sqrt(got.variance[0, 0]) == pytest.approx(float(row["se"]), rel=1e-8)
    assert got.degrees_of_freedom[0, 0] == int(row["df"])
