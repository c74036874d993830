"""Every page of the staff and of the public results, as its guest sees it: on a phone and at a desk.

Each page is measured by axe and by tests/accessibility/audit.py, has one heading, its answer in a first
sentence and a way on. That these are all the pages is shown by the map of addresses and by the templates.
"""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from flask import Flask, template_rendered
from playwright.sync_api import Browser

from tests import factories
from tests.tour import acts, book
from tests.tour.house import House, bare, furnished
from tests.tour.stops import BARE, FILLED, OTHERWISE, Stop
from tests.tour.visit import Guests

# What is no page: files and pictures, known by a dot in their address, and these.
FILES = {"jobs.job_file"}
TEMPLATES = Path(__file__).parents[2] / "survey_app" / "templates"
ROOMS = ("accounts", "jobs", "prepare", "publish", "review")
# Shown on an installation's first day alone.
ON_THE_FIRST_DAY = {
    "prepare/no_campaign.html",
    "prepare/invitations_no_campaign.html",
    "publish/export_no_campaign.html",
}
# Seen elsewhere in a browser: the screen at a counter (test_in_browser.py of prepare/screens).
ELSEWHERE = {"prepare/screen.html", "prepare/screen_signed_in.html"}


def pages_of(app: Flask) -> set[str]:
    """List the endpoints that show a page of the staff or of the results."""
    return {
        rule.endpoint
        for rule in app.url_map.iter_rules()
        if "GET" in (rule.methods or ()) and rule.rule.startswith(("/staff", "/results"))
        if "." not in rule.rule and rule.endpoint not in FILES
    } - {"dossiers.template"}


def endpoint_of(app: Flask, house: House, stop: Stop) -> str:
    path = house.path(stop.address).partition("?")[0]
    return str(app.url_map.bind("").match(path)[0])


@contextmanager
def templates_shown() -> Iterator[set[str]]:
    shown: set[str] = set()

    def note(_app: Flask, template: object, **_context: object) -> None:
        shown.add(str(getattr(template, "name", "")))

    with template_rendered.connected_to(note):
        yield shown


def own_templates() -> set[str]:
    found = {
        path.relative_to(TEMPLATES).as_posix() for room in ROOMS for path in (TEMPLATES / room).glob("*.html")
    }
    return {name for name in found if "/_" not in name} - ELSEWHERE


def test_every_page_answers_and_leads_on(sqlite_demo: Path, tmp_path: Path, browser: Browser) -> None:
    shutil.copytree(sqlite_demo, tmp_path, dirs_exist_ok=True)
    with furnished(tmp_path, factories.MOMENT) as house, templates_shown() as shown:
        stopped_at = {endpoint_of(house.app, house, stop) for stop in FILLED}
        assert pages_of(house.app) - stopped_at == set(), "name a stop of these pages in tests/tour/stops.py"
        guests = Guests(browser, house)
        faults = guests.faults_at(FILLED + OTHERWISE)
        faults += acts.faults_after(guests)
    assert not faults, "\n".join(faults)
    assert own_templates() - ON_THE_FIRST_DAY - shown == set(), "no stop and no act shows these templates"


def test_first_day_leads_on(sqlite_template: Path, tmp_path: Path, browser: Browser) -> None:
    shutil.copyfile(sqlite_template, tmp_path / "survey.sqlite")
    with bare(tmp_path, factories.MOMENT) as house, templates_shown() as shown:
        faults = Guests(browser, house).faults_at(BARE)
    assert not faults, "\n".join(faults)
    assert shown >= ON_THE_FIRST_DAY


def test_book_says_what_the_walk_sees() -> None:
    assert book.BOOK.read_text("utf-8") == book.text(), "python -m tests.pictures"
    named = {f"{stop.name}-{size}.webp" for stop in FILLED for size in ("phone", "desk")}
    assert {path.name for path in book.FOLDER.iterdir()} == named
    assert sum(path.stat().st_size for path in book.DOCS.rglob("pictures/**/*.*")) <= book.MOST_BYTES
