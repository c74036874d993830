"""The house of `world.py` on SQLite, made once and given to each test as a copy of its own."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from argon2 import PasswordHasher
from flask import Flask

from survey_app import create_app
from survey_app.accounts import passwords
from survey_app.config import Settings, begin, read_settings
from survey_app.db import Database
from survey_app.demo.accounts import MANAGED_OFFICE
from tests.factories import MOMENT
from tests.page_inspector import InspectingClient
from tests.survey_app.hostile.harm import Harmed, harm
from tests.survey_app.hostile.house import House, Walked, walk
from tests.survey_app.hostile.world import World, build


@pytest.fixture(scope="session")
def quick_passwords() -> Iterator[None]:
    """Hash as quickly as can be: how long it takes is no matter here."""
    with pytest.MonkeyPatch.context() as patch:
        hasher = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
        patch.setattr(passwords, "_HASHER", hasher)
        patch.setattr(passwords, "NOBODYS_HASH", hasher.hash("nobody knows this"))
        yield


@pytest.fixture(scope="session")
def built(
    sqlite_demo: Path, tmp_path_factory: pytest.TempPathFactory, quick_passwords: None
) -> tuple[Path, World]:
    folder = tmp_path_factory.mktemp("hostile")
    shutil.copyfile(sqlite_demo / "survey.sqlite", folder / "survey.sqlite")
    shutil.copytree(sqlite_demo / "data", folder, dirs_exist_ok=True)
    settings = begin(read_settings({"DATA_DIR": str(folder), "DEMO": "no"}))
    database = Database(settings.database_url)
    with database.transaction() as session:
        world = build(session, settings, MANAGED_OFFICE)
    database.engine.dispose()  # the last one to leave brings all into the one file
    return folder, world


@pytest.fixture(scope="session")
def one_house(built: tuple[Path, World]) -> Iterator[House]:
    folder, world = built
    path = folder / "in_use.sqlite"
    app = application(settings_over(folder, f"sqlite:///{path}"))
    house = House(app, world, folder / "survey.sqlite", path)
    yield house
    house.close()


@pytest.fixture
def house(one_house: House) -> House:
    """The house as it was at first, for one test."""
    one_house.restore()
    return one_house


@pytest.fixture(scope="session")
def walked(one_house: House) -> Walked:
    """Every form that there is, found once for all tests."""
    one_house.restore()
    return walk(one_house)


@pytest.fixture(scope="session")
def harmed(one_house: House, walked: Walked, tmp_path_factory: pytest.TempPathFactory) -> Harmed:
    """The house after every form has sent its harm into it."""
    one_house.restore()
    return harm(one_house, walked, tmp_path_factory.mktemp("harmed") / "survey.sqlite")


@pytest.fixture
def harmed_house(one_house: House, harmed: Harmed) -> House:
    one_house.restore(harmed.kept)
    return one_house


def settings_over(folder: Path, url: str) -> Settings:
    return begin(read_settings({"DATA_DIR": str(folder), "DATABASE_URL": url, "DEMO": "no"}))


def application(settings: Settings) -> Flask:
    app = create_app(settings, lambda: MOMENT)
    app.config["WTF_CSRF_ENABLED"] = False  # what is tested here is not who forged the form
    app.test_client_class = InspectingClient
    return app


@pytest.fixture
def plain_house(settings: Settings, quick_passwords: None) -> Iterator[House]:
    """The same without a demo, on either database; it is not made anew."""
    app = application(settings)
    with app.extensions["database"].transaction() as session:
        world = build(session, settings, None)
    house = House(app, world)
    yield house
    house.close()
