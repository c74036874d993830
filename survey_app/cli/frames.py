"""Frames by command: the table to fill in, a look at a list of any size, its import, a check of its file."""

import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path

import click
from flask import Flask
from sqlalchemy.orm import Session

from survey_app.cli.command import Commands
from survey_app.cli.named import find_campaign
from survey_app.models.campaign import Campaign
from survey_app.models.frame import frame_in_force, frame_path
from survey_app.models.known_offices import known_offices
from survey_app.models.plan import plan_as_it_stands
from survey_app.prepare.frames.columns import COLUMNS, DESCRIBED, faults_of
from survey_app.prepare.frames.contact_days import may_be_last_day, usual_last_day
from survey_app.prepare.frames.looks.accept import Acceptance, accept
from survey_app.prepare.frames.looks.mapping import proposed, remember
from survey_app.prepare.frames.looks.outcome import Found
from survey_app.prepare.frames.rules import RULES
from survey_app.prepare.frames.uploads import FAULTS_FILE, Upload, forget, take_in_place
from survey_app.web.context import database, now, settings, today

frame = Commands("frame", help="Sampling frames: the dossiers that a sample is drawn from.")

CAMPAIGN = click.argument("campaign_code", metavar="CAMPAIGN")
FILE = click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
COLUMN = click.option(
    "--column",
    "columns",
    multiple=True,
    metavar="OURS=HEADING",
    help="The file's own heading of a column, such as unit=“Số biên nhận”. May be repeated.",
)
FAULTS = click.option(
    "--faults", type=click.Path(dir_okay=False, path_type=Path), help="Write the whole list of faults there."
)


class Progress:
    """Says on standard error how far a look is, in steps of a twentieth."""

    def __init__(self) -> None:
        self._said = -1

    def show(self, share: float) -> None:
        if (step := int(20 * share)) > self._said:
            self._said = step
            click.echo(f"Reading: {5 * step} %", err=True)


def register(app: Flask) -> None:
    app.cli.add_command(frame)


@frame.command("template")
@CAMPAIGN
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
def template(campaign_code: str, file: Path) -> None:
    """Write the table to fill in, as .xlsx with explanations or as .csv."""
    from survey_app.prepare.frames.template_file import as_csv, as_sheet

    if file.suffix not in {".csv", ".xlsx"}:
        raise click.BadParameter("the name must end in .csv or .xlsx", param_hint="FILE")
    with database().reading() as session:
        campaign = _annual_campaign(session, campaign_code)
        plan = plan_as_it_stands(session, campaign.id)
        offices = known_offices(session).under(plan.population.tops if plan else ())
        content = as_csv() if file.suffix == ".csv" else as_sheet(session, offices)
    file.write_bytes(content)
    click.echo(f"{file}: the table to fill in.")


@frame.command("check")
@CAMPAIGN
@FILE
@COLUMN
@FAULTS
def check(campaign_code: str, file: Path, columns: tuple[str, ...], faults: Path | None) -> None:
    """Say what a frame of this list would hold, and what it would leave out; change nothing."""
    with _looked_at(campaign_code, file, columns, faults) as (*_, found):
        _tell(found)


@frame.command("import")
@CAMPAIGN
@FILE
@COLUMN
@FAULTS
@click.option("--accept", "accepts", is_flag=True, help="Make the frame although lines are left out.")
@click.option(
    "--contacts-until",
    type=click.DateTime(["%Y-%m-%d"]),
    help="Last day on which names and addresses are kept; 30 days after the campaign if not given.",
)
def import_(
    campaign_code: str,
    file: Path,
    columns: tuple[str, ...],
    faults: Path | None,
    accepts: bool,
    contacts_until: datetime | None,
) -> None:
    """Make a frame of a list of dossiers, of any size. Stopped half-way, it leaves nothing: run it again."""
    from survey_app.prepare.frames.looks.same import is_in_force

    with _looked_at(campaign_code, file, columns, faults) as (campaign, upload, mapping, found):
        last_day = _last_day(campaign, contacts_until)
        _tell(found)
        if found.remains.rules and not accepts:
            click.echo("Nothing is changed. Mend the list, or take the sound dossiers by --accept.", err=True)
            raise click.exceptions.Exit(1)
        with database().reading() as session:
            is_known = is_in_force(session, settings(), upload, found, last_day)
        if not is_known:
            _make(campaign, upload, mapping, found, last_day)
        click.echo(f"The frame of {campaign_code} is {found.frame_hash}: {found.n_units:,} dossiers.")
        if is_known:
            click.echo("It was in force already, with all that the list says: nothing is added.")
        if found.has_contacts:
            click.echo(
                f"Names and addresses are sealed apart until {last_day}. Delete {file} when it is not needed."
            )


@frame.command("verify")
@CAMPAIGN
def verify(campaign_code: str) -> None:
    """Compute the hash of the frame in force from its file anew; exit 1 if it is another."""
    from survey_app.prepare.frames.canonical import hash_of_file

    with database().reading() as session:
        found = frame_in_force(session, _annual_campaign(session, campaign_code).id)
    if found is None:
        raise click.ClickException(f"The campaign {campaign_code} has no frame.")
    computed = hash_of_file(frame_path(settings().data_dir, found.frame_hash))
    if computed != found.frame_hash:
        raise click.ClickException(f"The file is not the frame {found.frame_hash}: its hash is {computed}.")
    click.echo(f"The file is whole: {found.frame_hash}, {found.n_units:,} dossiers.")


@contextmanager
def _looked_at(
    campaign_code: str, file: Path, columns: tuple[str, ...], faults: Path | None
) -> Iterator[tuple[Campaign, Upload, dict[str, int], Found]]:
    """Look at a list where it lies; what the look made goes at the end, unless it was accepted."""
    from survey_app.prepare.frames.looks.look import look_at, read_known

    with database().reading() as session:
        campaign = _annual_campaign(session, campaign_code)
    upload = take_in_place(settings().data_dir, campaign.id, file.absolute())
    try:
        with database().reading() as session:
            mapping = _mapping(session, upload, columns)
            known = read_known(session, campaign.id, mapping, today())
        found = look_at(upload, known, settings(), Progress().show)
        if faults is not None:
            shutil.copyfile(upload.made_by(found.look) / FAULTS_FILE, faults)
        yield campaign, upload, mapping, found
    finally:
        forget(upload)


def _make(
    campaign: Campaign, upload: Upload, mapping: Mapping[str, int], found: Found, last_day: date
) -> None:
    with database().transaction() as session:
        plan = plan_as_it_stands(session, campaign.id)
        if found.remains.plan_hash != (plan.hash if plan else None):
            raise click.ClickException("The plan changed while the list was read. Run the import again.")
        remember(session, upload.source.header, mapping, now())
        accept(session, settings().data_dir, upload, found, Acceptance(now(), None, last_day))


def _mapping(session: Session, upload: Upload, columns: tuple[str, ...]) -> dict[str, int]:
    header = upload.source.header
    mapping, _is_known = proposed(session, header)
    for said in columns:
        ours, _equals, heading = said.partition("=")
        if ours not in COLUMNS or heading not in header:
            raise click.BadParameter(
                f"{said!r}: ours is one of {', '.join(COLUMNS)}; the file has {', '.join(header)}",
                param_hint="--column",
            )
        mapping = {column: place for column, place in mapping.items() if place != header.index(heading)}
        mapping[ours] = header.index(heading)
    _refuse(mapping, header)
    return mapping


def _refuse(mapping: Mapping[str, int], header: tuple[str, ...]) -> None:
    lacking = [column for column, fault in faults_of(mapping, len(header)) if fault == "lacking"]
    if lacking:
        named = ", ".join(f"{column} (“{DESCRIBED[column].heading}”)" for column in lacking)
        raise click.UsageError(
            f"No heading of the file means {named}. It has: {', '.join(header)}. "
            "Say which by --column OURS=HEADING."
        )


def _tell(found: Found) -> None:
    n_offices = len(found.offices)
    click.echo(f"{found.n_rows:,} lines, {found.n_units:,} dossiers of {n_offices:,} offices.")
    for one in found.remains.rules:
        rule = RULES[one.rule]
        first = ", ".join(f"{line:,}" for line, _ in one.places)
        click.echo(f"  {one.n:,} × {rule.found_en} ({rule.becomes}; lines {first}). {rule.to_do_en}.")
    for code, n in found.remains.unknown_offices:
        click.echo(f"  office {code} is not known: {n:,} lines")


def _last_day(campaign: Campaign, asked: datetime | None) -> date:
    day = asked.date() if asked else usual_last_day(campaign, today())
    if not may_be_last_day(day, today()):
        raise click.BadParameter("from today on, at most a year ahead", param_hint="--contacts-until")
    return day


def _annual_campaign(session: Session, code: str) -> Campaign:
    campaign = find_campaign(session, code, "CAMPAIGN")
    if campaign.kind != "annual":
        raise click.BadParameter(
            f"{campaign.code} is no annual campaign; it has no sample", param_hint="CAMPAIGN"
        )
    return campaign
