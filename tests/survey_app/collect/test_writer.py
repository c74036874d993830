"""The writer: groups commits, tells each request the truth, survives what its database does."""

import secrets
import threading
import time
from types import SimpleNamespace

import pytest
from sqlalchemy import event, func, select, text

from survey_app.collect.writer import Arrival, Outcome, Writer
from survey_app.errors import AlreadyAnswered, QueueFull, StorageFailed
from survey_app.models.access_point import AccessPointDay
from survey_app.models.response import Comment, Response
from tests import factories


@pytest.fixture
def desk(database):
    """A writer over a database with one access point."""
    with database.transaction() as session:
        version = factories.instrument_version(session)
        campaign = factories.campaign(session, instrument_version_id=version.id)
        point = factories.access_point(session, campaign_id=campaign.id)
    writer = Writer(database)
    yield SimpleNamespace(writer=writer, database=database, point_id=point.id, version_id=version.id)
    writer.close()


def arrival(desk, **given):
    defaults = {
        "fingerprint": 1,
        "access_point_id": desk.point_id,
        "day": factories.DAY,
        "instrument_version_id": desk.version_id,
        "key": secrets.token_bytes(16),
        "answers": b"\x11\x10",
        "comment": "",
    }
    return Arrival(**{**defaults, **given})


def count(desk, row_type):
    with desk.database.reading() as session:
        return session.scalar(select(func.count()).select_from(row_type))


def store_at_once(desk, arrivals):
    """Store from as many threads, and give what each was told."""
    told, barrier = {}, threading.Barrier(len(arrivals))

    def store(place, one):
        barrier.wait()
        try:
            desk.writer.store(one)
            told[place] = one.outcome
        except Exception as error:
            told[place] = type(error)

    threads = [threading.Thread(target=store, args=pair) for pair in enumerate(arrivals)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return [told[place] for place in range(len(arrivals))]


def test_sixty_four_at_once_are_all_stored(desk):
    assert store_at_once(desk, [arrival(desk) for _ in range(64)]) == [Outcome.STORED] * 64
    assert count(desk, Response) == 64


def test_one_form_sent_by_64_threads_at_once_is_stored_once(desk):
    key = secrets.token_bytes(16)
    told = store_at_once(desk, [arrival(desk, key=key, comment="Cảm ơn") for _ in range(64)])
    assert sorted(outcome.value for outcome in told) == ["repeated"] * 63 + ["stored"]
    assert count(desk, Response) == count(desk, Comment) == 1
    with desk.database.reading() as session:
        assert session.scalar(select(AccessPointDay.n_received)) == 1


def test_other_answers_under_the_same_key_are_a_conflict(desk):
    key = secrets.token_bytes(16)
    desk.writer.store(arrival(desk, key=key))
    with pytest.raises(AlreadyAnswered):
        desk.writer.store(arrival(desk, key=key, fingerprint=2))


def test_a_bad_row_takes_no_other_of_its_batch_with_it(desk):
    told = store_at_once(desk, [arrival(desk), arrival(desk, access_point_id=999_999), arrival(desk)])
    assert told == [Outcome.STORED, StorageFailed, Outcome.STORED]
    assert count(desk, Response) == 2


def test_a_failed_commit_is_told_and_the_writer_goes_on(desk):
    fails = [True, True]  # the batch, and then the rows one by one

    @event.listens_for(desk.database.engine, "commit")
    def refuse(_connection):
        if fails and fails.pop():
            raise OSError("no space left on device")

    with pytest.raises(StorageFailed):
        desk.writer.store(arrival(desk))
    fails.clear()
    desk.writer.store(arrival(desk))
    assert count(desk, Response) == 1


def test_a_full_queue_is_said_at_once(desk):
    writer = Writer(desk.database, capacity=2)
    gate, entered = threading.Event(), threading.Event()

    @event.listens_for(desk.database.engine, "commit")
    def hold(_connection):
        entered.set()
        gate.wait(10)

    waiting = [threading.Thread(target=writer.store, args=(arrival(desk),)) for _ in range(2)]
    waiting[0].start()
    assert entered.wait(10)
    waiting[1].start()
    until = time.monotonic() + 10
    while writer._places._value > 0:  # the second one is on its way into the queue
        assert time.monotonic() < until
    with pytest.raises(QueueFull):
        writer.store(arrival(desk))
    gate.set()
    for thread in waiting:
        thread.join()
    writer.close()
    assert count(desk, Response) == 2


def test_openings_reach_the_database_when_the_writer_closes(desk):
    for _ in range(3):
        desk.writer.count_opening(desk.point_id, factories.DAY)
    desk.writer.close()
    with desk.database.reading() as session:
        assert session.scalar(select(AccessPointDay.n_opened)) == 3


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_a_lock_held_by_another_is_waited_for(desk):
    with desk.database.engine.connect() as other:
        other.exec_driver_sql("SELECT 1")  # BEGIN IMMEDIATE holds the write lock
        thread = threading.Thread(target=desk.writer.store, args=(arrival(desk),))
        thread.start()
        thread.join(0.5)
        assert thread.is_alive()
        other.rollback()
    thread.join(10)
    assert count(desk, Response) == 1


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_sqlite_commits_are_durable_and_keep_no_order_of_arrival(desk):
    with desk.database.reading() as session:
        assert session.scalar(text("PRAGMA synchronous")) == 2
        assert session.scalar(text("PRAGMA journal_mode")) == "wal"
        sql = session.scalar(text("SELECT sql FROM sqlite_master WHERE name = 'response'"))
    assert "WITHOUT ROWID" in sql
