"""When an office's figures may take in new responses."""

from datetime import timedelta

from sqlalchemy.orm import Session

from survey_app.db import Database
from survey_app.models.access_point import AccessPoint, AccessPointDay
from survey_app.models.job import claim
from survey_app.models.publication import OfficeRelease
from survey_app.publish.releasing.due import (
    SETTLED_AFTER_DAYS,
    Due,
    due_offices,
    enqueue_release,
    is_anything_due,
    may_release,
)
from tests import factories
from tests.factories import DAY, MOMENT


def point_with(session: Session, n: int, n_released: int = 0, **campaign: object) -> AccessPoint:
    point = factories.access_point(session, campaign_id=factories.campaign(session, **campaign).id)
    factories.access_point_day(session, access_point_id=point.id, n_received=n, n_opened=n)
    if n_released:
        factories.office_release(
            session, campaign_id=point.campaign_id, office_id=point.office_id, n_released=n_released
        )
    return point


def test_four_new_responses_are_not_due_and_five_are(database: Database) -> None:
    with database.transaction() as session:
        point_with(session, 24, n_released=20)
        five = point_with(session, 25, n_released=20)
        assert due_offices(session, DAY) == [Due(five.campaign_id, five.office_id, "C")]


def test_responses_of_all_counters_and_days_of_an_office_count_together(database: Database) -> None:
    with database.transaction() as session:
        first = point_with(session, 2)
        second = factories.access_point(session, campaign_id=first.campaign_id, office_id=first.office_id)
        for day in (DAY, DAY - timedelta(days=1)):
            factories.access_point_day(session, access_point_id=second.id, day=day, n_received=2)
        assert [due.office_id for due in due_offices(session, DAY)] == [first.office_id]


def test_a_batch_is_five_of_one_provenance_class(database: Database) -> None:
    with database.transaction() as session:
        scanned = point_with(session, 4)
        kiosk = factories.access_point(
            session, campaign_id=scanned.campaign_id, office_id=scanned.office_id, provenance="B"
        )
        factories.access_point_day(session, access_point_id=kiosk.id, n_received=1)
        assert due_offices(session, DAY) == []


def test_a_batch_that_waits_is_due_again_only_with_news(database: Database) -> None:
    with database.transaction() as session:
        point = point_with(session, 27, n_released=20)
        release = session.get_one(OfficeRelease, (point.campaign_id, point.office_id, "C"))
        for n_looked_at, n_due in ((20, 1), (26, 1), (27, 0)):
            release.n_looked_at = n_looked_at
            session.flush()
            assert len(due_offices(session, DAY)) == n_due


def test_an_office_whose_first_batch_waits_is_due_again_only_with_news(database: Database) -> None:
    with database.transaction() as session:
        point = point_with(session, 6)
        key = {"campaign_id": point.campaign_id, "office_id": point.office_id}
        release = factories.office_release(session, **key, n_released=0, n_looked_at=6, released_on=None)
        assert due_offices(session, DAY) == []
        release.n_looked_at = 5
        session.flush()
        assert len(due_offices(session, DAY)) == 1


def test_voided_responses_are_due_once_they_are_as_few_as_one(database: Database) -> None:
    with database.transaction() as session:
        point = point_with(session, 27, n_released=27)
        session.get_one(AccessPointDay, (point.id, DAY)).n_voided = 1
        session.flush()
        assert len(due_offices(session, DAY)) == 1
        release = session.get_one(OfficeRelease, (point.campaign_id, point.office_id, "C"))
        release.n_voided_looked_at, release.n_looked_at = 1, 26
        session.flush()
        assert due_offices(session, DAY) == []


def test_voided_responses_do_not_count_towards_the_minimum_at_the_close(database: Database) -> None:
    with database.transaction() as session:
        point = point_with(session, 12, closes_on=DAY - timedelta(days=3))
        release = factories.office_release(
            session, campaign_id=point.campaign_id, office_id=point.office_id, n_released=6, n_looked_at=9
        )
        session.get_one(AccessPointDay, (point.id, DAY)).n_voided = release.n_voided_looked_at = 3
        session.flush()
        assert due_offices(session, DAY) == []


def test_what_waits_joins_the_closing_release(database: Database) -> None:
    with database.transaction() as session:
        point = point_with(session, 27, n_released=20, closes_on=DAY - timedelta(days=3))
        session.get_one(OfficeRelease, (point.campaign_id, point.office_id, "C")).n_looked_at = 27
        session.flush()
        assert len(due_offices(session, DAY)) == 1


def test_day_of_closing_alone_says_which_campaigns_are_asked_about_all_the_time(database: Database) -> None:
    with database.transaction() as session:
        last_asked = DAY - timedelta(days=SETTLED_AFTER_DAYS)
        point = point_with(
            session, 12, n_released=10, opens_on=DAY - timedelta(days=99), closes_on=last_asked
        )
        assert is_anything_due(session, DAY, in_settled_too=False)
        tomorrow = DAY + timedelta(days=1)
        assert not is_anything_due(session, tomorrow, in_settled_too=False)
        assert is_anything_due(session, tomorrow, in_settled_too=True)
        assert due_offices(session, tomorrow) == [Due(point.campaign_id, point.office_id, "C")]


def test_time_alone_never_makes_an_open_campaign_due(database: Database) -> None:
    with database.transaction() as session:
        point_with(session, 24, n_released=20)
        assert due_offices(session, DAY + timedelta(days=4000)) == []


def test_leftovers_join_the_closing_release_after_48_hours(database: Database) -> None:
    with database.transaction() as session:
        point = point_with(session, 12, n_released=10, closes_on=DAY)
        assert due_offices(session, DAY + timedelta(days=2)) == []
        assert due_offices(session, DAY + timedelta(days=3)) == [Due(point.campaign_id, point.office_id, "C")]


def test_leftovers_below_the_minimum_are_never_released(database: Database) -> None:
    with database.transaction() as session:
        point_with(session, 9, n_released=6, closes_on=DAY)
        assert due_offices(session, DAY + timedelta(days=30)) == []


def test_an_annual_campaign_has_no_running_figures(database: Database) -> None:
    with database.transaction() as session:
        point_with(session, 500, kind="annual")
        assert due_offices(session, DAY) == []


def test_one_release_job_is_enqueued_and_no_second_beside_it(database: Database) -> None:
    with database.transaction() as session:
        job = enqueue_release(session, MOMENT)
        assert job is not None
        assert enqueue_release(session, MOMENT) is None
        assert claim(session, MOMENT) is job
        assert job.name == "release"
        assert not may_release(session, MOMENT)
        session.delete(job)
        assert enqueue_release(session, MOMENT) is not None


def test_after_a_fault_the_release_rests(database: Database) -> None:
    with database.transaction() as session:
        factories.job(session, state="failed", finished_at=MOMENT, error="a fault")
        assert not may_release(session, MOMENT + timedelta(minutes=9))
        assert may_release(session, MOMENT + timedelta(minutes=11))
