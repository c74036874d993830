"""Import keyed paper forms."""

from datetime import datetime
from pathlib import Path

import click
from flask import Flask

from survey_app.cli.audit import note_command, offices_of_campaign
from survey_app.cli.command import Commands
from survey_app.cli.named import find_campaign
from survey_app.collect.paper.import_forms import import_forms
from survey_app.web import context


def register(app: Flask) -> None:
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
            what = f"{campaign.code}: {n} phiếu giấy ngày {day:%d/%m/%Y}, tệp “{file.name}”"
            note_command(session, "responses.import", what, offices_of_campaign(session, campaign.id))
        click.echo(f"{n} forms are imported.")
