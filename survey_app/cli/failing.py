"""How a command fails: what happened goes to standard error, one line a fault, and the exit code is 1."""

from collections.abc import Iterator
from contextlib import contextmanager

import click
from sqlalchemy import inspect, make_url
from sqlalchemy.exc import DBAPIError

from survey_app.config import Settings
from survey_app.errors import SurveyError
from survey_app.models.office import Office
from survey_app.web import context

# What SQLite calls a file that it cannot open, write to or lock; all else is a fault of ours.
OF_THE_FILE = (
    "SQLITE_CANTOPEN",
    "SQLITE_READONLY",
    "SQLITE_FULL",
    "SQLITE_IOERR",
    "SQLITE_BUSY",
    "SQLITE_NOTADB",
)


class NoSurveyData(SurveyError):
    """The settings name a place in which this service has not begun."""

    def __init__(self, place: object) -> None:
        super().__init__(
            f"There is no survey data in {place}; set DATA_DIR to the folder that holds it. "
            "Where it shall begin anew: flask --app survey_app database upgrade"
        )


@contextmanager
def faults_named() -> Iterator[None]:
    """Say in a line why a command could not do what it was for; what nobody foresaw keeps its traceback."""
    try:
        yield
    except (SurveyError, OSError, UnicodeDecodeError, DBAPIError) as error:
        line = _line_of_database(error) if isinstance(error, DBAPIError) else _line_of(error)
        if line is None:
            raise
        click.echo(line, err=True)
        raise click.exceptions.Exit(1) from error


@contextmanager
def start_named() -> Iterator[None]:
    """Do the same before a command is found; who starts the service otherwise gets the fault itself."""
    try:
        yield
    except (SurveyError, OSError) as error:
        if click.get_current_context(silent=True) is None:
            raise
        line = _line_of(error)
        if line is None:
            raise
        raise click.ClickException(line) from error


def _line_of(error: SurveyError | OSError | UnicodeDecodeError) -> str | None:
    if isinstance(error, UnicodeDecodeError):
        return f"The file is not text in UTF-8: byte {error.start + 1} belongs to no letter."
    if isinstance(error, OSError):
        return f"{error.filename}: {error.strerror}." if error.filename else None
    return str(error) or str(type(error).__doc__)


def _line_of_database(error: DBAPIError) -> str | None:
    """Look whether the database is there and holds anything: a forgotten setting leads to an empty one."""
    settings, database = context.settings(), context.database()
    place = _place(settings, is_sqlite=database.is_sqlite)
    try:
        with database.reading() as session:
            has_begun = inspect(session.connection()).has_table(Office.__tablename__)
    except DBAPIError as unreachable:
        return _unusable(place, unreachable)
    if not has_begun:
        return str(NoSurveyData(place))
    is_of_file = getattr(error.orig, "sqlite_errorname", "").startswith(OF_THE_FILE)
    return _unusable(place, error) if is_of_file else None


def _place(settings: Settings, *, is_sqlite: bool) -> str:
    return str(settings.data_dir) if is_sqlite else repr(make_url(settings.database_url))


def _unusable(place: str, error: DBAPIError) -> str:
    reason = str(error.orig).strip().splitlines()[0].rstrip(".")
    return f"The database in {place} cannot be used ({reason}): check DATABASE_URL and DATA_DIR."
