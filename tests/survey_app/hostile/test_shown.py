"""The house after every form has sent its harm: what is stored by then stands on its pages as text."""

import io
import re
import zipfile
from urllib.parse import urlsplit

from playwright.sync_api import Browser, Route
from sqlalchemy import select

from survey_app.models.office import Counter, Office
from survey_app.models.staff import Staff
from tests.page_inspector import markup_of
from tests.soak import SOAK
from tests.survey_app.hostile.harm import MARKUP
from tests.survey_app.hostile.house import House
from tests.survey_app.hostile.walk import finder_of, pages

STORED = (Office.name, Counter.label, Staff.full_name)
FEWEST = 6 if SOAK else 2  # texts that are stored and shown: the gate sends every fifth of them
WATCH = "addEventListener('securitypolicyviolation', e => console.error('policy: ' + e.violatedDirective))"


def one_line(text: str) -> str:
    return " ".join(text.split())


def test_what_is_stored_is_text_on_every_page(harmed_house: House) -> None:
    """The client inspects each page: one h1, no script, no handler, nothing that its policy forbids."""
    house = harmed_house
    with house.app.extensions["database"].reading() as session:
        harm = {
            one_line(text)
            for column in STORED
            for text in session.scalars(select(column))
            if set("<{=%") & set(text)
        }
    assert len(harm) >= FEWEST
    shown, faults = set(), []
    for who, path in pages(house.app, house.world):
        response = house.get(who, path)
        if response.mimetype != "text/html":
            continue
        markup = markup_of(response)
        faults += [f"{path} holds {one}" for one in MARKUP if one in markup]
        texts = one_line(" ".join(finder_of(response).texts))
        shown |= {text for text in harm if text in texts}
    assert not faults, "\n".join(faults)
    assert len(shown) >= FEWEST, "no page shows what was stored"


def test_files_hold_it_as_text(harmed_house: House) -> None:
    client = harmed_house.client("administrator")
    for path in ("/staff/dossiers/template.csv", "/staff/offices/{office_id}/below.csv"):
        lines = client.get(path.format(**harmed_house.world.words)).get_data(as_text=True).splitlines()
        cells = [cell for line in lines for cell in re.findall(r'(?:^|,)"?([^,"]*)', line)]
        assert not [cell for cell in cells if re.match(r"[=+@\t\r]|-[^\d\s.,–]", cell)], path
    book = zipfile.ZipFile(io.BytesIO(client.get("/staff/dossiers/template.xlsx").data))
    sheet = book.read("xl/worksheets/sheet1.xml").decode()
    assert "<f>" not in sheet


def test_a_browser_runs_nothing_of_it(harmed_house: House, browser: Browser) -> None:
    """In Chromium, served by the application itself: no report of the policy, no dialog, no error."""
    house, complaints, who_now = harmed_house, [], ["citizen"]

    def serve(route: Route) -> None:
        asked = urlsplit(route.request.url)
        answer = house.client(who_now[0]).get(f"{asked.path}?{asked.query}" if asked.query else asked.path)
        headers = dict(answer.headers)
        headers.pop("Content-Encoding", None)
        headers.pop("Content-Length", None)
        body = markup_of(answer).encode() if answer.mimetype == "text/html" else answer.data
        route.fulfill(status=answer.status_code, headers=headers, body=body)

    page = browser.new_context(service_workers="block").new_page()
    page.add_init_script(WATCH)
    page.on(
        "console",
        lambda message: complaints.append((page.url, message.text)) if message.type == "error" else None,
    )
    page.on("pageerror", lambda error: complaints.append((page.url, str(error))))
    page.on("dialog", lambda dialog: (complaints.append((page.url, dialog.message)), dialog.dismiss()))
    page.route("**/*", serve)
    for who_now[0], path in dict.fromkeys(pages(house.app, house.world)):
        response = house.get(who_now[0], path)
        if response.mimetype == "text/html" and response.status_code == 200:
            page.goto(f"http://localhost{path}")
    assert not [one for one in complaints if "favicon" not in one[1] and "status of 4" not in one[1]], (
        complaints
    )
