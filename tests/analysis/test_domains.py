import datetime

import numpy as np
import pytest

from analysis.domains import Domains
from analysis.errors import AnalysisError


def test_columns_cross_into_the_domains_that_occur_in_order_the_first_slowest():
    domains = Domains.crossing({"office": ["B", "A", "A", "A"], "year": [2026, 2026, 2025, 2026]}, 4)
    assert domains.labels == (
        {"office": "A", "year": 2025},
        {"office": "A", "year": 2026},
        {"office": "B", "year": 2026},
    )
    assert domains.code.tolist() == [2, 1, 0, 1]
    assert len(domains) == 3
    assert repr(domains) == "Domains(3 domains of 4 rows)"


@pytest.mark.parametrize("by", [None, {}])
def test_no_column_gives_the_whole(by):
    domains = Domains.crossing(by, 3)
    assert domains.labels == ({},)
    assert domains.code.tolist() == [0, 0, 0]


def test_no_row_has_the_whole_as_a_domain_and_none_by_a_column():
    assert len(Domains.crossing(None, 0)) == 1
    assert len(Domains.crossing({"office": []}, 0)) == 0


def test_labels_are_plain_python_values_for_json():
    columns = {"year": np.array([2025, 2026]), "open": np.array([True, False]), "field": np.array(["a", "b"])}
    (first, _) = Domains.crossing(columns, 2).labels
    assert [type(value) for value in first.values()] == [int, bool, str]


def test_composed_and_decomposed_vietnamese_labels_are_one_domain():
    assert len(Domains.crossing({"city": ["Huế", "Huê\N{COMBINING ACUTE ACCENT}"]}, 2)) == 1


@pytest.mark.parametrize(
    ("column", "message"),
    [
        ([1.0, float("nan")], "office must not be NaN; got nan"),
        (["a", None], "office must"),
        (["a", float("nan")], "office must"),
        (np.array(["a", float("nan")], dtype=object), "office must"),
        (["a"], r"office must have shape \(2,\); got \(1,\)"),
        ([["a", "b"]], r"office must have shape \(2,\); got \(1, 2\)"),
        (np.array([datetime.date(2025, 1, 1)] * 2, dtype="M8[D]"), "office must"),
    ],
)
def test_labels_that_tell_no_domain_are_refused(column, message):
    with pytest.raises(AnalysisError, match=message):
        Domains.crossing({"office": column}, 2)


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ([0, 1], "code must lie between -1 and 0; got 1"),
        ([-2, 0], "code must lie between -1 and 0; got -2"),
        ([0.5], "code must hold whole numbers"),
    ],
)
def test_codes_without_a_label_are_refused(code, message):
    with pytest.raises(AnalysisError, match=message):
        Domains(code, ({},))


def test_two_domains_of_the_same_labels_are_refused():
    with pytest.raises(AnalysisError, match="labels must"):
        Domains([0, 1], ({"office": "A"}, {"office": "A"}))


def test_codes_are_read_only():
    with pytest.raises(ValueError, match="read-only"):
        Domains.crossing(None, 2).code[0] = 1
