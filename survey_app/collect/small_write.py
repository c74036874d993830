"""Small writes of citizens outside the form: a locked or full disk must not take the threads of all pages."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from survey_app.db import Database
from survey_app.errors import StorageFailed

WAITS_MILLISECONDS = 1500
# Each holds one of the server's threads while it waits for the database.
MOST_AT_ONCE = 4
# Far longer than four sound writes take: who comes later is told at once that nothing moves.
WAITS_FOR_PLACE_SECONDS = 0.1
RETRY_AFTER_SECONDS = 5

_places = threading.BoundedSemaphore(MOST_AT_ONCE)


@contextmanager
def small_write(database: Database) -> Iterator[Session]:
    """Give a session to write in; raise StorageFailed within two seconds if the database cannot take it."""
    if not _places.acquire(timeout=WAITS_FOR_PLACE_SECONDS):
        raise StorageFailed("too many small writes wait for the database")
    try:
        with database.transaction(WAITS_MILLISECONDS) as session:
            yield session
    except OperationalError as error:
        raise StorageFailed("a small write was not confirmed as stored") from error
    finally:
        _places.release()
