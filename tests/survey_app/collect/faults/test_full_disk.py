"""The disk is full: nobody is told a lie, pages open, and writing goes on by itself when there is room."""

import re
from contextlib import contextmanager

import psutil
import pytest
from sqlalchemy import text

from survey_app.models.response import Comment
from tests.running_server import PATIENT
from tests.survey_app.collect.faults import phones

# A full disk says so at once, and nobody waits for it. The server may wait for a slow machine, as ever.
WAITS_FOR_NOTHING_SECONDS = 20
# A file system of a few kilobytes would need the rights to mount one; for PostgreSQL's own files there is no
# limit that a test could set on a running server and lift. So the server raises what a full disk makes it
# raise, where it would do so: SQLSTATE 53100 out of an INSERT.
REFUSE = """
CREATE FUNCTION disk_is_full() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = '53100'; END $$;
CREATE TRIGGER disk_is_full BEFORE INSERT ON response FOR EACH ROW EXECUTE FUNCTION disk_is_full();
"""


@pytest.fixture
def full_disk(backend, database):
    """Give `full_disk(server)`: while it lasts, nothing more reaches the disk."""
    return disk_without_room if backend == "sqlite" else lambda _server: refusing(database)


@contextmanager
def disk_without_room(server):
    """Forbid the running worker to write into any file; SQLite meets EFBIG where it would meet ENOSPC."""
    (worker,) = psutil.Process(server.pid).children()
    _soft, hard = worker.rlimit(psutil.RLIMIT_FSIZE)
    worker.rlimit(psutil.RLIMIT_FSIZE, (0, hard))
    yield
    worker.rlimit(psutil.RLIMIT_FSIZE, (hard, hard))


@contextmanager
def refusing(database):
    with database.transaction() as session:
        session.execute(text(REFUSE))
    yield
    with database.transaction() as session:
        session.execute(text("DROP TRIGGER disk_is_full ON response"))


def health(hall):
    answer = phones.ask(hall.port, phones.get("/healthz"))
    assert answer.status == 200
    assert answer.seconds < WAITS_FOR_NOTHING_SECONDS
    return answer.text.strip()


def test_a_full_disk_is_said_and_writes_resume_unaided(hall, full_disk):
    early, late = (
        [hall.form(**{"form-comment": f"Chờ lâu {n}"}) for n in range(start, start + 40)] for start in (0, 40)
    )
    with hall.server(**PATIENT) as server:
        acknowledged = phones.each_from_its_own_phone(hall.port, early)
        assert {answer.status for answer in acknowledged} == {303}
        assert health(hall) == '{"status":"ready"}'
        with full_disk(server):
            for answer in phones.each_from_its_own_phone(hall.port, late):
                assert answer.says_when_to_retry
                assert answer.seconds <= WAITS_FOR_NOTHING_SECONDS
                assert re.search(r'name="q1"[^>]*value="4"[^>]*checked', answer.text)
                assert re.search(r"<textarea[^>]*>\nChờ lâu \d+</textarea>", answer.text)
            assert phones.ask(hall.port, phones.get(f"/s/{hall.code}")).status == 200
            assert health(hall) == '{"status":"not storing"}'
            assert hall.n_stored == hall.count(Comment) == len(early)
        acknowledged += phones.by_turns(hall.port, late)
        assert health(hall) == '{"status":"ready"}'
    assert len({answer.receipt for answer in acknowledged}) == len(early) + len(late)
    assert hall.n_stored == hall.count(Comment) == len(early) + len(late)
