"""Load the demo into an empty database, or take it out whole."""

import click
from flask import Flask

from survey_app.cli.command import Commands
from survey_app.web import context


def register(app: Flask) -> None:
    @app.cli.group("demo", cls=Commands)
    def group() -> None:
        """Load or remove the demonstration data."""

    @group.command("load")
    def load() -> None:
        """Fill an empty database with a made-up province."""
        from survey_app.demo.load import load_demo  # it computes figures, so numpy comes with it

        load_demo(context.database(), context.settings(), context.now())
        click.echo("The demo is loaded.")

    @group.command("remove")
    def remove() -> None:
        """Remove the demonstration data, all of it and nothing else."""
        from survey_app.demo.remove import remove_demo

        remove_demo(context.database(), context.settings())
        click.echo("Nothing of the demo is here any more. Start with DEMO=no from now on.")
