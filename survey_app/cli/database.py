"""Bring a database to today's schema."""

from pathlib import Path

from alembic import command
from alembic.config import Config

from survey_app.db import Database

MIGRATIONS = Path(__file__).parents[2] / "migrations"


def migrate(database: Database, revision: str = "head") -> None:
    """Run the migrations up to `revision`, all in one transaction."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with database.engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
