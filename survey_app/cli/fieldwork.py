"""Fieldwork by command: letters of any number, outcomes from a file, replacement, progress."""

from pathlib import Path
from typing import TYPE_CHECKING

import click
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from survey_app.cli.audit import note_command
from survey_app.cli.command import Commands
from survey_app.cli.named import find_campaign
from survey_app.models.approval import lock_campaign
from survey_app.models.campaign import Campaign
from survey_app.models.office import Office
from survey_app.models.sample import Draw, draw_in_force, offices_of_draw
from survey_app.web.context import database, now, settings, today

if TYPE_CHECKING:
    from survey_app.prepare.fieldwork.progress import Tally

fieldwork = Commands("fieldwork", help="Invite a drawn sample, and follow what becomes of it.")

CAMPAIGN = click.argument("campaign_code", metavar="CAMPAIGN")


def register(app: Flask) -> None:
    app.cli.add_command(fieldwork)


@fieldwork.command("letters")
@CAMPAIGN
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.option("--delivery", type=click.Choice(("letter", "message")), default="letter", show_default=True)
@click.option(
    "--to",
    "which",
    type=click.Choice(("all", "unanswered", "called_in")),
    default="all",
    show_default=True,
    help="unanswered: a reminder; called_in: those called in from the reserve.",
)
def letters(campaign_code: str, folder: Path, delivery: str, which: str) -> None:
    """Issue the invitations that are missing and write their letters into FOLDER.

    Stopped half-way, it goes on where it was when it is run again with the same folder.
    """
    from survey_app.prepare.fieldwork.make_letters import Asked, make_letters

    with database().reading() as session:
        campaign, draw = _drawn(session, campaign_code)
        offices = offices_of_draw(session, draw.id)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with database().transaction() as session:
        # Before the first file: of a run that is killed it stays said that letters may lie there.
        what = f"{campaign.code}: bắt đầu ghi thư mời ra thư mục “{folder.name}”"
        note_command(session, "file.download", what, offices)
    asked = Asked(campaign_id=campaign.id, delivery=delivery, which=which, staff_id=None)
    told = make_letters(database(), settings(), asked, folder, now(), _say)
    with database().transaction() as session:
        what = f"{campaign.code}: đã ghi {told['n_letters']} thư mời ra thư mục “{folder.name}”"
        note_command(session, "file.download", what, offices)
    click.echo(
        f"{folder}: {told['n_letters']:,} invitations; {told['n_unreached']:,} have no contact. "
        f"Newly issued: {told['n_issued']:,} of {told['n_batches']:,} cells."
    )
    for office, faults in told["left_out"]:
        click.echo(f"  not invited: {office} ({', '.join(faults)})")


@fieldwork.command("outcomes")
@CAMPAIGN
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--accept", "accepts", is_flag=True, help="Store the sound lines although others are left out.")
def outcomes(campaign_code: str, file: Path, accepts: bool) -> None:
    """Note what became of drawn dossiers, from a table of dossier (or letter), outcome and day."""
    from survey_app.prepare.fieldwork.forms import stated_in
    from survey_app.prepare.fieldwork.outcomes import enter, look_at

    with database().transaction() as session:
        campaign, draw = _drawn(session, campaign_code)
        stated = stated_in(file.read_bytes(), file.name)
        lock_campaign(session, campaign.id)
        look = look_at(session, draw, stated, today(), settings().secrets)
        for line, unit, fault in look.faults:
            click.echo(f"  line {line}, {unit}: {fault}", err=True)
        if look.faults and not accepts:
            click.echo("Nothing is changed. Mend the table, or take the sound lines by --accept.", err=True)
            raise click.exceptions.Exit(1)
        enter(session, draw, look.entries, now(), None)
    n_new = sum(entry.is_new for entry in look.entries)
    click.echo(f"{len(look.entries):,} outcomes noted, {n_new:,} of them new; {len(look.faults):,} left out.")


@fieldwork.command("replace")
@CAMPAIGN
def replace(campaign_code: str) -> None:
    """Call in the next reserve for everybody who is due by the rule."""
    from survey_app.prepare.fieldwork.replace import replace_due

    with database().transaction() as session:
        _campaign, draw = _drawn(session, campaign_code)
        made = replace_due(session, draw, settings().secrets, now(), None)
    click.echo(f"{len(made.pairs):,} reserves are called in.")
    for name, n in sorted(made.short_of.items()):
        click.echo(f"  the reserve of {name} is used up: {n} stay without replacement")


@fieldwork.command("progress")
@CAMPAIGN
@click.option("--offices", "by_office", is_flag=True, help="One line an office, the lowest rate first.")
def progress(campaign_code: str, by_office: bool) -> None:
    """Count what became of the invited dossiers, with the response rates RR1 and RR2 of AAPOR."""
    from survey_app.prepare.fieldwork.progress import progress_of
    from survey_app.prepare.fieldwork.spent import entered_units

    with database().reading() as session:
        _campaign, draw = _drawn(session, campaign_code)
        counted = progress_of(session, draw, entered_units(session, draw, settings().secrets))
        named = dict(session.execute(select(Office.id, Office.code)).all())
    if by_office:
        of_offices = counted.by_office.items()
        for office_id, tally in sorted(of_offices, key=lambda one: (one[1].rates or (2, 2))[1]):
            _tell(named[office_id], tally)
    _tell("all", counted.total)


def _tell(name: str, tally: "Tally") -> None:
    rates = "no rate" if tally.rates is None else "RR1 {:.1%}, RR2 {:.1%}".format(*tally.rates)
    click.echo(
        f"{name}: {tally.n_issued:,} invited, {tally.n_responded:,} answered, "
        f"{tally.n_refused:,} refused, {tally.n_not_reached:,} not reached, "
        f"{tally.n_ineligible:,} not eligible, {tally.n_unknown:,} unknown; {rates}"
    )


def _drawn(session: Session, code: str) -> tuple[Campaign, Draw]:
    campaign = find_campaign(session, code, "CAMPAIGN")
    draw = draw_in_force(session, campaign.id)
    if draw is None:
        raise click.ClickException(f"The campaign {code} has no drawn sample.")
    return campaign, draw


def _say(n_done: int, n_total: int) -> None:
    click.echo(f"Letters: {n_done:,} of {n_total:,}", err=True)
