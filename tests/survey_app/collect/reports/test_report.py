"""Reports of codes are stored, bounded, and cannot be buried, on both databases."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from survey_app.collect.reports.report import MOST_ALIKE, MOST_WITHOUT_POINT, find_point, record_report
from survey_app.models.code_report import REPORT_REASONS, CodeReport
from tests import factories
from tests.factories import DAY


@pytest.fixture
def point_id(database):
    with database.transaction() as session:
        return factories.access_point(session).id


def report(database, point_id, reason="damaged", place="", today=DAY):
    with database.transaction() as session:
        record_report(session, point_id, reason, place, today)


def rows(database, *conditions):
    with database.reading() as session:
        return session.scalars(select(CodeReport).where(*conditions).order_by(CodeReport.id)).all()


def counted(database):
    with database.reading() as session:
        return session.execute(select(func.count(), func.sum(CodeReport.n_alike))).one()


def test_most_alike_of_all_reasons_are_twenty_a_day():
    assert MOST_ALIKE * len(REPORT_REASONS) == 20


@pytest.mark.parametrize(("is_known", "most"), [(True, MOST_ALIKE), (False, MOST_WITHOUT_POINT)])
def test_flood_fills_few_rows_and_the_last_counts_the_rest_and_says_the_newest_place(
    database, point_id, is_known, most
):
    point_id = point_id if is_known else None
    for number in range(60):
        report(database, point_id, place=f"cột {number}")
    report(database, point_id)  # without a place it takes none away
    found = rows(database)
    assert [row.n_alike for row in found] == [1] * (most - 1) + [62 - most]
    assert [row.place for row in found] == [f"cột {number}" for number in (*range(most - 1), 59)]


def test_reports_of_the_same_place_take_one_row(database, point_id):
    for place in ("cột 1", "", "cột 1", "", "cổng chính", "cột 1"):
        report(database, point_id, place=place)
    assert [(row.place, row.n_alike) for row in rows(database)] == [
        ("cột 1", 3),
        ("", 2),
        ("cổng chính", 1),
    ]


def test_flood_of_one_reason_point_or_day_hides_no_other(database, point_id):
    with database.transaction() as session:
        other = factories.access_point(session).id
    for number in range(30):
        report(database, point_id, place=f"cột {number}")
    report(database, point_id, reason="asks_money", place="cửa chính")
    report(database, other)
    report(database, None)
    report(database, point_id, today=DAY + timedelta(days=1))
    assert len(rows(database)) == MOST_ALIKE + 4
    (money,) = rows(database, CodeReport.reason == "asks_money")
    assert (money.place, money.n_alike) == ("cửa chính", 1)


def test_what_was_settled_hides_nothing_that_comes_after(database, point_id):
    for _ in range(8):
        report(database, point_id)
    with database.transaction() as session:
        staff_id = factories.staff(session).id
        for row in session.scalars(select(CodeReport)):
            row.settled_on, row.settled_by = DAY, staff_id
    report(database, point_id)
    (row,) = rows(database, CodeReport.settled_on.is_(None))
    assert row.n_alike == 1


def test_simultaneous_reports_are_all_counted_and_stay_bounded(database, point_id):
    report(database, point_id)
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda number: report(database, point_id, place=f"cột {number}"), range(39)))
    assert tuple(counted(database)) == (MOST_ALIKE, 40)


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
@pytest.mark.parametrize("typed", ["", "x", "\0", "2222-2222", "9" * 10_000, "Đ" * 8])
def test_code_that_is_none_of_ours_names_no_point(database, point_id, typed):
    with database.reading() as session:
        assert find_point(session, typed) is None


@pytest.mark.parametrize(("way_in", "is_found"), [("poster", True), ("screen", True), ("invitation", False)])
def test_point_is_found_by_what_is_printed_at_the_counter(database, way_in, is_found):
    with database.transaction() as session:
        point = factories.access_point(session, way_in=way_in, revoked_on=DAY)
        found = find_point(session, f" {point.code[:4].lower()}-{point.code[4:]}")
    assert (found is not None and found.id == point.id) is is_found
