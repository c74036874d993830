"""How a command fails: what happened goes to standard error, one line a fault, and the exit code is 1."""

from collections.abc import Iterator
from contextlib import contextmanager

import click
from sqlalchemy import inspect, make_url
from sqlalchemy.exc import DBAPIError

from survey_app.db import Database
from survey_app.errors import SurveyError
from survey_app.models.office import Office
from survey_app.web import context


class NoSurveyData(SurveyError):
    """The settings name a place in which this service has not begun."""

    def __init__(self, place: str) -> None:
        super().__init__(
            f"There is no survey data in {place}; set DATA_DIR to the folder that holds it. "
            "Where it shall begin anew: flask --app survey_app database upgrade"
        )


@contextmanager
def faults_named() -> Iterator[None]:
    try:
        with _missing_tables_named(context.database()):
            yield
    except SurveyError as error:
        click.echo(str(error), err=True)
        raise click.exceptions.Exit(1) from error


@contextmanager
def _missing_tables_named(database: Database) -> Iterator[None]:
    """After a fault, look whether the database holds anything: a forgotten setting leads to an empty one."""
    try:
        yield
    except DBAPIError as error:
        with database.reading() as session:
            if inspect(session.connection()).has_table(Office.__tablename__):
                raise
        settings = context.settings()
        place = str(settings.data_dir) if database.is_sqlite else repr(make_url(settings.database_url))
        raise NoSurveyData(place) from error
