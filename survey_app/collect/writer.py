"""The writer: one thread that commits whatever waits, and tells each waiting request what became of it."""

import atexit
import logging
import queue
import secrets
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import Enum

from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError, OperationalError

from survey_app.db import Database
from survey_app.errors import AlreadyAnswered, QueueFull, StorageFailed, TokenSpent
from survey_app.models.base import EPOCH
from survey_app.models.response import OVER_BUDGET

log = logging.getLogger(__name__)

LARGEST_BATCH = 256
ANSWER_WITHIN_SECONDS = 14.0
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
_ADD_TO_DAY = (
    "INSERT INTO access_point_day (access_point_id, day, n_opened, n_received)"
    " VALUES (:access_point_id, :day, :n_opened, :n_received)"
    " ON CONFLICT (access_point_id, day) DO UPDATE SET"
    " n_opened = access_point_day.n_opened + excluded.n_opened,"
    " n_received = access_point_day.n_received + excluded.n_received"
)
ADD_TO_DAY = text(_ADD_TO_DAY)
ADD_TO_DAY_AND_COUNT = text(f"{_ADD_TO_DAY} RETURNING n_received")

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


class Writer:
    """Group commit: while one transaction reaches the disk, the next ones gather and share the following."""

    def __init__(self, database: Database, capacity: int = 64) -> None:
        self._database = database
        # Each waiting arrival holds a thread: the capacity decides how many threads stay free for pages.
        self._places = threading.Semaphore(capacity)
        self._waiting: queue.SimpleQueue[Arrival | None] = queue.SimpleQueue()
        self._openings: Days = Counter()
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
        if arrival.outcome is Outcome.SPENT:
            raise TokenSpent("another form has used this invitation")

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

    def _take_openings(self) -> Days:
        with self._openings_lock:
            openings, self._openings = self._openings, Counter()
        return openings

    def _give_back(self, openings: Days) -> None:
        with self._openings_lock:
            self._openings.update(openings)

    def _commit(self, batch: Sequence[Arrival], openings: Days) -> None:
        if self._commit_at_once(batch, openings):
            outcomes = [Outcome.STORED] * len(batch)
        else:
            with self._database.engine.begin() as connection:
                outcomes = store_one_by_one(connection, batch, openings)
        for arrival, outcome in zip(batch, outcomes, strict=True):
            arrival.outcome = outcome

    def _commit_at_once(self, batch: Sequence[Arrival], openings: Days) -> bool:
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


def store_all(connection: Connection, batch: Sequence[Arrival], openings: Days) -> bool:
    """Insert a batch of new responses; say False, for the caller to roll back, if any was there before."""
    _add_to_days(connection, batch, openings)
    if batch and connection.execute(INSERT_RESPONSE, [a.values() for a in batch]).rowcount != len(batch):
        return False
    invited = [arrival for arrival in batch if arrival.token_hash is not None]
    if invited and connection.execute(SPEND_TOKEN, [_token(a) for a in invited]).rowcount != len(invited):
        return False
    _add_comments(connection, batch)
    return True


def store_one_by_one(connection: Connection, batch: Sequence[Arrival], openings: Days) -> list[Outcome]:
    """Give each response its own savepoint, so that one bad row takes no other with it."""
    outcomes = []
    for arrival in batch:
        try:
            outcomes.append(_store_one(connection, arrival))
        except DBAPIError as error:
            log.error("one response not stored: %s", type(error).__name__)
            outcomes.append(Outcome.FAILED)
    _add_to_days(connection, [], openings)
    return outcomes


def _store_one(connection: Connection, arrival: Arrival) -> Outcome:
    with connection.begin_nested() as savepoint:
        if store_all(connection, [arrival], Counter()):
            return Outcome.STORED
        savepoint.rollback()
    fingerprint = connection.execute(FIND_FINGERPRINT, arrival.values()).scalar()
    if fingerprint is None:
        return Outcome.SPENT
    return Outcome.REPEATED if fingerprint == arrival.fingerprint else Outcome.CONFLICT


def _token(arrival: Arrival) -> dict[str, object]:
    return {"batch_id": arrival.batch_id, "token_hash": arrival.token_hash}


def _add_comments(connection: Connection, batch: Sequence[Arrival]) -> None:
    comments = [
        # A key of its own: nothing joins the comment to the answers it came with.
        {
            **arrival.values(),
            "comment_key": secrets.token_bytes(16),
            "comment": arrival.comment,
            "case_number": arrival.case_number,
        }
        for arrival in batch
        if arrival.comment
    ]
    if comments:
        connection.execute(INSERT_COMMENT, comments)
    cases = [comment for comment in comments if comment["case_number"] is not None]
    if cases:
        connection.execute(INSERT_CASE, cases)


def _add_to_days(connection: Connection, batch: Sequence[Arrival], openings: Days) -> None:
    """Count what came and what was opened; note which responses go beyond their access point's budget."""
    arrivals: dict[tuple[int, date], list[Arrival]] = defaultdict(list)
    for arrival in batch:
        arrivals[arrival.access_point_id, arrival.day].append(arrival)
    uncounted = []
    # Sorted: two processes that update the same days lock them in the same order.
    for point, day in sorted(arrivals.keys() | openings.keys()):
        of_day = arrivals[point, day]
        values = {
            "access_point_id": point,
            "day": (day - EPOCH).days,
            "n_opened": openings[point, day],
            "n_received": len(of_day),
        }
        budget = of_day[0].daily_budget if of_day else None
        if budget is None:
            uncounted.append(values)
            continue
        n_received = connection.execute(ADD_TO_DAY_AND_COUNT, values).scalar_one()
        for place, arrival in enumerate(reversed(of_day)):
            arrival.is_beyond = n_received - place > budget
    if uncounted:
        connection.execute(ADD_TO_DAY, uncounted)
