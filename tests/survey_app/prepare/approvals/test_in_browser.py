"""The pages of codes and of what two people decide, in Chromium: what axe and our own measures find."""

import os
from pathlib import Path
from types import SimpleNamespace

import pytest
from sqlalchemy import select

from survey_app.models.response import OVER_BUDGET, Response
from tests import factories, running_server
from tests.accessibility import audit
from tests.factories import DAY, MOMENT
from tests.survey_app.publish.counter_feedback import receive

pytestmark = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
PICTURES = os.environ.get("PICTURES_OF_STAFF_PAGES")
NAME = "Trung tâm Phục vụ hành chính công phường Nguyễn Trãi"


@pytest.fixture
def rows(app):
    """An office with codes in every state, and a request of each sort that waits."""
    with app.extensions["database"].transaction() as session:
        office = factories.office(session, name=NAME)
        campaign = factories.campaign(session, opens_on=DAY.replace(month=1), closes_on=DAY.replace(day=31))
        points = []
        for number, states in enumerate(({}, {"paused_on": DAY}, {"revoked_on": DAY}, {}, {})):
            counter = factories.counter(session, office_id=office.id, label=f"Quầy số {number + 1}")
            given = {"campaign_id": campaign.id, "office_id": office.id, "counter_id": counter.id}
            points.append(factories.access_point(session, **given, **states, issued_on=DAY.replace(month=1)))
        factories.access_point(session, **given, way_in="screen", provenance="B")
        receive(session, points[0], 48)
        for row in session.scalars(select(Response)):
            row.review_mark = OVER_BUDGET
        factories.code_report(session, access_point_id=points[0].id)
        given = {"campaign_id": campaign.id, "office_id": office.id}
        pause = factories.approval(session, **given)
        arguments = {"access_point_ids": [points[0].id]}
        arguments |= {"first_day": DAY.isoformat(), "last_day": DAY.isoformat()}
        void = factories.approval(session, **given, kind="void_responses", arguments=arguments)
        factories.approval(
            session,
            **given,
            decided_by=factories.staff(session).id,
            decision="refused",
            decided_at=MOMENT,
        )
    return SimpleNamespace(office=office, point=points[0], pause=pause, void=void)


@pytest.fixture
def open_page(settings, app, rows, staff_client, free_port, browser):
    """Give a function that opens an address as a campaign lead."""
    client = staff_client("campaign_lead")
    client.get("/staff")
    url = f"http://127.0.0.1:{free_port}"
    context = browser.new_context(locale="vi-VN")
    context.add_cookies([{"name": "session", "value": client.get_cookie("session").value, "url": url}])

    def opened(address):
        page = context.new_page()
        answer = page.goto(url + address)
        assert answer.status == 200, address
        return page

    with running_server.web_at(settings, free_port, MOMENT):
        yield opened


def test_pages_are_accessible_on_a_phone_and_on_a_desk(rows, open_page):
    addresses = {
        "codes": "/staff/codes",
        "codes-look": "/staff/codes?show=look",
        "replace": f"/staff/codes/{rows.point.id}/replace",
        "revoke": f"/staff/codes/{rows.point.id}/revoke",
        "approvals": "/staff/approvals",
        "approvals-new": "/staff/approvals/new?kind=pause_codes",
        "approvals-close": "/staff/approvals/new?kind=close_early",
        "approvals-one": f"/staff/approvals/{rows.pause.id}",
        "voiding-office": "/staff/review/voiding/new",
        "voiding-new": f"/staff/review/voiding/new?point={rows.point.id}&day={DAY}",
        "voiding-one": f"/staff/review/voiding/{rows.void.id}",
    }
    pages = {name: open_page(address) for name, address in addresses.items()}
    take_pictures(pages)
    faults = audit.faults_of(pages.values(), audit.some_forms(0))
    # The frame's link to the content waits beyond the edge until the keyboard comes to it.
    assert [fault for fault in faults if "Đến thẳng nội dung" not in fault] == []


def take_pictures(pages):
    """Put pictures of the pages where somebody who looks at them asked for it."""
    for name, page in pages.items() if PICTURES else ():
        for width, height in ((360, 740), (1280, 900)):
            page.set_viewport_size({"width": width, "height": height})
            page.screenshot(path=Path(PICTURES) / f"{name}-{width}.png", full_page=True)
