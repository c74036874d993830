"""Triggers that keep in a row what other rows add up to, whoever writes these; the same on both databases.

Once a step is deployed, what this module gave it must stay as it was.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from alembic import op


@dataclass(frozen=True)
class Trigger:
    """What follows after each row of an event: statements about NEW, OLD or both.

    What names no row is done once a statement where the database can do so, and ahead of it: whoever writes
    rows waits for his turn before he holds any, so that no two wait for each other.
    """

    name: str
    event: str  # with its table, as SQL says it
    statements: Sequence[str]
    names_rows: bool = True


FIELDS_ADD_UP = """
UPDATE dossier_count SET n_of_fields = (
    SELECT sum(n_settled) FROM dossier_count
    WHERE office_id = {row}.office_id AND month = {row}.month AND field_id <> 0
)
WHERE office_id = {row}.office_id AND month = {row}.month AND field_id = 0
"""
OF_FIELDS = (
    Trigger("dossier_fields_add_up_on_insert", "INSERT ON dossier_count", [FIELDS_ADD_UP.format(row="NEW")]),
    Trigger(
        "dossier_fields_add_up_on_update",
        "UPDATE OF n_settled ON dossier_count",
        [FIELDS_ADD_UP.format(row="NEW")],
    ),
    Trigger("dossier_fields_add_up_on_delete", "DELETE ON dossier_count", [FIELDS_ADD_UP.format(row="OLD")]),
)

# Whoever keeps offices or drawn units in memory sees by it that they are no more what they were.
RANDOM_TEXT = {"sqlite": "hex(randomblob(16))", "postgresql": "gen_random_uuid()::text"}
ARE_OTHERS = """
INSERT INTO {table} (id, token) VALUES (1, {{random_text}})
ON CONFLICT (id) DO UPDATE SET token = excluded.token
"""


def _renewing(named: str, table: str, columns: str) -> tuple[Trigger, ...]:
    """Renew the token of a table's rows with whatever is written of these columns."""
    return tuple(
        Trigger(
            f"{named}_are_others_on_{event.split()[0].lower()}",
            f"{event} ON {table}",
            [ARE_OTHERS.format(table=f"{named}_token")],
            names_rows=False,
        )
        for event in ("INSERT", f"UPDATE OF {columns}", "DELETE")
    )


OF_OFFICES = _renewing(
    "offices", "office", "id, parent_id, code, name, sort_key, kind, valid_from, valid_until"
)
OF_UNITS = _renewing("units", "sampled_unit", "cell_id, list_name, serial, replaces, outcome")

ONE_COUNTER_MORE = "UPDATE office SET n_counters = n_counters + 1 WHERE id = NEW.office_id"
ONE_COUNTER_LESS = "UPDATE office SET n_counters = n_counters - 1 WHERE id = OLD.office_id"
OF_COUNTERS = (
    Trigger("counters_are_counted_on_insert", "INSERT ON counter", [ONE_COUNTER_MORE]),
    Trigger(
        "counters_are_counted_on_update",
        "UPDATE OF office_id ON counter",
        [ONE_COUNTER_LESS, ONE_COUNTER_MORE],
    ),
    Trigger("counters_are_counted_on_delete", "DELETE ON counter", [ONE_COUNTER_LESS]),
)

# Which of the codes that staff make a column of `code_stock` counts. Added and taken away one by one: of two
# who count anew at once, each would miss what the other has not committed yet.
COUNTED = {
    "n_working": "{row}.revoked_on IS NULL",
    "n_revoked": "{row}.revoked_on IS NOT NULL",
    "n_paused": "{row}.revoked_on IS NULL AND {row}.paused_on IS NOT NULL",
    "n_at_counters": "{row}.revoked_on IS NULL AND {row}.way_in = 'poster' AND {row}.counter_id IS NOT NULL",
    "n_at_whole": "{row}.revoked_on IS NULL AND {row}.way_in = 'poster' AND {row}.counter_id IS NULL",
}
ONE_MORE = """
INSERT INTO code_stock (campaign_id, office_id, {columns})
SELECT NEW.campaign_id, NEW.office_id, {ones} WHERE NEW.way_in IN ('poster', 'screen')
ON CONFLICT (campaign_id, office_id) DO UPDATE SET {added}
"""
ONE_LESS = "UPDATE code_stock SET {taken} WHERE {is_old_place}"
WITH_THE_LAST = "DELETE FROM code_stock WHERE {is_old_place} AND n_working + n_revoked = 0"
IS_OLD_PLACE = (
    "campaign_id = OLD.campaign_id AND office_id = OLD.office_id AND OLD.way_in IN ('poster', 'screen')"
)


def _one_of(row: str) -> Mapping[str, str]:
    """Say in SQL what one code is in each count: 1 or 0."""
    return {
        column: f"CASE WHEN {condition.format(row=row)} THEN 1 ELSE 0 END"
        for column, condition in COUNTED.items()
    }


ONE_CODE_MORE = ONE_MORE.format(
    columns=", ".join(COUNTED),
    ones=", ".join(_one_of("NEW").values()),
    added=", ".join(f"{column} = code_stock.{column} + excluded.{column}" for column in COUNTED),
)
ONE_CODE_LESS = ONE_LESS.format(
    taken=", ".join(f"{column} = {column} - {one}" for column, one in _one_of("OLD").items()),
    is_old_place=IS_OLD_PLACE,
)
WITH_THE_LAST_CODE = WITH_THE_LAST.format(is_old_place=IS_OLD_PLACE)
WHATEVER_COUNTS = "campaign_id, office_id, counter_id, way_in, paused_on, revoked_on"
OF_CODES = (
    Trigger("codes_are_counted_on_insert", "INSERT ON access_point", [ONE_CODE_MORE]),
    Trigger(
        "codes_are_counted_on_update",
        f"UPDATE OF {WHATEVER_COUNTS} ON access_point",
        [ONE_CODE_MORE, ONE_CODE_LESS, WITH_THE_LAST_CODE],
    ),
    Trigger("codes_are_counted_on_delete", "DELETE ON access_point", [ONE_CODE_LESS, WITH_THE_LAST_CODE]),
)

# A page of a fieldwork looks at all batches of a country: their tokens are tens of thousands.
ONE_SPENT_MORE = """
INSERT INTO spent_count (batch_id, n_spent) VALUES (NEW.batch_id, 1)
ON CONFLICT (batch_id) DO UPDATE SET n_spent = spent_count.n_spent + 1
"""
ONE_SPENT_LESS = "UPDATE spent_count SET n_spent = n_spent - 1 WHERE batch_id = OLD.batch_id"
WITH_THE_LAST_SPENT = "DELETE FROM spent_count WHERE batch_id = OLD.batch_id AND n_spent = 0"
OF_SPENT = (
    Trigger("tokens_are_counted_on_insert", "INSERT ON spent_invitation", [ONE_SPENT_MORE]),
    Trigger(
        "tokens_are_counted_on_update",
        "UPDATE OF batch_id ON spent_invitation",
        [ONE_SPENT_MORE, ONE_SPENT_LESS, WITH_THE_LAST_SPENT],
    ),
    Trigger(
        "tokens_are_counted_on_delete", "DELETE ON spent_invitation", [ONE_SPENT_LESS, WITH_THE_LAST_SPENT]
    ),
)


def keep(triggers: Iterable[Trigger]) -> None:
    """Create the triggers."""
    database = op.get_bind().dialect.name
    for one in triggers:
        acts = f"BEGIN {' '.join(f'{statement};' for statement in one.statements)}"
        acts = acts.format(random_text=RANDOM_TEXT[database])
        if database == "sqlite":
            op.execute(f"CREATE TRIGGER {one.name} AFTER {one.event} FOR EACH ROW {acts} END")
            continue
        when, each = ("AFTER", "ROW") if one.names_rows else ("BEFORE", "STATEMENT")
        op.execute(
            f"CREATE FUNCTION {one.name}() RETURNS trigger LANGUAGE plpgsql AS $$ {acts} RETURN NULL; END $$"
        )
        op.execute(
            f"CREATE TRIGGER {one.name} {when} {one.event} FOR EACH {each} EXECUTE FUNCTION {one.name}()"
        )


def let_go(triggers: Iterable[Trigger]) -> None:
    """Drop what is left of the triggers when their tables are gone."""
    if op.get_bind().dialect.name == "postgresql":
        for one in triggers:
            op.execute(f"DROP FUNCTION {one.name}()")
