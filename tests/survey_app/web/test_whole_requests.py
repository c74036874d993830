"""When a request is whole, what is refused without a thread, and that nobody's slowness is another's."""

import contextlib
import gc
import os
import signal
import socket
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from subprocess import Popen

import pytest

from survey_app.web import whole_requests
from survey_app.web.whole_requests import (
    GATHERED_IN_TOTAL,
    LARGEST_BODY,
    LARGEST_HEAD,
    files_allowed,
    head_of,
    refusal,
    whole_length,
)
from tests import postgresql, running_server
from tests.soak import SOAK

GET = b"GET / HTTP/1.1\r\nHost: hall\r\n\r\n"
POST = b"POST /s/x HTTP/1.1\r\nContent-Length: 11\r\nHost: hall\r\n\r\n"
LAST = POST.replace(b"Host", b"Connection: close\r\nHost") + b"q1=5&form-x"
CHUNKED = b"POST /s/x HTTP/1.1\r\nTransfer-Encoding: gzip, chunked\r\n\r\n"
ASKING = POST.replace(b"Host: hall", b"Expect: 100-continue")
N_SLOW = 12  # more than the server of these tests has threads
TEST_WAITS_SECONDS = 40.0
HASTY_SECONDS = 3.0
PAGE = 200 * 1024  # as large as a recorded question may be
REFUSED = [
    (b"x" * LARGEST_HEAD, "431"),
    (GET[:-4] + b"\r\nx: " + b"x" * LARGEST_HEAD + b"\r\n\r\n", "431"),
    (b"\r\n\r\n" + GET, "400"),
    (ASKING, "417"),
    (CHUNKED, "411"),
    (POST.replace(b"11", str(LARGEST_BODY + 1).encode()), "413"),
    (POST.replace(b"11", b"9" * 10_000), "413"),
]


def app(environ, start_response):
    """Answer /long with more than any kernel buffers, /page with a page, else with the length of the body.

    /litter leaves garbage and says how often all of it was looked for.
    """
    if environ["PATH_INFO"] == "/long":
        start_response("200 OK", [("Content-Length", str(64 * 1024 * 1024))])
        return (bytes(1024 * 1024) for _ in range(64))
    said = str(len(environ["wsgi.input"].read())).encode()
    if environ["PATH_INFO"] == "/litter":
        leave_garbage()
        said = str(gc.get_stats()[2]["collections"]).encode()
    if environ["PATH_INFO"] == "/page":
        said = bytes(PAGE)
    start_response("200 OK", [("Content-Length", str(len(said)))])
    return [said]


def leave_garbage():
    for _ in range(100_000):
        holds_itself = []
        holds_itself.append(holds_itself)


def hasty_app():
    """Give the same to a worker that ends an answer after three seconds."""
    whole_requests.ANSWERED_WITHIN_SECONDS = HASTY_SECONDS
    return app


def patient_app():
    """Give the same to a worker that waits for everybody longer than these tests do, however busy all is."""
    whole_requests.BEGUN_WITHIN_SECONDS = 90.0
    whole_requests.WHOLE_WITHIN_SECONDS = 90.0
    whole_requests.HANGS_UP_WITHIN_SECONDS = 90.0
    whole_requests.TAKEN_WITHIN_SECONDS = 90.0
    return app


@contextlib.contextmanager
def served(name: str) -> Iterator[tuple[int, Popen]]:
    number = postgresql.free_port()
    command = [
        *(sys.executable, "-m", "gunicorn", f"{__name__}:{name}", "--bind", f"127.0.0.1:{number}"),
        *("--worker-class", "survey_app.web.whole_requests.WholeRequestWorker"),
        *("--threads", "2", "--keep-alive", "15", "--log-level", "critical", "--no-control-socket"),
    ]
    with running_server.started(command, {**os.environ, "PORT": str(number)}) as process:
        yield number, process


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with served("app") as (number, _process):
        yield number


@pytest.fixture(scope="module")
def patient_port() -> Iterator[int]:
    """Who holds a thread here holds it for a minute and more: then nobody else has an answer in time."""
    with served("patient_app()") as (number, _process):
        yield number


@contextlib.contextmanager
def connected(port: int, how_many: int, sent: bytes) -> Iterator[list[socket.socket]]:
    with contextlib.ExitStack() as at_the_end:
        connections = []
        for _ in range(how_many):
            connection = socket.create_connection(("127.0.0.1", port), timeout=TEST_WAITS_SECONDS)
            connections.append(at_the_end.enter_context(connection))
            connection.sendall(sent)
        yield connections


def until_closed(connection: socket.socket) -> bytes:
    answer = b""
    with contextlib.suppress(ConnectionResetError):
        while more := connection.recv(65536):
            answer += more
    return answer


def bodies_of(connection: socket.socket) -> list[bytes]:
    """Read short answers to the last, after which the server hangs up."""
    answers = until_closed(connection).split(b"HTTP/1.1 200 OK\r\n")[1:]
    return [answer.partition(b"\r\n\r\n")[2] for answer in answers]


def has_come(connection: socket.socket) -> bool:
    try:
        return bool(connection.recv(1))
    except BlockingIOError:
        return False


def send_for_long(connection: socket.socket) -> None:
    until = time.monotonic() + TEST_WAITS_SECONDS
    while time.monotonic() < until:
        time.sleep(0.1)
        connection.sendall(b"nobody is")


def assert_is_served(port: int) -> None:
    with connected(port, 1, GET) as [connection]:
        assert connection.recv(12) == b"HTTP/1.1 200"


def wait_until_taken_in(port: int) -> None:
    """Wait until nothing that was sent to the port lies in the kernel any more."""
    until = time.monotonic() + TEST_WAITS_SECONDS
    while any(bytes_in_the_kernel(port)):
        assert time.monotonic() < until
        time.sleep(0.05)


def bytes_in_the_kernel(port: int) -> Iterator[int]:
    for line in Path("/proc/net/tcp").read_text("ascii").splitlines()[1:]:
        _number, local, remote, _state, queues, *_rest = line.split()
        is_sent, is_unread = (int(size, 16) for size in queues.split(":"))
        if int(remote.partition(":")[2], 16) == port:
            yield is_sent
        elif int(local.partition(":")[2], 16) == port:
            yield is_unread


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


def test_the_largest_body_is_not_refused():
    assert refusal(POST.replace(b"11", str(LARGEST_BODY).encode())) == ""


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
def test_who_does_not_hang_up_keeps_nobody_waiting(patient_port, sent):
    with connected(patient_port, N_SLOW, sent) as connections:
        time.sleep(0.2)
        assert_is_served(patient_port)
        assert until_closed(connections[0]).startswith((b"HTTP/1.1", b"HTTP/1.0"))


def test_who_does_not_hang_up_is_cut_off(port):
    with connected(port, 1, b"GET / HTTP/1.0\r\n\r\n") as [connection]:
        assert until_closed(connection)
        connection.sendall(b"still here")  # only half closed, so this is taken
        with pytest.raises(ConnectionError):
            send_for_long(connection)


@pytest.mark.parametrize(("sent", "status"), REFUSED)
def test_a_refusal_is_short_final_and_takes_no_thread(patient_port, sent, status):
    with connected(patient_port, N_SLOW, sent) as connections:
        assert_is_served(patient_port)
        for connection in connections:
            head, _, told = until_closed(connection).partition(b"\r\n\r\n")
            assert head.startswith(f"HTTP/1.1 {status} ".encode())
            assert head.endswith(f"\r\nContent-Length: {len(told)}\r\nConnection: close".encode())
            assert ("tối đa 8 MB" in told.decode()) == (status == "413")


@pytest.mark.parametrize("begun", [LAST[:9], LAST[:-3]])
def test_half_a_second_request_gets_no_thread(patient_port, begun):
    with connected(patient_port, N_SLOW, GET + POST + b"q1=5&form-x" + begun) as connections:
        time.sleep(0.2)
        assert_is_served(patient_port)
        connections[0].sendall(LAST[len(begun) :])
        assert bodies_of(connections[0]) == [b"0", b"11", b"11"]


@pytest.mark.parametrize("sent", [60_000, 99_000, 450_000, 899_000])
def test_an_unfinished_body_holds_no_thread_however_large(patient_port, sent):
    head = LAST.partition(b"q1=")[0].replace(b"11", b"900000")
    with connected(patient_port, N_SLOW, head + bytes(sent)) as connections:
        for _ in range(3):
            assert_is_served(patient_port)
            for connection in connections:
                connection.sendall(b"a")
        connections[0].sendall(bytes(900_000 - sent - 3))
        assert bodies_of(connections[0]) == [b"900000"]


@pytest.mark.parametrize("length", [100_000, 140_000, LARGEST_BODY])
def test_a_large_body_is_answered_when_it_is_whole(patient_port, length):
    head = LAST.partition(b"q1=")[0].replace(b"11", str(length).encode())
    with connected(patient_port, 1, head + bytes(length)) as [connection]:
        assert bodies_of(connection) == [str(length).encode()]


@pytest.mark.parametrize("before", [LAST[:30], LAST[:-5]])
def test_an_urgent_byte_holds_no_thread_and_is_passed_over(patient_port, before):
    with connected(patient_port, N_SLOW, before) as connections:
        for connection in connections:
            connection.send(b"!", socket.MSG_OOB)
        time.sleep(0.2)
        assert_is_served(patient_port)
        connections[0].sendall(LAST[len(before) :])
        assert bodies_of(connections[0]) == [b"11"]


def test_where_much_gathers_who_sent_most_must_go_and_a_form_passes(patient_port):
    head = POST.replace(b"11", str(LARGEST_BODY).encode())
    n_others, megabyte = GATHERED_IN_TOTAL // LARGEST_BODY, 1024 * 1024
    with (
        connected(patient_port, n_others, head + bytes(LARGEST_BODY - 2 * megabyte)) as others,
        connected(patient_port, 1, head + bytes(LARGEST_BODY - 1)) as [largest],
    ):
        wait_until_taken_in(patient_port)
        for connection in others:
            connection.sendall(bytes(megabyte + megabyte // 2))
        answer = until_closed(largest)
        assert answer.startswith(b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 5\r\n")
        with connected(patient_port, 1, LAST) as [form]:
            assert bodies_of(form) == [b"11"]
        others[0].sendall(bytes(megabyte // 2))
        assert others[0].recv(12) == b"HTTP/1.1 200"
    with connected(patient_port, 1, head + bytes(LARGEST_BODY)) as [afterwards]:
        assert afterwards.recv(12) == b"HTTP/1.1 200"


def test_a_refusal_is_read_whole_by_who_goes_on_sending(patient_port):
    with connected(patient_port, 1, POST.replace(b"11", str(LARGEST_BODY + 1).encode())) as [connection]:
        for _ in range(10):
            connection.sendall(bytes(100_000))
            time.sleep(0.01)
        answer = b""
        while more := connection.recv(4096):
            answer += more
        assert answer.startswith(b"HTTP/1.1 413 ")


def test_a_header_does_not_say_where_the_service_lies(patient_port):
    with connected(patient_port, 1, LAST.replace(b"Host", b"SCRIPT_NAME: /x\r\nHost")) as [connection]:
        assert bodies_of(connection) == [b"11"]


def test_a_page_waits_in_the_kernel_for_who_does_not_read(patient_port):
    with contextlib.ExitStack() as at_the_end:
        for _ in range(N_SLOW):
            connection = at_the_end.enter_context(socket.socket())
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            connection.connect(("127.0.0.1", patient_port))
            connection.sendall(b"GET /page HTTP/1.1\r\nHost: hall\r\n\r\n")
        time.sleep(0.2)
        assert_is_served(patient_port)


def test_an_answer_has_an_end_however_steadily_it_is_read():
    with served("hasty_app()") as (port, _process):
        began = time.monotonic()
        with (
            connected(port, 2, b"GET /long HTTP/1.1\r\nHost: hall\r\n\r\n") as slow,
            connected(port, 1, GET) as [waiting],
        ):
            waiting.setblocking(False)
            while not has_come(waiting):
                assert time.monotonic() - began < TEST_WAITS_SECONDS
                for connection in slow:
                    connection.recv(65_536)
                time.sleep(0.2)
            assert time.monotonic() - began > HASTY_SECONDS
            for connection in slow:
                assert len(until_closed(connection)) < 32 * 1024 * 1024


def test_who_has_not_finished_does_not_keep_the_worker_from_stopping():
    with (
        served("app") as (port, process),
        connected(port, N_SLOW, POST.replace(b"11", b"900000") + bytes(450_000)) as connections,
    ):
        for connection in connections:
            connection.send(b"!", socket.MSG_OOB)
        time.sleep(0.2)
        began = time.monotonic()
        running_server.end(process, signal.SIGTERM)
        assert time.monotonic() - began < whole_requests.WHOLE_WITHIN_SECONDS - 10


def test_a_connection_serves_one_request_after_the_other(patient_port):
    with connected(patient_port, 1, POST + b"q1=5&form-x") as [connection]:
        time.sleep(0.2)
        connection.sendall(POST + b"q1=5")
        time.sleep(0.2)
        connection.sendall(b"&form-x")
        time.sleep(0.2)
        connection.sendall(LAST)
        assert bodies_of(connection) == [b"11", b"11", b"11"]


def test_who_connects_and_says_nothing_is_parted_from_before_who_has_begun(port):
    began = time.monotonic()
    with connected(port, 1, POST) as [begun], connected(port, 1, b"") as [silent]:
        assert until_closed(silent) == b""
        took = time.monotonic() - began
        assert whole_requests.BEGUN_WITHIN_SECONDS <= took < whole_requests.WHOLE_WITHIN_SECONDS - 5
        begun.sendall(b"q1=5&form-x")
        assert begun.recv(12) == b"HTTP/1.1 200"


# `make soak` also meets one who takes a little now and then, which takes twenty seconds to see.
READERS = [0, 4096] if SOAK else [0]


@pytest.mark.parametrize("takes", READERS)
def test_who_hardly_reads_holds_a_thread_for_ten_seconds_a_piece(port, takes):
    began = time.monotonic()
    with connected(port, 2, b"GET /long HTTP/1.1\r\nHost: hall\r\n\r\n") as slow:
        with connected(port, 1, GET) as [waiting]:
            waiting.setblocking(False)
            while not has_come(waiting):
                assert time.monotonic() - began < whole_requests.ANSWERED_WITHIN_SECONDS / 2
                for connection in slow:
                    connection.recv(takes)
                time.sleep(0.1)
        assert time.monotonic() - began > whole_requests.TAKEN_WITHIN_SECONDS


def test_garbage_is_looked_for_in_a_second_of_rest_and_not_between_visitors(patient_port):
    litter = b"GET /litter HTTP/1.1\r\nHost: hall\r\nConnection: close\r\n\r\n"

    def looks():
        with connected(patient_port, 1, litter) as [one]:
            return int(bodies_of(one)[0])

    busy = [looks() for _ in range(5)]
    assert len(set(busy)) == 1
    ends = time.monotonic() + TEST_WAITS_SECONDS
    while looks() == busy[0]:
        assert time.monotonic() < ends
        time.sleep(2.2)  # each visit ends a rest, which must last for a second
