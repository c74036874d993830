"""A page's connection to PostgreSQL gives up in time; one of a job or of the writer waits."""

import os
import signal
import threading
import time

import pytest
from psycopg.errors import ConnectionTimeout
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from survey_app import postgresql
from survey_app.postgresql import Hearing, Silence

on_postgresql = pytest.mark.parametrize("backend", ["postgresql"], indirect=True)


@on_postgresql
def test_page_has_limits_and_the_next_user_of_its_connection_has_none(database):
    """The pool gives both the same connection."""
    asked = text(
        "SELECT pg_backend_pid(), current_setting('statement_timeout'), current_setting('lock_timeout')"
    )
    with database.for_pages.reading() as session:
        page = session.execute(asked).one()
    with database.reading() as session:
        job = session.execute(asked).one()
        assert not session.connection().connection.driver_connection.is_for_page
    assert page[1:] == ("2500ms", "1s")
    assert (job[0], job[1]) == (page[0], "0")


@on_postgresql
def test_statement_of_a_page_is_stopped_by_the_server_and_is_no_silence(database, monkeypatch):
    assert postgresql.SILENT_AFTER_SECONDS > 2.5  # so the server speaks first
    monkeypatch.setattr(postgresql, "SILENT_AFTER_SECONDS", 60)  # also on a busy machine
    began = time.monotonic()
    with pytest.raises(OperationalError, match="statement timeout"), database.for_pages.reading() as session:
        session.execute(text("SELECT pg_sleep(20)"))
    assert 2 < time.monotonic() - began < 20
    with database.for_pages.reading() as session:
        assert session.scalar(text("SELECT 1")) == 1


@on_postgresql
def test_silent_backend_is_hung_up_on_and_another_is_asked(database, monkeypatch):
    with database.for_pages.reading() as session:
        process_id = session.scalar(text("SELECT pg_backend_pid()"))
    os.kill(process_id, signal.SIGSTOP)
    try:
        monkeypatch.setattr(postgresql, "SILENT_AFTER_SECONDS", 0.5)
        with pytest.raises(OperationalError, match="said nothing"), database.for_pages.reading() as session:
            session.scalar(text("SELECT 1"))
        monkeypatch.setattr(postgresql, "SILENT_AFTER_SECONDS", 60)  # to begin with a new one takes its time
        with database.for_pages.reading() as session:
            assert session.scalar(text("SELECT pg_backend_pid()")) != process_id
    finally:
        os.kill(process_id, signal.SIGCONT)


@on_postgresql
def test_job_waits_for_as_long_as_it_takes(database, monkeypatch):
    monkeypatch.setattr(postgresql, "SILENT_AFTER_SECONDS", 0.3)
    with database.reading() as session:
        assert session.scalar(text("SELECT 1 FROM pg_sleep(1)")) == 1


@pytest.mark.parametrize("fault", [Silence, ConnectionTimeout])
def test_while_a_server_is_silent_one_asks_and_the_others_are_told_at_once(fault):
    hearing, asks, may_end = Hearing(), threading.Event(), threading.Event()
    with pytest.raises(fault), hearing.listening():
        raise fault

    def ask_again():
        with hearing.listening():
            asks.set()
            may_end.wait(10)

    asker = threading.Thread(target=ask_again)
    asker.start()
    assert asks.wait(10)
    with pytest.raises(Silence, match="a moment ago"), hearing.listening():
        pytest.fail("it was let in")
    may_end.set()
    asker.join()
    with hearing.listening(), hearing.listening():
        pass  # it has answered: everybody may ask


def test_refusal_of_a_server_is_an_answer():
    hearing = Hearing()
    with pytest.raises(Silence), hearing.listening():
        raise Silence
    with pytest.raises(ZeroDivisionError), hearing.listening():
        raise ZeroDivisionError
    with hearing.listening(), hearing.listening():
        pass
