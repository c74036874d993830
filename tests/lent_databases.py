"""Databases on PostgreSQL that one test after the other is lent, emptied in between.

Each is 650 files. To copy them and to delete them again took a third of a second of a processor, a thousand
times a run; few tests write into more than a dozen tables.
"""

import secrets
import time
from dataclasses import dataclass, field

import psycopg

from tests.postgresql import Server

ALONE_WITHIN_SECONDS = 10
# Whatever changes a table, a trigger or a right writes a row there, in a transaction of its own.
CATALOGUES = ("pg_class", "pg_attribute", "pg_attrdef", "pg_constraint", "pg_trigger", "pg_proc")
VERSION = "alembic_version"  # the one table in which a migrated database has a row
OWN_ID = "(SELECT oid FROM pg_database WHERE datname = current_database())"
OTHERS = "FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
WRITTEN = f"""
    SELECT quote_ident(relname) FROM pg_class
    WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND relname <> '{VERSION}'
    AND pg_relation_size(oid) > 0
"""
REWOUND = """
    SELECT setval(quote_ident(sequencename)::regclass, start_value, false) FROM pg_sequences
    WHERE schemaname = 'public' AND last_value IS NOT NULL
"""


@dataclass
class Lender:
    """Keeps what tests gave back; a database whose schema or settings somebody changed is thrown away."""

    server: Server
    template: str
    _spare: list[str] = field(default_factory=list)
    _schema: tuple[object, ...] = ()

    def lend(self) -> str:
        """Give the name of a migrated, empty database."""
        if self._spare:
            return self._spare.pop()
        name = f"test_{secrets.token_hex(6)}"
        self.server.create_database(name, self.template)
        if not self._schema:
            with self.server.connected(name) as connection:
                self._schema = _schema_of(connection)
        return name

    def take_back(self, name: str) -> None:
        with self.server.connected(name) as connection:
            is_as_before = _end_others(connection) and _schema_of(connection) == self._schema
            is_empty = is_as_before and _emptied(connection)
        if is_empty:
            self._spare.append(name)
        else:
            self.server.drop_database(name)


def _end_others(connection: psycopg.Connection) -> bool:
    """End a server that a test killed, or a pool that was just closed; say whether nobody is left."""
    until = time.monotonic() + ALONE_WITHIN_SECONDS
    while time.monotonic() < until:
        if connection.execute(f"SELECT pg_terminate_backend(pid) {OTHERS}").rowcount == 0:
            return True
    return False


def _schema_of(connection: psycopg.Connection) -> tuple[object, ...]:
    """Give what differs as soon as anything but rows was changed."""
    newest = [f"(SELECT (count(*), max(xmin::text::bigint))::text FROM {name})" for name in CATALOGUES]
    version = f"(SELECT string_agg(version_num || xmin, ',') FROM {VERSION})"
    rooms = "(SELECT string_agg(nspname, ',' ORDER BY nspname) FROM pg_namespace WHERE nspname !~ '^pg_')"
    settings = f"(SELECT count(*) FROM pg_db_role_setting WHERE setdatabase = {OWN_ID})"
    found = connection.execute(f"SELECT {', '.join((*newest, version, rooms, settings))}".encode()).fetchone()
    assert found is not None
    return tuple(found)


def _emptied(connection: psycopg.Connection) -> bool:
    """Delete all rows past triggers and foreign keys, and say whether not a page is left of them."""
    written = _written(connection)
    if written:
        deletions = "".join(f"DELETE FROM {table};" for table in written)
        with connection.transaction():
            connection.execute(f"SET LOCAL session_replication_role = replica; {deletions}".encode())
        connection.execute(f"VACUUM {', '.join(written)}".encode())
    connection.execute(REWOUND)
    return not _written(connection)


def _written(connection: psycopg.Connection) -> list[str]:
    return [table for (table,) in connection.execute(WRITTEN)]
