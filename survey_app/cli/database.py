"""Bring a database to today's schema."""

from pathlib import Path

import click
from alembic import command
from alembic.config import Config
from flask import Flask

from survey_app.db import Database
from survey_app.web import context

MIGRATIONS = Path(__file__).parents[2] / "migrations"


def migrate(database: Database, revision: str = "head") -> None:
    """Run the migrations up to `revision`, all in one transaction."""
    with database.engine.begin() as connection:
        config = Config(attributes={"connection": connection})
        config.set_main_option("script_location", str(MIGRATIONS))
        command.upgrade(config, revision)


def register(app: Flask) -> None:
    @app.cli.group("database")
    def group() -> None:
        """Look after the database."""

    @group.command("upgrade")
    def upgrade() -> None:
        """Bring the schema up to date."""
        migrate(context.database())
        click.echo("The database is up to date.")
