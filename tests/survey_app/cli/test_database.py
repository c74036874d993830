"""Tidying: nothing in the tables tells the order of arrival, or joins a comment to its answers."""

import threading
import time
from contextlib import contextmanager
from datetime import timedelta

import pytest
from sqlalchemy import func, select, text

from survey_app.cli import database as command
from survey_app.cli.database import OrderStays, forget_order
from survey_app.models.case import Contact
from survey_app.models.response import Response
from tests import factories


@pytest.mark.parametrize("backend", ["postgresql"], indirect=True)
def test_tidying_leaves_one_transaction_number_and_the_order_of_the_keys(database):
    for _ in range(6):
        with database.transaction() as session:
            point = factories.access_point(session)
        for _ in range(3):
            with database.transaction() as session:
                factories.response(session, access_point_id=point.id)
                factories.comment(session, access_point_id=point.id)
    forget_order(database, factories.DAY)
    with database.reading() as session:
        numbers = session.scalars(
            text("SELECT xmin::text FROM response UNION SELECT xmin::text FROM comment")
        )
        assert len(numbers.all()) == 1
        stored = session.execute(
            text("SELECT access_point_id, day, submission_key FROM response ORDER BY ctid")
        )
        rows = [tuple(row) for row in stored]
    assert rows == sorted(rows)
    assert len(rows) == 18


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_tidying_sqlite_sorts_the_cells_of_its_pages_by_key(database, tmp_path):
    with database.transaction() as session:
        point = factories.access_point(session)
    for _ in range(20):
        with database.transaction() as session:
            factories.response(session, access_point_id=point.id)
    with database.reading() as session:
        keys = session.scalars(text("SELECT submission_key FROM response ORDER BY submission_key")).all()

    def places():
        """Where the keys stand in the file: SQLite fills a page from its end."""
        content = (tmp_path / "survey.sqlite").read_bytes()
        return [content.rindex(key) for key in keys]

    forget_order(database, factories.DAY)
    assert places() in (sorted(places()), sorted(places(), reverse=True))


def test_tidy_deletes_expired_contacts_and_keeps_the_others(app, database):
    with database.transaction() as session:
        for days in (-1, 0):
            factories.contact(session, expires_on=factories.DAY + timedelta(days=days))
    assert app.test_cli_runner().invoke(args=["database", "tidy"]).exit_code == 0
    with database.reading() as session:
        assert session.scalars(select(Contact.expires_on)).all() == [factories.DAY]


@pytest.mark.parametrize("backend", ["postgresql"], indirect=True)
def test_tidying_gives_cases_and_contacts_one_transaction_number(database):
    for _ in range(4):
        with database.transaction() as session:
            case = factories.comment_case(session)
        with database.transaction() as session:
            factories.contact(session, case_number=case.number)
    forget_order(database, factories.DAY)
    with database.reading() as session:
        for table, key in (("comment_case", "number"), ("contact", "case_number")):
            numbers = session.scalars(text(f"SELECT DISTINCT xmin::text FROM {table}")).all()
            assert len(numbers) == 1
            as_stored = session.scalars(text(f"SELECT {key} FROM {table} ORDER BY ctid")).all()
            assert as_stored == session.scalars(text(f"SELECT {key} FROM {table} ORDER BY {key}")).all()


@pytest.fixture
def impatient(monkeypatch):
    monkeypatch.setattr(command, "PAUSE_SECONDS", 0.05)
    monkeypatch.setattr(command, "CHECKPOINT_WAIT_MILLISECONDS", 20)


@contextmanager
def somebody_reads(database):
    """A download that stays, or a backup: it has seen the rows as they are, and goes on."""
    with database.reading() as session:
        session.scalar(select(func.count()).select_from(Response))
        yield


def a_comment_and_its_response(database):
    with database.transaction() as session:
        point = factories.access_point(session)
        factories.response(session, access_point_id=point.id)
        factories.comment(session, access_point_id=point.id)


@pytest.mark.usefixtures("impatient")
def test_what_a_reader_keeps_is_not_called_gone(app, database):
    a_comment_and_its_response(database)
    runner = app.test_cli_runner()
    with somebody_reads(database):
        told = runner.invoke(args=["database", "tidy"])
        assert told.exit_code == 1
        assert "The order of arrival is still in the tables: somebody reads" in told.stderr
        assert "gone" not in told.output
    told = runner.invoke(args=["database", "tidy"])
    assert told.exit_code == 0
    assert "The order of arrival is gone" in told.stdout


@pytest.mark.usefixtures("impatient")
def test_reader_that_comes_while_the_rows_are_rewritten_is_noticed(database, monkeypatch):
    """The first look, before the work, finds nobody; the second one does."""
    a_comment_and_its_response(database)
    waits, looks = command._wait_for_readers, []

    def look_while_somebody_reads(are_gone):
        looks.append(are_gone)
        if len(looks) == 1:
            waits(are_gone)
            reader.__enter__()
        else:
            waits(are_gone)

    reader = somebody_reads(database)
    monkeypatch.setattr(command, "_wait_for_readers", look_while_somebody_reads)
    try:
        with pytest.raises(OrderStays):
            forget_order(database, factories.DAY)
    finally:
        reader.__exit__(None, None, None)
    assert len(looks) == 2


def test_reader_who_soon_leaves_is_waited_for(database):
    a_comment_and_its_response(database)
    reads, has_left = threading.Event(), threading.Event()

    def read_for_a_second():
        with somebody_reads(database):
            reads.set()
            time.sleep(1)
            has_left.set()  # a moment before: who waits for it may be the first to run again

    reader = threading.Thread(target=read_for_a_second)
    reader.start()
    assert reads.wait(10)
    forget_order(database, factories.DAY)
    assert has_left.is_set()
    reader.join()


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_tidying_leaves_nothing_in_the_log(database, tmp_path):
    a_comment_and_its_response(database)
    forget_order(database, factories.DAY)
    assert (tmp_path / "survey.sqlite-wal").stat().st_size == 0


@pytest.mark.usefixtures("impatient")
def test_database_that_is_locked_is_not_called_tidied(database, monkeypatch):
    monkeypatch.setattr(command, "LOCK_WAIT_MILLISECONDS", 50)
    a_comment_and_its_response(database)
    with database.transaction() as session:
        session.execute(text("SELECT 1" if database.is_sqlite else "LOCK TABLE comment"))
        with pytest.raises(OrderStays):
            forget_order(database, factories.DAY)
