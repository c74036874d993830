"""A locked database: small writes are told so within two seconds, and hold up no other page."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import OperationalError

from survey_app.collect import small_write
from survey_app.collect.small_write import MOST_AT_ONCE
from survey_app.models.case import Contact
from survey_app.models.code_report import CodeReport
from tests import factories
from tests.conftest import new_client

PATIENT_SECONDS = 8  # far more than a write may wait, less than the lock's holder or a job would let it
REPORT = {"reason": "asks_money", "place": "cổng chính", "code": "2222-2222"}


@contextmanager
def locked(database):
    """Hold the lock for which a small write waits."""
    with database.transaction() as session:
        if database.is_sqlite:
            session.execute(text("SELECT 1"))  # BEGIN IMMEDIATE
        else:
            session.execute(text("LOCK TABLE code_report, comment_case, contact IN EXCLUSIVE MODE"))
        yield


def timed(ask, *arguments, **more):
    began = time.monotonic()
    response = ask(*arguments, **more)
    return response, time.monotonic() - began


def assert_is_told_in_time(response, seconds, says):
    assert response.status_code == 503
    assert response.headers["Retry-After"] == "5"
    assert seconds < PATIENT_SECONDS
    assert says in response.text


@pytest.fixture
def locked_database(app):
    with locked(app.extensions["database"]):
        yield app.extensions["database"]


def lock_wait(database):
    with database.transaction() as session:
        return session.scalar(text("PRAGMA busy_timeout" if database.is_sqlite else "SHOW lock_timeout"))


def write(database, waits_milliseconds):
    with database.transaction(waits_milliseconds) as session:
        session.add(CodeReport(day=factories.DAY, reason="damaged"))
        session.flush()


def test_small_writes_wait_less_than_two_seconds():
    assert small_write.WAITS_MILLISECONDS / 1000 + small_write.WAITS_FOR_PLACE_SECONDS < 2


def test_transaction_waits_as_long_as_it_says_and_the_next_one_as_ever(database):
    before = lock_wait(database)
    with locked(database):
        began = time.monotonic()
        with pytest.raises(OperationalError):
            write(database, 300)
        assert 0.2 < time.monotonic() - began < PATIENT_SECONDS
    write(database, 300)
    assert lock_wait(database) == before


def test_report_comes_back_filled_in_and_is_taken_when_the_lock_is_gone(app, client):
    with locked(app.extensions["database"]):
        response, seconds = timed(client.post, "/report", data=REPORT)
    assert_is_told_in_time(response, seconds, "chưa rõ")
    assert 'value="asks_money" checked' in response.text
    assert 'value="cổng chính"' in response.text
    assert 'value="2222-2222"' in response.text
    assert client.post("/report", data=REPORT).status_code == 303
    with app.extensions["database"].reading() as session:
        assert [row.place for row in session.scalars(select(CodeReport))] == ["cổng chính"]


@pytest.mark.parametrize("fields", [{"contact": "0912 345 678", "consent": "1"}, {"withdraw": "1"}])
def test_contact_page_comes_back_with_what_was_typed_and_asks_for_consent_again(app, client, fields):
    with app.extensions["database"].transaction() as session:
        number = factories.contact(session).case_number
    path = f"/case/{number}/contact"
    with locked(app.extensions["database"]):
        response, seconds = timed(client.post, path, data=fields)
    assert_is_told_in_time(response, seconds, "chưa rõ")
    assert f'value="{fields.get("contact", "")}"' in response.text
    assert ("Xin đánh dấu lại vào ô" in response.text) is ("contact" in fields)
    assert " checked" not in response.text
    assert client.post(path, data=fields).status_code == 303
    with app.extensions["database"].reading() as session:
        assert len(session.scalars(select(Contact)).all()) == ("contact" in fields)


def test_page_says_so_in_english(client, locked_database):
    response, seconds = timed(client.post, "/report?lang=en", data=REPORT)
    assert_is_told_in_time(response, seconds, "it is unclear if this arrived")


class NotedPlaces(threading.BoundedSemaphore):
    """Notes who was given a place."""

    def __init__(self, value):
        super().__init__(value)
        self.given = []

    def acquire(self, blocking=True, timeout=None):
        self.given.append(super().acquire(blocking, timeout))
        return self.given[-1]


def test_few_wait_at_once_and_the_rest_of_a_crowd_is_told_at_once(app, locked_database, monkeypatch):
    """Who has a place waits here until the whole crowd has come, however slow the machine is."""
    places, n_senders = NotedPlaces(MOST_AT_ONCE), 3 * MOST_AT_ONCE
    monkeypatch.setattr(small_write, "_places", places)
    transaction = type(locked_database).transaction

    def when_all_have_come(*arguments):
        until = time.monotonic() + 60
        while len(places.given) < n_senders and time.monotonic() < until:
            time.sleep(0.01)
        return transaction(*arguments)

    monkeypatch.setattr(type(locked_database), "transaction", when_all_have_come)

    def send(_number):
        return new_client(app).post("/report", data=REPORT)

    with ThreadPoolExecutor(n_senders) as senders:
        sent = senders.map(send, range(n_senders))
        health = new_client(app).get("/healthz")
        answers = list(sent)
    assert health.status_code == 200
    for answer in answers:
        assert_is_told_in_time(answer, 0, "chưa rõ")
    assert sorted(places.given) == [False] * (n_senders - MOST_AT_ONCE) + [True] * MOST_AT_ONCE
