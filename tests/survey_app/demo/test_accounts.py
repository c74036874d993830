"""The demo's administrator and lead sign in with a second step, by the digits that the command prints."""

import pytest
from flask import Flask

from survey_app.demo.accounts import DemoAccount, create_demo_staff
from survey_app.models.staff import NEEDS_SECOND_FACTOR
from tests import factories
from tests.conftest import SettableClock, new_client

on_sqlite = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)


@pytest.fixture
def accounts(app: Flask, clock: SettableClock) -> dict[str, DemoAccount]:
    with app.extensions["database"].transaction() as session:
        for code in ("MAU", "MAU-X06"):
            factories.office(session, code=code)
        made = create_demo_staff(session, app.extensions["settings"], clock())
    return {account.role: account for account in made.accounts}


@on_sqlite
@pytest.mark.parametrize("role", sorted(NEEDS_SECOND_FACTOR))
def test_digits_of_the_command_sign_in_twice_in_a_row(
    role: str, app: Flask, accounts: dict[str, DemoAccount]
) -> None:
    account = accounts[role]
    for _ in range(2):
        client = new_client(app)
        form = {"username": account.username, "password": account.password}
        assert client.send_form("/staff/sign-in", form).location == "/staff/second-factor"
        printed = app.test_cli_runner().invoke(args=["staff", "code", account.username]).output.strip()
        assert client.send_form("/staff/second-factor", {"code": printed}).location == "/staff"


@on_sqlite
def test_other_demo_accounts_need_the_password_alone(app: Flask, accounts: dict[str, DemoAccount]) -> None:
    for role in accounts.keys() - NEEDS_SECOND_FACTOR:
        account = accounts[role]
        assert account.secret is None
        form = {"username": account.username, "password": account.password}
        assert new_client(app).send_form("/staff/sign-in", form).location == "/staff"


@on_sqlite
def test_secrets_differ_and_are_kept_out_of_logs(accounts: dict[str, DemoAccount]) -> None:
    secrets = [account.secret for account in accounts.values() if account.secret]
    assert len(set(secrets)) == len(NEEDS_SECOND_FACTOR)
    assert not any(secret in repr(accounts) for secret in secrets)
