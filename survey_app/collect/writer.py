"""The writer: one thread that commits whatever waits, and tells each waiting request what became of it."""

import atexit
import logging
import queue
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date

from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError, OperationalError

from survey_app.collect.storing import (
    Arrival,
    Days,
    NotNew,
    Outcome,
    count_openings,
    fingerprint_under,
    store_all,
    store_one,
)
from survey_app.db import Database
from survey_app.errors import AlreadyAnswered, QueueFull, StorageFailed, TokenSpent

log = logging.getLogger(__name__)

LARGEST_BATCH = 256
# Then a respondent is asked to send again, which counts nothing twice, and is told the same if it was stored.
ANSWER_WITHIN_SECONDS = 1.5
# Far longer than a batch takes on a sound disk; for as long, at most, does a page wait for a thread.
HELD_UP_AFTER_SECONDS = 0.5
CLOSE_WITHIN_SECONDS = 14.0
FLUSH_OPENINGS_SECONDS = 5.0

# As BEGIN IMMEDIATE does in SQLite: of all web processes one writes its batch at a time, so that no two wait
# for each other in a circle, whatever their rows. The number is ours alone; it means nothing.
LOCK_OTHER_WRITERS_OUT = text("SELECT pg_advisory_xact_lock(7273501)")


@dataclass(slots=True)
class _Waiting:
    """A request's arrival on its way through the queue, and what became of it."""

    arrival: Arrival
    outcome: Outcome = Outcome.FAILED
    settled: threading.Event = field(default_factory=threading.Event)


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
        self._waiting: queue.SimpleQueue[_Waiting | None] = queue.SimpleQueue()
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

    def store(self, arrival: Arrival) -> Outcome:
        """Return once the response is on the disk; raise if it is not, or if others stand in its place.

        The outcome says whether it was there before; its sender is told the same in either case.
        """
        self._start()
        until = time.monotonic() + ANSWER_WITHIN_SECONDS
        # A short wait for a place: a hall that sends at once is served, batch after batch, not sent away.
        if self._is_held_up or not self._places.acquire(timeout=HELD_UP_AFTER_SECONDS):
            raise QueueFull("too many responses wait for the writer")
        try:
            waiting = _Waiting(arrival)
            self._waiting.put(waiting)
            is_settled = waiting.settled.wait(until - time.monotonic())
        finally:
            self._places.release()
        if not is_settled or waiting.outcome is Outcome.FAILED:
            raise StorageFailed("the response was not confirmed as stored")
        if waiting.outcome is Outcome.CONFLICT:
            raise AlreadyAnswered("another response has this submission key")
        if waiting.outcome is Outcome.SPENT:
            raise TokenSpent("another form has used this invitation")
        return waiting.outcome

    def fingerprint_under(self, access_point_id: int, day: date, key: bytes) -> int | None:
        """Give the fingerprint of the response that is stored under a key, if there is one."""
        try:
            with self._database.for_pages.reading() as session:
                return fingerprint_under(session.connection(), access_point_id, day, key)
        except OperationalError as error:
            raise StorageFailed("whether a response is stored could not be read") from error

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

    def _gather(self) -> tuple[list[_Waiting], bool]:
        batch: list[_Waiting] = []
        try:
            waiting = self._waiting.get(timeout=FLUSH_OPENINGS_SECONDS)
            while waiting is not None:
                batch.append(waiting)
                if len(batch) == LARGEST_BATCH:
                    return batch, True
                waiting = self._waiting.get_nowait()
        except queue.Empty:
            return batch, True
        return batch, False

    def _store_batch(self, batch: Sequence[_Waiting]) -> None:
        self._succeeds(f"batch of {len(batch)}", lambda: self._commit(batch))
        for waiting in batch:
            waiting.settled.set()

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
            count_openings(connection, openings)

    def _commit(self, batch: Sequence[_Waiting]) -> None:
        arrivals = [waiting.arrival for waiting in batch]
        try:
            with self._alone() as connection:
                store_all(connection, arrivals)
            outcomes = [Outcome.STORED] * len(batch)
        except (NotNew, DBAPIError) as error:
            if _holds_up(error):
                raise
            with self._alone() as connection:
                outcomes = [store_one(connection, arrival) for arrival in arrivals]
        for waiting, outcome in zip(batch, outcomes, strict=True):
            waiting.outcome = outcome

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
