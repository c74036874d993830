"""Deny by default; what somebody may not see looks as if it did not exist; scope is an office's subtree."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from survey_app.db import Database
from survey_app.errors import NotFound
from survey_app.models.office import Office
from survey_app.models.staff import ROLES, Staff
from survey_app.web import access
from survey_app.web.addresses import LARGEST_ID
from tests import factories
from tests.conftest import SettableClock, StaffClient
from tests.factories import DAY, MOMENT
from tests.page_inspector import InspectingClient

SIGN_IN = "/staff/sign-in"


def signed_in(session: Session, staff: Staff) -> access.SignedIn:
    grants = access.grants_on(session, staff.id, DAY)
    return access.SignedIn(staff.id, staff.username, staff.full_name, is_proven=True, grants=grants)


@pytest.fixture
def app(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Flask:
    """The application with four more pages: unmarked, public, for all staff, for administrators."""
    monkeypatch.setitem(access.RIGHTS, "administrator", access.RIGHTS["administrator"] | {"rule"})

    def page() -> str:
        return "<!doctype html><html lang=vi><title>A</title><h1>Inside</h1></html>"

    def marked(mark: Callable[[Callable[[], str]], Callable[[], str]]) -> Callable[[], str]:
        return mark(lambda: page())

    app.add_url_rule("/t/unmarked", "unmarked", page)
    app.add_url_rule("/t/public", "public", marked(access.public))
    app.add_url_rule("/t/staff", "for_staff", marked(access.staff_only("home")), methods=["GET", "POST"])
    app.add_url_rule("/t/rule", "rule", marked(access.staff_only("rule")))
    return app


def test_public_page_opens_for_everybody(client: InspectingClient) -> None:
    assert client.get("/t/public").status_code == 200


def test_route_without_a_mark_asks_a_stranger_to_sign_in(client: InspectingClient) -> None:
    response = client.get("/t/unmarked")
    assert response.status_code == 302
    assert response.location.startswith(SIGN_IN)


@pytest.mark.parametrize("role", ROLES)
def test_route_without_a_mark_answers_nobody(role: str, staff_client: StaffClient) -> None:
    assert staff_client(role).get("/t/unmarked").status_code == 404


def test_stranger_is_led_to_the_sign_in_and_back(client: InspectingClient) -> None:
    response = client.get("/t/staff?page=2")
    assert response.status_code == 302
    assert response.location == f"{SIGN_IN}?next=/t/staff?page%3D2"


@pytest.mark.parametrize("role", ROLES)
def test_signed_in_staff_get_in(role: str, staff_client: StaffClient) -> None:
    assert "Inside" in staff_client(role).get("/t/staff").text


def test_page_without_a_right_to_it_looks_like_a_missing_one(staff_client: StaffClient) -> None:
    manager = staff_client("office_manager")
    foreign, missing = manager.get("/t/rule"), manager.get("/t/nothing-here")
    assert (foreign.status_code, foreign.text) == (
        missing.status_code,
        missing.text,
    )
    assert foreign.status_code == 404
    assert "Inside" in staff_client("administrator").get("/t/rule").text


def test_session_ends_at_its_time(staff_client: StaffClient, clock: SettableClock) -> None:
    client = staff_client("administrator", hours=8)
    clock.advance(hours=7, minutes=59)
    assert client.get("/t/staff").status_code == 200
    clock.advance(minutes=1)
    assert client.get("/t/staff").status_code == 302


def test_account_that_is_disabled_is_out_at_once(app: Flask, staff_client: StaffClient) -> None:
    client = staff_client("administrator")
    with app.extensions["database"].transaction() as session:
        for staff in session.query(access.Staff):
            staff.disabled_at = MOMENT
    assert client.get("/t/staff").status_code == 302


@pytest.mark.parametrize("token", ["", "x", "a" * 4000, "Ông"])
def test_token_that_nobody_was_given_opens_nothing(client: InspectingClient, token: str) -> None:
    with client.session_transaction() as cookie:
        cookie["token"] = token
    assert client.get("/t/staff").status_code == 302


def test_session_row_holds_no_token(database: Database) -> None:
    """Whoever reads the table cannot sign in with what stands there."""
    with database.transaction() as session:
        staff = factories.staff(session)
        factories.staff_session(session, staff_id=staff.id, token_hash=access.hash_token("secret"))
        assert access.find_by_token(session, "secret", MOMENT, DAY) is not None
        assert access.find_by_token(session, access.hash_token("secret").hex(), MOMENT, DAY) is None


def test_newest_account_is_not_found_by_the_token_of_another(database: Database) -> None:
    with database.transaction() as session:
        for number in range(3):
            staff = factories.staff(session, username=f"person{number}")
            hashed = access.hash_token(f"token{number}")
            factories.staff_session(
                session, staff_id=staff.id, token_hash=hashed, expires_at=MOMENT + timedelta(hours=1)
            )
        found = access.find_by_token(session, "token1", MOMENT, DAY)
        assert found is not None
        assert found.username == "person1"


def test_who_is_signed_in_has_the_grants_of_that_day(database: Database) -> None:
    with database.transaction() as session:
        account = factories.staff(session, role=None)
        factories.staff_session(session, staff_id=account.id, token_hash=access.hash_token("secret"))
        factories.staff_grant(session, staff_id=factories.staff(session).id, role="administrator")
        grants = [
            factories.staff_grant(
                session, staff_id=account.id, role=role, valid_from=DAY, valid_until=DAY + timedelta(days=n)
            )
            for n, role in ((2, "analyst"), (1, "auditor"))
        ]
        for n_days, expected in ((-1, []), (1, grants), (2, grants[:1]), (3, [])):
            found = access.find_by_token(session, "secret", MOMENT, DAY + timedelta(days=n_days))
            assert found is not None
            assert list(found.grants) == expected


def test_scope_is_the_office_and_all_below_it(database: Database) -> None:
    with database.transaction() as session:
        province = factories.office(session, kind="province")
        district = factories.office(session, kind="district_section", parent_id=province.id)
        commune = factories.office(session, parent_id=district.id)
        neighbour = factories.office(session, parent_id=province.id)
        manager = factories.staff(session, role="office_manager", office_id=district.id)
        person = signed_in(session, manager)
        assert access.offices_in_scope(session, person, "results") == {district.id, commune.id}
        assert access.office_in_scope(session, person, commune.id, "results") is commune
        for foreign in (province.id, neighbour.id):
            with pytest.raises(NotFound):
                access.office_in_scope(session, person, foreign, "results")


@pytest.mark.parametrize("right", ["results", "audit", "people"])
def test_scope_in_sql_holds_the_same_offices(database: Database, right: str) -> None:
    with database.transaction() as session:
        top = factories.office(session, kind="province")
        places = [None, top.id, *(factories.office(session, parent_id=top.id).id for _ in range(2))]
        for place in places:
            account = factories.staff(session, role="office_manager", office_id=place)
            factories.staff_grant(session, staff_id=account.id, role="auditor", office_id=places[-1])
            person = signed_in(session, account)
            in_scope = access.in_scope(session, Office.id, person, right)
            found = session.scalars(select(Office.id).where(in_scope))
            assert set(found) == access.offices_in_scope(session, person, right)


def test_account_without_an_office_sees_all(database: Database) -> None:
    with database.transaction() as session:
        ids = {factories.office(session).id for _ in range(3)}
        lead = factories.staff(session, role="campaign_lead")
        assert access.offices_in_scope(session, signed_in(session, lead), "results") == ids


@pytest.mark.parametrize("office_id", [0, 999, LARGEST_ID])
def test_office_that_does_not_exist_looks_like_a_foreign_one(database: Database, office_id: int) -> None:
    with database.transaction() as session:
        lead = factories.staff(session, role="campaign_lead")
        with pytest.raises(NotFound):
            access.office_in_scope(session, signed_in(session, lead), office_id, "results")


def test_a_right_in_one_office_says_nothing_about_another(database: Database) -> None:
    with database.transaction() as session:
        here, there = factories.office(session), factories.office(session)
        account = factories.staff(session, role="office_manager", office_id=here.id)
        factories.staff_grant(session, staff_id=account.id, role="auditor", office_id=there.id)
        person = signed_in(session, account)
        assert access.offices_in_scope(session, person, "results") == {here.id, there.id}
        assert access.offices_in_scope(session, person, "answer") == {here.id}
        assert access.offices_in_scope(session, person, "audit") == {there.id}
        assert not person.may("people")


def test_a_grant_holds_from_its_first_day_to_its_last(database: Database) -> None:
    with database.transaction() as session:
        account = factories.staff(session, role=None)
        grant = factories.staff_grant(
            session, staff_id=account.id, role="analyst", valid_from=DAY, valid_until=DAY + timedelta(days=1)
        )
        days = [DAY + timedelta(days=n) for n in (-1, 0, 1, 2)]
        assert [access.grants_on(session, account.id, day) for day in days] == [(), (grant,), (grant,), ()]
