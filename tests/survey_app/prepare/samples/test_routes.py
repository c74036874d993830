"""The page of a sample: what will be drawn, the draw by one button, what was drawn, its list."""

import csv
import io
import re
from datetime import date

import pytest
from sqlalchemy import select

from survey_app.cli.jobs import Worker
from survey_app.models.audit import AuditLine
from survey_app.models.job import Job
from survey_app.models.plan_document import Allocation
from survey_app.models.sample import Draw
from tests import factories
from tests.survey_app.prepare.samples.conftest import IN_CLUSTERS, lay, plan

pytestmark = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)


class Walk:
    """Somebody with the right, at the page of a sample."""

    def __init__(self, app, client, document):
        self.app, self.client = app, client
        self.database, self.settings = app.extensions["database"], app.extensions["settings"]
        with self.database.transaction() as session:
            self.campaign_id = lay(session, self.settings, document).id
        self.base = f"/staff/campaigns/{self.campaign_id}/sample"

    def page(self, **query):
        return self.client.get(self.base, query_string=query)

    def post(self, act):
        token = re.search(r'name="csrf_token" value="([^"]+)"', self.page().text)
        return self.client.post(f"{self.base}/{act}", data={"csrf_token": token[1] if token else ""})

    def do_jobs(self):
        worker = Worker(self.database, self.settings, self.app.extensions["clock"])
        while worker.step():
            pass

    def read(self, query):
        with self.database.reading() as session:
            return session.scalars(query).all()


@pytest.fixture
def walk(app, staff_client):
    lead = staff_client("campaign_lead")
    return lambda document: Walk(app, lead, document)


def test_one_button_draws_and_the_list_leaves_by_a_job(walk):
    at = walk(plan(IN_CLUSTERS))
    before = at.page().text
    assert "Rút mẫu</button>" in before
    assert "Xã A" in before, "the office left out is named"
    assert at.post("draw").status_code == 303
    waiting = at.page()
    assert waiting.headers["Refresh"] == "2"
    assert 'name="csrf_token"' not in waiting.text.split("<main", 1)[1], "no second draw while one waits"
    assert at.client.post(f"{at.base}/draw").status_code in {303, 400}
    assert len(at.read(select(Job).where(Job.name == "draw"))) == 1
    at.do_jobs()
    (draw,) = at.read(select(Draw))
    after = at.page().text
    assert draw.checksum in after
    assert "H-XA-" not in after, "no dossier is named on the page"
    listed = re.findall(r'<th scope="row">(.*?)</th>', after)
    assert listed == ["Xã B", "Xã C", "Xã D"]
    falling = at.page(sort="-population").text
    assert re.findall(r'<th scope="row">(.*?)</th>', falling) == ["Xã D", "Xã C", "Xã B"]
    assert re.findall(r'<th scope="row">(.*?)</th>', at.page(q="xa c").text) == ["Xã C"]
    address = at.post("list").location
    at.do_jobs()
    sent = at.client.get(f"{address}/file")
    rows = list(csv.reader(io.StringIO(sent.data.decode("utf-8-sig"))))
    assert len(rows) == 1 + draw.n_main + draw.n_reserve
    assert rows[1][0] == "1"
    acts = at.read(select(AuditLine.act).order_by(AuditLine.id))
    assert acts[-3:] == ["samples.draw", "samples.list", "file.download"]


def test_offices_whose_weighting_cells_are_all_joined_are_named(walk):
    at = walk(plan(n_drawn=30))
    at.post("draw")
    at.do_jobs()
    page = at.page().text
    assert "Ở 3 đơn vị, mọi ô quyền số đã gộp làm một" in page
    assert "<p>Xã B, Xã C, Xã D</p>" in page


def test_what_keeps_it_from_being_drawn_is_said(walk):
    at = walk(plan())
    with at.database.transaction() as session:
        other = factories.campaign(session, kind="annual", closes_on=date(2026, 12, 31))
        running = factories.campaign(session)
    assert "Kế hoạch chưa được chốt" in at.client.get(f"/staff/campaigns/{other.id}/sample").text
    assert at.client.get(f"/staff/campaigns/{running.id}/sample").status_code == 404
    assert at.client.get(f"/staff/campaigns/{other.id}").status_code == 200


def test_a_changed_plan_offers_to_draw_anew(walk):
    at = walk(plan())
    at.post("draw")
    at.do_jobs()
    assert "Rút mẫu lại" not in at.page().text
    changed = plan(allocation=Allocation(method="equal", minimum=20, n_drawn=60, reserve_share=0.0))
    with at.database.transaction() as session:
        factories.plan_addendum(
            session, campaign_id=at.campaign_id, document_json=changed.to_json(), hash=changed.hash
        )
    assert "Rút mẫu lại" in at.page().text
    at.post("draw")
    at.do_jobs()
    assert len(at.read(select(Draw))) == 2
    road = at.client.get(f"/staff/campaigns/{at.campaign_id}").text
    assert at.read(select(Draw))[-1].checksum[:12] in road


def test_others_see_no_sample(app, staff_client, walk):
    at = walk(plan())
    assert staff_client("office_manager").get(at.base).status_code == 404
