"""A loaded demo: a fresh one where a test changes it, one for all tests that only read."""

import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from survey_app.config import read_settings
from survey_app.db import Database
from survey_app.demo.load import load_demo
from tests import factories


@pytest.fixture(scope="session")
def demo(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """The demo on SQLite, for tests that only look at it."""
    folder = tmp_path_factory.mktemp("demo")
    shutil.copyfile(sqlite_template, folder / "survey.sqlite")
    settings = read_settings({"DATA_DIR": str(folder)})
    database = Database(settings.database_url)
    started = time.perf_counter()
    load_demo(database, settings, factories.MOMENT)
    print(f"the demo was loaded in {time.perf_counter() - started:.1f} s")
    yield database
    database.engine.dispose()
