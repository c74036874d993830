"""The A4 sheets that Chromium prints of all offices below a parent, beside the CSV file."""

import csv
import io
import os
import re
import shutil
import subprocess

import pytest

from tests import running_server
from tests.conftest import lacks
from tests.survey_app.publish.parents.many_offices import province

PICTURES = os.environ.get("PICTURES")  # a folder, to look at what the test saw
A4 = "594.96 x 841.92"  # points


@pytest.fixture
def path(database):
    with database.transaction() as session:
        return f"/staff/offices/{province(session, 140, provenance='A', basis='probability').id}/below"


@pytest.fixture
def page(app, path, settings, staff_client, free_port, browser):
    cookie = staff_client("campaign_lead", hours=10**6).get_cookie("session").value
    address = f"http://127.0.0.1:{free_port}"
    environment = running_server.environment(settings, free_port)
    with running_server.started(running_server.web(settings, free_port), environment):
        context = browser.new_context(base_url=address)
        context.add_cookies([{"name": "session", "value": cookie, "url": address}])
        yield context.new_page()


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_paper_says_the_digits_of_the_file(page, path, staff_client, tmp_path):
    if not shutil.which("pdftotext"):
        lacks("pdftotext", "poppler-utils")
    paper = tmp_path / "below.pdf"
    page.goto(f"{path}?rows=all")
    page.pdf(path=paper, prefer_css_page_size=True)
    if PICTURES:
        shutil.copy(paper, f"{PICTURES}/below.pdf")
    assert A4 in run("pdfinfo", paper)
    printed = run("pdftotext", "-layout", paper, "-")
    downloaded = staff_client("analyst").get(f"{path}.csv").get_data().decode("utf-8-sig")
    lines = list(csv.DictReader(io.StringIO(downloaded)))
    shown = [line for line in lines if line["state"] == "shown"]
    assert [said_of(line) for line in shown] == [
        " ".join(row.split()) for row in wanted_parts(printed, len(shown))
    ]


def run(*command):
    return subprocess.run(list(map(str, command)), capture_output=True, text=True, check=True).stdout


def said_of(line):
    percents = [line[name].replace(".", ",") for name in ("satisfied_percent", "low_percent", "high_percent")]
    n = f"{int(line['n_forms']):,}".replace(",", ".")
    return f"{percents[0]}% {percents[1]}–{percents[2]}% {n}"


def wanted_parts(printed, n_shown):
    """Find value, range and n in each printed row, in their order."""
    rows = re.findall(r"\d+,\d+% +\d+,\d+–\d+,\d+% +[\d.]+", printed)
    assert len(rows) == n_shown
    return rows
