"""Another process holds the lock for twelve seconds: every post is answered soon, and pages go on."""

import asyncio
import statistics
import threading
import time
from contextlib import contextmanager

from sqlalchemy import text

from survey_app.collect.writer import ANSWER_WITHIN_SECONDS
from tests.survey_app.collect.faults import phones

HELD_SECONDS = 12
MOST_SECONDS = 8  # who waited for the lock would wait longer
FIRST = 40  # more than the server has threads


@contextmanager
def locked(database):
    """Take the lock that keeps every other writer out, as a backup or a long job would."""
    with database.engine.connect() as connection:  # on SQLite it begins with BEGIN IMMEDIATE
        connection.execute(text("SELECT 1" if database.is_sqlite else "LOCK TABLE response"))
        yield
        connection.rollback()


@contextmanager
def asked_all_the_time(port, paths, answers):
    """Ask for pages in a thread of its own, from a phone that does nothing else."""
    is_over = threading.Event()

    async def keep_asking():
        phone = phones.Phone(port)
        while not is_over.is_set():
            for path in paths:
                answers.append((path, await phone.ask(phones.get(path))))
            await asyncio.sleep(0.2)
        phone.hang_up()

    thread = threading.Thread(target=asyncio.run, args=(keep_asking(),))
    thread.start()
    yield
    is_over.set()
    thread.join(30)
    assert not thread.is_alive()


def wait_for_locks_as_installed(database):
    """Undo what the tests' PostgreSQL is told: to give up after ten seconds."""
    if not database.is_sqlite:
        with database.transaction() as session:
            name = session.scalar(text("SELECT current_database()"))
            session.execute(text(f"ALTER DATABASE {name} SET lock_timeout = 0"))


def test_a_lock_held_for_twelve_seconds(hall):
    wait_for_locks_as_installed(hall.database)
    forms, told, pages = [hall.form() for _ in range(FIRST)], [], []
    with hall.server():
        with locked(hall.database), asked_all_the_time(hall.port, ["/healthz", f"/s/{hall.code}"], pages):
            until = time.monotonic() + HELD_SECONDS
            told += phones.each_from_its_own_phone(hall.port, forms)
            while time.monotonic() < until:
                forms.append(hall.form())
                told += phones.each_from_its_own_phone(hall.port, forms[-1:])
                time.sleep(0.1)
        for answer in told:
            assert answer.says_when_to_retry
            assert answer.seconds <= MOST_SECONDS
        # Where a lock has been held for long nobody waits for it, but who comes while SQLite tries anew.
        assert statistics.median(answer.seconds for answer in told[FIRST:]) < ANSWER_WITHIN_SECONDS
        assert len(pages) > HELD_SECONDS / 2
        for _path, answer in pages:
            assert answer.status == 200
            assert answer.seconds <= MOST_SECONDS
        assert ("/healthz", '{"status":"not storing"}') in [(path, page.text.strip()) for path, page in pages]
        stored = phones.by_turns(hall.port, forms)
        assert {answer.status for answer in stored} == {303}
        assert phones.ask(hall.port, phones.get("/healthz")).text.strip() == '{"status":"ready"}'
    assert hall.n_stored == len(forms)
