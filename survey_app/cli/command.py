"""What all commands of the service have in common: an installation to work on, and faults in a line."""

from collections.abc import Callable
from typing import Any, ClassVar

import click
from flask import current_app
from flask.cli import AppGroup, ScriptInfo

from survey_app.cli.failing import NoSurveyData, faults_named
from survey_app.config import Settings, begin
from survey_app.web import context


class Command(click.Command):
    """A command that works on an installation; where none has begun it says so, and makes none."""

    needs_installation: ClassVar[bool] = True

    def invoke(self, ctx: click.Context) -> Any:
        with ctx.ensure_object(ScriptInfo).load_app().app_context(), faults_named():
            settings = context.settings()
            if self.needs_installation and not settings.has_begun:
                raise NoSurveyData(settings.data_dir)
            return super().invoke(ctx)


class Anywhere(Command):
    """A command that begins an installation, or needs none."""

    needs_installation = False


class Commands(AppGroup):
    """A group of such commands."""

    command_class = Command


def begin_here() -> Settings:
    """Begin the installation that the settings name, unless it is there, and know its secrets from now on."""
    settings = begin(context.settings())
    current_app.extensions["settings"] = settings
    return settings


def say_done(what: str) -> Callable[[int, int], None]:
    """Give a way to say on standard error how far a command is, in steps of a twentieth at most."""
    said = -1

    def say(n_done: int, n_total: int) -> None:
        nonlocal said
        if (step := 20 * n_done // n_total if n_total else 20) > said:
            said = step
            click.echo(f"{what} {n_done:,} of {n_total:,}", err=True)

    return say
