"""What a test leaves in a database on PostgreSQL does not reach the next one."""

import pytest
from sqlalchemy import select

from survey_app.db import Database
from survey_app.models.base import Base
from survey_app.models.office import Office
from tests import factories
from tests.lent_databases import Lender
from tests.postgresql import Server


@pytest.fixture
def own_lender(postgresql_server: Server, postgresql_template: str) -> Lender:
    return Lender(postgresql_server, postgresql_template)


def fill(database: Database) -> int:
    """Write rows, some of which triggers keep from being deleted; give a number that a sequence gave."""
    with database.transaction() as session:
        office = factories.office(session)
        wave = factories.publication(session, kind="wave", data_hash="0" * 64, recipe_id="1" * 64)
        factories.figure(session, publication_id=wave.id, office_id=office.id)
        wave.sealed_at = factories.MOMENT
        factories.response(session)
        return office.id


def test_database_comes_back_empty_and_counts_from_one(own_lender: Lender) -> None:
    names = set()
    for _ in range(3):
        names.add(name := own_lender.lend())
        database = Database(own_lender.server.url(name))
        with database.reading() as session:
            tables = Base.metadata.sorted_tables
            assert [table.name for table in tables if session.execute(select(table)).first()] == []
        assert fill(database) == 1
        left_open = database.engine.connect()  # as by a server that was killed
        left_open.execute(select(Office))
        own_lender.take_back(name)
        left_open.invalidate()
        left_open.close()
        database.engine.dispose()
    assert len(names) == 1
    own_lender.server.drop_database(names.pop())


@pytest.mark.parametrize(
    "change",
    [
        "ALTER TABLE office ALTER COLUMN name DROP NOT NULL",
        "ALTER TABLE office ALTER COLUMN name SET DEFAULT 'x'",
        "ALTER TABLE publication DISABLE TRIGGER ALL",
        "ALTER TABLE office ADD CHECK (id > 0)",
        "UPDATE alembic_version SET version_num = 'x'",
        "DELETE FROM alembic_version",
        "GRANT SELECT ON office TO PUBLIC",
        "DROP INDEX {index}",
        "CREATE SCHEMA room",
        "CREATE FUNCTION one() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "ALTER DATABASE {name} SET lock_timeout = 0",
    ],
)
def test_database_that_was_changed_is_not_lent_again(own_lender: Lender, change: str) -> None:
    name = own_lender.lend()
    with own_lender.server.connected(name) as connection:
        found = "SELECT indexrelid::regclass FROM pg_index JOIN pg_class c ON c.oid = indexrelid"
        index = connection.execute(
            f"{found} WHERE relnamespace = 'public'::regnamespace AND NOT indisunique LIMIT 1"
        ).fetchone()[0]
        connection.execute(change.format(name=name, index=index))
    own_lender.take_back(name)
    other = own_lender.lend()
    assert other != name
    own_lender.take_back(other)
    own_lender.server.drop_database(other)
