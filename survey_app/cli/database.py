"""Bring a database to today's schema."""

from datetime import date, timedelta
from pathlib import Path

import click
from flask import Flask
from sqlalchemy import text

from survey_app.collect.cases.contact import forget_expired_contacts
from survey_app.collect.entry import FORM_LIVES
from survey_app.db import Database
from survey_app.models.base import EPOCH
from survey_app.web import context

REWRITTEN_DAYS = FORM_LIVES.days + 1  # a form may arrive that long after the day it counts on
MIGRATIONS = Path(__file__).parents[2] / "migrations"


def migrate(database: Database, revision: str = "head") -> None:
    """Run the migrations up to `revision`, all in one transaction."""
    from alembic import command  # 11 MB that the web worker, which knows this command, shall not carry
    from alembic.config import Config

    with database.engine.begin() as connection:
        config = Config(attributes={"connection": connection})
        config.set_main_option("script_location", str(MIGRATIONS))
        command.upgrade(config, revision)


def forget_order(database: Database, today: date) -> None:
    """Take the order of arrival out of the files of the database.

    In SQLite the cells of a page lie in the order in which they came; VACUUM writes all pages anew by key.
    In PostgreSQL a row keeps the number of the transaction that wrote it; a comment, its case and the token
    of an invitation share that number with the answers they came with. One update gives all recent rows the
    same number; clustering sorts by key.
    """
    if database.is_sqlite:
        _rewrite_sqlite(database)
        return
    recent = {"day": (today - timedelta(days=REWRITTEN_DAYS) - EPOCH).days}
    with database.engine.begin() as connection:
        connection.execute(text("UPDATE response SET fingerprint = fingerprint WHERE day >= :day"), recent)
        connection.execute(text("UPDATE comment SET text = text WHERE day >= :day"), recent)
        # They have no day: all of them.
        connection.execute(text("UPDATE comment_case SET number = number"))
        connection.execute(text("UPDATE contact SET expires_on = expires_on"))
        connection.execute(text("UPDATE spent_invitation SET batch_id = batch_id"))
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        try:
            for command_text in (
                # All who come after CLUSTER wait behind it: it shall not wait long for a backup that reads.
                "SET lock_timeout = '3s'",
                "CLUSTER response USING pk_response",
                "CLUSTER comment USING pk_comment",
                "CLUSTER comment_case USING pk_comment_case",
                "CLUSTER contact USING pk_contact",
                "CLUSTER spent_invitation USING pk_spent_invitation",
                "VACUUM (FREEZE, ANALYZE) response, comment, comment_case, contact, spent_invitation",
            ):
                connection.execute(text(command_text))
        finally:
            connection.execute(text("RESET lock_timeout"))


def _rewrite_sqlite(database: Database) -> None:
    connection = database.engine.raw_connection()
    try:
        for statement in ("VACUUM", "PRAGMA wal_checkpoint(TRUNCATE)"):
            connection.cursor().execute(statement)
    finally:
        connection.close()


def register(app: Flask) -> None:
    @app.cli.group("database")
    def group() -> None:
        """Look after the database."""

    @group.command("tidy")
    def tidy() -> None:
        """Delete expired contacts, and rewrite recent rows by key: their order is gone.

        The job process does both every night; this is for doing it at once.
        """
        with context.database().transaction() as session:
            forget_expired_contacts(session, context.today())
        forget_order(context.database(), context.today())
        click.echo("Expired contacts are deleted; the order of arrival is gone from the tables.")

    @group.command("upgrade")
    def upgrade() -> None:
        """Bring the schema up to date."""
        migrate(context.database())
        click.echo("The database is up to date.")
