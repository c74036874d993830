"""Migrations are one numbered line; they lead to the models' schema and back, on both databases."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import CheckConstraint, Connection, inspect

from survey_app.cli.database import MIGRATIONS, migrate
from survey_app.db import Database
from survey_app.models.base import Base

REVISIONS = sorted(path.name[:4] for path in (MIGRATIONS / "versions").glob("*.py"))
ROW_EVENTS = ("insert", "update", "delete")
Step = Callable[[Config, str], Any]


def run(database: Database, step: Step, revision: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with database.engine.begin() as connection:
        config.attributes["connection"] = connection
        step(config, revision)


def schema(connection: Connection) -> dict[str, Any]:
    """Describe each table by its columns and the names of its indexes, constraints and triggers."""
    inspector = inspect(connection)
    guards = triggers(connection)
    return {
        table: (
            [
                (column["name"], str(column["type"]), column["nullable"])
                for column in inspector.get_columns(table)
            ],
            sorted(str(index["name"]) for index in inspector.get_indexes(table)),
            sorted(str(check["name"]) for check in inspector.get_check_constraints(table)),
            sorted(str(key["name"]) for key in inspector.get_foreign_keys(table)),
            sorted(name for name, guarded in guards if guarded == table),
        )
        for table in inspector.get_table_names()
        if table != "alembic_version"
    }


def triggers(connection: Connection) -> list[tuple[str, str]]:
    """List the triggers that migrations made, each with its table."""
    if connection.dialect.name == "sqlite":
        query = "SELECT name, tbl_name FROM sqlite_master WHERE type = 'trigger'"
    else:
        query = "SELECT tgname, tgrelid::regclass::text FROM pg_trigger WHERE NOT tgisinternal"
    return [(name, table) for name, table in connection.exec_driver_sql(query)]


def test_migrations_are_numbered_in_one_line() -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    scripts = ScriptDirectory.from_config(config)
    line = [script.revision for script in scripts.walk_revisions()][::-1]
    names = sorted(path.name for path in (MIGRATIONS / "versions").glob("*.py"))
    assert line == [f"{number:04}" for number in range(1, len(names) + 1)]
    assert [name[:4] for name in names] == line, "a file begins with the number of its revision"
    assert all(re.fullmatch(r"\d{4}_[a-z]+_[a-z_]+\.py", name) for name in names), "NNNN_verb_object.py"
    assert scripts.get_heads() == [line[-1]]


def test_models_and_schema_agree(database: Database) -> None:
    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []


def test_checks_of_models_and_schema_agree(database: Database) -> None:
    """Alembic does not compare them. SQLite keeps the text as written; PostgreSQL rewrites it."""
    with database.engine.connect() as connection:
        inspector = inspect(connection)
        for name, table in Base.metadata.tables.items():
            found = {str(check["name"]): check["sqltext"] for check in inspector.get_check_constraints(name)}
            checks = [rule for rule in table.constraints if isinstance(rule, CheckConstraint)]
            said = {f"{rule.name}": str(rule.sqltext) for rule in checks}
            assert found.keys() == said.keys()
            assert not database.is_sqlite or found == said


def test_a_forgotten_value_is_refused_and_not_filled_in(database: Database) -> None:
    """By a default, a forgotten `way_in` would be a poster. The numbers of rows alone come by themselves."""
    with database.engine.connect() as connection:
        inspector = inspect(connection)
        filled_in = [
            f"{table}.{column['name']}"
            for table in Base.metadata.tables
            for column in inspector.get_columns(table)
            if column["default"] is not None and not column["default"].startswith("nextval(")
        ]
    assert filled_in == []


def test_triggers_keep_what_is_published(database: Database) -> None:
    replaced = [
        ("addendum_is_not_replaced", "plan_addendum"),
        ("audit_line_is_not_replaced", "audit_line"),
        ("campaign_is_not_replaced", "campaign"),
        ("draw_is_not_replaced", "draw"),
        ("frame_is_not_replaced", "frame"),
        ("frame_office_is_not_replaced", "frame_office"),
        ("frozen_plan_is_not_replaced", "campaign_plan"),
        ("instrument_version_is_not_replaced", "instrument_version"),
        ("margins_are_not_replaced", "campaign_margins"),
        ("sampled_unit_is_not_replaced", "sampled_unit"),
        ("sealed_publication_is_not_replaced", "publication"),
    ]
    with database.engine.connect() as connection:
        assert set(triggers(connection)) == {
            ("draw_is_not_deleted", "draw"),
            ("draw_keeps_its_values", "draw"),
            ("frame_is_not_deleted", "frame"),
            ("frame_keeps_its_values", "frame"),
            ("frame_office_is_not_deleted", "frame_office"),
            ("frame_office_keeps_its_values", "frame_office"),
            ("planned_campaign_keeps_to_its_plan", "campaign"),
            ("sampled_unit_is_not_deleted", "sampled_unit"),
            ("sampled_unit_stays_listed", "sampled_unit"),
            *(replaced if database.is_sqlite else ()),
            ("addendum_follows_a_frozen_plan", "plan_addendum"),
            ("addendum_is_not_deleted", "plan_addendum"),
            ("addendum_keeps_its_words", "plan_addendum"),
            ("audit_line_is_not_deleted", "audit_line"),
            ("audit_line_keeps_its_words", "audit_line"),
            ("frozen_plan_is_not_deleted", "campaign_plan"),
            ("frozen_plan_keeps_its_words", "campaign_plan"),
            ("instrument_version_is_immutable", "instrument_version"),
            ("sealed_change_is_not_deleted", "figure_change"),
            ("sealed_change_keeps_its_values", "figure_change"),
            ("sealed_snapshot_part_is_not_deleted", "snapshot_part"),
            ("sealed_snapshot_part_keeps_its_values", "snapshot_part"),
            ("sealed_publication_takes_no_snapshot_part", "snapshot_part"),
            ("margins_are_not_deleted", "campaign_margins"),
            ("margins_keep_their_values", "campaign_margins"),
            *((f"codes_are_counted_on_{event}", "access_point") for event in ROW_EVENTS),
            *((f"counters_are_counted_on_{event}", "counter") for event in ROW_EVENTS),
            *((f"tokens_are_counted_on_{event}", "spent_invitation") for event in ROW_EVENTS),
            *((f"offices_are_others_on_{event}", "office") for event in ROW_EVENTS),
            *((f"units_are_others_on_{event}", "sampled_unit") for event in ROW_EVENTS),
            *((f"dossier_fields_add_up_on_{event}", "dossier_count") for event in ROW_EVENTS),
            ("sealed_weighting_step_is_not_deleted", "weighting_step"),
            ("sealed_weighting_step_keeps_its_values", "weighting_step"),
            ("sealed_publication_takes_no_weighting_step", "weighting_step"),
            ("sealed_recipe_is_not_deleted", "publication_recipe"),
            ("sealed_recipe_keeps_its_values", "publication_recipe"),
            ("sealed_publication_takes_no_recipe", "publication_recipe"),
            ("sealed_comparison_is_not_deleted", "comparison"),
            ("sealed_comparison_keeps_its_values", "comparison"),
            ("sealed_distribution_is_not_deleted", "distribution"),
            ("sealed_distribution_keeps_its_values", "distribution"),
            ("sealed_figure_is_not_deleted", "figure"),
            ("sealed_figure_keeps_its_values", "figure"),
            ("sealed_publication_is_not_deleted", "publication"),
            ("sealed_publication_keeps_its_values", "publication"),
            ("sealed_publication_takes_no_change", "figure_change"),
            ("sealed_publication_takes_no_comparison", "comparison"),
            ("sealed_publication_takes_no_distribution", "distribution"),
            ("sealed_publication_takes_no_figure", "figure"),
        }


@pytest.mark.parametrize("revision", REVISIONS)
def test_each_migration_goes_up_down_and_up_again(revision: str, empty_database_url: str) -> None:
    database = Database(empty_database_url)
    before = f"{int(revision) - 1:04}"
    if before != "0000":
        run(database, command.upgrade, before)
    with database.engine.connect() as connection:
        old = schema(connection)
    run(database, command.upgrade, revision)
    with database.engine.connect() as connection:
        new = schema(connection)
    run(database, command.downgrade, "base" if before == "0000" else before)
    with database.engine.connect() as connection:
        assert schema(connection) == old
    run(database, command.upgrade, revision)
    with database.engine.connect() as connection:
        assert schema(connection) == new
    database.engine.dispose()


def test_all_migrations_go_down_to_an_empty_database(empty_database_url: str) -> None:
    database = Database(empty_database_url)
    migrate(database)
    run(database, command.downgrade, "base")
    with database.engine.connect() as connection:
        assert schema(connection) == {}
        if not database.is_sqlite:
            ours = "SELECT count(*) FROM pg_proc WHERE pronamespace = 'public'::regnamespace"
            assert connection.exec_driver_sql(ours).scalar() == 0, "a function is left over"
    database.engine.dispose()


def test_migrating_twice_changes_nothing(database: Database) -> None:
    with database.engine.connect() as connection:
        before = schema(connection)
    migrate(database)
    with database.engine.connect() as connection:
        assert schema(connection) == before
