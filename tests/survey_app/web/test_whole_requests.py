"""When a request is whole, what is refused without a thread, and that nobody's slowness is another's."""

import contextlib
import os
import socket
import sys
import time
from collections.abc import Iterator

import pytest

from survey_app.web.whole_requests import (
    LARGEST_GATHERED,
    LARGEST_HEAD,
    files_allowed,
    head_of,
    refusal,
    whole_length,
)
from tests import running_server

GET = b"GET / HTTP/1.1\r\nHost: hall\r\n\r\n"
POST = b"POST /s/x HTTP/1.1\r\nContent-Length: 11\r\nHost: hall\r\n\r\n"
CHUNKED = b"POST /s/x HTTP/1.1\r\nTransfer-Encoding: gzip, chunked\r\n\r\n"
ASKING = POST.replace(b"Host: hall", b"Expect: 100-continue")
N_SLOW = 12  # more than the server of these tests has threads
REFUSED = [
    (b"x" * LARGEST_HEAD, "431"),
    (ASKING, "417"),
    (CHUNKED, "411"),
    (POST.replace(b"11", str(LARGEST_GATHERED).encode()), "413"),
    (POST.replace(b"11", b"9" * 10_000), "413"),
]


def app(environ, start_response):
    """Answer /long with more than any kernel buffers, everything else with the length of its body."""
    if environ["PATH_INFO"] == "/long":
        start_response("200 OK", [("Content-Length", str(64 * 1024 * 1024))])
        return (bytes(1024 * 1024) for _ in range(64))
    said = str(len(environ["wsgi.input"].read())).encode()
    start_response("200 OK", [("Content-Length", str(len(said)))])
    return [said]


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with socket.socket() as chosen:
        chosen.bind(("127.0.0.1", 0))
        number = chosen.getsockname()[1]
    command = [
        *(sys.executable, "-m", "gunicorn", f"{__name__}:app", "--bind", f"127.0.0.1:{number}"),
        *("--worker-class", "survey_app.web.whole_requests.WholeRequestWorker"),
        *("--threads", "2", "--keep-alive", "15", "--log-level", "critical", "--no-control-socket"),
    ]
    with running_server.started(command, {**os.environ, "PORT": str(number)}):
        yield number


@contextlib.contextmanager
def connected(port: int, how_many: int, sent: bytes) -> Iterator[list[socket.socket]]:
    with contextlib.ExitStack() as at_the_end:
        connections = []
        for _ in range(how_many):
            connection = socket.create_connection(("127.0.0.1", port), timeout=20)
            connections.append(at_the_end.enter_context(connection))
            connection.sendall(sent)
        yield connections


def until_closed(connection: socket.socket) -> bytes:
    answer = b""
    with contextlib.suppress(ConnectionResetError):
        while more := connection.recv(65536):
            answer += more
    return answer


def has_come(connection: socket.socket) -> bool:
    try:
        return bool(connection.recv(1))
    except BlockingIOError:
        return False


def seconds_of_a_request(port: int) -> float:
    began = time.monotonic()
    with connected(port, 1, GET) as [connection]:
        assert connection.recv(12) == b"HTTP/1.1 200"
    return time.monotonic() - began


@pytest.mark.parametrize("whole", [GET, POST + b"q1=5&form-x"])
def test_no_part_of_a_request_is_taken_for_the_whole(whole):
    for n in range(1, len(whole)):
        assert n < whole_length(whole[:n]) <= len(whole)
        assert refusal(whole[:n]) == ""
    assert whole_length(whole) == len(whole)


def test_a_stated_length_is_asked_for_at_once():
    assert whole_length(POST) == len(POST) + 11
    assert whole_length(POST.replace(b"Content-Length: 11", b"content-length:\t7 ")) == len(POST) + 7


def test_a_damaged_length_is_a_matter_for_the_parser():
    damaged = POST.replace(b"11", b"-3")
    assert whole_length(damaged) == len(damaged)
    assert refusal(damaged) == ""


@pytest.mark.parametrize(("so_far", "status"), REFUSED)
def test_what_cannot_gather_is_refused(so_far, status):
    assert refusal(so_far).startswith(status)


def test_the_largest_body_of_a_page_is_not_refused():
    assert refusal(POST.replace(b"11", str(1024 * 1024).encode())) == ""


@pytest.mark.parametrize("line", [b"content-length: 999", b"expect: x", b"transfer-encoding: chunked"])
def test_the_body_of_a_request_cannot_pass_for_its_head(line):
    request = POST + b"x\r\n" + line + b"\r\n\r\n"
    assert head_of(request) == POST
    assert whole_length(request) == len(POST) + 11
    assert refusal(request) == ""


def test_no_more_files_are_promised_than_may_be_opened():
    assert files_allowed(16) == 16
    assert files_allowed(10**9) < 10**9


@pytest.mark.parametrize(
    "sent",
    [
        b"GET / HTTP/1.0\r\n\r\n",
        GET.replace(b"Host", b"Connection: close\r\nHost"),
        b"damaged\r\n\r\n",
        POST.replace(b"11", b"-3"),
        b"\r\n\r\n" + POST,
    ],
)
def test_who_does_not_hang_up_keeps_nobody_waiting(port, sent):
    with connected(port, N_SLOW, sent) as connections:
        time.sleep(0.2)
        assert seconds_of_a_request(port) < 1
        assert until_closed(connections[0]).startswith((b"HTTP/1.1", b"HTTP/1.0"))


def test_who_does_not_hang_up_is_cut_off(port):
    with connected(port, 1, b"GET / HTTP/1.0\r\n\r\n") as [connection]:
        assert until_closed(connection)
        connection.sendall(b"still here")  # only half closed, so this is taken
        time.sleep(3)
        connection.sendall(b"and now")
        time.sleep(0.1)
        with pytest.raises(ConnectionError):
            connection.sendall(b"nobody is")


@pytest.mark.parametrize(("sent", "status"), REFUSED)
def test_a_refusal_is_short_final_and_takes_no_thread(port, sent, status):
    with connected(port, N_SLOW, sent) as connections:
        assert seconds_of_a_request(port) < 1
        for connection in connections:
            answer = until_closed(connection)
            assert answer.startswith(f"HTTP/1.1 {status} ".encode())
            assert answer.endswith(b"\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")


@pytest.mark.parametrize("begun", [GET[:9], POST + b"q1="])
def test_half_a_second_request_gets_no_thread(port, begun):
    with connected(port, N_SLOW, GET + begun) as connections:
        time.sleep(0.2)
        assert seconds_of_a_request(port) < 1
        assert until_closed(connections[0]).count(b"HTTP/1.1") == 1


def test_a_connection_serves_one_request_after_the_other(port):
    with connected(port, 1, POST + b"q1=5&form-x") as [connection]:
        time.sleep(0.2)
        connection.sendall(POST + b"q1=5")
        time.sleep(0.2)
        connection.sendall(b"&form-x")
        time.sleep(0.2)
        connection.sendall(GET.replace(b"Host", b"Connection: close\r\nHost"))
        bodies = [answer[-2:] for answer in until_closed(connection).split(b"HTTP/1.1 200 OK")]
        assert bodies == [b"", b"11", b"11", b"\n0"]


def test_who_connects_and_says_nothing_is_parted_from_before_who_has_begun(port):
    with connected(port, 1, POST) as [begun], connected(port, 1, b"") as [silent]:
        began = time.monotonic()
        assert until_closed(silent) == b""
        assert 4 < time.monotonic() - began < 8
        begun.sendall(b"q1=5&form-x")
        assert begun.recv(12) == b"HTTP/1.1 200"


# `make soak` also meets one who takes a little now and then, which takes twenty seconds to see.
READERS = [(0, 12), (4096, 22)] if os.environ.get("SOAK") == "yes" else [(0, 12)]


@pytest.mark.parametrize(("takes", "at_most"), READERS)
def test_who_hardly_reads_holds_a_thread_for_ten_seconds_a_piece(port, takes, at_most):
    with connected(port, 2, b"GET /long HTTP/1.1\r\nHost: hall\r\n\r\n") as slow:
        time.sleep(0.2)
        with connected(port, 1, GET) as [waiting]:
            began = time.monotonic()
            waiting.setblocking(False)
            while not has_come(waiting):
                assert time.monotonic() - began < at_most
                for connection in slow:
                    connection.recv(takes)
                time.sleep(0.1)
        assert time.monotonic() - began > 8
