"""What stands around every staff and public page."""

import re

import pytest
from sqlalchemy.exc import OperationalError

from survey_app.web import page_frame
from tests import factories

on_sqlite = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
DEMO = "Dữ liệu minh họa, không phải đơn vị thật"


def test_pages_say_that_rows_are_a_demo_while_there_are_such_rows(app, client):
    assert DEMO not in client.get("/staff/sign-in").text
    with app.extensions["database"].transaction() as session:
        factories.campaign(session, is_demo=True)
    assert DEMO in client.get("/staff/sign-in").text


def test_pages_of_the_staff_say_it_too(app, staff_client):
    client = staff_client("operator")
    assert DEMO not in client.get("/staff").text
    with app.extensions["database"].transaction() as session:
        factories.campaign(session, is_demo=True)
    assert DEMO in client.get("/staff").text


@on_sqlite
def test_page_of_a_fault_needs_no_database(app, client, monkeypatch):
    def broken(*_args, **_kwargs):
        raise OperationalError("select", {}, Exception("gone"))

    monkeypatch.setattr(app.extensions["database"].for_pages, "reading", broken)
    page = client.get("/staff/sign-in")
    assert page.status_code == 503
    assert page.headers["Retry-After"] == "5"
    assert "Máy chủ gặp sự cố" in page.text


@on_sqlite
def test_language_switch_keeps_page_and_question(client):
    page = client.get("/staff/sign-in?next=/staff&x=1&x=2").text
    assert 'href="?next=%2Fstaff&amp;x=1&amp;x=2&amp;lang=en"' in page
    back = client.get("/staff/sign-in?next=/staff&lang=en").text
    assert '<html lang="en">' in back
    assert 'href="?next=%2Fstaff"' in back


@on_sqlite
def test_language_switch_of_an_unknown_address_cannot_lead_to_another_host(client):
    page = client.get("//evil.example/x").text
    assert "evil.example" not in re.sub(r"<title>.*?</title>", "", page)


@on_sqlite
def test_stylesheet_is_small_and_its_address_changes_with_it(app, client):
    (address,) = re.findall(r'<link rel="stylesheet" href="([^"]+)"', client.get("/staff/sign-in").text)
    style = client.get(address)
    # It holds the guide to its classes (2.6 kB) and, since offices are compared, tones and marks of charts.
    # Citizens' forms do without it; others load it once a day.
    assert len(style.data) <= 15 * 1024
    assert re.search(r"v=[0-9a-f]{8}$", address)
    assert page_frame.STYLESHEET in address
