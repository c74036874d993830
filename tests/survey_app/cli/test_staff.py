"""Accounts from the command line, and the digits of demo accounts."""

import pytest
from sqlalchemy import select

from survey_app.accounts.second_factor import totp
from survey_app.models.audit import AuditLine
from survey_app.models.staff import Staff, StaffGrant
from tests import factories

SECRET = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
PASSWORD = "một mật khẩu đủ dài"


def create(app, *arguments):
    base = ["staff", "create", "--username", "an", "--full-name", "Nguyễn Văn An", "--password", PASSWORD]
    return app.test_cli_runner().invoke(args=[*base, *arguments])


def rows(app, kind):
    with app.extensions["database"].reading() as session:
        return list(session.scalars(select(kind)))


def test_first_administrator_is_made_with_a_line_in_the_log(app):
    made = create(app)
    assert made.exit_code == 0, made.output
    assert "/staff/sign-in" in made.output
    (grant,), (line,) = rows(app, StaffGrant), rows(app, AuditLine)
    assert (grant.role, grant.office_id, grant.granted_by) == ("administrator", None, None)
    assert (line.act, line.staff_id, line.what) == (
        "people.create",
        None,
        "an: quản trị hệ thống, tất cả đơn vị",
    )


def test_account_of_an_office_names_it(app):
    with app.extensions["database"].transaction() as session:
        office = factories.office(session, code="X01")
    assert create(app, "--role", "office_manager", "--office", "X01").exit_code == 0
    assert rows(app, StaffGrant)[0].office_id == office.id
    assert rows(app, AuditLine)[0].office_id == office.id


@pytest.mark.parametrize(
    ("arguments", "says"),
    [(["--office", "X99"], "no office has the code"), (["--role", "office_manager"], "needs an office")],
)
def test_what_cannot_be_is_refused_with_the_reason_and_leaves_nothing(app, arguments, says):
    refused = create(app, *arguments)
    assert refused.exit_code != 0
    assert says in refused.output
    assert rows(app, Staff) == rows(app, AuditLine) == []


@pytest.fixture
def with_phone(app, settings, clock):
    def made(username, *, is_demo):
        with app.extensions["database"].transaction() as session:
            staff = factories.staff(session, username=username, is_demo=is_demo)
            totp.set_up(session, staff, SECRET, totp.step_of(clock()) - 1, settings.contact_keys[0])

    return made


def code_of(app, username):
    return app.test_cli_runner().invoke(args=["staff", "code", username])


def test_code_of_a_demo_account_is_the_one_that_signs_in_now(app, with_phone, clock):
    with_phone("demo-admin", is_demo=True)
    assert code_of(app, "demo-admin").output.strip() == totp.code_at(SECRET, totp.step_of(clock()))


@pytest.mark.parametrize("username", ["real", "nobody"])
def test_code_of_any_other_account_is_not_printed(app, with_phone, username):
    with_phone("real", is_demo=False)
    refused = code_of(app, username)
    assert refused.exit_code == 1
    assert not any(symbol.isdigit() for symbol in refused.output)
