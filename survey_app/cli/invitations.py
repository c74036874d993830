"""Issue invitations in numbers that no page asks for, and write their list to a file."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
from flask import Flask, current_app
from sqlalchemy import select
from sqlalchemy.orm import Session

from survey_app.cli.audit import note_command
from survey_app.cli.command import Commands
from survey_app.cli.named import find_campaign, find_office
from survey_app.models.access_point import AccessPoint
from survey_app.models.campaign import Campaign
from survey_app.models.invitation import DELIVERIES, InvitationBatch
from survey_app.models.office import Counter, Office
from survey_app.models.sample import SampleCell
from survey_app.web.addresses import LARGEST_ID
from survey_app.web.context import database, settings, today
from survey_app.web.i18n import DEFAULT_LANGUAGE, LANGUAGES, speaking

invitation = Commands("invitation", help="Single-use invitations.")


def register(app: Flask) -> None:
    app.cli.add_command(invitation)


@invitation.command("issue")
@click.option("--campaign", "campaign_code", required=True, help="Code of the campaign.")
@click.option("--office", "office_code", required=True, help="Code of the office.")
@click.option("--counter", "counter_label", help="Label of a counter of that office.")
@click.option("--delivery", type=click.Choice(DELIVERIES), required=True)
@click.option("--number", type=int, required=True, help="How many, from 5 to 100,000.")
@click.option(
    "--stratum",
    help="With --psu and --weight: the sample cell that all these units share. "
    "Letters and messages of a random sample need it.",
)
@click.option("--psu")
@click.option("--weight", type=float)
def issue(
    campaign_code: str,
    office_code: str,
    counter_label: str | None,
    delivery: str,
    number: int,
    **cell: Any,
) -> None:
    """Issue a batch of invitations."""
    from survey_app.prepare.invitations.issue import BatchPlan, issue_batch

    with _refused_in_vietnamese(), database().transaction() as session:
        campaign, office = find_campaign(session, campaign_code), find_office(session, office_code)
        plan = BatchPlan(
            campaign=campaign,
            office=office,
            counter=_find_counter(session, office, counter_label) if counter_label else None,
            delivery=delivery,
            n_issued=number,
            cell=_cell(session, campaign, **cell),
        )
        batch = issue_batch(session, plan, today(), settings().secrets[0])
        what = f"Phát hành lô {batch.id}: {batch.n_issued} phiếu mời, {campaign.code}"
        note_command(session, "invitations.issue", what, [office.id])
    click.echo(f"Batch {batch.id} is issued: {number} invitations.")
    click.echo(f"Write their list: flask --app survey_app invitation export {batch.id} FILE")


@invitation.command("export")
@click.argument("batch_number", metavar="BATCH", type=click.IntRange(1, LARGEST_ID))
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--force", is_flag=True, help="Replace FILE if it exists.")
def export(batch_number: int, file: Path, force: bool) -> None:
    """Write addresses and codes of a batch to a CSV file, which nobody else may read."""
    from survey_app.prepare.invitations.export import list_of_invitations, write_privately
    from survey_app.prepare.invitations.tokens import batch_tokens

    _check_target(file, force)

    with database().reading() as session:
        batch = session.get(InvitationBatch, batch_number)
    if batch is None:
        raise click.BadParameter(f"there is no batch {batch_number}", param_hint="BATCH")
    tokens = batch_tokens(batch, settings().secrets)
    try:
        with database().transaction() as session:  # no list without its line, and no line without its list
            point = session.get_one(AccessPoint, batch.access_point_id)
            what = f"Ghi danh sách lô {batch.id} ra tệp “{file.name}”: {batch.n_issued} mã mời"
            note_command(session, "file.download", what, [point.office_id])
            session.flush()
            write_privately(file, list_of_invitations(tokens, settings().public_url))
    except OSError as error:
        raise click.FileError(str(file), error.strerror) from error
    click.echo(f"{file}: {batch.n_issued} live codes. Each works once, in whoever's hands it is.")


def _check_target(file: Path, force: bool) -> None:
    """Refuse to replace a file unasked: it may hold the only list of another batch that was not sent yet."""
    if not file.exists():
        return
    if not file.is_file():
        raise click.BadParameter(f"{file} is no ordinary file. Choose another name.", param_hint="FILE")
    if not force:
        raise click.BadParameter(
            f"{file} exists already and is left as it is. Choose another name, or replace it by --force.",
            param_hint="FILE",
        )


@contextmanager
def _refused_in_vietnamese() -> Iterator[None]:
    """Say what stands against a batch in the page's words first; the command's own English follows."""
    from survey_app.prepare.invitations.forms import fault_words
    from survey_app.prepare.invitations.issue import BatchRefused

    try:
        yield
    except BatchRefused as refused:
        current_app.extensions["catalogues"].as_default()  # as each request does
        with speaking(DEFAULT_LANGUAGE, LANGUAGES):
            click.echo("\n".join(map(fault_words, refused.faults)), err=True)
        raise


def _find_counter(session: Session, office: Office, label: str) -> Counter:
    counter = session.scalar(select(Counter).where(Counter.office_id == office.id, Counter.label == label))
    if counter is None:
        raise click.BadParameter(f"{office.name} has no counter {label!r}", param_hint="--counter")
    return counter


def _cell(
    session: Session, campaign: Campaign, stratum: str | None, psu: str | None, weight: float | None
) -> SampleCell | None:
    from survey_app.prepare.invitations.issue import sample_cell

    if stratum is None and psu is None and weight is None:
        return None
    if not stratum or not psu or weight is None or not 0 < weight < float("inf"):
        raise click.UsageError("A sample cell needs --stratum, --psu and a --weight above 0.")
    return sample_cell(session, campaign, stratum, psu, weight)
