"""Reports of codes are stored, bounded, and cannot be buried, on both databases."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from random import Random

import pytest
from sqlalchemy import func, select

from survey_app.collect.reports.report import (
    MOST_ALIKE,
    MOST_WITHOUT_POINT,
    _sample as sample,
    find_point,
    record_report,
)
from survey_app.models.code_report import REPORT_REASONS, CodeReport
from tests import factories
from tests.factories import DAY


@pytest.fixture
def point_id(database):
    with database.transaction() as session:
        return factories.access_point(session).id


def report(database, point_id, reason="damaged", place="", today=DAY, random=None):
    with database.transaction() as session:
        record_report(session, point_id, reason, place, today, random or Random(1))


def rows(database, *conditions):
    with database.reading() as session:
        return session.scalars(select(CodeReport).where(*conditions).order_by(CodeReport.id)).all()


def counted(database):
    with database.reading() as session:
        return session.execute(
            select(func.count(), func.sum(CodeReport.n_alike + CodeReport.n_dropped))
        ).one()


def test_most_alike_of_all_reasons_are_eighty_a_day():
    assert MOST_ALIKE * len(REPORT_REASONS) == 80


@pytest.mark.parametrize(("is_known", "most"), [(True, MOST_ALIKE), (False, MOST_WITHOUT_POINT)])
def test_flood_fills_few_rows_keeps_the_first_ones_and_is_counted(database, point_id, is_known, most):
    point_id, random, n_sent = point_id if is_known else None, Random(7), 3 * most
    for number in range(n_sent):
        report(database, point_id, place=f"cột {number}", random=random)
    found = rows(database)
    assert [row.place for row in found[: most // 2]] == [f"cột {number}" for number in range(most // 2)]
    later = {int(row.place.removeprefix("cột ")) for row in found[most // 2 :]}
    assert len(later) == most - most // 2
    assert max(later) >= most
    assert found[-1].n_dropped == n_sent - most
    assert tuple(counted(database)) == (most, n_sent)


REAL = "quầy 3: trang hỏi OTP"


@pytest.mark.parametrize("n_before", [0, 4, MOST_ALIKE // 2 - 1])
def test_real_report_among_the_first_outlives_every_flood(database, point_id, n_before):
    random = Random(3)
    for number in range(n_before):
        report(database, point_id, place=f"rác {number}", random=random)
    report(database, point_id, place=REAL, random=random)
    for number in range(n_before, 8 * MOST_ALIKE):
        report(database, point_id, place=f"rác {number}", random=random)
    assert REAL in [row.place for row in rows(database)]


def test_real_report_after_a_flood_is_as_likely_to_stay_as_any_other():
    """Rows without a database: the share that stays of many floods of three times the room for later ones."""
    n_later, n_floods = 3 * (MOST_ALIKE // 2), 2000
    random = Random(5)

    def stays(position):
        kept = [CodeReport(place=f"rác {number}", n_alike=1, n_dropped=0) for number in range(MOST_ALIKE)]
        for number in range(MOST_ALIKE // 2, n_later):
            sample(kept, REAL if number == position else f"rác {MOST_ALIKE + number}", random)
        return REAL in [row.place for row in kept]

    for position in (MOST_ALIKE // 2, n_later - 1):  # the first that finds no room, and the last
        share = sum(stays(position) for _ in range(n_floods)) / n_floods
        assert share == pytest.approx(1 / 3, abs=0.05)


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_what_a_dropped_row_had_counted_is_counted_as_dropped(database, point_id):
    for number in range(MOST_ALIKE):
        report(database, point_id, place=f"cột {number}")
        report(database, point_id, place=f"cột {number}")
    report(database, point_id, place="chỗ mới", random=First())
    found = rows(database)
    assert (found[MOST_ALIKE // 2].place, found[MOST_ALIKE // 2].n_alike) == ("chỗ mới", 1)
    assert found[-1].n_dropped == 2
    assert tuple(counted(database)) == (MOST_ALIKE, 2 * MOST_ALIKE + 1)


class First(Random):
    """Always chooses the first."""

    def randrange(self, *_arguments):
        return 0


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
    for number in range(2 * MOST_ALIKE):
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
    assert [row.n_dropped for row in rows(database)] == [0] * (MOST_ALIKE - 1) + [40 - MOST_ALIKE]


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
