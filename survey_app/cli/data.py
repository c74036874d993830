"""Import keyed paper forms, and publish a campaign whose fieldwork is over."""

from datetime import datetime
from pathlib import Path

import click
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from survey_app.cli.command import Commands
from survey_app.collect.paper.import_forms import import_forms
from survey_app.models.campaign import Campaign
from survey_app.web import context


def register(app: Flask) -> None:
    _register_responses(app)
    _register_publications(app)


def _register_responses(app: Flask) -> None:
    @app.cli.group("response", cls=Commands)
    def responses() -> None:
        """Bring responses in."""

    @responses.command("import")
    @click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
    @click.option("--campaign", "campaign_code", required=True, help="Code of the campaign.")
    @click.option("--day", required=True, type=click.DateTime(["%Y-%m-%d"]), help="Day of the fieldwork.")
    @click.option(
        "--column",
        "columns",
        multiple=True,
        metavar="ROLE=NAME",
        help="The file's own name of a column, such as psu=ward. May be repeated.",
    )
    def import_(file: Path, campaign_code: str, day: datetime, columns: tuple[str, ...]) -> None:
        """Import keyed paper forms from a CSV file: all of them, or none."""
        if day.date() > context.today():
            raise click.BadParameter("this day has not come yet", param_hint="--day")
        names = dict(column.partition("=")[::2] for column in columns)
        # The oldest secret: a form keeps its key when a newer secret comes on top.
        secret = context.settings().secrets[-1]
        with context.database().transaction() as session:
            campaign = find_campaign(session, campaign_code)
            n = import_forms(session, campaign, file.read_text("utf-8"), day.date(), secret, names)
        click.echo(f"{n} forms are imported.")


def _register_publications(app: Flask) -> None:
    @app.cli.group("publication", cls=Commands)
    def publications() -> None:
        """Publish results."""

    @publications.command("publish")
    @click.option("--campaign", "campaign_code", required=True, help="Code of the campaign.")
    def publish(campaign_code: str) -> None:
        """Freeze the figures of a whole campaign."""
        from survey_app.publish.releasing.freeze import publish_wave  # numpy comes with it

        with context.database().reading() as session:
            campaign_id = find_campaign(session, campaign_code).id
        number = publish_wave(context.database(), campaign_id, context.now())
        click.echo(f"Publication {number}: {context.settings().public_url}/results/{campaign_code}")


def find_campaign(session: Session, code: str) -> Campaign:
    campaign = session.scalar(select(Campaign).where(Campaign.code == code))
    if campaign is None:
        raise click.BadParameter(f"no campaign has the code {code!r}", param_hint="--campaign")
    return campaign
