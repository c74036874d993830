"""What waits in the demo's review: made as citizens make it, marked by the writer's own rule."""

import re
from datetime import date, timedelta

import pytest
from sqlalchemy import func, select

from survey_app.collect.cases.find import find_case
from survey_app.db import Database
from survey_app.demo.accounts import DemoAccounts
from survey_app.demo.matters import ANSWER, ANSWERED, N_BEYOND, WAITING, _weekday_before
from survey_app.models.access_point import AccessPoint, AccessPointDay
from survey_app.models.budget import daily_budget, last_month_before
from survey_app.models.case import Case
from survey_app.models.office import Office
from survey_app.models.response import OVER_BUDGET, Response
from survey_app.models.staff import StaffGrant
from survey_app.review.busy_days import list_busy_days
from survey_app.review.cases import list_cases
from survey_app.review.reports import list_reports
from survey_app.review.scope import Scope
from survey_app.web.paging import PageAsked
from tests import factories
from tests.survey_app.demo.conftest import Demo

ALL = PageAsked()


@pytest.fixture(scope="module")
def managers_scope(demo: Database) -> Scope:
    with demo.reading() as session:
        office_id = session.scalars(
            select(StaffGrant.office_id).where(StaffGrant.role == "office_manager")
        ).one()
    assert office_id is not None
    return Scope({office_id}, is_everything=False)


def test_one_comment_waits_and_one_is_answered(demo: Database, managers_scope: Scope) -> None:
    with demo.reading() as session:
        (waiting,) = list_cases(session, managers_scope, factories.DAY, ALL).rows
        (done,) = list_cases(session, managers_scope, factories.DAY, ALL, answered=True).rows
        found = find_case(session, done.number.lower(), factories.DAY)
    assert (waiting.text, waiting.answer) == (WAITING, None)
    assert (done.text, done.answer, done.answered_by) == (ANSWERED, ANSWER, "Phụ trách đơn vị minh họa")
    assert done.day < done.answered_on < factories.DAY  # type: ignore[operator]  # it is answered
    assert found is not None
    assert (found.answer, found.is_demo) == (ANSWER, True)
    assert not re.search(r"\d", WAITING + ANSWERED + ANSWER)


def test_a_pasted_over_code_is_reported(demo: Database, managers_scope: Scope) -> None:
    with demo.reading() as session:
        (report,) = list_reports(session, managers_scope, ALL).rows
    assert (report.reason, report.n_alike, report.revoked_on) == ("pasted_over", 1, None)
    assert report.code is not None
    assert report.day < factories.DAY


def test_one_day_of_one_poster_went_over_its_budget(demo: Database, managers_scope: Scope) -> None:
    """Budget and marks are counted here once more, from the rows."""
    with demo.reading() as session:
        (busy,) = list_busy_days(session, managers_scope, ALL).rows
        marked = session.execute(
            select(Response.access_point_id, Response.day, Response.review_mark, func.count())
            .where(Response.review_mark.is_not(None))
            .group_by(Response.access_point_id, Response.day, Response.review_mark)
        ).one()
        point = session.get_one(AccessPoint, marked.access_point_id)
        n_stored = session.scalar(
            select(func.count())
            .select_from(Response)
            .where(Response.access_point_id == point.id, Response.day == busy.day)
        )
        counted = session.get_one(AccessPointDay, (point.id, busy.day))
        budget = daily_budget(last_month_before(session, point.office_id, busy.day))
        n_over_elsewhere = session.scalar(
            select(func.count())
            .select_from(AccessPointDay)
            .join(AccessPoint, AccessPoint.id == AccessPointDay.access_point_id)
            .join(Office, Office.id == AccessPoint.office_id)
            .where(Office.code == "MAU-X06", AccessPoint.way_in == "poster")
            .where(AccessPointDay.n_received > budget)
        )
    assert (marked.day, marked.review_mark, marked[3]) == (busy.day, OVER_BUDGET, N_BEYOND)
    assert (busy.n_received, busy.n_marked) == (budget + N_BEYOND, N_BEYOND)
    assert n_stored == busy.n_received <= counted.n_opened
    assert (point.way_in, n_over_elsewhere) == ("poster", 1)
    assert budget < 200  # of the office's own dossiers, not the one for offices whose dossiers are unknown


def test_numbers_of_cases_are_not_the_same_in_every_demo(
    demo: Database, another: tuple[Demo, DemoAccounts]
) -> None:
    """Whoever knows a number may leave a contact under it: none shall follow from what the source says."""
    numbers = []
    for one in (demo, another[0].database):
        with one.reading() as session:
            numbers.append(set(session.scalars(select(Case.number))))
    assert [len(found) for found in numbers] == [2, 2]
    assert not numbers[0] & numbers[1]


def test_matters_fall_on_days_when_the_office_is_open() -> None:
    for place in range(14):
        today = date(2026, 3, 2) + timedelta(days=place)
        for n_days in range(1, 15):
            day = _weekday_before(today, n_days)
            assert day.weekday() < 5
            assert 0 <= (today - day).days - n_days <= 2
