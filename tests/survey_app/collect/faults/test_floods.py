"""A thousand people send at one instant; others send half a form and stop."""

import socket
import time

import pytest

from tests.running_server import PATIENT
from tests.survey_app.collect.faults import phones

CROWD = 1000
ALL_ANSWERED_SECONDS = 15  # as promised: some ten times what it takes
N_SLOW = 60  # more than the server has threads
# Who held a thread would hold it for longer than the test allows anybody to wait.
PATIENT_SECONDS, MOST_SECONDS = 90.0, 30.0


def test_a_thousand_posts_at_one_instant_are_all_answered_and_stored_once(hall):
    forms = [hall.form() for _ in range(CROWD)]
    with hall.server():
        answers = phones.each_from_its_own_phone(hall.port, forms)
        for answer in answers:
            assert answer.status == 303 or answer.says_when_to_retry
            assert answer.seconds <= ALL_ANSWERED_SECONDS
        refused = [form for form, answer in zip(forms, answers, strict=True) if answer.status == 503]
        after_retry = phones.by_turns(hall.port, refused)
    assert {answer.status for answer in after_retry} <= {303}
    assert hall.n_stored == CROWD


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
@pytest.mark.parametrize("sent", ["nothing", "half a head", "half a body"])
def test_phones_that_stop_half_way_keep_nobody_waiting_and_may_go_on(hall, sent):
    whole = hall.form()
    head = whole.index(b"\r\n\r\n")
    stops_at = {"nothing": 0, "half a head": head // 2, "half a body": head + 20}
    with hall.server(BEGUN_WITHIN_SECONDS=PATIENT_SECONDS, WHOLE_WITHIN_SECONDS=PATIENT_SECONDS, **PATIENT):
        slow = [
            socket.create_connection(("127.0.0.1", hall.port), timeout=PATIENT_SECONDS) for _ in range(N_SLOW)
        ]
        for connection in slow:
            connection.sendall(whole[: stops_at[sent]])
        time.sleep(0.2)
        for request in (phones.get("/healthz"), phones.get(f"/s/{hall.code}"), hall.form()):
            answer = phones.ask(hall.port, request)
            assert answer.status in {200, 303}
            assert answer.seconds < MOST_SECONDS
        for connection in slow:
            connection.sendall(whole[stops_at[sent] :])
            assert connection.recv(12) == b"HTTP/1.1 303"
            connection.close()
