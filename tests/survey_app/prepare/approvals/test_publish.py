"""Publishing a campaign: one person asks, another decides, a job does it, the road says what came of it."""

from datetime import timedelta

import pytest
from sqlalchemy import event, func, select, update

from survey_app.cli.jobs import Worker
from survey_app.models.approval import Approval
from survey_app.models.audit import AuditLine
from survey_app.models.campaign import Campaign
from survey_app.models.job import Job
from survey_app.models.office import Office
from survey_app.models.plan_document import PlanDocument, Population, Publishing
from survey_app.models.publication import Figure, Publication
from survey_app.models.staff import Staff
from survey_app.publish.releasing.freeze import publish_wave
from survey_app.publish.releasing.verify import verify
from survey_app.web.formatting import percent_text, range_text
from tests import factories
from tests.factories import DAY, MOMENT
from tests.page_inspector import Page
from tests.survey_app.publish.counter_feedback import NOT_SATISFIED, SATISFIED, receive

on_sqlite = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
LAST_DAY = DAY - timedelta(days=3)
ASK = "/staff/approvals/new?kind=publish&campaign=nam-2026"


class Hall:
    """A campaign that is over, two leads of its province, and the job process."""

    def __init__(self, app, staff_client, clock):
        self.database = app.extensions["database"]
        self.worker = Worker(self.database, app.extensions["settings"], clock)
        with self.database.transaction() as session:
            province = factories.office(session, kind="province")
            office = factories.office(session, parent_id=province.id)
            self.office_id, self.name = office.id, office.name
            campaign = factories.campaign(session, code="nam-2026", kind="annual", closes_on=LAST_DAY)
            self.campaign_id = campaign.id
            self.point = factories.access_point(
                session, campaign_id=campaign.id, office_id=self.office_id, provenance="A"
            )
            self.receive(session, 12)
        self.province_id = province.id
        self.road = f"/staff/campaigns/{self.campaign_id}"
        self.asker, self.decider = (staff_client("campaign_lead", province.id) for _ in range(2))

    def receive(self, session, n):
        receive(session, self.point, n, NOT_SATISFIED, LAST_DAY)

    def ask(self, **typed):
        return self.asker.send_form(ASK, typed)

    def decide(self, request, decision="approved"):
        return self.decider.send_form(request, {"decision": decision}, to=f"{request}/decide")

    def agree(self, **typed):
        asked = self.ask(**typed).location
        self.work()  # what a correction would change
        answer = self.decide(asked)
        assert answer.status_code == 303
        return answer

    def work(self):
        while self.worker.step():
            pass

    def change(self, row, **values):
        with self.database.transaction() as session:
            session.execute(update(row).values(**values))

    def all(self, row):
        with self.database.reading() as session:
            return session.scalars(select(row).order_by(row.id)).all()


@pytest.fixture
def hall(app, staff_client, clock):
    return Hall(app, staff_client, clock)


def test_one_asks_another_approves_and_it_is_published_once(hall, staff_client):
    page = hall.asker.get(hall.road).text
    assert ASK.replace("&", "&amp;") in page
    assert "Đề nghị công bố" in page
    page = hall.asker.get(ASK).text
    assert "12 phiếu được tính, 0 phiếu bị loại" in page
    assert 'name="reason"' not in page
    asked = hall.ask().location
    assert "chờ người thứ hai duyệt" in hall.decider.get(hall.road).text
    own = hall.asker.send_form(asked, {"decision": "approved"}, to=f"{asked}/decide")
    assert (own.status_code, "không tự duyệt" in own.text) == (409, True)
    manager = staff_client("office_manager", hall.province_id)
    assert hall.decider.get(asked).status_code == 200
    assert manager.send_form(asked, {"decision": "approved"}, to=f"{asked}/decide").status_code == 409
    assert hall.all(Job) == []
    assert hall.decide(asked).status_code == 303
    assert "đã duyệt lúc" in hall.asker.get(asked).text
    assert "chờ đến lượt tính" in hall.asker.get(hall.road).text
    assert hall.all(Publication) == []
    again = hall.decider.post(f"{asked}/decide", data={})
    assert again.status_code == 400  # its form is gone with the decision
    hall.work()
    (publication,) = hall.all(Publication)
    assert publication.sealed_at is not None
    page = hall.asker.get(hall.road).text
    assert "Đề nghị công bố đính chính" in page
    (job,) = hall.all(Job)
    assert (job.state, job.outcome) == ("done", {"publication_id": publication.id})
    with hall.database.reading() as session:
        names = session.scalars(select(Staff.username).order_by(Staff.id).limit(2)).all()
        line = session.scalars(select(AuditLine).where(AuditLine.act == "publications.publish")).one()
    assert line.office_id == hall.province_id
    assert (
        line.what
        == f"nam-2026: bản công bố số {publication.id}, đề nghị 1 ({names[0]} đề nghị, {names[1]} duyệt)"
    )
    # Its process was killed after the writing, before the end was noted.
    hall.change(Job, state="running", claimed_until=MOMENT - timedelta(hours=1))
    hall.work()
    assert len(hall.all(Publication)) == 1
    assert hall.all(Job)[0].outcome == job.outcome


def test_a_job_that_dies_while_it_writes_leaves_nothing_and_begun_again_publishes(hall):
    hall.agree()

    def die(_connection, _cursor, statement, *_others):
        if statement.startswith("UPDATE publication"):  # the seal, the last of what is written
            raise KeyboardInterrupt

    event.listen(hall.database.engine, "before_cursor_execute", die)
    with pytest.raises(KeyboardInterrupt):
        hall.work()
    event.remove(hall.database.engine, "before_cursor_execute", die)
    assert hall.all(Publication) == []
    assert hall.all(Job)[0].outcome is None
    hall.change(Job, claimed_until=MOMENT - timedelta(hours=1))
    hall.work()
    assert len(hall.all(Publication)) == 1


def test_forged_answers_found_after_the_publication_leave_with_a_correction(hall, client):
    with hall.database.transaction() as session:
        forged = factories.access_point(
            session, campaign_id=hall.campaign_id, office_id=hall.office_id, provenance="A"
        )
        receive(session, forged, 6, NOT_SATISFIED, LAST_DAY)
        receive(session, hall.point, 8, SATISFIED, LAST_DAY)
    hall.agree()
    hall.work()
    address = f"/staff/review/voiding/new?office={hall.office_id}"
    assert "Kết quả cuộc khảo sát này đã công bố" in hall.asker.get(address).text
    days = {"first_day": f"{LAST_DAY}", "last_day": f"{LAST_DAY}", "point": f"{forged.id}"}
    asked = hall.asker.send_form(address, {**days, "reason": "Một người điền sáu phiếu"}).location
    assert hall.decide(asked).status_code == 303
    with hall.database.reading() as session:
        assert verify(session, session.get_one(Publication, 1)).difference is None
    assert ">26</td>" in client.get("/results/nam-2026").text, "what is published stays"
    hall.agree(reason="Loại sáu phiếu giả")
    hall.work()
    page = client.get("/results/nam-2026").text
    assert ">20</td>" in page
    assert ">26</td>" not in page
    assert "Loại sáu phiếu giả" in page
    with hall.database.reading() as session:
        for number in (1, 2):
            assert verify(session, session.get_one(Publication, number)).difference is None


@on_sqlite
def test_a_correction_needs_a_reason_which_everybody_reads(hall, client):
    hall.agree()
    hall.work()
    with hall.database.transaction() as session:
        hall.receive(session, 6)
        receive(session, hall.point, 6, day=LAST_DAY)
    refused = hall.ask(reason=" ")
    assert (refused.status_code, "Hãy ghi lý do." in refused.text) == (422, True)
    asked = hall.ask(reason="Bổ sung phiếu giấy nhập muộn").location
    page = hall.decider.get(asked).text
    assert "bản công bố số 1" in page
    assert "24 phiếu được tính" in page
    hall.work()
    hall.decide(asked)
    hall.work()
    assert [one.correction_reason for one in hall.all(Publication)] == [None, "Bổ sung phiếu giấy nhập muộn"]
    assert "Bổ sung phiếu giấy nhập muộn" in client.get("/results/nam-2026").text


def test_who_decides_reads_what_a_correction_changes_before_it_is_approved(hall, staff_client, client):
    with hall.database.transaction() as session:
        beside = factories.office(session, parent_id=hall.province_id, name="Xã Bên Cạnh")
        at = {"campaign_id": hall.campaign_id, "provenance": "A"}
        other = factories.access_point(session, office_id=beside.id, **at)
        for days_before in range(1, 5):
            day = LAST_DAY - timedelta(days=days_before)
            for point in (hall.point, other):
                receive(session, point, 6, SATISFIED, day)
                receive(session, point, days_before, NOT_SATISFIED, day)
    hall.agree()
    hall.work()
    with hall.database.transaction() as session:
        receive(session, hall.point, 6, SATISFIED, LAST_DAY)
    asked = hall.ask(reason="Bổ sung phiếu giấy nhập muộn").location
    page = hall.decider.get(asked).text
    assert "chờ đến lượt tính" in page
    assert 'value="approved"' not in page
    assert 'value="refused"' in page
    early = hall.decider.send_form(asked, {"decision": "approved"}, to=f"{asked}/decide")
    assert (early.status_code, "còn đang được tính" in early.text) == (409, True)
    hall.work()
    read = hall.decider.get(asked).text
    assert beside.name not in read, "nothing changes there"
    assert len(hall.all(Publication)) == 1, "nothing is written"
    manager = staff_client("office_manager", hall.province_id).get(asked).text
    assert "thêm 6, bị loại 0" not in manager
    assert "người được đọc từng phiếu" in manager
    hall.decide(asked)
    hall.work()
    published = client.get("/results/nam-2026").text
    for name, office_id in ((hall.name, hall.office_id), ("", hall.province_id)):
        figures = _index_of(hall, office_id)
        (row,) = (row for row in read.split("<tr>") if name in row and all(one in row for one in figures))
        assert "thêm 6, bị loại 0" in row, "what was read is what was published, before and now"
        assert any(all(one in row for one in figures) for row in published.split("<tr>"))
    assert "Bản công bố số 2" in published
    assert published.index("Bản công bố số 2") < published.index("Bản công bố số 1")
    assert "đang có hiệu lực" in hall.decider.get(hall.road).text


def _index_of(hall, office_id):
    """Give the digits of an office's index in both publications, as pages write them."""
    with hall.database.reading() as session:
        whole = select(Figure).where(Figure.measure == "index", Figure.breakdown == "")
        of_office = whole.where(Figure.office_id == office_id).order_by(Figure.publication_id)
        found = [
            f'{percent_text(one.value)} (<span class="whole">{range_text(one.low, one.high)}</span>), '
            f"n = {one.n_respondents}"
            for one in session.scalars(of_office)
        ]
    assert len(set(found)) == 2, "a correction that changes it"
    return found


@on_sqlite
def test_that_groups_are_not_repeated_is_said_before_it_is_asked_and_decided(hall):
    at_stake = "không còn số theo nhóm"
    with hall.database.transaction() as session:
        province = session.get_one(Office, hall.province_id)
        document = PlanDocument(
            population=Population(tops=(province.code,)), publication=Publishing(tables=("group",))
        )
        factories.frozen_plan(session, document, campaign_id=hall.campaign_id)
    assert at_stake not in hall.asker.get(ASK).text, "the first publication has them"
    hall.agree()
    hall.work()
    with hall.database.transaction() as session:
        receive(session, hall.point, 6, SATISFIED, LAST_DAY)
    assert at_stake in hall.asker.get(ASK).text
    asked = hall.ask(reason="Bổ sung phiếu").location
    assert at_stake in hall.decider.get(asked).text
    hall.work()
    assert "bản đính chính này không nêu" in hall.decider.get(asked).text, "now it is known"
    hall.decide(asked)
    hall.work()
    assert at_stake not in hall.asker.get(ASK).text, "nothing is left to lose"


@on_sqlite
def test_what_publish_refuses_stands_on_the_road_in_its_words(hall, staff_client, client):
    hall.agree()
    hall.work()
    with hall.database.transaction() as session:
        hall.receive(session, 2)
    asked = hall.ask(reason="Thêm hai phiếu").location
    hall.work()
    page = hall.decider.get(asked).text
    assert "sẽ không công bố được gì" in page
    assert f'bớt phiếu:</p>\n  <p lang="vi">{hall.name}</p>' in page
    hall.decide(asked)
    hall.work()
    assert len(hall.all(Publication)) == 1
    page = hall.decider.get(hall.road).text
    assert "Chưa công bố được theo đề nghị" in page
    assert "có thể suy ra câu trả lời của từng người" in page
    assert "Đề nghị công bố đính chính" in page
    beside = staff_client("campaign_lead", hall.office_id)
    assert "suy ra câu trả lời" not in beside.get(hall.road).text
    hall.change(Campaign, target=0.8)
    hall.agree(reason="Mục tiêu khác")
    hall.work()
    waits = "1 đơn vị giữ số liệu như lần công bố trước:"
    page = hall.decider.get(hall.road).text
    assert f"{waits}</strong> {hall.name}." in page
    assert waits not in beside.get(hall.road).text
    published = client.get("/results/nam-2026").text
    assert "1 đơn vị giữ số liệu như lần công bố trước: phần thay đổi ở đó còn chờ" in published


@on_sqlite
@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ("received", "Hãy đề nghị lại với số phiếu này"),
        ("reopened", "còn mở đến hết ngày"),
        ("published", ""),
    ],
)
def test_what_changes_after_the_decision_is_not_published(hall, changed, words):
    hall.agree()
    _happens(hall, changed)
    hall.work()
    assert len(hall.all(Publication)) == (changed == "published")
    page = hall.asker.get(hall.road).text
    assert ("Chưa công bố được" in page) == (changed != "published")  # there, what was published stands
    assert words in page


@on_sqlite
@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ("received", "có phiếu mới hoặc phiếu bị loại"),
        ("reopened", "còn có thể gửi về"),
        ("published", "cuộc khảo sát đã được công bố"),
    ],
)
def test_what_changes_before_the_decision_is_not_approved(hall, changed, words):
    asked = hall.ask().location
    assert words not in hall.decider.get(asked).text
    _happens(hall, changed)
    assert words in hall.decider.get(asked).text
    answer = hall.decide(asked)
    assert (answer.status_code, words in answer.text) == (409, True)
    assert hall.all(Approval)[0].decision is None
    assert hall.all(Job) == []


def _happens(hall, what):
    if what == "published":
        publish_wave(hall.database, hall.campaign_id, MOMENT)
    elif what == "reopened":
        hall.change(Campaign, closes_on=DAY)
    else:
        with hall.database.transaction() as session:
            hall.receive(session, 1)


@on_sqlite
def test_one_request_at_a_time_and_none_while_it_is_being_published(hall):
    token = hall.asker.send_form(ASK, {})
    with hall.database.transaction() as session:
        hall.receive(session, 1)  # another number: still the same wish
    assert "đang chờ rồi" in hall.asker.get(ASK).text
    decided = hall.decide(token.location, "refused")
    assert decided.status_code == 303
    hall.agree()
    assert "Kết quả đang được tính" in hall.asker.get(ASK).text


@on_sqlite
def test_a_page_kept_open_asks_no_second_time(hall):
    kept = hall.asker.get(ASK).text
    hall.ask()
    answer = hall.asker.post("/staff/approvals/new", data=Page(kept).hidden_fields())
    assert answer.status_code == 422
    with hall.database.reading() as session:
        assert session.scalar(select(func.count(Approval.id))) == 1


@on_sqlite
def test_before_its_day_and_for_others_nothing_is_offered(hall, staff_client):
    hall.change(Campaign, closes_on=LAST_DAY + timedelta(days=1))
    page = hall.asker.get(hall.road).text
    assert "11/03/2026" in page
    assert "kind=publish" not in page
    assert "đủ ba ngày" in hall.asker.get(ASK).text
    fields = {"kind": "publish", "campaign": "nam-2026"}
    kept = hall.asker.send_form("/staff/approvals/new?kind=close_early", fields | {"reason": "x"})
    assert (kept.status_code, "Chỉ công bố được từ ngày thứ ba" in kept.text) == (422, True)
    hall.change(Campaign, closes_on=LAST_DAY)
    assert ASK.replace("&", "&amp;") in hall.asker.get("/staff/approvals/new?kind=publish").text
    beside = staff_client("campaign_lead", hall.office_id)
    assert "kind=publish" not in beside.get(hall.road).text
    assert beside.send_form("/staff/approvals/new?kind=pause_codes", fields).status_code == 404
