"""gunicorn's threaded worker, but a request gets a thread only once all of it has come.

By itself the worker gives a thread to whoever connects, and lets it wait for as long as the other side
likes: as many phones as there are threads, stopping half-way through a form, would hold the service for
ever, and a browser that connects in advance would hold a thread for five seconds. Here a request gathers in
the kernel's buffer of its connection, the poller is woken when it is whole, and no thread ever waits.
"""

import re
import resource
import struct
import time
from functools import partial
from selectors import EVENT_READ
from socket import MSG_DONTWAIT, MSG_PEEK, SO_RCVLOWAT, SO_RCVTIMEO, SOL_SOCKET
from weakref import WeakKeyDictionary

from gunicorn.workers.gthread import TConn, ThreadWorker

WHOLE_WITHIN_SECONDS = 30.0
STOPS_WITHIN_SECONDS = 2.0
LARGEST_HEAD = 16 * 1024
LARGEST_GATHERED = 2 * 1024 * 1024  # what is larger is refused by its stated length, unread
FILES_BESIDE = 512  # those of the databases, the log, the program
# What gathers has come when a thread reads it. One read can still meet less: the rest of a pipelined request.
READ_WITHIN = struct.pack("ll", 10, 0)

STATED_LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*(\d{1,18})[ \t]*\r\n", re.IGNORECASE)
IN_CHUNKS = re.compile(rb"\r\ntransfer-encoding:[^\r\n]*chunked", re.IGNORECASE)
WAITS_FOR_A_WORD = re.compile(rb"\r\nexpect:", re.IGNORECASE)


def whole_length(so_far: bytes) -> int:
    """Say how many bytes must have come before a thread may look; never more than the request has."""
    head_length = so_far.find(b"\r\n\r\n") + 4
    if head_length < 4:
        return len(so_far) + 1 if len(so_far) < LARGEST_HEAD else 0
    head = so_far[:head_length]
    if WAITS_FOR_A_WORD.search(head):
        return 0
    if IN_CHUNKS.search(head):
        is_whole = so_far.endswith(b"0\r\n\r\n") or len(so_far) >= LARGEST_HEAD
        return 0 if is_whole else len(so_far) + 1
    stated = STATED_LENGTH.search(head)
    length = head_length + int(stated[1]) if stated else 0
    return length if length <= LARGEST_GATHERED else 0


class WholeRequestWorker(ThreadWorker):  # type: ignore[misc]  # gunicorn publishes no types
    """Every way to a thread leads through `enqueue_req`, on the main thread: there a request waits."""

    def init_process(self) -> None:
        self._asked_for: WeakKeyDictionary[TConn, int] = WeakKeyDictionary()
        files = files_allowed(self.cfg.worker_connections + FILES_BESIDE)
        self.worker_connections: int = files - FILES_BESIDE
        for listener in self.sockets:
            listener.sock.setsockopt(SOL_SOCKET, SO_RCVTIMEO, READ_WITHIN)  # its connections inherit it
        super().init_process()

    def enqueue_req(self, conn: TConn) -> None:
        """Give the connection a thread, or ask the kernel to say when its request is whole."""
        needed, asked_for = self._needed(conn), self._asked_for.pop(conn, None)
        # Woken without what was asked for: the sender has ended, or the kernel's buffer is smaller.
        if needed == 0 or needed == asked_for:
            self._hand_over(conn)
            return
        if asked_for is None:
            conn.timeout = time.monotonic() + WHOLE_WITHIN_SECONDS
        self._asked_for[conn] = needed
        conn.sock.setsockopt(SOL_SOCKET, SO_RCVLOWAT, needed)
        conn.sock.setblocking(False)
        self.pending_conns.append(conn)
        self.poller.register(conn.sock, EVENT_READ, partial(self.on_pending_socket_readable, conn))

    def murder_pending(self) -> None:
        """Close those whose request did not become whole in time; all of them soon where the worker stops."""
        if not self.alive:
            latest = time.monotonic() + STOPS_WITHIN_SECONDS
            for conn in self.pending_conns:
                conn.timeout = min(conn.timeout, latest)
        super().murder_pending()

    def _needed(self, conn: TConn) -> int:
        """Give the length of a request that is not whole yet, 0 where a thread can take over."""
        if conn.parser is not None and conn.parser.unreader.buf.getvalue():
            return 0  # the last request's read has brought the next one along
        try:
            so_far = conn.sock.recv(LARGEST_HEAD, MSG_PEEK | MSG_DONTWAIT)
        except BlockingIOError:
            return 1
        except OSError:
            return 0  # the thread meets the same error, and closes
        needed = whole_length(so_far) if so_far else 0
        return needed if needed > len(so_far) else 0

    def _hand_over(self, conn: TConn) -> None:
        conn.sock.setsockopt(SOL_SOCKET, SO_RCVLOWAT, 1)
        conn.data_ready = True
        super().enqueue_req(conn)


def files_allowed(wanted: int) -> int:
    """Have this process open as many files as wanted, where its user may, and say how many it may."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    reachable = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    if soft < reachable:
        resource.setrlimit(resource.RLIMIT_NOFILE, (reachable, hard))
    return reachable
