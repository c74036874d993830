"""How many answers a day an access point can honestly bring."""

from datetime import date

import pytest

from survey_app.collect.budget import BUDGET_WHERE_UNKNOWN, daily_budget, last_month_before, working_days
from survey_app.models.office import DossierCount
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
    assert daily_budget(DossierCount(month=date(2026, 4, 1), n_settled=n_settled)) == budget


def test_an_office_of_which_nothing_is_known_gets_two_hundred():
    assert daily_budget(None) == BUDGET_WHERE_UNKNOWN == 200
    assert daily_budget(DossierCount(month=date(2026, 4, 1), n_settled=0)) == BUDGET_WHERE_UNKNOWN


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
