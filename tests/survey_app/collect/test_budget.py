"""How many answers a day an access point can honestly bring."""

from datetime import date, datetime, timedelta

import pytest

from survey_app.config import VIETNAM_TIME
from survey_app.models.budget import (
    BUDGET_WHERE_UNKNOWN,
    MonthOfWork,
    daily_budget,
    last_month_before,
    last_months_before,
    working_days,
)
from survey_app.prepare.dossiers.counts import Counts
from survey_app.prepare.dossiers.listing import counts_of_month
from survey_app.prepare.dossiers.record import Withdrawal, fingerprint, record_withdrawal
from survey_app.prepare.dossiers.store import write_counts
from tests import factories


@pytest.mark.parametrize(
    ("month", "n"),
    [
        (date(2026, 4, 1), 22),  # Wednesday to Thursday
        (date(2026, 2, 1), 20),  # four whole weeks
        (date(2026, 8, 1), 21),  # begins on a Saturday, ends on a Monday
        (date(2024, 2, 1), 21),  # a leap year's
        (date(2025, 12, 31), 23),
    ],
)
def test_working_days_are_monday_to_friday(month, n):
    assert working_days(month) == n


@pytest.mark.parametrize(("n_settled", "budget"), [(220, 10), (221, 11), (1, 1), (22, 1), (23, 2)])
def test_a_months_dossiers_are_shared_out_over_its_working_days_rounded_up(n_settled, budget):
    assert daily_budget(MonthOfWork(month=date(2026, 4, 1), n_settled=n_settled)) == budget


def test_an_office_of_which_nothing_is_known_gets_two_hundred():
    assert daily_budget(None) == BUDGET_WHERE_UNKNOWN == 200
    assert daily_budget(MonthOfWork(month=date(2026, 4, 1), n_settled=0)) == BUDGET_WHERE_UNKNOWN


def test_the_last_whole_month_that_is_known_counts(database):
    with database.transaction() as session:
        office, other = factories.office(session), factories.office(session)
        for month in (3, 4, 5):
            factories.dossier_count(session, office_id=office.id, month=date(2026, month, 1))
        factories.dossier_count(session, office_id=other.id, month=date(2026, 5, 1))

        def found(today, office_id=office.id):
            last = last_month_before(session, office_id, today)
            return last and last.month.month

        assert found(date(2026, 5, 31)) == 4  # May goes on
        assert found(date(2026, 6, 1)) == 5
        assert found(date(2027, 1, 15)) == 5  # nothing newer was imported
        assert found(date(2026, 3, 31)) is None
        assert found(date(2026, 5, 31), other.id) is None


MARCH = date(2026, 3, 1)


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_fields_are_parts_of_the_whole_and_set_no_budget(database):
    with database.transaction() as session:
        office = factories.office(session)
        for field_id, n in ((0, 2420), (1, 22), (2, 2398)):
            factories.dossier_count(session, office_id=office.id, month=MARCH, field_id=field_id, n_settled=n)
        assert daily_budget(last_month_before(session, office.id, date(2026, 4, 1))) == 110


def test_an_heir_has_the_people_of_those_it_took_over_from(database):
    """Of the offices before those, too; until the day of the hand-over it has its own alone."""
    with database.transaction() as session:
        heir, former, first, coming = (factories.office(session) for _ in range(4))
        for office, n in ((heir, 100), (former, 20), (first, 3), (coming, 7000)):
            factories.dossier_count(session, office_id=office.id, month=MARCH, n_settled=n)
        for before, after, day in (
            (first, former, date(2026, 3, 10)),
            (former, heir, date(2026, 4, 10)),
            (coming, heir, date(2026, 9, 1)),
        ):
            factories.office_succession(
                session, predecessor_id=before.id, successor_id=after.id, took_over_on=day
            )

        def found(today):
            return last_month_before(session, heir.id, today)

        assert found(date(2026, 4, 9)) == MonthOfWork(MARCH, 100)
        assert found(date(2026, 4, 10)) == MonthOfWork(MARCH, 123)
        factories.dossier_count(session, office_id=heir.id, month=date(2026, 5, 1), n_settled=150)
        assert found(date(2026, 6, 1)) == MonthOfWork(date(2026, 5, 1), 150)

        # A list asks for all of its rows at once.
        days = [date(2026, month, day) for month in (3, 4, 5, 6, 9) for day in (1, 9, 10)]
        places = [(office.id, day) for office in (heir, former, first, coming) for day in days]
        one_by_one = {place: last_month_before(session, *place) for place in places}
        known = {place: month for place, month in one_by_one.items() if month is not None}
        assert last_months_before(session, places) == known
        assert 0 < len(known) < len(places)
        assert last_months_before(session, []) == {}


def test_count_raised_and_put_back_on_one_day_gives_that_day_no_larger_budget(database):
    """On the day after a count was entered, whatever it is, it holds."""
    today = date(2026, 4, 14)

    def enter(session, office, n, day=today):
        place = (office.id, MARCH, 0)
        stored = counts_of_month(session, office.id, MARCH)
        known = {(office.id, MARCH, field): one for field, one in stored.items()}
        write_counts(session, known, {place: Counts(n)}, day)

    with database.transaction() as session:
        office, new = factories.office(session), factories.office(session)
        for at in (office, new):
            factories.dossier_count(session, office_id=at.id, month=date(2026, 2, 1), n_settled=400)
        factories.dossier_count(session, office_id=office.id, month=MARCH, n_settled=660)

        def n_counted(at, day):
            return last_month_before(session, at.id, day).n_settled

        enter(session, office, 99_999)
        assert n_counted(office, today) == 660
        enter(session, office, 99_998)
        assert (n_counted(office, today), n_counted(office, today + timedelta(days=1))) == (660, 99_998)
        enter(session, office, 120)
        assert n_counted(office, today) == 120
        enter(session, new, 50_000)
        assert n_counted(new, today) == 400, "until tomorrow nobody knows the new month"
        enter(session, new, 60_000)
        assert (n_counted(new, today), n_counted(new, today + timedelta(days=1))) == (400, 60_000)


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
@pytest.mark.parametrize(("n", "usual", "expected"), [(99_999, 640, 1920), (2_000, None, 2_000), (60, 7, 27)])
def test_count_far_beyond_the_usual_raises_the_budget_no_further_than_one_that_nobody_is_asked_about(
    database, n, usual, expected
):
    with database.transaction() as session:
        count = factories.dossier_count(session, month=MARCH, n_settled=n, n_usual=usual)
        assert last_month_before(session, count.office_id, date(2026, 4, 14)) == MonthOfWork(MARCH, expected)


def test_count_made_none_gives_no_larger_budget_than_it_was_until_the_day_is_over(database):
    """Then an older month speaks for the office, as for one that has settled nothing lately."""
    day = date(2026, 4, 14)
    with database.transaction() as session:
        office = factories.office(session)
        factories.dossier_count(session, office_id=office.id, month=date(2026, 2, 1), n_settled=90)
        count = factories.dossier_count(
            session, office_id=office.id, month=MARCH, n_settled=0, n_before=60, entered_on=day
        )
        assert last_month_before(session, office.id, day) == MonthOfWork(MARCH, 60)
        older = MonthOfWork(date(2026, 2, 1), 90)
        assert last_month_before(session, office.id, day + timedelta(days=1)) == older
        count.n_settled, count.n_before = 70, 0
        session.flush()
        assert last_month_before(session, office.id, day) == older


def test_withdrawn_count_sets_the_budget_until_the_day_is_over(database):
    """Else somebody could withdraw it, send a flood within the budget of unknown offices, and put it back."""
    day, long_ago = date(2026, 4, 14), date(2026, 3, 20)
    with database.transaction() as session:
        office = factories.office(session)
        factories.dossier_count(session, office_id=office.id, month=MARCH, n_settled=60, entered_on=long_ago)
        _withdraw(session, office, at=datetime(2026, 4, 14, 23, 59, tzinfo=VIETNAM_TIME))
        assert last_month_before(session, office.id, day) == MonthOfWork(MARCH, 60)
        assert last_month_before(session, office.id, day - timedelta(days=1)) is None
        assert last_month_before(session, office.id, day + timedelta(days=1)) is None
        factories.dossier_count(session, office_id=office.id, month=MARCH, n_settled=9000, entered_on=day)
        assert last_month_before(session, office.id, day) == MonthOfWork(MARCH, 60)
        _withdraw(session, office, at=datetime(2026, 4, 14, 23, 59, tzinfo=VIETNAM_TIME))
        assert last_month_before(session, office.id, day) == MonthOfWork(MARCH, 60)


def test_count_that_was_raised_and_withdrawn_on_one_day_gives_no_larger_budget(database):
    day = date(2026, 4, 14)
    with database.transaction() as session:
        count = {"month": MARCH, "n_settled": 9000, "n_before": 60, "entered_on": day}
        office = factories.office(session)
        factories.dossier_count(session, office_id=office.id, **count)
        _withdraw(session, office, at=datetime(2026, 4, 14, 8, tzinfo=VIETNAM_TIME))
        assert last_month_before(session, office.id, day) == MonthOfWork(MARCH, 60)


def _withdraw(session, office, at):
    session.flush()
    seen = fingerprint(counts_of_month(session, office.id, MARCH))
    staff_id = factories.staff(session).id
    assert record_withdrawal(session, Withdrawal(office, MARCH, seen, "Nhầm tháng"), at, staff_id)
    session.expire_all()
