"""Rehearse a campaign: its whole road on made-up answers, in a place of its own that is then gone."""

import secrets
from pathlib import Path

import click
from flask import Flask

from survey_app.cli.command import Command
from survey_app.cli.prepare import campaign as campaigns
from survey_app.config import SECRET_BYTES
from survey_app.db import Database
from survey_app.rehearsal.place import place_of_its_own
from survey_app.web import context

USUAL_SEED = 1


def register(_app: Flask) -> None:
    campaigns.add_command(rehearse)


@click.command("rehearse", cls=Command)
@click.argument("code")
@click.option(
    "--to", "folder", required=True, type=click.Path(file_okay=False, path_type=Path), help="Where to write."
)
@click.option("--seed", type=int, default=USUAL_SEED, show_default=True, help="Other answers by another one.")
def rehearse(code: str, folder: Path, seed: int) -> None:
    """Walk the road of CODE from plan to report on made-up answers, and write what would be handed over.

    The campaign must have a frame; its plan may still be a draft. Nothing is changed: the rehearsal happens
    in a copy, in a folder of DATA_DIR that is deleted, after a crash by the next rehearsal or the service.
    All that it makes says that its figures are made up.
    """
    from survey_app.cli.database import migrate
    from survey_app.rehearsal.road import Asked, Trial, rehearse as walk  # numpy and typst come with it

    real, settings = context.database(), context.settings()
    folder.mkdir(parents=True, exist_ok=True)
    with place_of_its_own(settings.data_dir) as place:
        database = Database(f"sqlite:///{place / 'rehearsal.sqlite'}")
        try:
            migrate(database)
            trial = Trial(database, place, secrets.token_bytes(SECRET_BYTES), settings.public_url)
            walk(real, settings.data_dir, trial, Asked(code, folder, seed), click.echo)
        finally:
            database.close()
    click.echo("The rehearsal is over; nothing of it is left but these files.")
