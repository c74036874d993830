"""The pages of a fieldwork: letters asked for, outcomes noted, reserves called in, all by whoever may."""

import re
from datetime import date
from io import BytesIO

import pytest
from sqlalchemy import select, update

from survey_app.cli.jobs import Worker
from survey_app.models.access_point import AccessPoint
from survey_app.models.audit import AuditLine
from survey_app.models.campaign import Campaign
from tests import factories

pytestmark = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)


class Walk:
    """Somebody at the pages of a fieldwork."""

    def __init__(self, app, client, fieldwork):
        self.app, self.client, self.fieldwork = app, client, fieldwork
        self.base = f"/staff/campaigns/{fieldwork.campaign_id}/fieldwork"

    def page(self, path=""):
        return self.client.get(self.base + path)

    def post(self, path, from_="", **data):
        token = re.search(r'name="csrf_token" value="([^"]+)"', self.page(from_).text)[1]
        return self.client.post(self.base + path, data=data | {"csrf_token": token})

    def do_jobs(self):
        worker = Worker(self.fieldwork.database, self.fieldwork.settings, self.app.extensions["clock"])
        while worker.step():
            pass

    def acts(self):
        with self.fieldwork.database.reading() as session:
            return session.scalars(select(AuditLine.act).order_by(AuditLine.id)).all()


@pytest.fixture
def walk(app, staff_client, fieldwork):
    return Walk(app, staff_client("campaign_lead"), fieldwork)


def test_sample_is_invited_and_its_letters_downloaded(walk):
    assert "16 hồ sơ" in walk.page().text
    job = walk.post("/letters", delivery="letter").location
    walk.do_jobs()
    page = walk.client.get(job).text
    assert "thu-moi-1.zip" in page
    assert f'href="{walk.base}"' in page
    assert walk.client.get(f"{job}/file").data[:2] == b"PK"
    assert walk.acts() == ["invitations.issue", "file.download"]
    assert "0 trên 16" in walk.page().text
    assert f"{walk.base}" in walk.client.get(f"/staff/campaigns/{walk.fieldwork.campaign_id}").text


def test_outcome_of_one_letter_is_noted_and_calls_in_a_reserve(walk):
    walk.fieldwork.run(delivery="message")
    walk.fieldwork.spend(1)
    assert "không có hồ sơ" in walk.page("/unit?unit=H99").text.casefold()
    assert walk.page("/unit?unit=H%00%ED%A0%80%E2%80%AE1").status_code == 200
    assert 'name="outcome"' not in walk.page("/unit?unit=H1").text  # has answered
    refused = walk.post("/unit", "/unit?unit=2", unit="H2", outcome="4.1", day="11/03/2026")
    assert refused.status_code == 422
    assert walk.post("/unit", "/unit?unit=2", unit="H2", outcome="4.1", day="10/03/2026").status_code == 303
    assert walk.fieldwork.units("outcome", "outcome_on")[2] == ("4.1", date(2026, 3, 10))
    assert walk.post("/replace").status_code == 303
    assert walk.fieldwork.units("replaces")[21] == (2,)
    assert walk.acts()[-2:] == ["fieldwork.outcomes", "fieldwork.replace"]


def test_table_of_outcomes_is_looked_at_and_its_sound_lines_taken(walk):
    walk.fieldwork.run(delivery="message")
    table = "Mã hồ sơ;Kết quả;Ngày\nH2;2.1;09/03/2026\nH77;2.1;09/03/2026\n".encode()
    look = walk.post("/outcomes", file=(BytesIO(table), "ket-qua.csv"))
    assert look.status_code == 200
    assert "H77" in look.text
    ticket = re.search(r'name="ticket" value="([^"]+)"', look.text)[1]
    tick = re.search(r'name="accepted" value="([^"]+)"', look.text)[1]
    assert walk.post("/outcomes/accept", ticket=ticket).status_code == 422
    assert walk.fieldwork.units("outcome")[2] == (None,)
    assert walk.post("/outcomes/accept", ticket=ticket, accepted=tick).status_code == 303
    assert walk.fieldwork.units("outcome")[2] == ("2.1",)
    assert walk.post("/outcomes/accept", ticket=ticket, accepted=tick).status_code == 410
    assert walk.post("/outcomes").status_code == 422
    headless = walk.post("/outcomes", file=(BytesIO("Số thư;Kết quả\n1;2.1\n".encode()), "ket-qua.csv"))
    assert headless.status_code == 422
    assert "Ngày: thiếu cột này" in headless.text


def test_lines_left_out_for_one_reason_are_one_row_with_their_number_and_the_first_of_them(walk):
    walk.fieldwork.run(delivery="message")
    unknown = "".join(f"Z{number};2.1;09/03/2026\n" for number in range(1, 8))
    table = f"Mã hồ sơ;Kết quả;Ngày\nH2;2.1;09/03/2026\n{unknown}H4;5.5;09/03/2026\n".encode()
    page = walk.post("/outcomes", file=(BytesIO(table), "ket-qua.csv")).text
    assert "8 dòng bị bỏ" in page
    assert page.count("Không có hồ sơ được mời nào mang mã này") == 1
    assert "7 dòng" in page
    assert "dòng 7: Z5; và 2 dòng nữa." in page
    assert "Z6" not in page


def test_pages_say_that_invitations_are_paused_and_where_that_is_ended(walk):
    walk.fieldwork.run(delivery="message")
    campaign = f"/staff/campaigns/{walk.fieldwork.campaign_id}"
    said = "Thư mời, phiếu mời của 2 đơn vị đang tạm dừng: ai mở cũng chưa trả lời được."

    def told():
        pages = [walk.client.get(address).text for address in (walk.base, campaign)]
        return [(said in page, "kind=resume_codes" in page) for page in pages]

    assert told() == [(False, False)] * 2
    with walk.fieldwork.database.transaction() as session:
        session.execute(update(AccessPoint).values(paused_on=date(2026, 3, 9)))
    assert told() == [(True, True)] * 2
    with walk.fieldwork.database.transaction() as session:
        session.get_one(Campaign, walk.fieldwork.campaign_id).closes_on = date(2026, 3, 9)
    assert told() == [(False, False)] * 2


def test_after_the_last_day_nobody_is_invited(walk):
    with walk.fieldwork.database.transaction() as session:
        session.get_one(Campaign, walk.fieldwork.campaign_id).closes_on = date(2026, 3, 9)
    assert "<form" not in walk.page().text.partition("<main")[2]
    token_page = f"/staff/campaigns/{walk.fieldwork.campaign_id}/frame"
    token = re.search(r'name="csrf_token" value="([^"]+)"', walk.client.get(token_page).text)[1]
    for act in ("letters", "replace"):
        assert walk.client.post(f"{walk.base}/{act}", data={"csrf_token": token}).status_code == 303
    assert walk.acts() == []


def test_whoever_has_no_right_over_all_of_it_finds_nothing_to_do(app, staff_client, walk):
    assert staff_client("analyst").get(walk.base).status_code == 404
    with walk.fieldwork.database.transaction() as session:
        factories.access_point(
            session, campaign_id=walk.fieldwork.campaign_id, office_id=walk.fieldwork.offices[0]
        )
    part = staff_client("campaign_lead", office_id=walk.fieldwork.offices[0])
    assert part.get(f"{walk.base}/unit?unit=H1").status_code == 404
