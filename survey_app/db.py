"""The engine, and the only place that commits or rolls back. It knows no Flask."""

import copy
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pysqlite3.dbapi2
from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.orm import Session

from survey_app.errors import BadSettings, UnsoundDatabase

# SQLite loses committed rows when two processes write and one of them resets the write-ahead log at the
# wrong instant: all versions from 3.7.0 to 3.51.2 but these two (sqlite.org/wal.html, "WAL-reset bug").
FIRST_WAL, LAST_UNSOUND = (3, 7, 0), (3, 51, 2)
MENDED_BRANCHES = {(3, 44, 6), (3, 50, 7)}
LOCK_WAIT_MILLISECONDS = 12_000
ONE_SNAPSHOT = "one_snapshot"  # in the `info` of a session that sees the same from its first read to its end
SQLITE, POSTGRESQL = "sqlite", "postgresql+psycopg"

# What a page may cost PostgreSQL. Its server says so itself in good time, unless it is silent. A statement
# that looks a thousand rows up in milliseconds is not compiled for a fifth of a second first.
PAGE_LIMITS = "SET LOCAL lock_timeout = 1000; SET LOCAL statement_timeout = 2500; SET LOCAL jit = off"
CONNECTING = {
    "connect_timeout": 2,
    "tcp_user_timeout": 10_000,  # milliseconds until a machine that is gone is called gone
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
}


class Database:
    """One database, reached by `transaction()` to write and `reading()` to read."""

    def __init__(self, url: str, connections: int = 8) -> None:
        self.is_sqlite = _driver_of(url) == SQLITE
        self.engine = (
            _sqlite_engine(url, connections) if self.is_sqlite else _postgresql_engine(url, connections)
        )
        self._options: dict[str, Any] = {}
        # The same database, for whoever holds one of the web server's threads: it fails in a few seconds
        # where jobs and commands would wait.
        self.for_pages = copy.copy(self)
        self.for_pages._options = {"for_pages": True}

    def close(self) -> None:
        """Give back all connections; it opens new ones when it is asked again."""
        self.engine.dispose()

    @contextmanager
    def transaction(self, waits_milliseconds: int | None = None) -> Iterator[Session]:
        """Give a session whose work is committed at the end, or rolled back whole.

        `waits_milliseconds` says how long it may wait for the lock of another; beyond it, OperationalError.
        """
        options = dict(self._options)
        if waits_milliseconds is not None:
            options["waits_milliseconds"] = waits_milliseconds
        with (
            self.engine.connect().execution_options(**options) as connection,
            Session(connection, expire_on_commit=False) as session,
            session.begin(),
        ):
            yield session

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """Give a session over one consistent snapshot, for reading only."""
        options: dict[str, Any] = (
            {"reads_only": True}
            if self.is_sqlite
            else {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
        )
        with (
            self.engine.connect().execution_options(**self._options, **options) as connection,
            Session(connection, expire_on_commit=False, info={ONE_SNAPSHOT: True}) as session,
        ):
            yield session


def _driver_of(url: str) -> str:
    """Name the kind of a database; the refusal does not repeat the address, which may hold a password."""
    try:
        driver = make_url(url).drivername
    except (ArgumentError, ValueError):
        driver = ""
    if driver not in {SQLITE, POSTGRESQL}:
        raise BadSettings(f"DATABASE_URL must begin with {SQLITE}:/// or {POSTGRESQL}://.")
    return driver


def can_lose_rows(sqlite_version: tuple[int, int, int]) -> bool:
    return FIRST_WAL <= sqlite_version <= LAST_UNSOUND and sqlite_version not in MENDED_BRANCHES


def refuse_unsound_sqlite(version: tuple[int, int, int]) -> None:
    """Stop on an SQLite that can lose rows when the web process and the job process both write."""
    if can_lose_rows(version):
        found = ".".join(map(str, version))
        raise UnsoundDatabase(
            f"SQLite {found} has the WAL-reset fault and can lose committed responses. "
            "Install the pinned wheel: pip install --require-hashes -r requirements.txt"
        )


# hide_parameters, on both: an error's message must not repeat an answer.
def _sqlite_engine(url: str, connections: int) -> Engine:
    refuse_unsound_sqlite(pysqlite3.dbapi2.sqlite_version_info)
    engine = create_engine(
        url, module=pysqlite3.dbapi2, pool_size=connections, max_overflow=32, hide_parameters=True
    )

    @event.listens_for(engine, "connect")
    def _set_up(connection: Any, _record: object) -> None:
        connection.isolation_level = None  # the begin event below decides, not the driver
        cursor = connection.cursor()
        for pragma in (
            f"busy_timeout={LOCK_WAIT_MILLISECONDS}",
            "journal_mode=WAL",
            "synchronous=FULL",
            "foreign_keys=ON",
        ):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        options = connection.get_execution_options()
        reads_only = options.get("reads_only", False)
        # Every time, because the pool gives the connection of one transaction to the next.
        waits = options.get("waits_milliseconds", LOCK_WAIT_MILLISECONDS)
        connection.exec_driver_sql(f"PRAGMA busy_timeout={waits:d}").close()
        # IMMEDIATE takes the write lock at the start: no transaction fails half-way for want of it.
        connection.exec_driver_sql("BEGIN" if reads_only else "BEGIN IMMEDIATE")

    return engine


def _postgresql_engine(url: str, connections: int) -> Engine:
    from survey_app.postgresql import HeardConnection, Hearing  # and the driver, which SQLite does without

    engine = create_engine(
        url,
        pool_size=connections,
        max_overflow=32,
        pool_recycle=1800,
        hide_parameters=True,
        connect_args={name: value for name, value in CONNECTING.items() if name not in make_url(url).query},
    )
    hearing = Hearing()

    @event.listens_for(engine, "do_connect")
    def _connect(_dialect: object, _record: object, words: Any, options: Any) -> HeardConnection:
        return HeardConnection.of(hearing, *words, **options)

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        options = connection.get_execution_options()
        is_for_page = options.get("for_pages", False)
        # Every time, because the pool gives the connection of one transaction to the next.
        driver_connection: Any = connection.connection.driver_connection
        driver_connection.is_for_page = is_for_page
        if is_for_page:
            connection.exec_driver_sql(PAGE_LIMITS)
        waits = options.get("waits_milliseconds")
        if waits is not None:
            connection.exec_driver_sql(f"SET LOCAL lock_timeout = {waits:d}")

    return engine
