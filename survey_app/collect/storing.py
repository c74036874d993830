"""The statements that store arrivals: responses, spent tokens, comments, cases, and the counts of a day."""

import logging
import secrets
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import Enum
from operator import itemgetter
from typing import Any, Self

from sqlalchemy import Connection, TextClause, text
from sqlalchemy.exc import DataError, IntegrityError

from survey_app.collect.entry import Entry
from survey_app.collect.form.submission import Submission
from survey_app.collect.keys import SubmissionKey
from survey_app.models.base import EPOCH
from survey_app.models.definition import Definition
from survey_app.models.response import OVER_BUDGET

log = logging.getLogger(__name__)

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
    "INSERT INTO access_point_day (access_point_id, day, n_opened, n_received, n_voided)"
    " VALUES (:access_point_id, :day, 0, :n, 0)"
    " ON CONFLICT (access_point_id, day) DO UPDATE SET n_received = access_point_day.n_received + :n"
    # With what came that day by the other codes of its place and way in: a new code is no new budget.
    " RETURNING n_received + coalesce((SELECT sum(other.n_received) FROM access_point one"
    " JOIN access_point alike ON alike.campaign_id = one.campaign_id AND alike.office_id = one.office_id"
    " AND alike.way_in = one.way_in AND alike.provenance = one.provenance AND alike.id <> one.id"
    " AND coalesce(alike.counter_id, 0) = coalesce(one.counter_id, 0)"
    " JOIN access_point_day other ON other.access_point_id = alike.id AND other.day = :day"
    " WHERE one.id = :access_point_id), 0)"
)
# A page may stay open while its access point is removed with its demo: such an opening counts for nothing.
ADD_OPENED = text(
    "INSERT INTO access_point_day (access_point_id, day, n_opened, n_received, n_voided)"
    " SELECT id, :day, :n, 0, 0 FROM access_point WHERE id = :access_point_id"
    " ON CONFLICT (access_point_id, day) DO UPDATE SET n_opened = access_point_day.n_opened + :n"
)

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

    @classmethod
    def of(cls, entry: Entry, key: SubmissionKey, definition: Definition, submission: Submission) -> Self:
        """Pack what came by a way in."""
        return cls(
            fingerprint=key.fingerprint(submission.content()),
            access_point_id=key.access_point_id,
            day=key.day,
            instrument_version_id=key.instrument_version_id,
            key=key.row_key,
            answers=definition.pack(submission.answers),
            comment=submission.comment,
            case_number=key.case_number if submission.wants_answer else None,
            cell_id=entry.cell_id,
            batch_id=entry.batch_id,
            token_hash=key.token_hash,
            daily_budget=entry.daily_budget,
        )

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


class NotNew(Exception):
    """A response of a batch, or its token, was in the database before."""


def store_all(connection: Connection, batch: Sequence[Arrival]) -> None:
    """Insert a batch of new responses; raise, for the transaction to roll back, if any was there before.

    Counts are raised in the order of what they count: of two servers, neither waits for the other in a ring.
    """
    _add_to_days(connection, batch)
    _insert_new(connection, INSERT_RESPONSE, [arrival.values() for arrival in batch])
    invited = [arrival for arrival in batch if arrival.token_hash is not None]
    if invited:
        invited.sort(key=lambda one: one.batch_id or 0)  # triggers count the spent tokens of each batch
        tokens = [{"batch_id": one.batch_id, "token_hash": one.token_hash} for one in invited]
        _insert_new(connection, SPEND_TOKEN, tokens)
    _add_comments(connection, [arrival for arrival in batch if arrival.comment])


def _insert_new(connection: Connection, statement: TextClause, rows: Sequence[dict[str, Any]]) -> None:
    if connection.execute(statement, rows).rowcount != len(rows):
        raise NotNew


def store_one(connection: Connection, arrival: Arrival) -> Outcome:
    """Give a response its own savepoint, so that a bad row takes no other with it."""
    try:
        with connection.begin_nested():
            store_all(connection, [arrival])
        return Outcome.STORED
    except (DataError, IntegrityError) as error:
        log.error("one response not stored: %s", type(error).__name__)
        return Outcome.FAILED
    except NotNew:
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
    """Count what came, and note which responses go beyond the budget of their place."""
    arrivals: dict[tuple[int, date], list[Arrival]] = defaultdict(list)
    for arrival in batch:
        arrivals[arrival.access_point_id, arrival.day].append(arrival)
    for place, of_day in sorted(arrivals.items(), key=itemgetter(0)):
        n_received = connection.execute(ADD_RECEIVED, _of_day(*place, len(of_day))).scalar_one()
        for n_later, arrival in enumerate(reversed(of_day)):
            budget = arrival.daily_budget
            arrival.is_beyond = budget is not None and n_received - n_later > budget


def count_openings(connection: Connection, openings: Days) -> None:
    """Add to the days how often pages were opened."""
    connection.execute(ADD_OPENED, [_of_day(*place, n) for place, n in openings.items()])


def fingerprint_under(connection: Connection, access_point_id: int, day: date, key: bytes) -> int | None:
    """Give the fingerprint of the response that is stored under a key, if there is one."""
    place = {"access_point_id": access_point_id, "day": (day - EPOCH).days, "key": key}
    found: int | None = connection.execute(FIND_FINGERPRINT, place).scalar()
    return found


def _of_day(access_point_id: int, day: date, n: int) -> dict[str, int]:
    return {"access_point_id": access_point_id, "day": (day - EPOCH).days, "n": n}
