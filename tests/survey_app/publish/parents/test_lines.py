"""One office's digits: what the page writes and what the file writes are the same number."""

import pytest
from flask import Flask
from hypothesis import HealthCheck, assume, given, settings, strategies

from survey_app.publish.parents.lines import Found, Index, Line, Moved

shares = strategies.floats(0, 1)
# Numbers that end in 5 beyond the last digit: where ways of rounding part.
halves = strategies.integers(0, 2000).map(lambda number: number / 2000)


def line_of(low, value, high, *, verdict="not_decided", target=0.85, change=None):
    figure = Index(value, low, high, 40, 40, 400, None)
    found = Found(target, "holm", verdict, None, None, None, None)
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


@pytest.mark.parametrize(
    ("value", "verdict", "target", "written"),
    [
        (0.7005, "above", 0.70, "70.05"),  # rounds to 70.0, although round() makes 0.701 of it
        (0.6495, "below", 0.65, "64.95"),  # rounds to 65.0
    ],
)
def test_a_half_is_rounded_for_the_verdict_as_it_is_written(
    value: float, verdict: str, target: float, written: str
) -> None:
    line = line_of(0.6, value, 0.8, verdict=verdict, target=target)
    assert line.cells()["satisfied_percent"] == written


@pytest.mark.parametrize("verdict", ["above", "below"])
@given(value=halves, target=strategies.integers(1, 999).map(lambda number: number / 1000))
def test_no_digits_contradict_the_verdict(verdict: str, value: float, target: float) -> None:
    assume(value > target if verdict == "above" else value < target)
    cells = line_of(0.0, value, 1.0, verdict=verdict, target=target).cells()
    written, wanted = float(str(cells["satisfied_percent"])), float(str(cells["target_percent"]))
    assert written > wanted if verdict == "above" else written < wanted


def test_without_a_figure_nothing_is_said() -> None:
    line = Line(1, "X1", "Xã Mẫu", "commune_section", None, None)
    assert line.state == "none"
    assert {value for name, value in line.cells().items() if name != "state"} == {None}
