"""`python -m tests.accessibility`: write what a screen reader hears into docs/accessibility.md anew."""

import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Browser

from survey_app.cli.database import migrate
from survey_app.db import Database
from tests import chromium
from tests.accessibility import speech
from tests.accessibility.prepared import Prepared, prepared
from tests.accessibility.states import STATES, Visit

STATEMENT = Path(__file__).parents[2] / "docs" / "accessibility.md"


def main() -> None:
    path = chromium.find()
    if path is None:
        sys.exit("Chromium is missing. On Debian or Ubuntu: apt-get install chromium")
    with tempfile.TemporaryDirectory() as folder:
        template = Path(folder) / "template.sqlite"
        database = Database(f"sqlite:///{template}")
        migrate(database)
        database.engine.dispose()
        with prepared(template, Path(folder)) as service, chromium.running(path) as browser:
            STATEMENT.write_text(retold(STATEMENT.read_text("utf-8"), service, browser), "utf-8")


def retold(statement: str, service: Prepared, browser: Browser) -> str:
    """Listen to each state anew, and write it in place of what stood there."""
    for name in speech.TOLD:
        for language in ("vi", "en"):
            context = browser.new_context(viewport={"width": 360, "height": 740})
            context.add_init_script(chromium.PATIENT_STORE)
            page = context.new_page()
            STATES[name].arrive(Visit(page, service, language))
            page.locator(STATES[name].shows).first.wait_for()
            statement = speech.with_told(statement, name, language, speech.told(page, name, language))
            context.close()
    return statement


if __name__ == "__main__":
    main()
