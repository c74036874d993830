"""gunicorn's threaded worker, but a request gets a thread only once all of it has come.

By itself the worker gives a thread to whoever connects, and lets it wait for as long as the other side
likes: as many phones as there are threads, stopping half-way through a form, would hold the service for
ever, and a browser that connects in advance would hold a thread for five seconds. Here a request gathers in
the kernel's buffer of its connection, the poller is woken when it is whole, and no thread ever waits for
it. What cannot gather is refused without a thread, and the main thread waits for nobody who hangs up late.
"""

import contextlib
import re
import resource
import struct
import time
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from selectors import EVENT_READ
from socket import (
    MSG_DONTWAIT,
    MSG_PEEK,
    SHUT_WR,
    SO_RCVLOWAT,
    SO_RCVTIMEO,
    SOL_SOCKET,
    socket,
)
from weakref import WeakKeyDictionary

from gunicorn.workers.gthread import TConn, ThreadWorker

BEGUN_WITHIN_SECONDS = 5.0
WHOLE_WITHIN_SECONDS = 30.0
HANGS_UP_WITHIN_SECONDS = 2.0
TAKEN_WITHIN_SECONDS = 10.0  # each piece of an answer
STOPS_WITHIN_SECONDS = 2.0
LOOKS_FOR_LATE_ONES_EVERY = 0.5
LARGEST_HEAD = 16 * 1024
LARGEST_GATHERED = 1024 * 1024 + LARGEST_HEAD  # no page takes more than MAX_CONTENT_LENGTH
MOST_DIGITS = 18  # of a length that is worth reading
FILES_BESIDE = 512  # those of the databases, the log, the program
# What gathers has come when a thread reads it. Where the kernel's buffer is small, less.
READ_WITHIN = struct.pack("ll", 10, 0)

STATED_LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*(\d+)[ \t]*\r\n", re.IGNORECASE)
IN_CHUNKS = re.compile(rb"\r\ntransfer-encoding[ \t]*:", re.IGNORECASE)
WAITS_FOR_A_WORD = re.compile(rb"\r\nexpect[ \t]*:", re.IGNORECASE)


def head_of(so_far: bytes) -> bytes:
    """Give the request's head with its empty line, nothing where that has not come."""
    return so_far[: so_far.find(b"\r\n\r\n") + 4] if b"\r\n\r\n" in so_far else b""


def refusal(so_far: bytes) -> str:
    """Name the status of a request for which no thread could do without waiting; empty where one can."""
    head = head_of(so_far)
    if not head:
        return "431 Request Header Fields Too Large" if len(so_far) >= LARGEST_HEAD else ""
    if WAITS_FOR_A_WORD.search(head):
        return "417 Expectation Failed"  # who asked sends again, without asking
    if IN_CHUNKS.search(head):
        return "411 Length Required"  # no browser sends a form like that
    stated = STATED_LENGTH.search(head)
    is_long = stated and (len(stated[1]) > MOST_DIGITS or whole_length(so_far) > LARGEST_GATHERED)
    return "413 Content Too Large" if is_long else ""


def whole_length(so_far: bytes) -> int:
    """Say how many bytes must have come before a thread may look; never more than the request has."""
    head = head_of(so_far)
    if not head:
        return len(so_far) + 1
    stated = STATED_LENGTH.search(head)
    return len(head) + int(stated[1]) if stated else len(head)


def come_so_far(sock: socket) -> bytes | None:
    """Look at the beginning of what waits to be read; None where the other side has gone."""
    try:
        return sock.recv(LARGEST_HEAD, MSG_PEEK | MSG_DONTWAIT) or None
    except BlockingIOError:
        return b""
    except OSError:
        return None


class WholeRequestWorker(ThreadWorker):  # type: ignore[misc]  # gunicorn publishes no types
    """Every way to a thread leads through `enqueue_req`, on the main thread: there a request waits."""

    def init_process(self) -> None:
        self._asked_for: WeakKeyDictionary[TConn, int] = WeakKeyDictionary()
        self._looks_again = 0.0
        files = files_allowed(self.cfg.worker_connections + FILES_BESIDE)
        self.worker_connections: int = files - FILES_BESIDE
        for listener in self.sockets:
            listener.sock.setsockopt(SOL_SOCKET, SO_RCVTIMEO, READ_WITHIN)  # its connections inherit it
        super().init_process()

    def enqueue_req(self, conn: TConn) -> None:
        """Give the connection a thread, or ask the kernel to say when its request is whole, or refuse it."""
        so_far = come_so_far(conn.sock)
        if so_far is None:
            self._close(conn)
        elif status := refusal(so_far):
            self._refuse(conn, status)
        else:
            self._hand_over_or_gather(conn, so_far)

    def handle_request(self, req: object, conn: TConn) -> bool:
        """Answer on a thread, which waits only so long for a reader who does not read."""
        # SO_SNDTIMEO would begin anew with every byte taken; this holds for all that is sent at once.
        conn.sock.settimeout(TAKEN_WITHIN_SECONDS)
        try:
            return bool(super().handle_request(req, conn))
        except TimeoutError:
            return False

    def finish_request(self, conn: TConn, answered: "Future[bool]") -> None:
        """Keep the connection for its next request, or part from it without waiting on the main thread."""
        broke = answered.exception() is not None
        # Of a request that the last one's read brought along, nobody can say whether it is whole.
        if broke or (answered.result() and not conn.parser.unreader.buf.getvalue()):
            super().finish_request(conn, answered)
        else:
            self._part(conn)

    def murder_pending(self) -> None:
        """Close those who are late; where the worker stops, all who wait are late soon."""
        now = time.monotonic()
        if now < self._looks_again:
            return
        self._looks_again = now + LOOKS_FOR_LATE_ONES_EVERY
        for conn in list(self.pending_conns):
            if not self.alive:
                conn.timeout = min(conn.timeout, now + STOPS_WITHIN_SECONDS)
            if conn.timeout <= now:
                self._stop_waiting(conn)
                self._close(conn)

    def _hand_over_or_gather(self, conn: TConn, so_far: bytes) -> None:
        needed, asked_for = whole_length(so_far), self._asked_for.pop(conn, None)
        # Woken without what was asked for: the sender has ended, or the kernel's buffer is smaller.
        if needed <= len(so_far) or needed == asked_for:
            conn.sock.setsockopt(SOL_SOCKET, SO_RCVLOWAT, 1)
            conn.data_ready = True
            super().enqueue_req(conn)
            return
        if asked_for is None or asked_for == 1:  # it has just connected, or just begun
            within = WHOLE_WITHIN_SECONDS if so_far else BEGUN_WITHIN_SECONDS
            conn.timeout = time.monotonic() + within
        self._asked_for[conn] = needed
        conn.sock.setsockopt(SOL_SOCKET, SO_RCVLOWAT, needed)
        self._wait(conn, partial(self.on_pending_socket_readable, conn))

    def _refuse(self, conn: TConn, status: str) -> None:
        answer = f"HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        with contextlib.suppress(OSError):
            conn.sock.recv(LARGEST_HEAD, MSG_DONTWAIT)  # to close on unread bytes would take the answer back
            conn.sock.send(answer.encode(), MSG_DONTWAIT)
        self._close(conn)

    def _part(self, conn: TConn) -> None:
        """Say that nothing more will come, and let the poller wait until the other side hangs up."""
        try:
            conn.sock.shutdown(SHUT_WR)
        except OSError:
            self._close(conn)
            return
        conn.timeout = time.monotonic() + HANGS_UP_WITHIN_SECONDS
        self._wait(conn, partial(self._drain, conn))

    def _drain(self, conn: TConn, _socket: socket) -> None:
        try:
            hung_up = not conn.sock.recv(LARGEST_HEAD, MSG_DONTWAIT)
        except BlockingIOError:
            hung_up = False
        except OSError:
            hung_up = True
        if hung_up:
            self._stop_waiting(conn)
            self._close(conn)

    def _wait(self, conn: TConn, when_readable: Callable[[socket], None]) -> None:
        self.pending_conns.append(conn)
        self.poller.register(conn.sock, EVENT_READ, when_readable)

    def _stop_waiting(self, conn: TConn) -> None:
        self.pending_conns.remove(conn)
        self.poller.unregister(conn.sock)

    def _close(self, conn: TConn) -> None:
        self.nr_conns -= 1
        conn.close()


def files_allowed(wanted: int) -> int:
    """Have this process open as many files as wanted, where its user may, and say how many it may."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    reachable = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    if soft < reachable:
        resource.setrlimit(resource.RLIMIT_NOFILE, (reachable, hard))
    return reachable
