"""Make staff accounts; the first administrator of an empty installation comes from here."""

import click
from flask import Flask
from sqlalchemy import select

from survey_app.accounts.people.create import StaffDetails, create_staff
from survey_app.accounts.people.grants import IN_THE_LOG
from survey_app.accounts.sign_in import plain_name
from survey_app.cli.command import Commands
from survey_app.cli.named import find_office
from survey_app.models.audit import note
from survey_app.models.staff import ROLES, Staff
from survey_app.web import context


def register(app: Flask) -> None:
    @app.cli.group("staff", cls=Commands)
    def group() -> None:
        """Look after staff accounts."""

    _register_create(group)
    _register_code(group)


def _register_create(group: click.Group) -> None:
    @group.command("create")
    @click.option("--username", required=True)
    @click.option("--full-name", required=True)
    @click.option("--role", type=click.Choice(ROLES), default="administrator", show_default=True)
    @click.option("--office", help="Code of the office that bounds the account; left out: all offices.")
    @click.option(
        "--password",
        prompt="Password (at least 12 characters)",
        hide_input=True,
        confirmation_prompt=True,
        help="Asked for when left out, so that it stays out of the shell's history.",
    )
    def create(username: str, full_name: str, role: str, office: str | None, password: str) -> None:
        """Make an account, such as the first administrator."""
        with context.database().transaction() as session:
            office_id = None if office is None else find_office(session, office).id
            details = StaffDetails(username, full_name, role, password, office_id)
            staff = create_staff(session, details, context.now())
            what = f"{staff.username}: {IN_THE_LOG[role]}, {office or 'tất cả đơn vị'}"
            note(session, context.now(), None, "people.create", what, office_id)
        click.echo(
            f"The account {username} is made. Sign in at {context.settings().public_url}/staff/sign-in"
        )


def _register_code(group: click.Group) -> None:
    @group.command("code")
    @click.argument("username")
    def code(username: str) -> None:
        """Print the six digits with which a demo account signs in now (no other account's)."""
        from survey_app.accounts.second_factor.totp import next_code

        with context.database().reading() as session:
            staff = session.scalar(select(Staff).where(Staff.username == plain_name(username), Staff.is_demo))
            found = staff and next_code(staff, context.now(), context.settings().contact_keys)
        if not found:
            raise click.ClickException(f"no demo account {username!r} has a second factor")
        click.echo(found)
