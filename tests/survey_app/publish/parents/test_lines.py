"""One office's digits: what the page writes and what the file writes are the same number."""

import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings, strategies

from survey_app.publish.parents.lines import Found, Index, Line, Moved

shares = strategies.floats(0, 1)
# Numbers that end in 5 beyond the last digit: where ways of rounding part.
halves = strategies.integers(0, 2000).map(lambda number: number / 2000)


def line_of(low, value, high, *, verdict="not_decided", change=None):
    figure = Index(value, low, high, 40, 40, 400, None)
    found = Found(0.85, "holm", verdict, None, None, None, None)
    return Line(1, "X1", "Xã Mẫu", "commune_section", figure, found, change)


def with_point(text):
    return text.replace("%", "").replace(",", ".").replace("\N{MINUS SIGN}", "-").replace("+", "")


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=300)
@given(
    ends=strategies.tuples(*[shares | halves] * 3).map(sorted),
    verdict=strategies.sampled_from(["above", "below", ""]),
)
def test_page_and_file_round_alike(app: Flask, ends: list[float], verdict: str) -> None:
    line = line_of(*ends, verdict=verdict)
    cells = line.cells()
    with app.test_request_context():
        assert with_point(line.value) == cells["satisfied_percent"]
        assert with_point(line.range).split("–") == [cells["low_percent"], cells["high_percent"]]


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=300)
@given(ends=strategies.tuples(*[strategies.floats(-1, 1) | halves.map(lambda one: -one)] * 3).map(sorted))
def test_page_and_file_round_changes_alike(app: Flask, ends: list[float]) -> None:
    low, value, high = ends
    change = Moved(value, low, high)
    line = line_of(0.8, 0.84, 0.88, change=change)
    cells = line.cells()
    with app.test_request_context():
        assert line.moved is not None
        said = [with_point(text) for text in line.moved]
    assert said == [cells["change_points"], cells["change_low"], cells["change_high"]]


@pytest.mark.parametrize(
    ("value", "verdict", "written"),
    [
        (0.8503, "above", "85.03"),
        (0.8497, "below", "84.97"),
        (0.8503, "not_decided", "85.0"),
        (0.8612, "above", "86.1"),
    ],
)
def test_one_more_digit_where_rounding_would_contradict_the_verdict(
    value: float, verdict: str, written: str
) -> None:
    assert line_of(0.8, value, 0.9, verdict=verdict).cells()["satisfied_percent"] == written


def test_without_a_figure_nothing_is_said() -> None:
    line = Line(1, "X1", "Xã Mẫu", "commune_section", None, None)
    assert line.state == "none"
    assert {value for name, value in line.cells().items() if name != "state"} == {None}
