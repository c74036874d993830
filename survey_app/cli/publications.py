"""Publish a campaign whose fieldwork is over, list what was published, and verify it."""

import json
from pathlib import Path

import click
from flask import Flask

from survey_app.cli.audit import note_command, offices_of_campaign
from survey_app.cli.command import Commands, say_done
from survey_app.cli.named import find_campaign, find_publication
from survey_app.models.publishing import HANDED_OVER, note_report
from survey_app.publish.shown.publications import list_publications
from survey_app.web import context
from survey_app.web.addresses import LARGEST_ID

publication = Commands("publication", help="Publish results, and verify them.")


def register(app: Flask) -> None:
    app.cli.add_command(publication)


@publication.command("publish")
@click.option("--campaign", "campaign_code", required=True, help="Code of the campaign.")
@click.option("--reason", help="Why it is published again; it will stand beside the publication.")
def publish(campaign_code: str, reason: str | None) -> None:
    """Freeze the figures of a whole campaign; a second time is a correction, and needs a reason."""
    from survey_app.publish.releasing.freeze import prepare_wave  # numpy comes with it

    database, now = context.database(), context.now()
    with database.reading() as session:
        campaign = find_campaign(session, campaign_code)
        wave = prepare_wave(session, campaign, now, reason, say_done("Figures: step"))
    with database.transaction() as session:
        number = wave.write(session, now)
        what = f"{campaign_code}: bản công bố số {number}"
        note_command(session, "publications.publish", what, offices_of_campaign(session, campaign.id))
    click.echo(f"Publication {number}: {context.settings().public_url}/results/{campaign_code}")
    click.echo(f"Recipe {wave.recipe.recipe_id}")
    if wave.waiting:
        click.echo("As published before, since more would tell what single people answered:")
        for name in wave.waiting:
            click.echo(f"  {name}")


@publication.command("list")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
def show_list(form: str) -> None:
    """Name all publications: what they were made of, by which method, and what they correct."""
    with context.database().reading() as session:
        found = [one.as_json() for one in list_publications(session)]
    if form == "json":
        click.echo(json.dumps(found, ensure_ascii=False, indent=1))
        return
    for one in found:
        click.echo("\n  ".join(f"{name}: {value}" for name, value in one.items() if value is not None))


@publication.command("handover")
@click.argument("number", metavar="ID", type=click.IntRange(1, LARGEST_ID))
@click.option(
    "--to", "folder", required=True, type=click.Path(file_okay=False, path_type=Path), help="Where to write."
)
def hand_over(number: int, folder: Path) -> None:
    """Write all files of a frozen publication: report, tables, sheets of offices, what re-computes it.

    Two are for the house alone: the inner edition of the tables (phu-luc-noi-bo) and the sums (tinh-lai).
    """
    from survey_app.publish.handover.make import Asked, Place, make  # typst and numpy come with it
    from survey_app.publish.handover.products import PRODUCTS

    database = context.database()
    place = Place(folder, str(number), context.settings().public_url)
    with database.reading() as session:
        publication = find_publication(session, number)
        campaign_id = publication.campaign_id
        names = []
        for one in PRODUCTS.values():
            names.append(make(session, Asked(number, one), place, say_done("Sheets:")))
            click.echo(folder / names[-1])
    with database.transaction() as session:
        note_report(session, number, context.now())
        what = f"bản công bố số {number}: {', '.join(names)}"
        note_command(session, HANDED_OVER, what, offices_of_campaign(session, campaign_id))


@publication.command("verify")
@click.argument("number", metavar="ID", type=click.IntRange(1, LARGEST_ID))
def verify_again(number: int) -> None:
    """Make a frozen publication again, from the database alone, and compare every digit.

    Exit code 0: identical; 1: the first difference is named, or what it was made of is damaged; 2: made
    by another method version, so nothing was compared.
    """
    from survey_app.publish.releasing.verify import MadeOtherwise, verify  # numpy comes with it

    with context.database().reading() as session:
        try:
            found = verify(session, find_publication(session, number))
        except MadeOtherwise as error:
            click.echo(str(error), err=True)
            raise click.exceptions.Exit(2) from error
    if found.difference is None:
        click.echo(f"identical: {found.n_figures} figures")
        return
    click.echo(str(found.difference), err=True)
    for name, (then, now) in found.made_elsewhere.items():
        click.echo(f"made with {name} {then}; this is {now}", err=True)
    raise click.exceptions.Exit(1)
