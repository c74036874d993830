"""Samples by command: draw, take the list out, draw again here or on another machine and compare."""

import json
from collections.abc import Sequence
from pathlib import Path

import click
from flask import Flask
from sqlalchemy.orm import Session

from survey_app.cli.command import Anywhere, Commands, say_done
from survey_app.cli.failing import NoSurveyData
from survey_app.cli.named import find_campaign
from survey_app.models import audit
from survey_app.models.campaign import Campaign
from survey_app.models.frame import Frame, frame_path
from survey_app.models.sample import Draw, draw_in_force
from survey_app.prepare.samples.design import LeftOut
from survey_app.prepare.samples.listed import Line, list_text
from survey_app.web.context import database, now, settings, today

sample = Commands("sample", help="The drawn sample of an annual campaign.")

CAMPAIGN = click.argument("campaign_code", metavar="CAMPAIGN")
FILE = click.Path(dir_okay=False, path_type=Path)
SENT = click.Path(exists=True, dir_okay=False, path_type=Path)
DRAWN_DOCUMENT, DRAWN_CHECKSUM = "document", "checksum"  # in an exported file
WHY_LEFT_OUT = {
    "too_few": "fewer than five would be drawn",
    "outside": "no longer in the plan's population",
    "clusters_too_small": "the drawn villages hold fewer than five",
}


def register(app: Flask) -> None:
    app.cli.add_command(sample)


@sample.command("draw")
@CAMPAIGN
def draw(campaign_code: str) -> None:
    """Draw the sample by the frozen plan from the frame in force. Stopped half-way, it leaves nothing."""
    from survey_app.prepare.samples.found import in_one_cell
    from survey_app.prepare.samples.keep import By, store
    from survey_app.prepare.samples.make import make_sample
    from survey_app.prepare.samples.ready import ready_of

    with database().reading() as session:
        campaign = find_campaign(session, campaign_code, "CAMPAIGN")
        ready = ready_of(session, campaign, settings().data_dir, today())
    if ready.sizes.n_excess:
        click.echo(
            f"More is asked for than there is: {ready.sizes.n_excess:,} dossiers short, "
            f"{ready.sizes.n_census:,} offices taken whole."
        )
    made = make_sample(ready.design, ready.path, say_done("Offices drawn:"))
    with database().transaction() as session:
        drawn = store(session, campaign.id, made, settings().data_dir, By(now(), today(), None))
    for one in (*made.design.left_out, *made.found.left_out):
        _tell_left_out(one)
    for stratum in made.found.lone_strata:
        click.echo(f"  {stratum}: one primary unit; its variance cannot be told from itself")
    for code in in_one_cell(made.design, made.found):
        click.echo(f"  {code}: all its weighting cells are joined into one; no weight tells its groups apart")
    n_offices = len(made.found.offices)
    lists = f"{drawn.n_main:,} dossiers of {n_offices:,} offices and {drawn.n_reserve:,} in reserve"
    click.echo(f"{lists}; checksum {drawn.checksum}")


@sample.command("export")
@CAMPAIGN
@click.option("--document", type=FILE, required=True, help="Write what the list follows from there.")
def export(campaign_code: str, document: Path) -> None:
    """Write the document from which anybody who has the frame's file draws the same list."""
    with database().reading() as session:
        _campaign, drawn = _find(session, campaign_code)
    content = {DRAWN_DOCUMENT: drawn.document_json, DRAWN_CHECKSUM: drawn.checksum}
    document.write_text(json.dumps(content, ensure_ascii=False), "utf-8")
    click.echo(f"{document}: the document of the sample {drawn.checksum}.")


@sample.command("replay", cls=Anywhere)
@click.argument("campaign_code", metavar="[CAMPAIGN]", required=False)
@click.option("--document", type=SENT, help="As “sample export” wrote it; no database is needed then.")
@click.option("--frame", type=SENT, help="The frame's file (parquet).")
@click.option("--list", "list_file", type=FILE, help="Write the list there; its sha256sum is the checksum.")
def replay(
    campaign_code: str | None, document: Path | None, frame: Path | None, list_file: Path | None
) -> None:
    """Draw again and compare; exit 1 and name the first difference unless it is the same to the bit."""
    if campaign_code and not document:
        _replay_here(campaign_code, list_file)
    elif document and frame and not campaign_code:
        _replay_files(document, frame, list_file)
    else:
        raise click.UsageError("Name a CAMPAIGN, or the two files: --document FILE --frame FILE.")


def _replay_here(campaign_code: str, list_file: Path | None) -> None:
    from survey_app.prepare.samples.replay import difference, drawn_again

    if not settings().has_begun:
        raise NoSurveyData(settings().data_dir)
    with database().reading() as session:
        campaign, drawn = _find(session, campaign_code)
        path = frame_path(settings().data_dir, session.get_one(Frame, drawn.frame_id).frame_hash)
    made = drawn_again(drawn.document_json, path)
    with database().reading() as session:
        found = difference(session, drawn, made)
    if list_file is not None:
        with database().transaction() as session:
            audit.note(session, now(), None, "samples.list", f"{campaign.code}: danh sách mẫu")
        _write_list(list_file, made.lines)
    _conclude(found, made.checksum)


def _replay_files(document: Path, frame: Path, list_file: Path | None) -> None:
    from survey_app.prepare.samples.replay import NoDocument, drawn_again

    try:
        sent = json.loads(document.read_text("utf-8"))
        wanted, text = sent[DRAWN_CHECKSUM], sent[DRAWN_DOCUMENT]
    except (json.JSONDecodeError, KeyError, TypeError) as error:
        raise NoDocument from error
    made = drawn_again(text, frame)
    if list_file is not None:
        _write_list(list_file, made.lines)
    found = None if made.checksum == wanted else f"the checksum: {wanted} in the document"
    _conclude(found, made.checksum)


def _conclude(difference: str | None, checksum: str) -> None:
    if difference is not None:
        click.echo(f"The sample drawn again is another one; {difference}.", err=True)
        raise click.exceptions.Exit(1)
    click.echo(f"identical: {checksum}")


def _write_list(path: Path, lines: Sequence[Line]) -> None:
    path.touch(mode=0o600)  # dossier ids are for few
    path.write_bytes(list_text(lines).encode())


def _tell_left_out(one: LeftOut) -> None:
    click.echo(f"  {one.code} is left out ({one.population:,} dossiers): {WHY_LEFT_OUT[one.why]}")


def _find(session: Session, campaign_code: str) -> tuple[Campaign, Draw]:
    campaign = find_campaign(session, campaign_code, "CAMPAIGN")
    drawn = draw_in_force(session, campaign.id)
    if drawn is None:
        raise click.ClickException(f"No sample of the campaign {campaign_code} is drawn here.")
    return campaign, drawn
