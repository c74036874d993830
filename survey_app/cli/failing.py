"""How a command fails: what happened goes to standard error, one line a fault, and the exit code is 1."""

from collections.abc import Iterator
from contextlib import contextmanager

import click

from survey_app.errors import SurveyError


@contextmanager
def faults_named() -> Iterator[None]:
    try:
        yield
    except SurveyError as error:
        click.echo(str(error), err=True)
        raise click.exceptions.Exit(1) from error
