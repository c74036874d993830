"""The writer: one thread that commits whatever waits, and tells each waiting request what became of it."""

import atexit
import logging
import queue
import secrets
import threading
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import Enum

from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError, OperationalError

from survey_app.db import Database
from survey_app.errors import AlreadyAnswered, QueueFull, StorageFailed
from survey_app.models.base import EPOCH

log = logging.getLogger(__name__)

LARGEST_BATCH = 256
ANSWER_WITHIN_SECONDS = 14.0
FLUSH_OPENINGS_SECONDS = 5.0

INSERT_RESPONSE = text(
    "INSERT INTO response (fingerprint, access_point_id, day, instrument_version_id, submission_key, answers)"
    " VALUES (:fingerprint, :access_point_id, :day, :version, :key, :answers) ON CONFLICT DO NOTHING"
)
FIND_FINGERPRINT = text(
    "SELECT fingerprint FROM response"
    " WHERE access_point_id = :access_point_id AND day = :day AND submission_key = :key"
)
INSERT_COMMENT = text(
    "INSERT INTO comment (comment_key, access_point_id, day, text)"
    " VALUES (:comment_key, :access_point_id, :day, :comment)"
)
ADD_TO_DAY = text(
    "INSERT INTO access_point_day (access_point_id, day, n_opened, n_received)"
    " VALUES (:access_point_id, :day, :n_opened, :n_received)"
    " ON CONFLICT (access_point_id, day) DO UPDATE SET"
    " n_opened = access_point_day.n_opened + excluded.n_opened,"
    " n_received = access_point_day.n_received + excluded.n_received"
)


class Outcome(Enum):
    STORED = "stored"
    REPEATED = "repeated"  # same key, same answers: it was stored before
    CONFLICT = "conflict"  # same key, other answers: the first ones stand
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
    comment: str
    outcome: Outcome = Outcome.FAILED
    settled: threading.Event = field(default_factory=threading.Event)

    def values(self) -> dict[str, object]:
        return {
            "fingerprint": self.fingerprint,
            "access_point_id": self.access_point_id,
            "day": (self.day - EPOCH).days,
            "version": self.instrument_version_id,
            "key": self.key,
            "answers": self.answers,
        }


class Writer:
    """Group commit: while one transaction reaches the disk, the next ones gather and share the following."""

    def __init__(self, database: Database, capacity: int = 64) -> None:
        self._database = database
        # Each waiting arrival holds a thread: the capacity decides how many threads stay free for pages.
        self._places = threading.Semaphore(capacity)
        self._waiting: queue.SimpleQueue[Arrival | None] = queue.SimpleQueue()
        self._openings: Counter[tuple[int, date]] = Counter()
        self._openings_lock = threading.Lock()
        self._start_lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def store(self, arrival: Arrival) -> None:
        """Return once the response is on the disk; raise if it is not, or if others stand in its place."""
        self._start()
        if not self._places.acquire(blocking=False):
            raise QueueFull("too many responses wait for the writer")
        try:
            self._waiting.put(arrival)
            is_settled = arrival.settled.wait(ANSWER_WITHIN_SECONDS)
        finally:
            self._places.release()
        if not is_settled or arrival.outcome is Outcome.FAILED:
            raise StorageFailed("the response was not confirmed as stored")
        if arrival.outcome is Outcome.CONFLICT:
            raise AlreadyAnswered("another response has this submission key")

    def count_opening(self, access_point_id: int, day: date) -> None:
        """Remember that a page was opened; it reaches the database with a later batch."""
        self._start()
        with self._openings_lock:
            self._openings[access_point_id, day] += 1

    def close(self) -> None:
        """Store what waits and end the thread."""
        if self._thread is not None and self._thread.is_alive():
            self._waiting.put(None)
            self._thread.join(ANSWER_WITHIN_SECONDS)
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
            openings = self._take_openings() if time.monotonic() >= flush_at or not goes_on else Counter()
            if openings:
                flush_at = time.monotonic() + FLUSH_OPENINGS_SECONDS
            if not batch and not openings:
                continue
            try:
                self._commit(batch, openings)
            except Exception as error:
                # The thread must outlive any fault: those who wait are told, the next batch is tried anew.
                log.error("batch of %s not stored: %s", len(batch), type(error).__name__)
                self._give_back(openings)
            for arrival in batch:
                arrival.settled.set()

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

    def _take_openings(self) -> Counter[tuple[int, date]]:
        with self._openings_lock:
            openings, self._openings = self._openings, Counter()
        return openings

    def _give_back(self, openings: Counter[tuple[int, date]]) -> None:
        with self._openings_lock:
            self._openings.update(openings)

    def _commit(self, batch: Sequence[Arrival], openings: Counter[tuple[int, date]]) -> None:
        if self._commit_at_once(batch, openings):
            outcomes = [Outcome.STORED] * len(batch)
        else:
            with self._database.engine.begin() as connection:
                outcomes = store_one_by_one(connection, batch, openings)
        for arrival, outcome in zip(batch, outcomes, strict=True):
            arrival.outcome = outcome

    def _commit_at_once(self, batch: Sequence[Arrival], openings: Counter[tuple[int, date]]) -> bool:
        """Commit a batch of new responses; say False where each row must be looked at by itself."""
        try:
            with self._database.engine.begin() as connection:
                is_clean = store_all(connection, batch, openings)
                if not is_clean:
                    connection.rollback()
        except OperationalError as error:
            # Locked or full: a second try would make everybody wait twice. A lost connection is replaced.
            if not error.connection_invalidated:
                raise
            return False
        except DBAPIError:
            return False
        return is_clean


def store_all(connection: Connection, batch: Sequence[Arrival], openings: Counter[tuple[int, date]]) -> bool:
    """Insert a batch of new responses; say False, for the caller to roll back, if any was there before."""
    if batch and connection.execute(INSERT_RESPONSE, [a.values() for a in batch]).rowcount != len(batch):
        return False
    _add_comments(connection, batch)
    _add_to_days(connection, batch, openings)
    return True


def store_one_by_one(
    connection: Connection, batch: Sequence[Arrival], openings: Counter[tuple[int, date]]
) -> list[Outcome]:
    """Give each response its own savepoint, so that one bad row takes no other with it."""
    outcomes = []
    for arrival in batch:
        try:
            with connection.begin_nested():
                outcomes.append(_store_one(connection, arrival))
        except DBAPIError as error:
            log.error("one response not stored: %s", type(error).__name__)
            outcomes.append(Outcome.FAILED)
    stored = [a for a, outcome in zip(batch, outcomes, strict=True) if outcome is Outcome.STORED]
    _add_to_days(connection, stored, openings)
    return outcomes


def _store_one(connection: Connection, arrival: Arrival) -> Outcome:
    values = arrival.values()
    if connection.execute(INSERT_RESPONSE, values).rowcount == 1:
        _add_comments(connection, [arrival])
        return Outcome.STORED
    same = connection.execute(FIND_FINGERPRINT, values).scalar_one() == arrival.fingerprint
    return Outcome.REPEATED if same else Outcome.CONFLICT


def _add_comments(connection: Connection, batch: Sequence[Arrival]) -> None:
    comments = [
        # A key of its own: nothing joins the comment to the answers it came with.
        {**arrival.values(), "comment_key": secrets.token_bytes(16), "comment": arrival.comment}
        for arrival in batch
        if arrival.comment
    ]
    if comments:
        connection.execute(INSERT_COMMENT, comments)


def _add_to_days(
    connection: Connection, stored: Sequence[Arrival], openings: Counter[tuple[int, date]]
) -> None:
    received = Counter((arrival.access_point_id, arrival.day) for arrival in stored)
    # Sorted: two processes that update the same days lock them in the same order.
    days = [
        {
            "access_point_id": point,
            "day": (day - EPOCH).days,
            "n_opened": openings[point, day],
            "n_received": received[point, day],
        }
        for point, day in sorted(received.keys() | openings.keys())
    ]
    if days:
        connection.execute(ADD_TO_DAY, days)
