"""The demo is loaded whole or not at all, and only into a database that holds nothing."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from survey_app.accounts.sign_in import check_password
from survey_app.config import Settings
from survey_app.db import Database
from survey_app.demo.accounts import MANAGED_OFFICE, SINCE, DemoAccounts
from survey_app.demo.load import load_demo
from survey_app.errors import AccountRefused, NotEmpty
from survey_app.models.access_point import AccessPoint
from survey_app.models.base import Base
from survey_app.models.campaign import Campaign
from survey_app.models.office import Office
from survey_app.models.publication import Figure
from survey_app.models.response import Comment, Response
from survey_app.models.staff import NEEDS_SECOND_FACTOR, ROLES, Staff, StaffGrant
from survey_app.publish.releasing.due import due_offices
from survey_app.publish.releasing.release import release_due
from tests import factories
from tests.soak import SOAK
from tests.survey_app.demo.conftest import GIVEN_PASSWORD, Demo

OF_MAU = Office.code.startswith("MAU")
ENDED = Office.valid_until == date(2025, 6, 30)


def n_rows(session: Session, *condition: object) -> int:
    return session.scalar(select(func.count(Office.id)).where(*condition)) or 0  # type: ignore[arg-type]


def test_demo_is_whole_on_both_databases(loaded: Demo) -> None:
    with loaded.database.reading() as session:
        kinds = session.execute(select(Office.kind, func.count()).where(OF_MAU).group_by(Office.kind))
        assert dict(map(tuple, kinds)) == {
            "province": 1,
            "provincial_centre": 1,
            "district_section": 9,
            "commune_section": 141 + 40,
        }
        assert n_rows(session, OF_MAU, ENDED, Office.kind == "district_section") == 9
        assert n_rows(session, OF_MAU, ENDED, Office.kind == "commune_section") == 141
        assert n_rows(session, OF_MAU, Office.valid_from == date(2025, 7, 1)) == 40
        assert n_rows(session, ~OF_MAU) == 3 + 30
        for row in (Office, Campaign, Staff):
            assert session.scalars(select(row.id).where(~row.is_demo)).all() == []
        assert session.scalar(select(func.count()).select_from(Comment)) in range(24, 80)
        assert due_offices(session, factories.DAY) == []


def test_one_counter_of_the_managed_office_has_a_screen(demo: Database) -> None:
    with demo.reading() as session:
        (screen,) = session.scalars(select(AccessPoint).where(AccessPoint.way_in == "screen"))
        assert session.get_one(Office, screen.office_id).code == MANAGED_OFFICE
        assert screen.counter_id is not None
        assert screen.provenance == "B"


def written_accounts(settings: Settings) -> list[str]:
    return (settings.data_dir / "demo-accounts.txt").read_text("utf-8").splitlines()


def test_accounts_are_written_where_nobody_else_reads(another: tuple[Demo, DemoAccounts]) -> None:
    demo, made = another
    assert (demo.settings.data_dir / "demo-accounts.txt").stat().st_mode & 0o777 == 0o600
    assert written_accounts(demo.settings) == [account.line for account in made.accounts]
    assert {account.role for account in made.accounts} == set(ROLES)
    assert {account.role for account in made.accounts if account.secret} == NEEDS_SECOND_FACTOR


def test_written_passwords_open_accounts_that_have_stood_since_the_offices_began(loaded: Demo) -> None:
    accounts = [line.split("\t")[:3] for line in written_accounts(loaded.settings)]
    assert len({password for _role, _name, password in accounts}) == len(accounts) == len(ROLES)
    with loaded.database.reading() as session:
        assert all(check_password(session, name, password) for _role, name, password in accounts)
        created = set(session.scalars(select(Staff.created_at)))
        scopes = (
            select(Office.code).join(StaffGrant, StaffGrant.office_id == Office.id).order_by(StaffGrant.id)
        )
        assert session.scalars(scopes).all() == ["MAU-X06", "MAU", "MAU-X06", "MAU"]
    assert created == {SINCE}


@pytest.mark.parametrize(
    "used",
    [factories.office, factories.campaign, factories.staff, factories.instrument_version],
    ids=["office", "campaign", "staff", "instrument"],
)
def test_database_that_holds_anything_is_never_seeded(
    database: Database, settings: Settings, used: Callable[[Session], object]
) -> None:
    with database.transaction() as session:
        used(session)
        before = row_counts(session)
    with pytest.raises(NotEmpty):
        load_demo(database, settings, factories.MOMENT)
    with database.reading() as session:
        assert row_counts(session) == before
    assert not (settings.data_dir / "demo-accounts.txt").exists()


def row_counts(session: Session) -> dict[str, int]:
    tables = Base.metadata.sorted_tables
    return {table.name: session.scalar(select(func.count()).select_from(table)) or 0 for table in tables}


def test_same_day_gives_the_same_demo(demo: Database, another: tuple[Demo, DemoAccounts]) -> None:
    columns = (Response.access_point_id, Response.day, Response.submission_key, Response.answers)
    # Keys of paper forms come from the installation's secret, so they are its own.
    answers = select(*columns).where(Response.cell_id.is_(None)).order_by(*columns)
    figures = select(Figure.__table__).order_by(*Figure.__table__.primary_key)
    # Some comments come through the writer, which gives each a random key.
    comments = select(Comment.access_point_id, Comment.day, Comment.text).order_by(
        Comment.access_point_id, Comment.day, Comment.text
    )
    for query in (answers, figures, comments):
        with demo.reading() as one, another[0].database.reading() as other:
            assert one.execute(query).all() == other.execute(query).all()


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_a_weak_given_password_loads_nothing(database: Database, settings: Settings) -> None:
    with pytest.raises(AccountRefused):
        load_demo(database, replace(settings, demo_password="short"), factories.MOMENT)
    with database.reading() as session:
        assert set(row_counts(session).values()) == {0}


def test_a_given_password_opens_all_accounts(another: tuple[Demo, DemoAccounts]) -> None:
    demo, made = another
    assert {account.password for account in made.accounts} == {GIVEN_PASSWORD}
    with demo.database.reading() as session:
        assert all(check_password(session, account.username, GIVEN_PASSWORD) for account in made.accounts)


@pytest.mark.parametrize("backend", ["sqlite", "postgresql"] if SOAK else ["sqlite"], indirect=True)
def test_load_that_fails_leaves_the_database_empty(database: Database, settings: Settings) -> None:
    obstacle = settings.data_dir / "demo-accounts.txt"
    (obstacle / "in the way").mkdir(parents=True)
    with pytest.raises(OSError, match="demo-accounts"):
        load_demo(database, settings, factories.MOMENT)
    with database.reading() as session:
        assert set(row_counts(session).values()) == {0}


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_load_killed_before_its_figures_is_finished_by_the_release(
    database: Database, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(_work: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("survey_app.publish.releasing.release.run", killed)
    with pytest.raises(KeyboardInterrupt):
        load_demo(database, settings, factories.MOMENT)
    n_released = release_due(database, factories.MOMENT, lambda _n_done, _n_total: None)
    assert n_released == 39 + 1  # one office answers posters and invitations, classes C and B
    with database.reading() as session:
        assert due_offices(session, factories.DAY) == []
