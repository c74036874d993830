"""The writer: groups commits, tells each request the truth, survives what its database does."""

import random
import secrets
import threading
import time
from contextlib import contextmanager
from datetime import timedelta
from types import SimpleNamespace

import pytest
from sqlalchemy import event, func, select, text

from survey_app.collect import writer as writer_module
from survey_app.collect.storing import Arrival, Outcome
from survey_app.collect.writer import (
    ANSWER_WITHIN_SECONDS,
    FLUSH_OPENINGS_SECONDS,
    HELD_UP_AFTER_SECONDS,
    Writer,
)
from survey_app.db import Database
from survey_app.errors import AlreadyAnswered, QueueFull, StorageFailed, TokenSpent
from survey_app.models.access_point import AccessPoint, AccessPointDay
from survey_app.models.case import Case
from survey_app.models.invitation import SpentInvitation
from survey_app.models.response import OVER_BUDGET, Comment, Response
from tests import factories

PATIENT_SECONDS = 60.0  # on a busy machine, too, a sound batch takes less


@pytest.fixture
def desk(database, monkeypatch):
    """A writer over a database with one access point; it waits for a busy machine."""
    monkeypatch.setattr(writer_module, "ANSWER_WITHIN_SECONDS", PATIENT_SECONDS)
    monkeypatch.setattr(writer_module, "HELD_UP_AFTER_SECONDS", PATIENT_SECONDS)
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
    return store_by([desk.writer] * len(arrivals), arrivals)


def store_by(writers, arrivals):
    """Store from as many threads, each by its writer, and give what each was told."""
    told, barrier = {}, threading.Barrier(len(arrivals))

    def store(place, one):
        barrier.wait()
        try:
            told[place] = writers[place].store(one)
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


@contextmanager
def held_commits(desk):
    """Let no commit pass; give the event that says that one has come."""
    gate, entered = threading.Event(), threading.Event()

    @event.listens_for(desk.database.engine, "commit")
    def hold(_connection):
        entered.set()
        gate.wait(2 * PATIENT_SECONDS)

    try:
        yield entered
    finally:
        gate.set()


def wait_until(is_so):
    until = time.monotonic() + PATIENT_SECONDS
    while not is_so():
        assert time.monotonic() < until
        time.sleep(0.01)


def test_nobody_waits_for_two_seconds():
    assert ANSWER_WITHIN_SECONDS < 2


def test_while_a_batch_is_held_up_nobody_waits_long_and_newcomers_not_at_all(desk, monkeypatch):
    monkeypatch.setattr(writer_module, "ANSWER_WITHIN_SECONDS", ANSWER_WITHIN_SECONDS)
    monkeypatch.setattr(writer_module, "HELD_UP_AFTER_SECONDS", HELD_UP_AFTER_SECONDS)
    first, later = arrival(desk), arrival(desk)
    with held_commits(desk) as entered:
        begun = time.monotonic()
        with pytest.raises(StorageFailed):
            desk.writer.store(first)
        assert ANSWER_WITHIN_SECONDS <= time.monotonic() - begun < PATIENT_SECONDS
        assert entered.wait(PATIENT_SECONDS)
        wait_until(lambda: not desk.writer.is_storing)
        with monkeypatch.context() as patched:
            patched.setattr(desk.writer, "_places", None)  # nothing that one could wait for
            with pytest.raises(QueueFull):
                desk.writer.store(later)
    monkeypatch.setattr(writer_module, "ANSWER_WITHIN_SECONDS", PATIENT_SECONDS)
    monkeypatch.setattr(writer_module, "HELD_UP_AFTER_SECONDS", PATIENT_SECONDS)
    desk.writer.close()
    desk.writer.store(later)
    desk.writer.store(arrival(desk, key=first.key))  # sent again: it was stored meanwhile
    assert count(desk, Response) == 2
    assert desk.writer.is_storing


def test_a_full_queue_is_said_soon(desk, monkeypatch):
    writer = Writer(desk.database, capacity=2)
    waiting = [threading.Thread(target=writer.store, args=(arrival(desk),)) for _ in range(2)]
    with held_commits(desk) as entered:
        waiting[0].start()
        assert entered.wait(PATIENT_SECONDS)
        waiting[1].start()
        wait_until(lambda: writer._places._value == 0)  # the second one is on its way into the queue
        monkeypatch.setattr(writer_module, "HELD_UP_AFTER_SECONDS", HELD_UP_AFTER_SECONDS)
        with pytest.raises(QueueFull):
            writer.store(arrival(desk))
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


def test_openings_of_a_point_that_was_removed_harm_no_other(desk):
    desk.writer.count_opening(999_999, factories.DAY)
    desk.writer.count_opening(desk.point_id, factories.DAY)
    desk.writer.close()
    assert desk.writer.is_storing
    with desk.database.reading() as session:
        assert session.scalars(select(AccessPointDay.n_opened)).all() == [1]


def test_openings_that_could_not_be_stored_are_stored_later(desk, monkeypatch):
    monkeypatch.setattr("survey_app.collect.writer.FLUSH_OPENINGS_SECONDS", FLUSH_OPENINGS_SECONDS / 100)
    faults = [OSError("no space left on device")]

    @event.listens_for(desk.database.engine, "commit")
    def refuse(_connection):
        if faults:
            raise faults.pop()

    desk.writer.count_opening(desk.point_id, factories.DAY)
    wait_until(lambda: count(desk, AccessPointDay) == 1)
    assert not faults
    wait_until(lambda: desk.writer.is_storing)  # it says so a moment after the rows are there


def test_beyond_the_budget_exactly_the_later_ones_are_marked(desk):
    told = store_at_once(desk, [arrival(desk, daily_budget=10) for _ in range(64)])
    assert told == [Outcome.STORED] * 64
    repeated, fresh = arrival(desk, daily_budget=10), arrival(desk, daily_budget=66)
    for one in (repeated, repeated, fresh, arrival(desk)):
        desk.writer.store(one)  # the 65th, again the 65th, the 66th of 66, the 67th where there is no budget
    with desk.database.reading() as session:
        marks = session.scalars(select(Response.review_mark)).all()
    assert sorted(marks, key=str) == [OVER_BUDGET] * 55 + [None] * 12


def test_new_code_in_the_place_of_another_is_no_new_budget(desk):
    """Forms that were opened before the old code was replaced count with those of the new one."""
    with desk.database.transaction() as session:
        old = session.get_one(AccessPoint, desk.point_id)
        counter = factories.counter(session, office_id=old.office_id)
        of_place = {"campaign_id": old.campaign_id, "office_id": old.office_id}
        new, *others = (
            factories.access_point(session, **of_place | given).id
            for given in (
                {},
                {"counter_id": counter.id},
                {"way_in": "screen", "provenance": "B"},
                {"office_id": factories.office(session).id},
                {"campaign_id": factories.campaign(session).id},
            )
        )

    def send(point_id, n, **given):
        for _ in range(n):
            desk.writer.store(arrival(desk, access_point_id=point_id, daily_budget=3, **given))

    send(desk.point_id, 2)
    send(new, 2)
    send(desk.point_id, 1)
    send(new, 1, day=factories.DAY + timedelta(days=1))
    for point_id in others:
        send(point_id, 3)
    with desk.database.reading() as session:
        marked = select(Response.access_point_id).where(Response.review_mark == OVER_BUDGET)
        assert sorted(session.scalars(marked)) == sorted([desk.point_id, new])
        counted = select(AccessPointDay.n_received).where(AccessPointDay.access_point_id == new)
        assert session.scalars(counted.order_by(AccessPointDay.day)).all() == [2, 1], "its own alone"


def test_a_token_is_spent_with_its_response_and_by_no_other(desk):
    with desk.database.transaction() as session:
        batch_id = factories.invitation_batch(session, access_point_id=desk.point_id).id
    invited = {"batch_id": batch_id, "token_hash": secrets.token_bytes(16)}
    forms = [arrival(desk, **invited, comment="Tốt", case_number=f"BCDF{n}-BCDFG") for n in range(3)]
    desk.writer.store(forms[0])
    for form in forms[1:]:
        with pytest.raises(TokenSpent):
            desk.writer.store(form)
    desk.writer.store(forms[0])
    assert [count(desk, row) for row in (Response, SpentInvitation, Comment, Case)] == [1, 1, 1, 1]
    with desk.database.reading() as session:
        assert session.scalar(select(AccessPointDay.n_received)) == 1


def test_two_processes_that_write_the_same_rows_in_any_order_never_stop_each_other(desk, database_url):
    """Batches of either process reach the same days and the same keys, each in an order of its own."""
    with desk.database.transaction() as session:
        points = [factories.access_point(session).id for _ in range(6)]
    other_database, rng = Database(database_url), random.Random(1)
    other = Writer(other_database)
    for _ in range(25):
        keys = [(rng.choice(points), secrets.token_bytes(16)) for _ in range(8)]
        chosen = [rng.choice(keys) for _ in range(24)]
        arrivals = [arrival(desk, access_point_id=point, key=key) for point, key in chosen]
        told = store_by([rng.choice([desk.writer, other]) for _ in chosen], arrivals)
        assert set(told) <= {Outcome.STORED, Outcome.REPEATED}
        assert told.count(Outcome.STORED) == len(set(chosen))
    other.close()
    other_database.engine.dispose()


@pytest.mark.parametrize("backend", ["postgresql"], indirect=True)
def test_a_lost_connection_is_replaced_and_nobody_notices(desk):
    desk.writer.store(arrival(desk))
    with desk.database.transaction() as session:
        session.execute(
            text(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        )
    desk.writer.store(arrival(desk))
    assert count(desk, Response) == 2
    assert desk.writer.is_storing


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_a_lock_held_by_another_is_waited_for(desk):
    with desk.database.engine.connect() as other:
        other.exec_driver_sql("SELECT 1")  # BEGIN IMMEDIATE holds the write lock
        thread = threading.Thread(target=desk.writer.store, args=(arrival(desk),))
        thread.start()
        thread.join(0.5)
        assert thread.is_alive()
        other.rollback()
    thread.join(PATIENT_SECONDS)
    assert count(desk, Response) == 1


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_sqlite_commits_are_durable_and_keep_no_order_of_arrival(desk):
    with desk.database.reading() as session:
        assert session.scalar(text("PRAGMA synchronous")) == 2
        assert session.scalar(text("PRAGMA journal_mode")) == "wal"
        sql = session.scalar(text("SELECT sql FROM sqlite_master WHERE name = 'response'"))
    assert "WITHOUT ROWID" in sql
