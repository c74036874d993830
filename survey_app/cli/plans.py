"""Plans of annual campaigns from the command line: show, freeze, and what changed."""

import click
from flask import Flask
from sqlalchemy.orm import Session

from survey_app.cli.command import Commands
from survey_app.cli.named import find_campaign
from survey_app.cli.prepare import campaign as campaigns
from survey_app.models.campaign import Campaign
from survey_app.models.plan import Plan, addenda_of, plan_in_force
from survey_app.prepare.plans import keep
from survey_app.prepare.plans.entries import Difference, differences, values_of
from survey_app.prepare.plans.faults import faults_of
from survey_app.web.context import database, now

plan = Commands("plan", help="The plan of an annual campaign.")
CODE = click.argument("code")


def register(_app: Flask) -> None:
    campaigns.add_command(plan)


@plan.command("show")
@CODE
@click.option(
    "--canonical", is_flag=True, help="Print what is hashed and nothing else: pipe it to sha256sum."
)
@click.option("--addendum", type=click.IntRange(min=1), help="Of this number; else what is in force.")
def show(code: str, canonical: bool, addendum: int | None) -> None:
    """Print the plan in force, or the draft, and what is still wrong with it."""
    with database().reading() as session:
        campaign, stored = find_plan(session, code)
        addenda = addenda_of(session, campaign.id)
        if addendum is not None and addendum > len(addenda):
            raise click.BadParameter(f"there are {len(addenda)} addenda", param_hint="--addendum")
        document = plan_in_force(session, campaign.id) or stored.document
        if addendum is not None:
            document = addenda[addendum - 1].document
        faults = faults_of(session, campaign, document)
    if canonical:
        click.echo(document.to_json(), nl=False)
        return
    state = f"frozen at {stored.frozen_at:%Y-%m-%d %H:%M} UTC" if stored.frozen_at else "a draft"
    click.echo(f"{campaign.code}: {state}, {len(addenda)} addenda\nhash: {document.hash}")
    for name, value in values_of(document).items():
        if value not in (None, ()):
            click.echo(f"{name}: {value_text(value)}")
    for fault in faults if stored.frozen_at is None else ():
        click.echo(f"to mend: {fault.name}: {fault.reason}", err=True)


@plan.command("freeze")
@CODE
def freeze(code: str) -> None:
    """Freeze the plan as it is: it cannot be undone, and later changes are addenda."""
    with database().transaction() as session:
        campaign, _stored = find_plan(session, code)
        frozen = keep.freeze(session, campaign, now(), None, None)
    click.echo(f"The plan of {code} is frozen; hash: {frozen.hash}")
    for part in ("whole", "offices"):
        if missed := (frozen.missed or {}).get(part):
            said = ", ".join(f"{name} {value}" for name, value in missed.items())
            click.echo(f"It misses the margin that it asks for, {part}: {said}", err=True)


@plan.command("differences")
@CODE
def show_differences(code: str) -> None:
    """Say what the addenda changed, and what differs from the plan of the campaign before."""
    with database().reading() as session:
        campaign, stored = find_plan(session, code)
        before = plan_in_force(session, campaign.previous_id) if campaign.previous_id else None
        step = stored.document
        for addendum in addenda_of(session, campaign.id):
            click.echo(f"addendum {addendum.number}, {addendum.written_at:%Y-%m-%d}: {addendum.reason}")
            print_differences(differences(step, addendum.document))
            step = addendum.document
    if before is None:
        click.echo("no frozen plan of a campaign before to compare with")
    else:
        click.echo("since the campaign before:")
        print_differences(differences(before, step))


def find_plan(session: Session, code: str) -> tuple[Campaign, Plan]:
    campaign = find_campaign(session, code, "CODE")
    found = session.get(Plan, campaign.id)
    if found is None:
        where = "a plan is begun on the page of its campaign, before it opens"
        raise click.BadParameter(f"campaign {code!r} has no plan: {where}", param_hint="CODE")
    return campaign, found


def print_differences(found: list[Difference]) -> None:
    for one in found:
        click.echo(f"  {one.name}: {value_text(one.before)} -> {value_text(one.after)}")
    if not found:
        click.echo("  none")


def value_text(value: object) -> str:
    if value in (None, ()):
        return "-"
    return ", ".join(value) if isinstance(value, tuple) else str(value)
