import json
import unicodedata

import numpy as np
import pytest
from hypothesis import given, strategies as st

from analysis.design import SurveyDesign
from analysis.errors import AnalysisError
from analysis.estimation.index import satisfaction_index
from analysis.estimation.statistics import mean, proportion
from analysis.intervals.survey import DEFAULT_METHOD
from tests.analysis.strategies import FEW, samples

OFFICE = ["A", "A", "B", "B", "C", "C"]
DESIGN = SurveyDesign([1.0, 2.0, 1.0, 1.0, 1.0, 2.0], stratum=OFFICE, psu=[1, 2, 3, 4, 5, 6])
MINUTES = {"wait": [10.0, 20.0, 30.0, 50.0, 7.0, np.nan], "travel": [5.0, 6.0, 9.0, 1.0, 2.0, 3.0]}


def minutes():
    return mean(DESIGN, MINUTES, by={"office": OFFICE})


def test_an_estimate_is_found_by_place_or_by_labels():
    found = minutes()
    assert found[1, "wait"].value == found[{"office": "B"}, "wait"].value == 40.0
    assert found[np.int64(1), "wait"].value == 40.0
    assert len(found) == 6
    assert repr(found) == "Estimates(3 domains, 2 measures)"


def test_labels_are_found_in_either_unicode_form():
    city = ["Huế", "Huế", "Hà Nội"] * 2
    found = proportion(SurveyDesign([1.0] * 6), {"q": [1, 0, 1, 1, 0, 1]}, by={"city": city})
    for form in ("NFC", "NFD"):
        assert found[{"city": unicodedata.normalize(form, "Huế")}, "q"].value == 0.5


@pytest.mark.parametrize(
    ("key", "message"),
    [
        ((3, "wait"), "domain must lie between 0 and 2; got 3"),
        ((-1, "wait"), "domain must lie between 0 and 2; got -1"),
        (({"office": "Z"}, "wait"), r"domain must be one of the estimated domains; got \{'office': 'Z'\}"),
        (({}, "wait"), "domain must be one of the estimated domains"),
        ((0, "price"), "measure must be one of travel, wait; got 'price'"),
    ],
)
def test_an_unknown_domain_or_measure_is_refused(key, message):
    with pytest.raises(AnalysisError, match=message):
        minutes()[key]


def test_iterating_gives_domain_measure_and_estimate():
    cells = [(domain["office"], name) for domain, name, _ in minutes()]
    assert cells == [(office, name) for office in "ABC" for name in ("wait", "travel")]


def test_each_impossible_cell_has_its_own_reason():
    score = {"q": [1.0, 0.0, 1.0, 1.0, np.nan, np.nan]}
    weight = [1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 0.0]
    design = SurveyDesign(weight, ["A", "A", "B", "B", "C", "C", "D"], psu=[1, 2, 3, 3, 5, 6, 7])
    office = {"office": ["A", "A", "B", "B", "C", "C", "D"]}
    found = proportion(design, {"q": [*score["q"], 1.0]}, by=office)
    reasons = {domain["office"]: estimate.reason for domain, _, estimate in found}
    assert reasons == {"A": None, "B": "single_psu", "C": "no_answers", "D": "no_respondents"}
    assert found[{"office": "B"}, "q"].value == 1.0
    assert found[{"office": "C"}, "q"].value is None


def test_a_mean_without_spread_is_not_estimable_but_a_proportion_is():
    equal = {"q": [1, 1, 1]}
    design = SurveyDesign([1.0, 2.0, 3.0])
    assert mean(design, equal)[0, "q"].reason == "no_spread"
    assert mean(design, equal)[0, "q"].standard_error == 0
    assert proportion(design, equal)[0, "q"].confidence_interval().low < 0.9


def test_rows_for_json_hold_the_limits_of_the_method():
    found = proportion(DESIGN, {"q": [1, 0, 1, 1, 0, 1]})
    (row,) = found.to_dict()
    interval = found[0, "q"].confidence_interval()
    assert (row["measure"], row["domain"]) == ("q", {})
    assert (row["low"], row["high"]) == (interval.low, interval.high)
    assert interval.method == DEFAULT_METHOD
    (student,) = found.to_dict(level=0.9, method="t")
    wanted = found[0, "q"].confidence_interval(0.9, "t")
    assert (student["low"], student["high"]) == (wanted.low, wanted.high)


def test_a_frame_has_a_column_per_domain_variable_and_nulls_where_there_is_no_figure():
    frame = minutes().to_frame()
    assert frame.columns[:3] == ["measure", "office", "value"]
    assert frame["office"].to_list() == ["A", "A", "B", "B", "C", "C"]
    assert frame["low"].null_count() == 1  # the wait in office C, where one answered
    assert not frame["value"].is_nan().any()


def test_a_domain_variable_named_like_a_column_of_the_frame_is_refused_not_lost():
    with pytest.raises(AnalysisError, match="value"):
        mean(DESIGN, MINUTES, by={"value": OFFICE}).to_frame()


def test_each_row_for_json_has_the_same_columns():
    assert minutes().to_dict()[0].keys() == minutes().to_dict()[-1].keys() == {
        "measure", "domain", "value", "standard_error", "degrees_of_freedom", "low", "high", "n_respondents",
        "design_effect", "note",
    }  # fmt: skip


def test_covariances_join_domains_and_measures():
    found = minutes()
    keys = [({"office": "A"}, "wait"), ({"office": "A"}, "travel"), (1, "wait")]
    matrix = found.covariance(keys)
    np.testing.assert_allclose(np.diag(matrix), [found.variance[found.place(*key)] for key in keys])
    assert matrix[0, 2] == matrix[1, 2] == 0  # offices are drawn independently
    assert matrix[0, 1] != 0


def test_an_office_that_is_not_estimable_takes_no_other_its_covariance():
    design = SurveyDesign([1.0] * 5, stratum=["A", "A", "B", "B", "C"])
    found = mean(design, {"y": [1.0, 2, 3, 5, 4]}, by={"office": ["A", "A", "B", "B", "C"]})
    matrix = found.covariance([(0, "y"), (1, "y")])
    np.testing.assert_allclose(np.diag(matrix), found.variance[:2, 0])


def test_the_influence_is_0_outside_of_the_domain():
    influence = minutes().influence({"office": "A"}, "wait")
    # R = 50/3; (10 - 50/3)/3 and 2 (20 - 50/3)/3
    np.testing.assert_allclose(influence, [-20 / 9, 20 / 9, 0, 0, 0, 0], atol=1e-15)


@FEW
@given(samples(), st.sampled_from([0, 1, 2]), st.sampled_from(["pooled", "mean_score", "item_mean"]))
def test_every_cell_has_a_usable_interval_or_a_reason_and_json_knows_no_nan(sample, n_stages, rule):
    by = {"office": sample.office, "sex": sample.sex}
    found = satisfaction_index(sample.design(n_stages), sample.ratings(), rule=rule, per_item=True, by=by)
    for row, (_, _, estimate) in zip(found.to_dict(), found, strict=True):
        json.dumps({**row, **estimate.to_dict()}, allow_nan=False)
        interval = estimate.confidence_interval()
        assert (interval is None) == (estimate.reason is not None) == (row["low"] is None)
        if interval is not None:
            assert 0 <= interval.low <= estimate.value <= interval.high <= 1
            assert (interval.low < interval.high) != estimate.is_census
            assert 0 < estimate.effective_sample_size <= estimate.n_answers * (1 + 1e-9)
