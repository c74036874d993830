"""Commands that set an installation up: offices, dossier counts, instruments, campaigns."""

from datetime import datetime
from pathlib import Path
from typing import Any

import click
from flask import Flask
from sqlalchemy import select

from survey_app.cli.audit import note_command, offices_of_campaign
from survey_app.cli.command import Anywhere, Commands
from survey_app.cli.named import find_campaign, newest_version
from survey_app.models.campaign import CAMPAIGN_KINDS, SAMPLING_BASES, USUAL_TARGET
from survey_app.models.office import Office
from survey_app.models.weighting import margins_in_force
from survey_app.web.context import database, now, settings, today

office = Commands("office", help="Offices over time.")
dossier = Commands("dossier", help="Dossiers settled per office and month.")
instrument = Commands("instrument", help="Instrument definitions.")
campaign = Commands("campaign", help="Campaigns.")

FILE = click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
DAY = click.DateTime(["%Y-%m-%d"])
CAMPAIGN_EXAMPLE = """\b
Example:
  flask --app survey_app campaign create --code tai-quay-2026 \\
    --title "Góp ý tại quầy năm 2026" --title-en "Counter feedback 2026" \\
    --instrument counter_short --opens-on 2026-01-05 --closes-on 2026-12-31 \\
    --controller-name "Văn phòng UBND tỉnh" \\
    --controller-address "1 Lê Lợi, phường Mẫu" \\
    --controller-phone "0200 123 4567" --retention-years 5
"""


def register(app: Flask) -> None:
    for group in (office, dossier, instrument, campaign):
        app.cli.add_command(group)


@office.command("import")
@FILE
def import_offices_file(file: Path) -> None:
    """Import offices from a CSV or XLSX file."""
    from survey_app.prepare.offices.office_file import import_offices

    with database().transaction() as session:
        before = set(session.scalars(select(Office.id)))
        n_offices = import_offices(session, file.read_bytes())
        made = set(session.scalars(select(Office.id))) - before
        note_command(session, "offices.import", f"Tệp “{file.name}”: {n_offices} đơn vị", made)
    click.echo(f"Imported {n_offices} offices.")


@dossier.command("import")
@FILE
@click.option("--accept", is_flag=True, help="Take totals that disagree; the gaps stay beside the figures.")
def import_dossier_file(file: Path, accept: bool) -> None:
    """Import dossier counts from a CSV or XLSX file."""
    from survey_app.prepare.dossiers.dossier_file import read_dossiers
    from survey_app.prepare.dossiers.record import record_file, wait_for_turn

    with database().transaction() as session:
        wait_for_turn(session, session.scalars(select(Office.id)).all())
        intake = read_dossiers(session, file.read_bytes(), accepts_contradictions=accept)
        record_file(session, intake, file.name, now(), None)
    click.echo(f"Imported {len(intake.given)} dossier counts.")


@instrument.command("check", cls=Anywhere)
@FILE
def check_definition(file: Path) -> None:
    """List what is wrong with a definition file."""
    from survey_app.prepare.instruments.definition_file import read_definition

    definition = read_definition(file)
    click.echo(
        f"{definition.code} version {definition.version}: {definition.n_questions} questions, no fault."
    )


@instrument.command("publish")
@FILE
def publish_definition(file: Path) -> None:
    """Publish a definition file as the next version of its instrument."""
    from survey_app.prepare.instruments.definition_file import read_definition
    from survey_app.prepare.instruments.publish import publish_version

    with database().transaction() as session:
        version = publish_version(session, read_definition(file), now())
        note_command(session, "instruments.publish", f"{version.code}, phiên bản {version.version}")
    click.echo(f"{version.code} version {version.version} is published.")


@instrument.command("voice")
@FILE
@click.option("--instrument", "code", required=True, help="Code of a published instrument.")
@click.option("--item", "item_code", required=True, help="Code of the question that is read.")
@click.option("--language", required=True, help="Code of the language, such as vi or km.")
@click.option("--reader", required=True, help="Who reads; “machine” for a synthesiser.")
def voice(file: Path, code: str, item_code: str, language: str, reader: str) -> None:
    """Keep an MP3 of a question being read, for the citizens' form."""
    from survey_app.collect.form.clips import keep_clip

    with database().reading() as session:
        definition = newest_version(session, code).definition
        place = settings().data_dir / "audio"
        sentence = keep_clip(place, definition, item_code, language, reader, file.read_bytes())
    click.echo(f"Kept. It is heard after the next start, and must say: {sentence}")


@campaign.command("margins")
@click.argument("code")
@FILE
def margins(code: str, file: Path) -> None:
    """Import known totals, for weights of a campaign drawn elsewhere: variable; question; level; total."""
    from survey_app.prepare.campaigns.margins import import_margins

    with database().transaction() as session:
        found = find_campaign(session, code)
        before = margins_in_force(session, found.id)
        kept = import_margins(session, found, file.read_bytes(), file.name, now())
        if kept is before:
            click.echo(f"Known totals {kept.checksum} were in force already: nothing is added.")
            return
        what = f"{code}: tổng đã biết {kept.checksum[:12]} từ “{file.name}”"
        note_command(session, "campaigns.margins", what, offices_of_campaign(session, found.id))
    click.echo(f"Known totals {kept.checksum}")


@campaign.command("create", epilog=CAMPAIGN_EXAMPLE)
@click.option("--code", required=True, help="Stands in addresses: a–z, 0–9 and -.")
@click.option("--title", required=True, help="In Vietnamese.")
@click.option("--title-en", required=True, help="In English.")
@click.option("--kind", type=click.Choice(CAMPAIGN_KINDS), default="continuous", show_default=True)
@click.option("--sampling-basis", type=click.Choice(SAMPLING_BASES), default="opt_in", show_default=True)
@click.option("--instrument", "instrument_code", required=True, help="Code of a published instrument.")
@click.option("--instrument-version", type=int, help="The newest if not given.")
@click.option("--opens-on", type=DAY, required=True)
@click.option("--closes-on", type=DAY, help="The last day on which it is open.")
@click.option("--minimum-n", type=int, default=10, show_default=True)
@click.option(
    "--target",
    "target_percent",
    type=float,
    default=100 * USUAL_TARGET,
    show_default=True,
    help="Percent of satisfied people to be reached: offices are compared with it.",
)
@click.option("--after", help="Code of the annual campaign to compare with; else the latest of its offices.")
@click.option("--controller-name", required=True, help="Who answers for the data.")
@click.option("--controller-address", required=True)
@click.option("--controller-phone", required=True)
@click.option("--retention-years", type=int, required=True, help="How long responses are kept.")
def create(opens_on: datetime, closes_on: datetime | None, target_percent: float, **stated: Any) -> None:
    """Create a campaign."""
    from survey_app.prepare.campaigns.create import NewCampaign, create_campaign

    asked = NewCampaign(
        opens_on=opens_on.date(),
        closes_on=closes_on.date() if closes_on else None,
        target=_share(target_percent),
        **stated,
    )
    with database().transaction() as session:
        created = create_campaign(session, asked)
        note_command(session, "campaigns.create", created.code)
    click.echo(f"Campaign {created.code} is created; it opens on {created.opens_on}.")


@campaign.command("target")
@click.option("--code", required=True, help="Code of the campaign.")
@click.option("--percent", type=float, required=True, help="Of satisfied people to be reached.")
def target(code: str, percent: float) -> None:
    """Change the target of a campaign that has not begun."""
    from survey_app.prepare.campaigns.target import change_target

    with database().transaction() as session:
        changed, before = change_target(session, code, _share(percent), today())
        what = f"{code}: chỉ tiêu {100 * before:g}% → {percent:g}%".replace(".", ",")
        note_command(session, "campaigns.target", what, offices_of_campaign(session, changed.id))
    click.echo(f"Campaign {code} is to reach {percent:g} %.")


def _share(percent: float) -> float:
    return round(percent / 100, 6)


@campaign.command("follow")
@click.option("--code", required=True, help="Code of the campaign.")
@click.option("--instrument-version", type=int, required=True, help="A newer version of its instrument.")
def follow(code: str, instrument_version: int) -> None:
    """Let a campaign ask a newer version of its instrument."""
    from survey_app.prepare.campaigns.follow import follow_version

    with database().transaction() as session:
        campaign_id = follow_version(session, code, instrument_version).id
        what = f"{code}: phiên bản {instrument_version} của bộ câu hỏi"
        note_command(session, "campaigns.follow", what, offices_of_campaign(session, campaign_id))
    click.echo(f"Campaign {code} asks version {instrument_version} now.")
