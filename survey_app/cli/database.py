"""Bring a database to today's schema."""

import time
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import click
import pysqlite3.dbapi2
from flask import Flask
from sqlalchemy import Connection, Engine, text
from sqlalchemy.engine.interfaces import DBAPICursor
from sqlalchemy.exc import OperationalError

from survey_app.cli.command import Anywhere, Commands, begin_here
from survey_app.collect.cases.contact import forget_expired_contacts
from survey_app.collect.entry import FORM_LIVES
from survey_app.db import LOCK_WAIT_MILLISECONDS, Database
from survey_app.errors import SurveyError
from survey_app.models.base import EPOCH
from survey_app.web import context

REWRITTEN_DAYS = FORM_LIVES.days + 1  # a form may arrive that long after the day it counts on
MIGRATIONS = Path(__file__).parents[2] / "migrations"
# How often and how long to wait for those who read: a page or a usual download is over by then.
MOST_LOOKS, PAUSE_SECONDS = 10, 2.0
# While SQLite waits for readers it lets nobody write: less than a citizen's form waits for the writer.
CHECKPOINT_WAIT_MILLISECONDS = 500
NOBODY_IS_OLDER = text(
    "SELECT count(*) = 0 FROM pg_stat_activity WHERE datname = current_database()"
    " AND GREATEST(age(backend_xid), age(backend_xmin)) >= age(CAST(:number AS xid))"
)


def migrate(database: Database, revision: str = "head") -> None:
    """Run the migrations up to `revision`, all in one transaction."""
    from alembic import command  # 11 MB that the web worker, which knows this command, shall not carry
    from alembic.config import Config

    with database.engine.begin() as connection:
        config = Config(attributes={"connection": connection})
        config.set_main_option("script_location", str(MIGRATIONS))
        command.upgrade(config, revision)


class OrderStays(SurveyError):
    """The order of arrival is still in the files."""


def forget_order(database: Database, today: date) -> None:
    """Take the order of arrival out of the files of the database; raise OrderStays where it cannot be done.

    In SQLite the cells of a page lie in the order in which they came; VACUUM writes all pages anew by key.
    In PostgreSQL a row keeps the number of the transaction that wrote it; a comment, its case and the token
    of an invitation share that number with the answers they came with. One update gives all recent rows the
    same number; clustering sorts by key.

    Both keep what was, for as long as somebody reads it: so nobody may read from before, at the start, or
    the work would be for nothing, and at the end.
    """
    rewrite = _rewrite_sqlite if database.is_sqlite else _rewrite_postgresql
    try:
        rewrite(database.engine, (today - timedelta(days=REWRITTEN_DAYS) - EPOCH).days)
    except (pysqlite3.dbapi2.OperationalError, OperationalError) as error:
        raise OrderStays(f"the database did not let it be taken out ({type(error).__name__})") from error


def _rewrite_sqlite(engine: Engine, _first_day: int) -> None:
    connection = engine.raw_connection()
    try:
        cursor = connection.cursor()
        _empty_log(cursor)
        cursor.execute(f"PRAGMA busy_timeout={LOCK_WAIT_MILLISECONDS}")
        cursor.execute("VACUUM")
        _empty_log(cursor)
    finally:
        connection.close()


def _empty_log(cursor: DBAPICursor) -> None:
    """Bring the write-ahead log into the database file, and leave nothing in it."""
    cursor.execute(f"PRAGMA busy_timeout={CHECKPOINT_WAIT_MILLISECONDS}")

    def is_emptied() -> bool:
        cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        is_busy, *_frames = cursor.fetchone() or (True,)
        return not is_busy

    _wait_for_readers(is_emptied)


def _rewrite_postgresql(engine: Engine, first_day: int) -> None:
    recent = {"day": first_day}
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        _let_old_rows_go(connection)
        with engine.begin() as updating:
            updating.execute(text("UPDATE response SET fingerprint = fingerprint WHERE day >= :day"), recent)
            updating.execute(text("UPDATE comment SET text = text WHERE day >= :day"), recent)
            # They have no day: all of them.
            updating.execute(text("UPDATE comment_case SET number = number"))
            updating.execute(text("UPDATE contact SET expires_on = expires_on"))
            updating.execute(text("UPDATE spent_invitation SET token_hash = token_hash"))
            updating.execute(text("UPDATE spent_count SET n_spent = n_spent"))
        _let_old_rows_go(connection)
        try:
            for command_text in (
                # All who come after CLUSTER wait behind it: it shall not wait long for a backup that reads.
                "SET lock_timeout = '3s'",
                "CLUSTER response USING pk_response",
                "CLUSTER comment USING pk_comment",
                "CLUSTER comment_case USING pk_comment_case",
                "CLUSTER contact USING pk_contact",
                "CLUSTER spent_invitation USING pk_spent_invitation",
                "CLUSTER spent_count USING pk_spent_count",
                "VACUUM (FREEZE, ANALYZE) response, comment, comment_case, contact",
                "VACUUM (FREEZE, ANALYZE) spent_invitation, spent_count",
            ):
                connection.execute(text(command_text))
        finally:
            connection.execute(text("RESET lock_timeout"))


def _let_old_rows_go(connection: Connection) -> None:
    """Wait until nobody can see any more what is replaced by now: CLUSTER keeps such rows for them."""
    number = connection.scalar(text("SELECT CAST(CAST(pg_current_xact_id() AS xid) AS text)"))
    _wait_for_readers(lambda: bool(connection.scalar(NOBODY_IS_OLDER, {"number": number})))


def _wait_for_readers(are_gone: Callable[[], bool]) -> None:
    for _attempt in range(MOST_LOOKS):
        if are_gone():
            return
        time.sleep(PAUSE_SECONDS)
    raise OrderStays("somebody reads the database all the time, perhaps a backup or a long download")


def register(app: Flask) -> None:
    @app.cli.group("database", cls=Commands)
    def group() -> None:
        """Look after the database."""

    @group.command("tidy")
    def tidy() -> None:
        """Delete expired contacts, and rewrite recent rows by key: their order is gone.

        The job process does both every night; this is for doing it at once.
        """
        with context.database().transaction() as session:
            forget_expired_contacts(session, context.today())
        click.echo("Expired contacts are deleted.")
        try:
            forget_order(context.database(), context.today())
        except OrderStays as error:
            click.echo(f"The order of arrival is still in the tables: {error}. Try again later.", err=True)
            raise click.exceptions.Exit(1) from error
        click.echo("The order of arrival is gone from the tables.")

    @group.command("upgrade", cls=Anywhere)
    def upgrade() -> None:
        """Bring the schema up to date; begin an installation where there is none."""
        begin_here()
        migrate(context.database())
        click.echo("The database is up to date.")
