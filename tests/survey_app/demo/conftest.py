"""The demo, loaded once for each database: one to look at, copies for tests that change it."""

import secrets
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from survey_app.config import Settings
from survey_app.db import Database
from survey_app.demo.accounts import DemoAccounts
from tests import postgresql
from tests.loaded_demo import lay, load, settings_in, sqlite_in

TEMPLATE = "demo_template"
GIVEN_PASSWORD = "long enough 123"


@dataclass(frozen=True)
class Demo:
    """A database with the demo in it, and settings with the data folder that belongs to it."""

    database: Database
    settings: Settings


@pytest.fixture(scope="session")
def postgresql_demo(
    postgresql_server: postgresql.Server,
    postgresql_template: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> Path:
    """Give the folder that belongs to the demo in the database `demo_template`."""
    folder = tmp_path_factory.mktemp("postgresql-demo")
    load(settings_in(folder, postgresql_server.create_database(TEMPLATE, postgresql_template)))
    return folder


@pytest.fixture(scope="session")
def demo(sqlite_demo: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """The demo on SQLite, for tests that only look at it."""
    folder = tmp_path_factory.mktemp("demo") / "copy"
    shutil.copytree(sqlite_demo, folder)
    database = Database(sqlite_in(folder))
    yield database
    database.engine.dispose()


@pytest.fixture(scope="session")
def another(
    sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Demo, DemoAccounts]]:
    """A demo of the same day in another installation, which chose the password: to look at as well."""
    folder = tmp_path_factory.mktemp("another")
    settings, accounts = lay(sqlite_template, folder, GIVEN_PASSWORD)
    database = Database(settings.database_url)
    yield Demo(database, settings), accounts
    database.engine.dispose()


@pytest.fixture
def loaded(backend: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Demo]:
    """A demo of the test's own on either database."""
    if backend == "sqlite":
        shutil.copytree(request.getfixturevalue("sqlite_demo"), tmp_path, dirs_exist_ok=True)
        database = Database(sqlite_in(tmp_path))
        yield Demo(database, settings_in(tmp_path, sqlite_in(tmp_path)))
        database.engine.dispose()
        return
    shutil.copytree(request.getfixturevalue("postgresql_demo"), tmp_path, dirs_exist_ok=True)
    server, name = request.getfixturevalue("postgresql_server"), f"demo_{secrets.token_hex(6)}"
    url = server.create_database(name, TEMPLATE)
    database = Database(url)
    yield Demo(database, settings_in(tmp_path, url))
    database.engine.dispose()
    server.drop_database(name)
