"""A folder with the demo of the tests' day on SQLite: `survey.sqlite`, and the data folder beside it."""

import shutil
from dataclasses import replace
from pathlib import Path

from survey_app.config import Settings, begin, read_settings
from survey_app.db import Database
from survey_app.demo.accounts import DemoAccounts
from survey_app.demo.load import load_demo
from tests.factories import MOMENT


def sqlite_in(folder: Path) -> str:
    return f"sqlite:///{folder / 'survey.sqlite'}"


def settings_in(folder: Path, url: str) -> Settings:
    return begin(read_settings({"DATA_DIR": str(folder / "data"), "DATABASE_URL": url, "DEMO": "no"}))


def load(settings: Settings) -> DemoAccounts:
    database = Database(settings.database_url)
    accounts = load_demo(database, settings, MOMENT)
    database.engine.dispose()  # the last one to leave brings all into the one file
    return accounts


def lay(template: Path, folder: Path, password: str | None = None) -> tuple[Settings, DemoAccounts]:
    """Load it into a copy of a migrated, empty database; `password` is the one that somebody chose."""
    shutil.copyfile(template, folder / "survey.sqlite")
    settings = replace(settings_in(folder, sqlite_in(folder)), demo_password=password)
    return settings, load(settings)
