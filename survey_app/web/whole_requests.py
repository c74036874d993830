"""gunicorn's threaded worker, but a request gets a thread only once all of it has come.

By itself the worker gives a thread to whoever connects, and lets it wait for as long as the other side
likes: as many phones as there are threads, stopping half-way through a form, would hold the service for
ever. Here the main thread takes in what comes, from all connections in turn, waiting for none; a thread gets
a request that is whole and reads nothing from the network. What it sends goes into the kernel's buffer, which
holds any page: only a larger file makes it wait for the reader, and the whole answer has an end in time.
"""

import contextlib
import re
import resource
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from functools import partial
from math import inf
from selectors import EVENT_READ
from socket import SHUT_RDWR, SHUT_WR, SO_SNDBUF, SOL_SOCKET, socket

from gunicorn.http import get_parser
from gunicorn.workers.gthread import TConn, ThreadWorker

from survey_app.web.garbage import keep_what_is_loaded, look_while_nobody_waits
from survey_app.web.uploads import LARGEST_UPLOAD, MEGABYTE

BEGUN_WITHIN_SECONDS = 5.0
WHOLE_WITHIN_SECONDS = 30.0
HANGS_UP_WITHIN_SECONDS = 2.0
TAKEN_WITHIN_SECONDS = 10.0  # each piece of an answer
ANSWERED_WITHIN_SECONDS = 120.0  # the whole answer
STOPS_WITHIN_SECONDS = 2.0
LOOKS_FOR_LATE_ONES_EVERY = 0.5
RESTS_AFTER_SECONDS = 0.9  # the main thread wakes once a second if nothing comes
LARGEST_HEAD = 16 * 1024
LARGEST_BODY = LARGEST_UPLOAD  # staff's spreadsheets; other pages take less
READ_AT_ONCE = 32 * 1024
GATHERED_IN_TOTAL = 64 * 1024 * 1024  # beyond, whoever holds most must go, if it is more than one reading
SENT_WITHOUT_WAITING = 256 * 1024  # more than any page or recorded question
MOST_DIGITS = 18  # of a length that is worth reading
FILES_BESIDE = 512  # those of the databases, the log, the program

STATED_LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*(\d+)[ \t]*\r\n", re.IGNORECASE)
IN_CHUNKS = re.compile(rb"\r\ntransfer-encoding[ \t]*:", re.IGNORECASE)
WAITS_FOR_A_WORD = re.compile(rb"\r\nexpect[ \t]*:", re.IGNORECASE)
NO_ROOM = "503 Service Unavailable\r\nRetry-After: 5"
TOO_LARGE = "413 Content Too Large"
# What its sender sees; no thread has looked, so there is no page.
TOLD = {
    TOO_LARGE: f"""<!doctype html><html lang="vi"><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1"><title>Tệp quá lớn</title>
<h1>Tệp quá lớn</h1>
<p>Mỗi lần gửi được tối đa {LARGEST_BODY // MEGABYTE} MB. Hãy quay lại, chia tệp thành nhiều phần
(ví dụ theo tháng) rồi gửi từng phần; hoặc nhờ quản trị hệ thống nạp bằng lệnh.</p>
<p lang="en">The file is too large: at most {LARGEST_BODY // MEGABYTE} MB can be sent at once. Go back,
split it, such as by months, and send each part; or ask a system administrator to import it by command.</p>
</html>
"""
}


def head_of(so_far: bytes | bytearray) -> bytes:
    """Give the request's head with its empty line, nothing where that has not come."""
    end = so_far.find(b"\r\n\r\n", 0, LARGEST_HEAD)
    return bytes(so_far[: end + 4]) if end >= 0 else b""


def refusal(so_far: bytes | bytearray) -> str:
    """Name the status of a request that no thread shall see; empty where one may."""
    head = head_of(so_far)
    if not head:
        return "431 Request Header Fields Too Large" if len(so_far) >= LARGEST_HEAD else ""
    if head == b"\r\n\r\n":
        return "400 Bad Request"
    if WAITS_FOR_A_WORD.search(head):
        return "417 Expectation Failed"  # who asked sends again, without asking
    if IN_CHUNKS.search(head):
        return "411 Length Required"  # no browser sends a form like that
    stated = STATED_LENGTH.search(head)
    is_long = stated and (len(stated[1]) > MOST_DIGITS or int(stated[1]) > LARGEST_BODY)
    return TOO_LARGE if is_long else ""


def whole_length(so_far: bytes | bytearray) -> int:
    """Say how many bytes must have come before a thread may look; never more than the request has."""
    head = head_of(so_far)
    if not head:
        return len(so_far) + 1
    stated = STATED_LENGTH.search(head)
    return len(head) + int(stated[1]) if stated else len(head)


def pieces(request: bytearray, length: int) -> Iterator[bytes]:
    """Cut the request up for its parser, which copies: never is all of it there twice."""
    for start in range(0, length, READ_AT_ONCE):
        yield bytes(request[start : min(start + READ_AT_ONCE, length)])


class WholeRequestWorker(ThreadWorker):  # type: ignore[misc]  # gunicorn publishes no types
    """Every way to a thread leads through `enqueue_req`, on the main thread: there a request gathers.

    What a connection has sent stays in `_gathered` until it is answered. `_waiting` are those that the poller
    watches for the main thread: the rest of a request, or the end of a connection. Who is in the first alone
    has a thread, or waits for one.
    """

    def init_process(self) -> None:
        self._gathered: dict[TConn, bytearray] = {}
        self._n_gathered = 0
        self._waiting: set[TConn] = set()
        self._looks_again = 0.0
        self._answered_last = 0.0
        files = files_allowed(self.cfg.worker_connections + FILES_BESIDE)
        self.worker_connections: int = files - FILES_BESIDE
        self.cfg.set("forwarder_headers", "")  # by SCRIPT_NAME a request would say where the service lies
        for listener in self.sockets:  # their connections inherit it
            listener.sock.setsockopt(SOL_SOCKET, SO_SNDBUF, SENT_WITHOUT_WAITING)
        super().init_process()

    def load_wsgi(self) -> None:
        super().load_wsgi()
        keep_what_is_loaded()

    def enqueue_req(self, conn: TConn) -> None:
        """Gather the connection's next request, and begin with what has come already."""
        self._begin(conn, bytearray())
        self._gather(conn, conn.sock)

    def handle_request(self, req: object, conn: TConn) -> bool:
        """Answer on a thread, which waits only so long for a reader who does not read."""
        conn.timeout = time.monotonic() + ANSWERED_WITHIN_SECONDS
        # SO_SNDTIMEO would begin anew with every byte taken; this holds for all that is sent at once.
        conn.sock.settimeout(TAKEN_WITHIN_SECONDS)
        try:
            return bool(super().handle_request(req, conn))
        except TimeoutError:
            return False

    def finish_request(self, conn: TConn, answered: "Future[bool]") -> None:
        """Keep the connection for its next request, or part from it without waiting on the main thread."""
        self._answered_last = time.monotonic()
        beyond = self._forget(conn)
        del beyond[: whole_length(beyond)]
        broke = answered.exception() is not None
        # What the parser has left over tells that it took another length for the request's.
        goes_on = not broke and answered.result() and not conn.parser.unreader.buf.getvalue()
        if goes_on and beyond:
            self._begin(conn, beyond)
            self._look(conn)
        elif broke or goes_on:
            super().finish_request(conn, answered)
        else:
            self._part(conn)

    def murder_pending(self) -> None:
        """Close those who are late; where the worker stops, all are late soon."""
        now = time.monotonic()
        if not self._gathered and now > self._answered_last + RESTS_AFTER_SECONDS:
            look_while_nobody_waits()
        if now < self._looks_again:
            return
        self._looks_again = now + LOOKS_FOR_LATE_ONES_EVERY
        for conn in self._late(self._waiting, now, STOPS_WITHIN_SECONDS):
            self._close(conn)
        for conn in self._late(self._gathered.keys() - self._waiting, now, TAKEN_WITHIN_SECONDS):
            with contextlib.suppress(OSError):
                conn.sock.shutdown(SHUT_RDWR)  # the thread's sending fails, so the thread is free

    def _late(self, conns: set[TConn], now: float, within_of_a_stop: float) -> list[TConn]:
        if not self.alive:
            for conn in conns:
                conn.timeout = min(conn.timeout, now + within_of_a_stop)
        return [conn for conn in conns if conn.timeout <= now]

    def _begin(self, conn: TConn, so_far: bytearray) -> None:
        self._gathered[conn] = so_far
        self._n_gathered += len(so_far)
        within = WHOLE_WITHIN_SECONDS if so_far else BEGUN_WITHIN_SECONDS
        conn.timeout = time.monotonic() + within
        conn.sock.setblocking(False)

    def _gather(self, conn: TConn, _socket: socket) -> None:
        if conn not in self._gathered:
            return  # it had to go for another's sake, after the poller had named both
        so_far = self._gathered[conn]
        try:
            came = conn.sock.recv(READ_AT_ONCE)
        except BlockingIOError:
            self._look(conn)
            return
        except OSError:
            came = b""
        if not came:
            self._close(conn)
            return
        if not so_far:  # from now on it has begun
            conn.timeout = time.monotonic() + WHOLE_WITHIN_SECONDS
        so_far += came
        self._n_gathered += len(came)
        self._look(conn)

    def _look(self, conn: TConn) -> None:
        """Refuse the connection's request, hand it over to a thread, or wait for the rest of it."""
        so_far = self._gathered[conn]
        if status := refusal(so_far):
            self._refuse(conn, status)
        elif whole_length(so_far) <= len(so_far):
            self._hand_over(conn, so_far)
        else:
            self._wait(conn, partial(self._gather, conn))
            self._make_room()

    def _hand_over(self, conn: TConn, so_far: bytearray) -> None:
        self._stop_waiting(conn)
        conn.timeout = inf
        conn.parser = get_parser(self.cfg, pieces(so_far, whole_length(so_far)), conn.client)
        conn.initialized = True
        super().enqueue_req(conn)

    def _make_room(self) -> None:
        if self._n_gathered > GATHERED_IN_TOTAL:
            largest = max(self._gathered.keys() & self._waiting, key=lambda conn: len(self._gathered[conn]))
            if len(self._gathered[largest]) > READ_AT_ONCE:
                self._refuse(largest, NO_ROOM)

    def _refuse(self, conn: TConn, status: str) -> None:
        told = TOLD.get(status, "").encode()
        kind = "Content-Type: text/html; charset=utf-8\r\n" if told else ""
        answer = f"HTTP/1.1 {status}\r\n{kind}Content-Length: {len(told)}\r\nConnection: close\r\n\r\n"
        self._stop_waiting(conn)
        self._forget(conn)
        with contextlib.suppress(OSError):
            conn.sock.send(answer.encode() + told)
        self._part(conn)

    def _part(self, conn: TConn) -> None:
        """Say that nothing more will come, and read on until the other side has heard and hangs up."""
        conn.sock.setblocking(False)
        try:
            conn.sock.shutdown(SHUT_WR)
        except OSError:
            self._close(conn)
            return
        conn.timeout = time.monotonic() + HANGS_UP_WITHIN_SECONDS
        self._wait(conn, partial(self._drain, conn))

    def _drain(self, conn: TConn, _socket: socket) -> None:
        try:
            hung_up = not conn.sock.recv(READ_AT_ONCE)
        except BlockingIOError:
            hung_up = False
        except OSError:
            hung_up = True
        if hung_up:
            self._close(conn)

    def _wait(self, conn: TConn, when_readable: Callable[[socket], None]) -> None:
        if conn not in self._waiting:
            self._waiting.add(conn)
            self.poller.register(conn.sock, EVENT_READ, when_readable)

    def _stop_waiting(self, conn: TConn) -> None:
        if conn in self._waiting:
            self._waiting.remove(conn)
            self.poller.unregister(conn.sock)

    def _forget(self, conn: TConn) -> bytearray:
        """Let go of what the connection has sent, and give it back."""
        so_far = self._gathered.pop(conn, bytearray())
        self._n_gathered -= len(so_far)
        return so_far

    def _close(self, conn: TConn) -> None:
        self._stop_waiting(conn)
        self._forget(conn)
        self.nr_conns -= 1
        conn.close()


def files_allowed(wanted: int) -> int:
    """Have this process open as many files as wanted, where its user may, and say how many it may."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    reachable = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    if soft < reachable:
        resource.setrlimit(resource.RLIMIT_NOFILE, (reachable, hard))
    return reachable
