"""Fixtures: both databases, an application over each, a clock, and clients that inspect their pages.

Whatever asks for `database_url` (or for anything made from it) runs twice, once on each database. A test
whose matter is the same on both may say so: `@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)`.
"""

import fcntl
import gc
import os
import secrets
import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NoReturn

import hypothesis
import pytest
from flask import Flask
from playwright.sync_api import Browser, expect

from survey_app import create_app
from survey_app.cli.database import migrate
from survey_app.config import SECRET_BYTES, Settings, begin, read_settings
from survey_app.db import Database
from survey_app.web.access import hash_token
from tests import catalogues, chromium, compiled_once, factories, loaded_demo, long_first, postgresql
from tests.lent_databases import Lender
from tests.page_inspector import InspectingClient

TEMPLATE = "survey_template"
StaffClient = Callable[..., InspectingClient]
WORKERS_MISSED = "missing programs"
IS_CI = os.environ.get("CI") == "true"

# A slow machine is no fault of the code, and the gate must say the same thing twice.
hypothesis.settings.register_profile("house", deadline=None, derandomize=IS_CI)
hypothesis.settings.load_profile("house")
expect.set_options(timeout=20_000)  # milliseconds: what is to be seen is waited for on a busy machine, too
compiled_once.share()


missing_programs: set[str] = set()


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Let a worker process hand what it missed to the process that prints."""
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput[WORKERS_MISSED] = sorted(missing_programs)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    n_processes = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    items[:] = long_first.in_order(items, n_processes)


def pytest_collection_finish() -> None:
    """Spare each search for garbage the half million objects of all tests, which stay to the end."""
    gc.collect()
    gc.freeze()


@pytest.hookimpl(optionalhook=True)  # of pytest-xdist
def pytest_testnodedown(node: Any) -> None:
    missing_programs.update(getattr(node, "workeroutput", {}).get(WORKERS_MISSED, ()))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Name what was missing once, below all the tests that were skipped for it."""
    for text in sorted(missing_programs):
        terminalreporter.write_line(text, yellow=True)


def lacks(program: str, package: str) -> NoReturn:
    """Skip what needs a program that is not here; under CI=true that is a failure."""
    text = f"{program} is missing. On Debian or Ubuntu: apt-get install {package}"
    missing_programs.add(text)
    if IS_CI:
        pytest.fail(text, pytrace=False)
    pytest.skip(text)


@pytest.fixture(scope="session", autouse=True)
def compiled_catalogues() -> None:
    """No test sees yesterday's wording."""
    catalogues.compile_all()


class SettableClock:
    """Stands still until a test moves it."""

    def __init__(self) -> None:
        self.moment = datetime(2026, 3, 10, 3, 0, tzinfo=UTC)  # ten in the morning in Vietnam

    def __call__(self) -> datetime:
        return self.moment

    def advance(self, **by: float) -> None:
        self.moment += timedelta(**by)


@pytest.fixture
def clock() -> SettableClock:
    return SettableClock()


@pytest.fixture(scope="session")
def chromium_path() -> str:
    return chromium.find() or lacks(*chromium.MISSING)


@pytest.fixture(scope="module")
def running_chromium(chromium_path: str) -> Iterator[Browser]:
    """One a module, half a second each. One a session would hold this thread's event loop to its end."""
    with chromium.running(chromium_path) as browser:
        yield browser


@pytest.fixture
def browser(running_chromium: Browser) -> Iterator[Browser]:
    """Chromium as if just started: what a test opens in it is closed after the test."""
    yield running_chromium
    for context in running_chromium.contexts:
        context.close()


@pytest.fixture(scope="session")
def rscript() -> str:
    return shutil.which("Rscript") or lacks("R", "r-base-core")


@pytest.fixture
def free_port() -> int:
    return postgresql.free_port()


@pytest.fixture(scope="session")
def postgresql_programs() -> Path:
    return postgresql.find_programs() or lacks("PostgreSQL", "postgresql")


@pytest.fixture(scope="session")
def postgresql_server(postgresql_programs: Path) -> Iterator[postgresql.Server]:
    with postgresql.running_server(postgresql_programs) as server:
        yield server


@pytest.fixture(scope="session")
def postgresql_template(postgresql_server: postgresql.Server) -> str:
    _migrate(postgresql_server.create_database(TEMPLATE))
    return TEMPLATE


@pytest.fixture(scope="session")
def lender(postgresql_server: postgresql.Server, postgresql_template: str) -> Lender:
    return Lender(postgresql_server, postgresql_template)


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("template") / "survey.sqlite"
    _migrate(f"sqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def sqlite_demo(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the folder of a demo on SQLite, which all processes of a run copy and none opens."""
    shared = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared = shared.parent
    with (shared / "demo-lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (shared / "demo").exists():
            folder = tmp_path_factory.mktemp("demo")
            loaded_demo.lay(sqlite_template, folder)
            folder.rename(shared / "demo")
    return shared / "demo"


def _migrate(url: str) -> None:
    database = Database(url)
    migrate(database)
    database.engine.dispose()


@pytest.fixture(params=["sqlite", "postgresql"])
def backend(request: pytest.FixtureRequest) -> str:
    """Name the database that this test runs on."""
    name: str = request.param
    return name


@pytest.fixture
def empty_database_url(backend: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A database without a single table, for tests of the migrations."""
    if backend == "sqlite":
        yield f"sqlite:///{tmp_path / 'survey.sqlite'}"
        return
    server = request.getfixturevalue("postgresql_server")
    name = f"empty_{secrets.token_hex(6)}"
    yield server.create_database(name)
    server.drop_database(name)


@pytest.fixture
def database_url(backend: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A migrated, empty database of the test's own."""
    if backend == "sqlite":
        path = tmp_path / "survey.sqlite"
        shutil.copyfile(request.getfixturevalue("sqlite_template"), path)
        yield f"sqlite:///{path}"
        return
    lender = request.getfixturevalue("lender")
    name = lender.lend()
    yield lender.server.url(name)
    lender.take_back(name)


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    database = Database(database_url)
    yield database
    database.engine.dispose()


@pytest.fixture
def settings(database_url: str, tmp_path: Path) -> Settings:
    """Settings as the service reads them: a data folder of the test's own, a random secret, no demo."""
    return begin(
        read_settings({"DATA_DIR": str(tmp_path / "data"), "DATABASE_URL": database_url, "DEMO": "no"})
    )


@pytest.fixture
def app(settings: Settings, clock: SettableClock) -> Iterator[Flask]:
    app = create_app(settings, clock)
    app.test_client_class = InspectingClient
    yield app
    app.extensions["desk"].writer.close()
    app.extensions["database"].engine.dispose()


@pytest.fixture
def client(app: Flask) -> InspectingClient:
    """Somebody who is not signed in."""
    return new_client(app)


def new_client(app: Flask) -> InspectingClient:
    client = app.test_client()
    assert isinstance(client, InspectingClient)
    return client


@pytest.fixture
def staff_client(app: Flask, clock: SettableClock) -> StaffClient:
    """Give `staff_client(role, office_id=None, hours=8)`: a client signed in with an account of its own."""

    def signed_in(
        role: str = "administrator", office_id: int | None = None, hours: float = 8
    ) -> InspectingClient:
        token = secrets.token_urlsafe(SECRET_BYTES)
        with app.extensions["database"].transaction() as session:
            staff = factories.staff(session, role=role, office_id=office_id)
            factories.staff_session(
                session,
                staff_id=staff.id,
                token_hash=hash_token(token),
                expires_at=clock() + timedelta(hours=hours),
            )
        client = new_client(app)
        with client.session_transaction() as cookie:
            cookie["token"] = token
        return client

    return signed_in
