import numpy as np
import pytest
from hypothesis import assume, given, strategies as st

from analysis.design import DesignTable, SurveyDesign
from analysis.domains import Domains
from analysis.errors import AnalysisError
from analysis.estimation.index import index_of_sums, satisfaction_index
from analysis.ratings import Ratings
from analysis.sums.tally import tally_counts, tally_responses
from tests.analysis.reference_data import (
    FACTORS,
    ITEMS,
    MEASURES,
    office_design,
    office_index,
    office_ratings,
    sipas_columns,
)
from tests.analysis.strategies import FEW, assert_same_estimates, samples

# Satisfied / valid: 2/2, 1/1, 0/2, 2/2 per person; item 1: 3/4, item 2: 2/3
RATINGS = Ratings.from_codes({"q1": [5, 4, 2, 4], "q2": [4, 9, 3, 5]})
DESIGN = SurveyDesign([1.0, 1.0, 1.0, 1.0])
RULES = ["pooled", "mean_score", "item_mean"]


@pytest.mark.parametrize(
    ("rule", "value", "variance"),
    [
        # (2, 1, 0, 2) / (2, 1, 2, 2): u = (4, 2, -10, 4)/49, 4/3 · 136/49²
        ("pooled", 5 / 7, 4 / 3 * 136 / 49**2),
        # scores 1, 1, 0, 1: u = (1, 1, -3, 1)/16
        ("mean_score", 3 / 4, 4 / 3 * 12 / 256),
        # item 1: (1, 1, -3, 1)/16; item 2: (1, 0, -2, 1)/9; u half of their sum = (25, 9, -59, 25)/288
        ("item_mean", 17 / 24, 4 / 3 * (25**2 + 9**2 + 59**2 + 25**2) / 288**2),
    ],
)
def test_the_three_rules_agree_with_paper_and_pencil(rule, value, variance):
    estimate = satisfaction_index(DESIGN, RATINGS, rule=rule)[0, "all"]
    assert estimate.value == pytest.approx(value, rel=1e-14)
    assert estimate.standard_error**2 == pytest.approx(variance, rel=1e-12)
    assert (estimate.n_respondents, estimate.degrees_of_freedom, estimate.kind) == (4, 3, "proportion")


@pytest.mark.parametrize(
    ("rule", "answers", "complete"), [("pooled", 7, 3.5), ("mean_score", 4, 4), ("item_mean", 7, 3.5)]
)
def test_answers_count_as_many_respondents_as_would_have_given_them(rule, answers, complete):
    estimate = satisfaction_index(DESIGN, RATINGS, rule=rule)[0, "all"]
    assert (estimate.n_answers, estimate.n_complete) == (answers, complete)


def test_measures_are_all_then_factors_then_items():
    found = satisfaction_index(DESIGN, RATINGS, factors={"f": ["q2"]}, per_item=True)
    assert [name for _, name, _ in found] == ["all", "f", "q1", "q2"]
    assert found[0, "f"].value == found[0, "q2"].value == 2 / 3


def test_a_respondent_without_a_valid_answer_is_outside_of_the_mean_score():
    silent = Ratings.from_codes({"q1": [5, 2, 9], "q2": [4, 4, 9]})
    estimate = satisfaction_index(SurveyDesign([1.0] * 3), silent, rule="mean_score")[0, "all"]
    assert (estimate.value, estimate.n_respondents, estimate.degrees_of_freedom) == (0.75, 2, 1)


@pytest.mark.parametrize("rule", RULES)
def test_an_index_that_nobody_answered_is_a_state(rule):
    silent = Ratings.from_codes({"q1": [9, 9], "q2": [9, float("nan")]})
    found = satisfaction_index(SurveyDesign([1.0] * 2), silent, rule=rule, per_item=True)
    assert [estimate.reason for *_, estimate in found] == ["no_answers"] * 3


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"rule": "median"}, "rule must be one of item_mean, mean_score, pooled"),
        ({"ratings": Ratings.from_codes({"q1": [5]})}, "ratings must have 4 rows; got 1"),
        ({"factors": {"f": ["q3"]}}, r"items must be among q1, q2, each once; got \['q3'\]"),
        ({"factors": {"f": []}}, "items must be among q1, q2, each once"),
        ({"factors": {"all": ["q1"]}}, "factors must have names of their own"),
        ({"factors": {"q1": ["q1"]}, "per_item": True}, "factors must have names of their own"),
        ({"by": {"office": ["A"]}}, r"office must have shape \(4,\)"),
        ({"df": "none"}, "df must be one of domain, full"),
    ],
)
def test_an_index_that_cannot_be_is_refused(change, message):
    with pytest.raises(AnalysisError, match=message):
        satisfaction_index(**({"design": DESIGN, "ratings": RATINGS} | change))


# ---- from sums

SUMS = tally_counts([0, 1, 2], [9, 9, 9], [[9, 8], [7, 6], [9, 9]], [[9, 9], [8, 9], [9, 9]])
OFFICE = {"sums": SUMS, "table": DesignTable([0, 0, 0]), "domains": Domains.crossing(None, 3)}


@pytest.mark.parametrize(("rule", "value"), [("pooled", 48 / 53), ("item_mean", (25 / 26 + 23 / 27) / 2)])
def test_an_index_of_sums_agrees_with_paper_and_pencil(rule, value):
    found = index_of_sums(**OFFICE, measures={"all": [0, 1], "q1": [0]}, rule=rule)
    assert found[0, "all"].value == pytest.approx(value, rel=1e-14)
    assert found[0, "q1"].value == 25 / 26
    assert (found[0, "all"].n_answers, found[0, "q1"].n_answers) == (53, 26)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"rule": "mean_score"}, "rule must be one of item_mean, pooled; got 'mean_score'"),
        ({"measures": {}}, "must"),
        ({"measures": {"all": []}}, "must"),
        ({"measures": {"all": [2]}}, "must"),
        ({"measures": {"all": [0, 0]}}, "must"),
        ({"measures": {"all": [-1]}}, "must"),
    ],
)
@pytest.mark.parametrize("rule", ["pooled", "item_mean"])
def test_an_index_of_unknown_items_is_refused(rule, change, message):
    with pytest.raises(AnalysisError, match=message):
        index_of_sums(**({**OFFICE, "measures": {"all": [0]}, "rule": rule} | change))


@pytest.mark.parametrize("rule", ["pooled", "item_mean"])
def test_sums_of_the_offices_give_what_their_respondents_give(rule):
    design, ratings = office_design("wr"), office_ratings()
    offices, code = np.unique(sipas_columns()["office"], return_inverse=True)
    sums = tally_responses(design, ratings.satisfied * 1, ratings.valid * 1).condense()
    home = np.zeros(design.table.stratum.size, dtype=int)
    home[design.psu_code] = code
    domains = Domains(home[sums.psu], tuple({"office": str(name)} for name in offices))
    found = index_of_sums(sums, design.table, domains, MEASURES, rule=rule)
    assert_same_estimates(found, office_index("wr", rule, "office", "domain"))


def test_the_names_of_the_reference_measures_are_those_of_the_index():
    assert list(MEASURES) == ["all", *FACTORS, *ITEMS]


# ---- properties


@FEW
@given(samples(), st.sampled_from([0, 1, 2]))
def test_the_mean_of_items_is_the_pooled_index_where_everybody_answered_everything(sample, n_stages):
    answers = np.where(np.isin(sample.answers, [1, 2, 3, 4, 5]), sample.answers, 3.0)
    ratings = Ratings.from_codes({f"q{j}": column for j, column in enumerate(answers.T)})
    design, by = sample.design(n_stages, lone_psu="adjust"), {"sex": sample.sex}
    pooled, *others = (satisfaction_index(design, ratings, rule=rule, by=by) for rule in RULES)
    for other in others:
        np.testing.assert_allclose(other.value, pooled.value, rtol=1e-12, atol=1e-12)
        np.testing.assert_allclose(other.standard_error, pooled.standard_error, rtol=1e-9, atol=1e-9)


@FEW
@given(samples(n_items=1), st.sampled_from([0, 1, 2]))
def test_the_rules_agree_for_one_item(sample, n_stages):
    design, by = sample.design(n_stages), {"sex": sample.sex}
    pooled, *others = (satisfaction_index(design, sample.ratings(), rule=rule, by=by) for rule in RULES)
    for other in others:
        assert_same_estimates(other, pooled)


@FEW
@given(samples())
def test_the_pooled_index_lies_between_its_items(sample):
    assume(sample.ratings().valid[sample.weight > 0].any())
    found = satisfaction_index(sample.design(), sample.ratings(), per_item=True)
    items = found.value[0, 1:]
    assert np.nanmin(items) - 1e-12 <= found.value[0, 0] <= np.nanmax(items) + 1e-12
