"""PostgreSQL stops answering without hanging up: pages say so in seconds, and those without it go on."""

import time
from contextlib import contextmanager

import psutil
import pytest
from sqlalchemy import text

from survey_app.postgresql import SILENT_AFTER_SECONDS
from tests.survey_app.collect.faults import phones

pytestmark = pytest.mark.parametrize("backend", ["postgresql"], indirect=True)
MOST_SECONDS = 20  # the silence lasts until the test ends it, and nobody waits for that
CROWD = 40  # more than the server has threads
COMMENT = "Chờ lâu quá, xin cảm ơn."


@contextmanager
def silent(database):
    """Stop the whole server in its tracks: its connections stay open, and the kernel takes in new ones."""
    with database.engine.connect() as connection:
        backend = psutil.Process(connection.scalar(text("SELECT pg_backend_pid()")))
    server = backend.parent()
    family = [server, *server.children(recursive=True)]
    for process in family:
        process.suspend()
    try:
        yield
    finally:
        for process in family:
            process.resume()


def ask(hall, *paths):
    return phones.each_from_its_own_phone(hall.port, map(phones.get, paths))


def test_a_silent_database(hall):
    form = hall.form(**{"form-comment": COMMENT})
    with hall.server():
        (page,) = ask(hall, f"/s/{hall.code}")
        assert page.status == 200
        time.sleep(1.1)  # the way in is read anew
        with silent(hall.database):
            crowd = ask(hall, *["/results", "/case?number=22222-22222"] * (CROWD // 2))
            for answer in crowd:
                assert answer.says_when_to_retry
                assert answer.seconds < MOST_SECONDS
            for path, says in {
                "/": "<h1",
                "/accessibility": "<h1",
                "/report": "<h1",
                f"/s/{hall.code}": "form-key",
                f"/report?code={hall.code}": hall.code,
                "/healthz": "no database",
            }.items():
                (answer,) = ask(hall, path)
                assert (answer.status, says in answer.text) == (200, True), path
                # One asks the database whether it is back; what needs none waits for nobody.
                needs_none = path in {"/", "/accessibility", "/report"}
                assert answer.seconds < (SILENT_AFTER_SECONDS if needs_none else MOST_SECONDS), path
            sent = phones.ask(hall.port, form)
            assert sent.says_when_to_retry
            assert COMMENT in sent.text
            assert sent.seconds < MOST_SECONDS
            again = ask(hall, *["/results"] * CROWD)
            assert {answer.status for answer in again} == {503}
            asked = [answer for answer in again if answer.seconds > SILENT_AFTER_SECONDS]
            assert len(asked) <= 3, "one asks, the others are told at once"
        until = time.monotonic() + 60
        while phones.ask(hall.port, phones.get("/results")).status != 200:
            assert time.monotonic() < until
        assert {answer.status for answer in phones.by_turns(hall.port, [form, hall.form()])} == {303}
        assert hall.n_stored == 2


def test_a_locked_table_is_waited_for_a_second(hall):
    with hall.server(), hall.database.engine.connect() as holder:
        holder.execute(text("LOCK TABLE campaign IN ACCESS EXCLUSIVE MODE"))
        crowd = ask(hall, *["/results"] * 20)
        assert {answer.status for answer in crowd} == {503}
        assert max(answer.seconds for answer in crowd) < MOST_SECONDS
        (health,) = ask(hall, "/healthz")
        assert (health.text.strip(), health.seconds < MOST_SECONDS) == ('{"status":"ready"}', True)
        holder.rollback()
        (page,) = ask(hall, "/results")
        assert page.status == 200
