"""Connections to PostgreSQL that do not wait for ever: a page hears within seconds, or says that it did not.

The server keeps its own time limits while it works. One that is stopped, or cut off behind a living network,
keeps none: then the thread of every page would wait, also those that somebody needs for other pages.
"""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Self, TypeVar

import psycopg
from psycopg.abc import PQGen
from psycopg.errors import ConnectionTimeout

Value = TypeVar("Value")

# Longer than any statement of a page may take by the server's own limit: a slow answer is no silence.
SILENT_AFTER_SECONDS = 3.5
INTERVAL_SECONDS = 0.1


class Silence(psycopg.OperationalError):
    """The server said nothing for so long that nobody should wait."""


class Hearing:
    """Whether a server answers; while it is silent, one asks and all others are told at once."""

    def __init__(self) -> None:
        self._is_silent = False
        self._asks_again = threading.Lock()

    @contextmanager
    def listening(self) -> Iterator[None]:
        is_turn_needed = self._is_silent
        if is_turn_needed and not self._asks_again.acquire(blocking=False):
            raise Silence("the database was silent a moment ago")
        try:
            yield
        except (Silence, ConnectionTimeout):
            self._is_silent = True
            raise
        except BaseException:
            self._is_silent = False
            raise
        else:
            self._is_silent = False
        finally:
            if is_turn_needed:
                self._asks_again.release()


class HeardConnection(psycopg.Connection[Any]):
    """A connection that is closed when a page has waited for too long."""

    hearing: Hearing
    is_for_page = True  # until a transaction says otherwise: what is asked before that is little

    @classmethod
    def of(cls, hearing: Hearing, *words: Any, **options: Any) -> Self:
        with hearing.listening():
            try:
                connection = cls.connect(*words, **options)
            except ConnectionTimeout as error:
                # Its traceback would hold the half-open connection, for which a stopping server waits.
                raise error.with_traceback(None) from None
        connection.hearing = hearing
        return connection

    def wait(
        self, gen: PQGen[Value], interval: float = INTERVAL_SECONDS, timeout: float | None = None
    ) -> Value:
        if not self.is_for_page:
            return super().wait(gen, interval, timeout)
        try:
            with self.hearing.listening():
                return super().wait(_heard(gen), interval, timeout)
        except Silence:
            self.close()  # what it was asked for may still come, and would be taken for a later answer
            raise


def _heard(gen: PQGen[Value]) -> PQGen[Value]:
    """Go through the steps of a conversation, but not through a long silence."""
    until = time.monotonic() + SILENT_AFTER_SECONDS
    try:
        awaited = next(gen)
        while True:
            ready = yield awaited
            if ready:
                until = time.monotonic() + SILENT_AFTER_SECONDS
            elif time.monotonic() > until:
                raise Silence(f"the database said nothing for {SILENT_AFTER_SECONDS} s")
            awaited = gen.send(ready)
    except StopIteration as done:
        value: Value = done.value
        return value
