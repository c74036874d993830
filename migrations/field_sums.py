"""Triggers that keep beside a total of dossiers what its fields add up to, whoever writes either.

Once a step is deployed, what this module gave it must stay as it was.
"""

from alembic import op

TRIGGERS = {
    "dossier_fields_add_up_on_insert": "INSERT",
    "dossier_fields_add_up_on_update": "UPDATE OF n_settled",
    "dossier_fields_add_up_on_delete": "DELETE",
}
ADD_UP = """
UPDATE dossier_count SET n_of_fields = (
    SELECT sum(n_settled) FROM dossier_count
    WHERE office_id = {row}.office_id AND month = {row}.month AND field_id <> 0
)
WHERE office_id = {row}.office_id AND month = {row}.month AND field_id = 0;
"""


def keep() -> None:
    """Create the triggers."""
    if op.get_bind().dialect.name == "sqlite":
        _on_sqlite()
    else:
        _on_postgresql()


def let_go() -> None:
    """Drop what is left of the triggers when their table is gone."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION add_up_dossier_fields()")


def _on_sqlite() -> None:
    for name, event in TRIGGERS.items():
        add_up = ADD_UP.format(row="OLD" if event == "DELETE" else "NEW")
        op.execute(f"CREATE TRIGGER {name} AFTER {event} ON dossier_count BEGIN {add_up} END")


def _on_postgresql() -> None:
    op.execute(
        "CREATE FUNCTION add_up_dossier_fields() RETURNS trigger LANGUAGE plpgsql AS $$ "
        "DECLARE place dossier_count; BEGIN "
        "IF TG_OP = 'DELETE' THEN place := OLD; ELSE place := NEW; END IF; "
        f"{ADD_UP.format(row='place')} RETURN NULL; END $$"
    )
    for name, event in TRIGGERS.items():
        op.execute(
            f"CREATE TRIGGER {name} AFTER {event} ON dossier_count "
            "FOR EACH ROW EXECUTE FUNCTION add_up_dossier_fields()"
        )
