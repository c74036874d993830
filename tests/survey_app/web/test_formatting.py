"""Figures, dates and ranges as Vietnamese and English readers write them."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, date, datetime

import pytest
from flask import Flask, render_template_string

from survey_app.web.formatting import (
    count_text,
    day_text,
    hundredths,
    month_text,
    percent_text,
    range_text,
    target_text,
    time_text,
)

pytestmark = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
Speak = Callable[[str], None]


@pytest.fixture
def speak(app: Flask) -> Iterator[Speak]:
    """Give `speak("en")`: what follows is written in that language."""
    with ExitStack() as contexts:

        def change(language: str) -> None:
            contexts.close()
            contexts.enter_context(app.test_request_context(f"/?lang={language}"))

        yield change


@pytest.mark.parametrize(
    ("number", "vietnamese", "english"),
    [(0, "0", "0"), (999, "999", "999"), (2604, "2.604", "2,604"), (12345678, "12.345.678", "12,345,678")],
)
def test_counts(speak: Speak, number: int, vietnamese: str, english: str) -> None:
    speak("vi")
    assert count_text(number) == vietnamese
    speak("en")
    assert count_text(number) == english


@pytest.mark.parametrize(
    ("proportion", "digits", "vietnamese", "english"),
    [
        (0.842, 1, "84,2%", "84.2%"),
        (0.8, 1, "80,0%", "80.0%"),
        (1.0, 1, "100,0%", "100.0%"),
        (0.0, 1, "0,0%", "0.0%"),
        (0.84251, 2, "84,25%", "84.25%"),
        (225.0, 2, "22.500,00%", "22,500.00%"),
        (-0.031, 1, "\N{MINUS SIGN}3,1%", "\N{MINUS SIGN}3.1%"),
    ],
)
def test_percentages(speak: Speak, proportion: float, digits: int, vietnamese: str, english: str) -> None:
    speak("vi")
    assert percent_text(proportion, digits) == vietnamese
    speak("en")
    assert percent_text(proportion, digits) == english


def test_range_has_an_en_dash_and_one_sign(speak: Speak) -> None:
    speak("vi")
    assert range_text(0.81, 0.871) == "81,0–87,1%"
    speak("en")
    assert range_text(0.81, 0.871) == "81.0–87.1%"


def test_hundredths_have_no_sign(speak: Speak) -> None:
    speak("vi")
    assert hundredths(0.842) == "84,2"


@pytest.mark.parametrize("proportion", [0.0, -0.0, -1e-9, -0.0004, -0.0005])
def test_what_rounds_to_nothing_has_no_sign(speak: Speak, proportion: float) -> None:
    speak("vi")
    assert hundredths(proportion) == "0,0"
    assert range_text(proportion, 0.1) == "0,0–10,0%"


@pytest.mark.parametrize(("target", "written"), [(0.85, "85%"), (0.875, "87,5%"), (0.57, "57%")])
def test_targets_have_a_decimal_where_they_need_one(speak: Speak, target: float, written: str) -> None:
    speak("vi")
    assert target_text(target) == written


def test_days(speak: Speak) -> None:
    speak("vi")
    assert day_text(date(2026, 2, 5)) == "05/02/2026"
    speak("en")
    assert day_text(date(2026, 2, 5)) == "5 February 2026"


def test_months(speak: Speak) -> None:
    speak("vi")
    assert month_text(date(2026, 2, 5)) == "tháng 02/2026"
    speak("en")
    assert month_text(date(2026, 2, 5)) == "February 2026"


def test_times_are_those_of_a_vietnamese_clock(speak: Speak) -> None:
    late = datetime(2026, 2, 4, 20, 30, tzinfo=UTC)
    speak("vi")
    assert time_text(late) == "05/02/2026 03:30"
    speak("en")
    assert time_text(late) == "5 February 2026 03:30"


def test_templates_write_the_same(speak: Speak) -> None:
    speak("vi")
    template = (
        "{{ day | day }} {{ n | count }} {{ value | percent }} {{ range_text(0.1, 0.2) }} {{ day | month }}"
    )
    written = render_template_string(template, day=date(2026, 2, 5), n=2604, value=0.842)
    assert written == "05/02/2026 2.604 84,2% 10,0–20,0% tháng 02/2026"
