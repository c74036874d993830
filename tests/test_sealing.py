"""What migrations guard stays on SQLite, too, where a statement may ask for the place of another row."""

from typing import Any

import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Table, UniqueConstraint, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from survey_app.cli.database import MIGRATIONS
from survey_app.db import Database
from survey_app.models.base import Base
from tests import factories
from tests.factories import MOMENT

pytestmark = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)


def guarded_tables() -> list[str]:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    scripts = ScriptDirectory.from_config(config).walk_revisions()
    guards = [guard for script in scripts for guard in getattr(script.module, "GUARDS", {}).values()]
    return sorted({table for table, _operation, _condition in guards})


SEALED_BY_ITSELF = {
    "publication": {"kind": "wave", "sealed_at": MOMENT},
    "campaign_plan": {"frozen_at": MOMENT, "hash": "x"},
}


def kept_row(session: Session, table: Table) -> dict[str, Any]:
    """Build a row that is sealed, where a row of its table can be otherwise; give its key."""
    make, given = getattr(factories, table.name), SEALED_BY_ITSELF.get(table.name, {})
    if "publication_id" in table.columns:
        publication = factories.publication(session, kind="wave")
        row = make(session, publication_id=publication.id)
        publication.sealed_at = MOMENT
        session.flush()
    else:
        row = make(session, **given)
    return {column.name: getattr(row, column.name) for column in table.primary_key}


def replacements(table: Table) -> list[str]:
    """Name every way to put something in the place of the row that has the key."""
    key = [column.name for column in table.primary_key]
    is_it = " AND ".join(f"{name} = :{name}" for name in key)
    columns = [column.name for column in table.columns]
    written = [columns]
    if len(key) == 1 and any(isinstance(rule, UniqueConstraint) for rule in table.constraints):
        written.append([name for name in columns if name not in key])
    inserts = [
        f"{verb} INTO {table.name} ({', '.join(names)}) "
        f"SELECT {', '.join(names)} FROM {table.name} WHERE {is_it}"
        for verb in ("INSERT OR REPLACE", "REPLACE")
        for names in written
    ]
    moved = ", ".join(f"{name} = :{name}" for name in key)
    return [*inserts, f"UPDATE OR REPLACE {table.name} SET {moved} WHERE NOT ({is_it})"]


@pytest.mark.parametrize("name", guarded_tables())
def test_what_is_kept_is_not_replaced(database: Database, name: str) -> None:
    table = Base.metadata.tables[name]
    with database.transaction() as session:
        key = kept_row(session, table)
        getattr(factories, name)(session)  # one that could be moved
    with database.reading() as session:
        before = session.execute(select(table)).all()
    assert len(before) >= 2
    for statement in replacements(table):
        with pytest.raises(DBAPIError, match="cannot be changed"), database.transaction() as session:
            session.execute(text(statement), key)
    with database.reading() as session:
        assert session.execute(select(table)).all() == before
