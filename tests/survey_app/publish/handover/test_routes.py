"""The page of a hand-over: who may have what, jobs that live as long as the right, a line for each file."""

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import delete, select
from werkzeug.test import TestResponse

from survey_app import create_app
from survey_app.cli.jobs import MODULES, Worker
from survey_app.config import begin, read_settings
from survey_app.models.audit import AuditLine
from survey_app.models.job import Job
from survey_app.models.office import Office
from survey_app.models.publishing import HAND_OVER_JOB, REPORTS
from survey_app.models.staff import StaffGrant
from survey_app.publish.handover.products import PRODUCTS
from tests import factories
from tests.conftest import SettableClock, StaffClient
from tests.page_inspector import InspectingClient
from tests.survey_app.publish.handover.conftest import PAST, Handed

OF_OWN_OFFICE = {"sheets"}


def test_what_a_campaigns_road_looks_for_is_what_is_handed_over() -> None:
    assert set(REPORTS) < PRODUCTS.keys()
    assert HAND_OVER_JOB in MODULES


@pytest.fixture
def app(handed: Handed, tmp_path: Path, clock: SettableClock) -> Iterator[Flask]:
    """An application over a copy of the wave."""
    of_wave, own = (sqlite3.connect(folder / "survey.sqlite") for folder in (handed.folder, tmp_path))
    with closing(of_wave), closing(own):
        of_wave.backup(own)
    url = f"sqlite:///{tmp_path / 'survey.sqlite'}"
    settings = begin(read_settings({"DATA_DIR": str(tmp_path), "DATABASE_URL": url, "DEMO": "no"}))
    clock.moment = PAST
    app = create_app(settings, clock)
    app.test_client_class = InspectingClient
    yield app
    app.extensions["desk"].writer.close()
    app.extensions["database"].engine.dispose()


@pytest.fixture
def page(handed: Handed) -> str:
    return f"/staff/publications/{handed.number}"


def offered(answer: TestResponse) -> set[str]:
    return set(re.findall(r'name="product" value="(\w+)"', answer.text))


def ask(client: InspectingClient, page: str, **given: str) -> TestResponse:
    token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', client.get(page).text)[1]
    return client.post(page, data={"product": "sheets", "office_code": "", **given, "csrf_token": token})


def test_a_role_is_offered_what_its_offices_allow(app: Flask, staff_client: StaffClient, page: str) -> None:
    with app.extensions["database"].reading() as session:
        office_id = session.scalars(select(Office.id).where(Office.code == "X03")).one()
    assert offered(staff_client("campaign_lead").get(page)) == set(PRODUCTS)
    assert offered(staff_client("analyst").get(page)) == set(PRODUCTS)
    assert offered(staff_client("office_manager", office_id).get(page)) == OF_OWN_OFFICE
    assert staff_client("operator", office_id).get(page).status_code == 404
    assert staff_client("analyst").get("/staff/publications/99").status_code == 404


def test_a_file_is_made_bound_to_its_right_and_written_down(
    app: Flask, staff_client: StaffClient, page: str, clock: SettableClock
) -> None:
    database = app.extensions["database"]
    with database.reading() as session:
        office_id = session.scalars(select(Office.id).where(Office.code == "X03")).one()
    manager = staff_client("office_manager", office_id)
    answer = ask(manager, page)
    assert answer.status_code == 303
    worker = Worker(database, app.extensions["settings"], clock)
    while worker.step():
        pass
    with database.reading() as session:
        job = session.scalars(select(Job).where(Job.name == "handover")).one()
        assert (job.state, job.error) == ("done", None)
        assert job.arguments["bound"] == {"right": "exports", "office_ids": [office_id]}
        line = session.scalars(select(AuditLine).where(AuditLine.act == "publications.hand_over")).one()
        assert (line.office_id, line.staff_id) == (office_id, job.owner_id)
    made = manager.get(f"{answer.location}/file")
    assert made.data.startswith(b"%PDF")
    assert job.file_name in manager.get(answer.location).text
    assert answer.location in manager.get(page).text
    with database.transaction() as session:
        session.execute(delete(StaffGrant).where(StaffGrant.staff_id == job.owner_id))
    assert manager.get(f"{answer.location}/file").status_code == 404


@pytest.mark.parametrize("given", [{"office_code": "X04"}, {"office_code": "?"}, {"product": "annex_inside"}])
def test_nothing_beyond_the_right_is_made(
    app: Flask, staff_client: StaffClient, page: str, given: dict[str, str]
) -> None:
    with app.extensions["database"].reading() as session:
        office_id = session.scalars(select(Office.id).where(Office.code == "X03")).one()
    answer = ask(staff_client("office_manager", office_id), page, **given)
    assert answer.status_code == 422
    with app.extensions["database"].reading() as session:
        assert session.scalar(select(Job.id).where(Job.name == "handover")) is None


def test_a_command_writes_every_file(app: Flask, handed: Handed, tmp_path: Path) -> None:
    folder = tmp_path / "handed"
    arguments = ["publication", "handover", str(handed.number), "--to", str(folder)]
    result = app.test_cli_runner().invoke(args=arguments)
    assert result.exit_code == 0, result.output
    assert sorted(path.suffix for path in folder.iterdir()) == sorted(
        f".{one.ending}" for one in PRODUCTS.values()
    )
    assert all(path.stat().st_size > 500 and path.stat().st_mode & 0o077 == 0 for path in folder.iterdir())
    with app.extensions["database"].reading() as session:
        line = session.scalars(select(AuditLine).where(AuditLine.act == "publications.hand_over")).one()
    assert line.staff_id is None


def test_a_running_publication_is_refused(app: Flask, tmp_path: Path) -> None:
    with app.extensions["database"].transaction() as session:
        running = factories.publication(session).id
    arguments = ["publication", "handover", str(running), "--to", str(tmp_path / "none")]
    result = app.test_cli_runner().invoke(args=arguments)
    assert result.exit_code == 1
    assert not (tmp_path / "none").exists()
