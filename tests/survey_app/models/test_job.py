"""Jobs are claimed by one process at a time, oldest first; a job whose process died is taken again."""

import threading
from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from survey_app.db import Database
from survey_app.models.job import CLAIM, Job, claim, enqueue
from tests import factories
from tests.factories import MOMENT


def claimed_id(database: Database, after: timedelta = timedelta()) -> int | None:
    with database.transaction() as session:
        job = claim(session, MOMENT + after)
        return None if job is None else job.id


def test_enqueued_job_waits_with_its_arguments(database: Database) -> None:
    with database.transaction() as session:
        job_id = enqueue(session, "posters", {"points": [1, 2]}, MOMENT).id
    with database.reading() as session:
        job = session.get_one(Job, job_id)
    assert (job.state, job.arguments, job.created_at) == ("queued", {"points": [1, 2]}, MOMENT)
    assert (job.n_done, job.n_total, job.claimed_until) == (0, None, None)


def test_nothing_waits_in_an_empty_queue(database: Database) -> None:
    assert claimed_id(database) is None


def test_oldest_job_is_claimed_first(database: Database) -> None:
    with database.transaction() as session:
        ids = [factories.job(session).id for _ in range(3)]
    assert [claimed_id(database) for _ in range(4)] == [*ids, None]


def test_claimed_job_runs_until_its_claim_ends(database: Database) -> None:
    with database.transaction() as session:
        factories.job(session)
        job = claim(session, MOMENT)
        assert job is not None
        assert (job.state, job.claimed_until) == ("running", MOMENT + CLAIM)


def test_expired_claim_is_taken_again(database: Database) -> None:
    with database.transaction() as session:
        job_id = factories.job(session).id
    assert claimed_id(database) == job_id
    assert claimed_id(database, after=CLAIM) is None, "the claim holds to its last moment"
    assert claimed_id(database, after=CLAIM + timedelta(seconds=1)) == job_id


@pytest.mark.parametrize("state", ["done", "failed"])
def test_finished_job_is_left_alone(database: Database, state: str) -> None:
    with database.transaction() as session:
        factories.job(session, state=state, finished_at=MOMENT)
    assert claimed_id(database, after=timedelta(days=1)) is None


def test_two_claimants_never_get_the_same_job(database: Database) -> None:
    with database.transaction() as session:
        ids = [factories.job(session).id for _ in range(40)]
    start, found = threading.Barrier(4), []

    def claim_all() -> None:
        start.wait()
        while (job_id := claimed_id(database)) is not None:
            found.append(job_id)

    threads = [threading.Thread(target=claim_all) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    # A claimant may pass over a row that another one just holds; what is left is claimed the next time.
    while (job_id := claimed_id(database)) is not None:
        found.append(job_id)
    assert sorted(found) == ids


@pytest.mark.parametrize("backend", ["postgresql"], indirect=True)
def test_claimant_passes_over_a_job_that_another_one_is_taking(database: Database) -> None:
    with database.transaction() as session:
        first, second = (factories.job(session).id for _ in range(2))
    with database.transaction() as session:
        job = claim(session, MOMENT)
        assert job is not None
        assert job.id == first
        assert claimed_id(database) == second


def test_running_job_without_a_claim_is_refused(database: Database) -> None:
    with pytest.raises(IntegrityError, match="running_is_claimed"), database.transaction() as session:
        factories.job(session, state="running")


def claim_and_fail(database: Database) -> None:
    with database.transaction() as session:
        claim(session, MOMENT)
        raise ZeroDivisionError


def test_claim_that_is_rolled_back_leaves_the_job_waiting(database: Database) -> None:
    with database.transaction() as session:
        job_id = factories.job(session).id
    with pytest.raises(ZeroDivisionError):
        claim_and_fail(database)
    with database.reading() as session:
        assert session.scalar(select(Job.state).where(Job.id == job_id)) == "queued"
