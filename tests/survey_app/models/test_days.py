"""Days and months as people type them."""

from datetime import date, timedelta

import pytest

from survey_app.models.days import FIRST_DAY, LAST_DAY, month_after, month_before, read_day, read_month


@pytest.mark.parametrize("text", ["2025-07-01", "01/07/2025", "1/7/2025", " 1/07/2025 "])
def test_a_day_is_read_as_people_and_spreadsheets_write_it(text):
    assert read_day(text) == date(2025, 7, 1)


@pytest.mark.parametrize("text", ["2025-07", "07/2025", "7/2025", "2025-7", "2025-07-01", "1/07/2025"])
def test_a_month_is_its_first_day(text):
    assert read_month(text) == date(2025, 7, 1)


@pytest.mark.parametrize(
    "text",
    [
        *("", "x", "31/02/2026", "2026-13-01", "٣/7/2025", "1/7/25", "2025-07-01\x00"),
        *("31/12/1899", "01/01/0001", "31/12/9999", "2201-01-01", "0000-01-01"),
    ],
)
def test_what_is_no_day_of_these_centuries_is_none(text):
    assert read_day(text) is None


@pytest.mark.parametrize("text", ["", "13/2026", "0001-01", "9999-12", "0000-01", "2026-02-02", "1/1"])
def test_what_is_no_month_of_these_centuries_is_none(text):
    assert read_month(text) is None


def test_days_may_be_counted_on_from_each_end():
    for day in (FIRST_DAY, LAST_DAY):
        month = read_month(f"{day:%Y-%m}")
        assert month_before(month) < month <= day < month_after(month)
        assert day - timedelta(days=366 * 100) < day < day + timedelta(days=366 * 100)
