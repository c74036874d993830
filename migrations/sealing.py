"""Triggers that keep rows as they were written, whoever has the database open, on SQLite and on PostgreSQL.

Once a step is deployed, what this module gave it must stay as it was.
"""

from collections.abc import Mapping

from alembic import op

# By the name of a trigger: table, operation, and in SQL when it refuses. "REPLACE" is an insert in the place
# of a row that is kept: for INSERT OR REPLACE SQLite deletes without asking the triggers. PostgreSQL knows no
# such statement.
Guards = Mapping[str, tuple[str, str, str]]

IS_SEALED = "EXISTS (SELECT 1 FROM publication WHERE id = {row}.publication_id AND sealed_at IS NOT NULL)"
OF_DEMO = (
    "EXISTS (SELECT 1 FROM publication JOIN campaign ON campaign.id = publication.campaign_id "
    "WHERE publication.id = OLD.{publication_id} AND campaign.is_demo)"
)


def of_sealed_publications(table: str, noun: str) -> Guards:
    """Guard the rows of a table that belong to publications; the demo can be removed whole, with its own."""
    old, new = IS_SEALED.format(row="OLD"), IS_SEALED.format(row="NEW")
    of_demo = OF_DEMO.format(publication_id="publication_id")
    return {
        f"sealed_publication_takes_no_{noun}": (table, "INSERT", new),
        f"sealed_{noun}_keeps_its_values": (table, "UPDATE", f"{old} OR {new}"),
        f"sealed_{noun}_is_not_deleted": (table, "DELETE", f"{old} AND NOT {of_demo}"),
    }


def keep(guards: Guards, kept: str) -> None:
    """Create the triggers; what they say begins with what is kept."""
    create = _on_sqlite if op.get_bind().dialect.name == "sqlite" else _on_postgresql
    for name, (table, operation, condition) in guards.items():
        create(name, table, operation, condition, f"{kept} cannot be changed ({operation} on {table})")


def let_go(guards: Guards) -> None:
    """Drop what is left of the triggers when their tables are gone."""
    if op.get_bind().dialect.name == "postgresql":
        for name, (_table, operation, _condition) in guards.items():
            if operation != "REPLACE":
                op.execute(f"DROP FUNCTION {name}()")


def _on_sqlite(name: str, table: str, operation: str, condition: str, message: str) -> None:
    statement = "INSERT" if operation == "REPLACE" else operation
    op.execute(
        f"CREATE TRIGGER {name} BEFORE {statement} ON {table} WHEN {condition} "
        f"BEGIN SELECT RAISE(ABORT, '{message}'); END"
    )


def _on_postgresql(name: str, table: str, operation: str, condition: str, message: str) -> None:
    if operation == "REPLACE":
        return
    row = "OLD" if operation == "DELETE" else "NEW"
    op.execute(
        f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        f"IF {condition} THEN RAISE EXCEPTION '{message}'; END IF; RETURN {row}; END $$"
    )
    op.execute(f"CREATE TRIGGER {name} BEFORE {operation} ON {table} FOR EACH ROW EXECUTE FUNCTION {name}()")
