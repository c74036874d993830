"""The writer: one thread that commits whatever waits, and tells each waiting request what became of it."""

import atexit
import logging
import queue
import secrets
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from enum import Enum
from typing import Any

from sqlalchemy import Connection, TextClause, text
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, OperationalError

from survey_app.db import Database
from survey_app.errors import AlreadyAnswered, QueueFull, StorageFailed, TokenSpent
from survey_app.models.base import EPOCH
from survey_app.models.response import OVER_BUDGET

log = logging.getLogger(__name__)

LARGEST_BATCH = 256
# Then a respondent is asked to send again, which counts nothing twice, and is told the same if it was stored.
ANSWER_WITHIN_SECONDS = 1.5
# Far longer than a batch takes on a sound disk; for as long, at most, does a page wait for a thread.
HELD_UP_AFTER_SECONDS = 0.5
CLOSE_WITHIN_SECONDS = 14.0
FLUSH_OPENINGS_SECONDS = 5.0

INSERT_RESPONSE = text(
    "INSERT INTO response (fingerprint, access_point_id, day, instrument_version_id, cell_id, submission_key,"
    " answers, review_mark) VALUES (:fingerprint, :access_point_id, :day, :version, :cell_id, :key,"
    " :answers, :review_mark) ON CONFLICT DO NOTHING"
)
SPEND_TOKEN = text(
    "INSERT INTO spent_invitation (batch_id, token_hash) VALUES (:batch_id, :token_hash)"
    " ON CONFLICT DO NOTHING"
)
FIND_FINGERPRINT = text(
    "SELECT fingerprint FROM response"
    " WHERE access_point_id = :access_point_id AND day = :day AND submission_key = :key"
)
INSERT_COMMENT = text(
    "INSERT INTO comment (comment_key, access_point_id, day, text)"
    " VALUES (:comment_key, :access_point_id, :day, :comment)"
)
INSERT_CASE = text("INSERT INTO comment_case (number, comment_key) VALUES (:case_number, :comment_key)")
ADD_RECEIVED = text(
    "INSERT INTO access_point_day (access_point_id, day, n_opened, n_received)"
    " VALUES (:access_point_id, :day, 0, :n)"
    " ON CONFLICT (access_point_id, day) DO UPDATE SET n_received = access_point_day.n_received + :n"
    " RETURNING n_received"
)
# A page may stay open while its access point is removed with its demo: such an opening counts for nothing.
ADD_OPENED = text(
    "INSERT INTO access_point_day (access_point_id, day, n_opened, n_received)"
    " SELECT id, :day, :n, 0 FROM access_point WHERE id = :access_point_id"
    " ON CONFLICT (access_point_id, day) DO UPDATE SET n_opened = access_point_day.n_opened + :n"
)
# As BEGIN IMMEDIATE does in SQLite: of all web processes one writes its batch at a time, so that no two wait
# for each other in a circle, whatever their rows. The number is ours alone; it means nothing.
LOCK_OTHER_WRITERS_OUT = text("SELECT pg_advisory_xact_lock(7273501)")

Days = Counter[tuple[int, date]]  # of access points


class Outcome(Enum):
    STORED = "stored"
    REPEATED = "repeated"  # same key, same answers: it was stored before
    CONFLICT = "conflict"  # same key, other answers: the first ones stand
    SPENT = "spent"  # another form has used this invitation
    FAILED = "failed"


@dataclass(slots=True)
class Arrival:
    """One response on its way into the database."""

    fingerprint: int
    access_point_id: int
    day: date
    instrument_version_id: int
    key: bytes
    answers: bytes
    comment: str = ""
    case_number: str | None = None  # where the comment asks for an answer
    cell_id: int | None = None
    batch_id: int | None = None  # of the invitation whose token it spends
    token_hash: bytes | None = None
    daily_budget: int | None = None  # beyond it, a response is marked
    is_beyond: bool = False
    outcome: Outcome = Outcome.FAILED
    settled: threading.Event = field(default_factory=threading.Event)

    def values(self) -> dict[str, object]:
        return {
            "fingerprint": self.fingerprint,
            "access_point_id": self.access_point_id,
            "day": (self.day - EPOCH).days,
            "version": self.instrument_version_id,
            "cell_id": self.cell_id,
            "key": self.key,
            "answers": self.answers,
            "review_mark": OVER_BUDGET if self.is_beyond else None,
        }


class _NotNew(Exception):
    """A response of a batch, or its token, was in the database before."""


class Writer:
    """Group commit: while one transaction reaches the disk, the next ones gather and share the following.

    Nobody waits here for two seconds. While a batch is held up (a lock, a disk that stalls), those who come
    are told so at once: each of them would hold one of the server's threads. What was taken in by then is
    stored all the same when the database goes on.
    """

    def __init__(self, database: Database, capacity: int = 64) -> None:
        self._database = database
        # Each waiting arrival holds a thread: the capacity decides how many threads stay free for pages.
        self._places = threading.Semaphore(capacity)
        self._waiting: queue.SimpleQueue[Arrival | None] = queue.SimpleQueue()
        self._openings: Days = Counter()
        self._openings_lock = threading.Lock()
        self._start_lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._busy_since: float | None = None
        self._has_failed = False

    @property
    def is_storing(self) -> bool:
        """Say whether the last batch reached the disk and none is held up; the answer waits for nothing."""
        return not (self._has_failed or self._is_held_up)

    @property
    def _is_held_up(self) -> bool:
        since = self._busy_since
        return since is not None and time.monotonic() - since > HELD_UP_AFTER_SECONDS

    def store(self, arrival: Arrival) -> None:
        """Return once the response is on the disk; raise if it is not, or if others stand in its place."""
        self._start()
        until = time.monotonic() + ANSWER_WITHIN_SECONDS
        # A short wait for a place: a hall that sends at once is served, batch after batch, not sent away.
        if self._is_held_up or not self._places.acquire(timeout=HELD_UP_AFTER_SECONDS):
            raise QueueFull("too many responses wait for the writer")
        try:
            self._waiting.put(arrival)
            is_settled = arrival.settled.wait(until - time.monotonic())
        finally:
            self._places.release()
        if not is_settled or arrival.outcome is Outcome.FAILED:
            raise StorageFailed("the response was not confirmed as stored")
        if arrival.outcome is Outcome.CONFLICT:
            raise AlreadyAnswered("another response has this submission key")
        if arrival.outcome is Outcome.SPENT:
            raise TokenSpent("another form has used this invitation")

    def fingerprint_under(self, access_point_id: int, day: date, key: bytes) -> int | None:
        """Give the fingerprint of the response that is stored under a key, if there is one."""
        place = {"access_point_id": access_point_id, "day": (day - EPOCH).days, "key": key}
        with self._database.reading() as session:
            found: int | None = session.execute(FIND_FINGERPRINT, place).scalar()
        return found

    def count_opening(self, access_point_id: int, day: date) -> None:
        """Remember that a page was opened; it reaches the database between two batches."""
        self._start()
        with self._openings_lock:
            self._openings[access_point_id, day] += 1

    def close(self) -> None:
        """Store what waits and end the thread."""
        if self._thread is not None and self._thread.is_alive():
            self._waiting.put(None)
            self._thread.join(CLOSE_WITHIN_SECONDS)
        self._thread = None

    def _start(self) -> None:
        # At first use, not at construction: a server may fork in between, and threads do not survive that.
        if self._thread is not None:
            return
        with self._start_lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="writer", daemon=True)
                self._thread.start()
                atexit.register(self.close)

    def _run(self) -> None:
        goes_on, flush_at = True, 0.0
        while goes_on:
            batch, goes_on = self._gather()
            if batch:
                self._store_batch(batch)
            if time.monotonic() >= flush_at or not goes_on:
                flush_at = time.monotonic() + FLUSH_OPENINGS_SECONDS
                self._store_openings()

    def _gather(self) -> tuple[list[Arrival], bool]:
        batch: list[Arrival] = []
        try:
            arrival = self._waiting.get(timeout=FLUSH_OPENINGS_SECONDS)
            while arrival is not None:
                batch.append(arrival)
                if len(batch) == LARGEST_BATCH:
                    return batch, True
                arrival = self._waiting.get_nowait()
        except queue.Empty:
            return batch, True
        return batch, False

    def _store_batch(self, batch: Sequence[Arrival]) -> None:
        self._succeeds(f"batch of {len(batch)}", lambda: self._commit(batch))
        for arrival in batch:
            arrival.settled.set()

    def _store_openings(self) -> None:
        with self._openings_lock:
            openings, self._openings = self._openings, Counter()
        if openings and not self._succeeds("openings", lambda: self._commit_openings(openings)):
            with self._openings_lock:
                self._openings.update(openings)

    def _succeeds(self, what: str, write: Callable[[], None]) -> bool:
        """Note how a write went. The thread must outlive any fault: the next batch is tried anew."""
        self._busy_since = time.monotonic()
        try:
            write()
        except Exception as error:
            log.error("%s not stored: %s", what, type(error).__name__)
            self._has_failed = True
        else:
            self._has_failed = False
        finally:
            self._busy_since = None
        return not self._has_failed

    def _commit_openings(self, openings: Days) -> None:
        with self._alone() as connection:
            connection.execute(ADD_OPENED, [_of_day(*place, n) for place, n in openings.items()])

    def _commit(self, batch: Sequence[Arrival]) -> None:
        try:
            with self._alone() as connection:
                store_all(connection, batch)
            outcomes = [Outcome.STORED] * len(batch)
        except (_NotNew, DBAPIError) as error:
            if _holds_up(error):
                raise
            with self._alone() as connection:
                outcomes = [_store_one(connection, arrival) for arrival in batch]
        for arrival, outcome in zip(batch, outcomes, strict=True):
            arrival.outcome = outcome

    @contextmanager
    def _alone(self) -> Iterator[Connection]:
        """Begin a transaction beside which no other web process writes."""
        with self._database.engine.begin() as connection:
            if not self._database.is_sqlite:
                connection.execute(LOCK_OTHER_WRITERS_OUT)
            yield connection


def _holds_up(error: Exception) -> bool:
    """Tell a database that is locked or full, where a second try would make everybody wait twice."""
    return isinstance(error, OperationalError) and not error.connection_invalidated


def store_all(connection: Connection, batch: Sequence[Arrival]) -> None:
    """Insert a batch of new responses; raise, for the transaction to roll back, if any was there before."""
    _add_to_days(connection, batch)
    _insert_new(connection, INSERT_RESPONSE, [arrival.values() for arrival in batch])
    invited = [arrival for arrival in batch if arrival.token_hash is not None]
    if invited:
        tokens = [{"batch_id": one.batch_id, "token_hash": one.token_hash} for one in invited]
        _insert_new(connection, SPEND_TOKEN, tokens)
    _add_comments(connection, [arrival for arrival in batch if arrival.comment])


def _insert_new(connection: Connection, statement: TextClause, rows: Sequence[dict[str, Any]]) -> None:
    if connection.execute(statement, rows).rowcount != len(rows):
        raise _NotNew


def _store_one(connection: Connection, arrival: Arrival) -> Outcome:
    """Give a response its own savepoint, so that a bad row takes no other with it."""
    try:
        with connection.begin_nested():
            store_all(connection, [arrival])
        return Outcome.STORED
    except (DataError, IntegrityError) as error:
        log.error("one response not stored: %s", type(error).__name__)
        return Outcome.FAILED
    except _NotNew:
        fingerprint = connection.execute(FIND_FINGERPRINT, arrival.values()).scalar()
    if fingerprint is None:
        return Outcome.SPENT
    return Outcome.REPEATED if fingerprint == arrival.fingerprint else Outcome.CONFLICT


def _add_comments(connection: Connection, commented: Sequence[Arrival]) -> None:
    comments = [
        # A key of its own: nothing joins the comment to the answers it came with.
        {
            **arrival.values(),
            "comment_key": secrets.token_bytes(16),
            "comment": arrival.comment,
            "case_number": arrival.case_number,
        }
        for arrival in commented
    ]
    if comments:
        connection.execute(INSERT_COMMENT, comments)
    cases = [comment for comment in comments if comment["case_number"] is not None]
    if cases:
        connection.execute(INSERT_CASE, cases)


def _add_to_days(connection: Connection, batch: Sequence[Arrival]) -> None:
    """Count what came, and note which responses go beyond their access point's budget."""
    arrivals: dict[tuple[int, date], list[Arrival]] = defaultdict(list)
    for arrival in batch:
        arrivals[arrival.access_point_id, arrival.day].append(arrival)
    for place, of_day in arrivals.items():
        n_received = connection.execute(ADD_RECEIVED, _of_day(*place, len(of_day))).scalar_one()
        for n_later, arrival in enumerate(reversed(of_day)):
            budget = arrival.daily_budget
            arrival.is_beyond = budget is not None and n_received - n_later > budget


def _of_day(access_point_id: int, day: date, n: int) -> dict[str, int]:
    return {"access_point_id": access_point_id, "day": (day - EPOCH).days, "n": n}
