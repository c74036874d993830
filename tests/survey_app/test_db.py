"""Transactions are whole, readings are snapshots, an SQLite that loses rows is refused."""

import threading
from collections.abc import Callable

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.orm import Session

from survey_app.db import Database, can_lose_rows, refuse_unsound_sqlite
from survey_app.errors import UnsoundDatabase
from survey_app.models.office import Office
from tests import factories

Version = tuple[int, int, int]


def n_offices(session: Session) -> int:
    return session.scalar(select(func.count()).select_from(Office)) or 0


@pytest.mark.parametrize("version", [(3, 7, 0), (3, 40, 1), (3, 44, 5), (3, 50, 6), (3, 51, 0), (3, 51, 2)])
def test_sqlite_that_can_lose_rows_is_refused(version: Version) -> None:
    with pytest.raises(UnsoundDatabase, match=r"WAL-reset fault.*pip install"):
        refuse_unsound_sqlite(version)


@pytest.mark.parametrize("version", [(3, 44, 6), (3, 50, 7), (3, 51, 3), (3, 53, 4), (4, 0, 0)])
def test_sound_sqlite_passes(version: Version) -> None:
    refuse_unsound_sqlite(version)
    assert not can_lose_rows(version)


def test_transaction_is_committed_at_its_end(database: Database) -> None:
    with database.transaction() as session:
        factories.office(session)
    with database.reading() as session:
        assert n_offices(session) == 1


def add_two_and_fail(database: Database) -> None:
    with database.transaction() as session:
        factories.office(session)
        factories.office(session)
        raise ZeroDivisionError


def test_transaction_rolls_back_whole(database: Database) -> None:
    with pytest.raises(ZeroDivisionError):
        add_two_and_fail(database)
    with database.reading() as session:
        assert n_offices(session) == 0


def add_a_sound_and_a_wrong_row(database: Database) -> None:
    with database.transaction() as session:
        factories.office(session)
        factories.office(session, kind="embassy")


def test_row_that_breaks_a_rule_takes_its_transaction_with_it(database: Database) -> None:
    with pytest.raises(IntegrityError):
        add_a_sound_and_a_wrong_row(database)
    with database.reading() as session:
        assert n_offices(session) == 0


def test_foreign_keys_are_kept(database: Database) -> None:
    with pytest.raises(IntegrityError), database.transaction() as session:
        factories.counter(session, office_id=999)


def test_rows_are_read_after_the_session_is_closed(database: Database) -> None:
    with database.transaction() as session:
        office = factories.office(session, name="Bộ phận Một cửa xã Mẫu")
    assert office.name == "Bộ phận Một cửa xã Mẫu"


def test_reading_is_a_snapshot(database: Database) -> None:
    with database.reading() as reader:
        assert n_offices(reader) == 0
        with database.transaction() as writer:
            factories.office(writer)
        assert n_offices(reader) == 0, "it does not see what came after its first look"
    with database.reading() as later:
        assert n_offices(later) == 1


def test_what_a_reading_writes_is_not_kept(database: Database) -> None:
    try:
        with database.reading() as session:
            factories.office(session)
    except DBAPIError:
        assert not database.is_sqlite  # PostgreSQL refuses at once
    with database.reading() as session:
        assert n_offices(session) == 0


def test_reading_leaves_no_trace_on_the_connection(database: Database) -> None:
    """The pool gives the connection of a reading to the next transaction, which must be able to write."""
    for _ in range(3):
        with database.reading() as session:
            n_offices(session)
        with database.transaction() as session:
            factories.office(session)
    with database.reading() as session:
        assert n_offices(session) == 3


def test_many_writers_wait_for_each_other_and_lose_nothing(database: Database) -> None:
    def add_five() -> None:
        for _ in range(5):
            with database.transaction() as session:
                n_offices(session)  # reads first: a deferred SQLite transaction would fail at the write
                factories.office(session)

    in_threads(add_five, 8)
    with database.reading() as session:
        assert n_offices(session) == 40


def in_threads(work: Callable[[], None], n_threads: int) -> None:
    threads = [threading.Thread(target=work) for _ in range(n_threads)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_sqlite_is_durable_and_strict(database: Database) -> None:
    wanted = {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 12_000}
    with database.reading() as session:
        found = {name: session.scalar(text(f"PRAGMA {name}")) for name in wanted}
    assert found == wanted


@pytest.mark.parametrize("backend", ["postgresql"], indirect=True)
def test_postgresql_waits_for_its_disk(postgresql_server: object, database: Database) -> None:
    """The tests' server does not; but the service must not be what switches it off."""
    with database.reading() as session:
        source = session.scalar(text("SELECT source FROM pg_settings WHERE name = 'synchronous_commit'"))
    assert source == "command line"
