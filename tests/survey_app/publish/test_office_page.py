"""The office's page: what it says, in which order, and what it keeps to itself."""

import re
from datetime import date

import pytest
from flask import Flask
from sqlalchemy import event

from survey_app.models.campaign import Campaign
from survey_app.models.office import Office
from survey_app.models.publication import Publication
from survey_app.publish.shown.change import points_text
from tests import factories
from tests.conftest import StaffClient

on_sqlite = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
MONTHS = ("2025-10", "2025-11", "2025-12", "2026-01", "2026-02", "2026-03")  # the clock stands in the last
NO_BREAK = "\N{NO-BREAK SPACE}"


class Shown:
    """An office with everything that its page can show, and the publication that holds it."""

    def __init__(self, app: Flask, **whole: object) -> None:
        self.database = app.extensions["database"]
        with self.database.transaction() as session:
            self.campaign = factories.campaign(session, code="quay", opens_on=date(2025, 10, 1))
            publication = factories.publication(session, campaign_id=self.campaign.id)
            province = factories.office(session, name="Tỉnh Mẫu", kind="province")
            self.office = factories.office(session, name="Bộ phận Một cửa xã Mẫu", parent_id=province.id)
            self.province_id, self.publication_id = province.id, publication.id
            factories.access_point(session, campaign_id=self.campaign.id, office_id=self.office.id)
            factories.office_release(session, campaign_id=self.campaign.id, office_id=self.office.id)
            field = factories.service_field(session, code="DAT-DAI", name="Đất đai")
            label = {"office_id": self.office.id, "label": "Quầy số 1", "field_id": field.id}
            self.counter_id = factories.counter(session, **label).id
        self.figure(**whole)
        self.figure(measure="item:q1", value=0.9, low=0.8, high=0.95, n_answers=40)
        self.figure(measure="item:q2", value=0.6, low=0.5, high=0.7, n_answers=38)
        self.add(factories.distribution, counts={"q1": {"4": 30, "5": 10}, "q2": {"1": 9, "3": 7, "4": 22}})

    def add(self, builder, **given: object) -> None:
        where = {"publication_id": self.publication_id, "office_id": self.office.id}
        with self.database.transaction() as session:
            builder(session, **{**where, **given})

    def figure(self, **given: object) -> None:
        self.add(factories.figure, **given)

    def months(self, **of_month: dict[str, object]) -> None:
        for month in MONTHS:
            given = of_month.get("m" + month.replace("-", ""), {})
            self.figure(breakdown=f"month:{month}", n_respondents=12, n_answers=24, **given)

    def page(self, staff_client: StaffClient, query: str = "", role: str = "administrator") -> str:
        client = staff_client(role, self.office.id if role == "office_manager" else None)
        answer = client.get(f"/staff/offices/{self.office.id}{query}")
        assert answer.status_code == 200
        assert len(answer.get_data()) < 60_000
        return answer.text.replace('<span class="whole">', "").replace("</span>", "")


def quarters(shown: Shown, **given: object) -> None:
    shown.add(factories.figure_change, later="quarter:2025-4", earlier="quarter:2025-3", **given)


@pytest.fixture
def shown(app: Flask) -> Shown:
    return Shown(app)


def headings(page: str) -> list[str]:
    return re.findall(r"<h[12]>(.+?)</h", page)


def test_the_page_answers_first_and_ends_with_what_to_do(shown: Shown, staff_client: StaffClient) -> None:
    shown.months()
    shown.figure(breakdown=f"counter:{shown.counter_id}")
    shown.figure(breakdown="field:DAT-DAI")
    for _ in range(8):
        with shown.database.transaction() as session:
            office = factories.office(session, parent_id=shown.province_id)
            factories.figure(session, publication_id=shown.publication_id, office_id=office.id)
    page = shown.page(staff_client, role="office_manager")
    assert headings(page) == [
        "Bộ phận Một cửa xã Mẫu",
        "Theo từng tháng",
        "Nên sửa gì trước",
        "Các câu trả lời chia ra thế nào",
        "Quầy và lĩnh vực",
        "Bên cạnh các đơn vị cùng loại",
        "Việc nên làm tiếp",
        "Số liệu này dựa vào đâu",
    ]
    first = re.search(r'<p class="lead">(.+?)</p>', page)
    assert first is not None
    assert first[1].startswith("Chỉ số hài lòng: 84,2% (khoảng ước tính theo mô hình 95%: 77,0–89,3%)")
    assert "(độ bao phủ 10,0%)" in first[1]
    assert "Quầy số 1" in page
    assert "Đất đai" in page


@pytest.mark.parametrize(
    ("limits", "words"),
    [
        ((0.016, -0.024, 0.056), ("+1,6", "từ −2,4 đến +5,6", "Chưa đủ cơ sở để nói là thay đổi.")),
        ((0.053, 0.012, 0.094), ("+5,3", "từ +1,2 đến +9,4", "Đủ cơ sở để nói là tăng.")),
        ((-0.053, -0.094, -0.012), ("−5,3", "từ −9,4 đến −1,2", "Đủ cơ sở để nói là giảm.")),
        # One digit more where the rounded limit would contradict the verdict.
        ((0.05, 0.0004, 0.0996), ("+5,00", "từ +0,04 đến +9,96", "Đủ cơ sở để nói là tăng.")),
    ],
)
@on_sqlite
def test_a_change_is_said_with_its_interval_and_in_words(
    shown: Shown,
    staff_client: StaffClient,
    limits: tuple[float, float, float],
    words: tuple[str, str, str],
) -> None:
    shown.months()
    value, low, high = limits
    shown.add(factories.figure_change, value=value, low=low, high=high)
    page = shown.page(staff_client)
    points, interval, verdict = words
    assert (
        f"So với tháng 01/2026, tháng 02/2026: {points} điểm phần trăm (khoảng ước tính theo mô hình 95%: "
        f"{interval}), n{NO_BREAK}={NO_BREAK}45 phiếu trong tháng 01/2026 và 40 trong tháng 02/2026. "
        f"<strong>{verdict}</strong>"
    ) in page


@on_sqlite
def test_a_quarter_is_spoken_of_before_a_month_whatever_either_says(
    shown: Shown, staff_client: StaffClient
) -> None:
    shown.months()
    shown.figure(breakdown="month:2025-09", n_respondents=12, n_answers=24)
    shown.add(factories.figure_change, value=0.2, low=0.1, high=0.3)
    quarters(shown)
    page = shown.page(staff_client)
    assert "So với quý III/2025, quý IV/2025: +1,6" in page
    assert "tháng 02/2026: " not in page


@on_sqlite
def test_a_period_that_is_not_over_is_not_compared(shown: Shown, staff_client: StaffClient) -> None:
    shown.months()
    shown.add(factories.figure_change, later="month:2026-03", earlier="month:2026-02")
    shown.add(factories.figure_change, later="quarter:2026-1", earlier="quarter:2025-4")
    assert "So với" not in shown.page(staff_client).replace("So với câu", "")
    shown.add(factories.figure_change)
    assert "So với tháng 01/2026" in shown.page(staff_client)


@pytest.mark.parametrize("hidden", ["few", "linked"])
@on_sqlite
def test_a_change_does_not_give_a_hidden_month_away(
    shown: Shown, staff_client: StaffClient, hidden: str
) -> None:
    shown.months(m202511={"hidden_inside": hidden, "hidden_in_public": hidden})
    shown.figure(breakdown="month:2025-09", n_respondents=12, n_answers=24)
    quarters(shown, value=0.333, low=0.311, high=0.355)
    page = shown.page(staff_client)
    assert "33,3" not in page
    assert "(ẩn)" in page
    shown.add(factories.figure_change)
    assert "So với tháng 01/2026" in shown.page(staff_client)


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        ("no_spread", "So với tháng 01/2026: không nêu mức thay đổi"),
        ("not_comparable", "Không so sánh được với tháng 01/2026"),
    ],
)
@on_sqlite
def test_a_change_without_an_interval_is_not_given(
    shown: Shown, staff_client: StaffClient, reason: str, words: str
) -> None:
    shown.months()
    shown.add(factories.figure_change, value=None, low=None, high=None, reason=reason)
    page = shown.page(staff_client)
    assert words in page
    assert "điểm phần trăm" not in page


@on_sqlite
def test_points_carry_their_sign(app: Flask) -> None:
    with app.test_request_context():
        assert [points_text(one) for one in (0.0161, -0.024, 0.0, -0.0004, -0.0005)] == [
            *("+1,6", "−2,4", "0,0", "0,0", "0,0")
        ]


@on_sqlite
def test_the_trend_leaves_a_gap_and_tells_former_offices(shown: Shown, staff_client: StaffClient) -> None:
    shown.months(
        m202510={"n_predecessors": 3},
        m202511={"n_predecessors": 3},
        m202601={"hidden_inside": "few", "hidden_in_public": "few"},
    )
    page = shown.page(staff_client)
    pooled = "Đến hết tháng 11/2025: cộng số phiếu của 3 đơn vị cũ, không lấy bình quân tỷ lệ"
    assert page.count(pooled) == 1
    picture = re.search(r'<svg class="chart trend".+?</svg>', page, re.DOTALL)
    assert picture is not None
    assert picture[0].count('class="dot') == 5
    assert picture[0].count('class="dot open"') == 1
    assert page.index('<th scope="row">tháng 03/2026') < page.index('<th scope="row">tháng 10/2025')
    between = {"later": "month:2025-12", "earlier": "month:2025-11"}
    shown.add(factories.figure_change, **between)
    moved = shown.page(staff_client)
    assert f"</strong> {pooled}" in moved
    assert moved.count(pooled) == 2


@on_sqlite
def test_one_month_is_no_trend(shown: Shown, staff_client: StaffClient) -> None:
    shown.figure(breakdown="month:2026-02")
    assert "Theo từng tháng" not in shown.page(staff_client)


@on_sqlite
def test_the_counts_of_a_hidden_question_are_hidden_with_it(app: Flask, staff_client: StaffClient) -> None:
    shown = Shown(app)
    with shown.database.transaction() as session:
        key = (shown.publication_id, shown.office.id, "C", "item:q2", "")
        session.get_one(factories.Figure, key).hidden_inside = "linked"
    page = shown.page(staff_client)
    spread = page[page.index("Các câu trả lời chia ra thế nào") :]
    rows = re.findall(r'<th scope="row">\d\. (Câu \d\?)</th>(.+?)</tr>', spread, re.DOTALL)
    cells = {question: re.findall(r'data-label="[^"]+">([^<]+)</td>', row) for question, row in rows}
    assert cells["Câu 1?"] == ["0", "0", "0", "30", "10", "40"]
    assert cells["Câu 2?"] == ["(ẩn)"] * 6
    assert "<rect" not in dict(rows)["Câu 2?"]


def beside(shown: Shown, values: list[float], **given: object) -> None:
    with shown.database.transaction() as session:
        for value in values:
            office = factories.office(session, parent_id=shown.province_id)
            figure = {"value": value, "low": 0.0, "high": 1.0, **given}
            factories.figure(session, publication_id=shown.publication_id, office_id=office.id, **figure)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ([0.80, 0.82, 0.83, 0.84, 0.85, 0.86, 0.87, 0.88], "chồng lên dải giữa"),
        ([0.90, 0.91, 0.92, 0.93, 0.94, 0.95, 0.96, 0.97], "nằm dưới dải giữa"),
        ([0.50, 0.51, 0.52, 0.53, 0.54, 0.55, 0.56, 0.57], "nằm trên dải giữa"),
    ],
)
@on_sqlite
def test_like_offices_are_a_band_and_never_a_rank(
    shown: Shown, staff_client: StaffClient, values: list[float], words: str
) -> None:
    beside(shown, values)
    page = shown.page(staff_client)
    assert words in page
    low, high = f"{100 * values[2]:.1f}".replace(".", ","), f"{100 * values[5]:.1f}".replace(".", ",")
    assert f"chỉ số của 8 đơn vị khác cùng loại thuộc Tỉnh Mẫu nằm trong khoảng {low}–{high}%" in page
    assert "Thứ hạng" not in page


@on_sqlite
def test_only_what_anybody_may_see_of_others_is_compared(shown: Shown, staff_client: StaffClient) -> None:
    beside(shown, [0.8] * 7)
    beside(shown, [0.8] * 5, hidden_in_public="linked")
    with shown.database.transaction() as session:
        other_kind = factories.office(session, parent_id=shown.province_id, kind="provincial_centre")
        factories.figure(session, publication_id=shown.publication_id, office_id=other_kind.id)
    assert "Bên cạnh các đơn vị cùng loại" not in shown.page(staff_client)
    beside(shown, [0.8])
    assert "chỉ số của 8 đơn vị khác" in shown.page(staff_client)


def test_classes_stand_apart_one_at_a_time(shown: Shown, staff_client: StaffClient) -> None:
    shown.figure(provenance="B", value=0.555, low=0.5, high=0.6, n_respondents=20)
    page = shown.page(staff_client)
    assert "84,2%" in page
    assert "55,5%" not in page
    assert "class=B" in page
    other = shown.page(staff_client, "?class=B")
    assert "55,5%" in other
    assert "84,2%" not in other
    for odd in ("Z", "%00", "A"):
        assert "84,2%" in shown.page(staff_client, f"?class={odd}")


@on_sqlite
def test_below_the_minimum_comments_can_still_be_read(app: Flask, staff_client: StaffClient) -> None:
    shown = Shown(app, n_respondents=4, n_answers=8, hidden_inside="few", hidden_in_public="few")
    page = shown.page(staff_client)
    assert "mới có dưới 5 phiếu, cần ít nhất 5" in page
    assert "84,2" not in page
    assert "Góp ý vẫn đọc được." in page
    assert f"/staff/offices/{shown.office.id}/comments" in page


@on_sqlite
def test_an_index_that_would_tell_of_others_is_not_called_few(app: Flask, staff_client: StaffClient) -> None:
    page = Shown(app, hidden_inside="linked", hidden_in_public="linked").page(staff_client)
    assert (
        "Không nêu chỉ số, để không suy ngược ra số của đơn vị hoặc quầy khác, hay câu trả lời của ai."
        in page
    )
    assert "84,2" not in page
    assert "dưới 5 phiếu, cần" not in page


@on_sqlite
def test_who_may_not_read_comments_is_not_sent_there(shown: Shown, staff_client: StaffClient) -> None:
    assert "/comments" not in shown.page(staff_client, role="analyst")


@on_sqlite
def test_gaps_in_the_denominator_stand_beside_it(app: Flask, shown: Shown, staff_client: StaffClient) -> None:
    with shown.database.transaction() as session:
        counts = {"n_settled": 45_679, "n_early": 30_000, "n_on_time": 15_000, "n_late": 539}
        factories.dossier_count(session, office_id=shown.office.id, month=date(2026, 3, 1), **counts)
    assert "Số hồ sơ chưa khớp ở 1 tháng" in shown.page(staff_client)
    assert "lệch 140 hồ sơ so với số đã giải quyết" in shown.page(staff_client)
    with shown.database.transaction() as session:
        field = factories.service_field(session)
        one = {"office_id": shown.office.id, "month": date(2026, 3, 1), "field_id": field.id}
        factories.dossier_count(session, **one, n_settled=45_000)
    assert "các lĩnh vực cộng lại lệch 679 hồ sơ so với tổng số đã giải quyết" in shown.page(staff_client)
    public = app.test_client().get(f"/results/quay/{shown.office.code}").get_data(as_text=True)
    assert "lệch 679 hồ sơ" in public


@on_sqlite
def test_an_office_that_is_no_more_says_so_to_its_staff(shown: Shown, staff_client: StaffClient) -> None:
    with shown.database.transaction() as session:
        session.get_one(Office, shown.office.id).valid_until = date(2026, 3, 9)
        heir = factories.office(session, name="Bộ phận Một cửa xã An Phú")
        factories.office_succession(session, predecessor_id=shown.office.id, successor_id=heir.id)
    page = shown.page(staff_client)
    assert "Đơn vị này đã kết thúc hoạt động, ngày cuối cùng là 09/03/2026." in page
    assert "Bộ phận Một cửa xã An Phú" in page
    with shown.database.transaction() as session:
        session.get_one(Office, shown.office.id).valid_until = factories.DAY
        session.get_one(Campaign, shown.campaign.id).closes_on = factories.DAY
    page = shown.page(staff_client)
    assert "Hôm nay là ngày hoạt động cuối cùng của đơn vị này." in page
    assert "Từ ngày mai, công việc chuyển sang: Bộ phận Một cửa xã An Phú." in page
    assert "đến 10/03/2026: hôm nay là ngày cuối." in page


@on_sqlite
def test_the_page_reads_no_response_and_no_sum(app: Flask, shown: Shown, staff_client: StaffClient) -> None:
    statements: list[str] = []

    @event.listens_for(app.extensions["database"].engine, "before_cursor_execute")
    def keep(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        statements.append(statement)

    shown.months()
    statements.clear()
    shown.page(staff_client)
    for table in ("response", "tally", "access_point_day", "comment"):
        assert not [one for one in statements if re.search(rf"FROM.*\b{table}\b", one, re.DOTALL)]


@on_sqlite
def test_the_page_speaks_english_too(shown: Shown, staff_client: StaffClient) -> None:
    shown.months()
    shown.add(factories.figure_change)
    beside(shown, [0.8] * 8)
    page = shown.page(staff_client, "?lang=en")
    assert "Against January 2026, in February 2026: +1.6 percentage points" in page
    for word in ("phiếu", "Chỉ số", "hài lòng", "tháng"):
        assert word not in page


@on_sqlite
def test_a_frozen_wave_is_compared_with_the_one_before(app: Flask, staff_client: StaffClient) -> None:
    with app.extensions["database"].transaction() as session:
        office = factories.office(session)
        made = []
        for year in (2024, 2025):
            annual = {"kind": "annual", "sampling_basis": "probability", "title": f"Đo lường năm {year}"}
            campaign = factories.campaign(session, **annual, opens_on=date(year, 2, 1), code=f"nam-{year}")
            factories.access_point(session, campaign_id=campaign.id, office_id=office.id)
            publication = factories.publication(session, campaign_id=campaign.id, kind="wave")
            index = {"publication_id": publication.id, "office_id": office.id, "provenance": "A"}
            factories.figure(session, **index, sampling_basis="probability")
            made.append((index, publication))
        change = {"later": "publication", "earlier": "publication", "earlier_publication_id": made[0][1].id}
        factories.figure_change(session, **made[1][0], **change)
        session.flush()
        for _, publication in made:
            session.get_one(Publication, publication.id).sealed_at = factories.MOMENT
    page = staff_client().get(f"/staff/offices/{office.id}?campaign=nam-2025").text
    page = page.replace('<span class="whole">', "").replace("</span>", "")
    assert (
        "So với Đo lường năm 2024: +1,6 điểm phần trăm (khoảng tin cậy 95%: từ −2,4 đến +5,6), "
        f"n{NO_BREAK}={NO_BREAK}45 phiếu lần trước và 40 phiếu lần này. "
        "<strong>Chưa đủ cơ sở để nói là thay đổi.</strong>"
    ) in page


@on_sqlite
def test_n_counts_forms_and_says_how_many_answered_at_least(app: Flask, staff_client: StaffClient) -> None:
    shown = Shown(app, n_respondents=40, n_people=34, population_size=400)
    page = shown.page(staff_client).replace("\N{NO-BREAK SPACE}", " ")
    assert "n = 40 phiếu loại C trên 400 hồ sơ đã giải quyết (độ bao phủ 10,0%)." in page
    assert "Trong đó ít nhất 34 phiếu có trả lời câu tính điểm." in page
    assert "trên 100%" not in page


@on_sqlite
def test_coverage_above_a_hundred_says_what_it_may_mean(app: Flask, staff_client: StaffClient) -> None:
    shown = Shown(app, n_respondents=40, population_size=30)
    assert "số phiếu nhiều hơn số hồ sơ đã giải quyết" in shown.page(staff_client)


@on_sqlite
def test_fields_say_how_many_forms_are_in_none(app: Flask, staff_client: StaffClient) -> None:
    shown = Shown(app, n_respondents=40)
    shown.figure(breakdown="field:DAT-DAI", n_respondents=33, n_answers=66)
    assert "7 trong 40 phiếu không nằm trong lĩnh vực nào" in shown.page(staff_client)


@on_sqlite
def test_counters_without_a_figure_are_named_with_the_same_words(
    app: Flask, shown: Shown, staff_client: StaffClient
) -> None:
    """One has answers that wait, one has none: the page tells the same of both, and no count."""
    with shown.database.transaction() as session:
        where = {"office_id": shown.office.id, "campaign_id": shown.campaign.id}
        for number, n_received in ((2, 4), (3, 0)):
            counter = factories.counter(session, office_id=shown.office.id, label=f"Quầy số {number}")
            point = factories.access_point(session, counter_id=counter.id, **where)
            factories.access_point_day(session, access_point_id=point.id, n_received=n_received)
        # Answers of another class come to this one.
        other = factories.counter(session, office_id=shown.office.id, label="Quầy số 4")
        factories.access_point(session, counter_id=other.id, way_in="screen", provenance="B", **where)
    shown.figure(breakdown=f"counter:{shown.counter_id}")
    page = shown.page(staff_client, role="office_manager")
    assert "Chưa có số liệu: Quầy số 2, Quầy số 3." in page
    assert "Quầy số 4" not in page
    words = "Phiếu của một quầy được đưa vào số liệu mỗi lần từ 5 phiếu trở lên"
    assert page.count(words) == 1
    assert words in staff_client("office_manager", shown.office.id).get("/staff/codes").text


@on_sqlite
@pytest.mark.parametrize(
    ("whole", "line"),
    [
        ({}, f"84,2% hài lòng (77,0–89,3%), n{NO_BREAK}={NO_BREAK}40 phiếu loại C"),
        ({"n_respondents": 4}, "Chưa nêu chỉ số: mới có dưới 5 phiếu, cần ít nhất 5."),
        ({"hidden_inside": "linked"}, "Không nêu chỉ số"),
    ],
)
def test_the_first_page_says_how_each_office_does(
    app: Flask, staff_client: StaffClient, whole: dict[str, object], line: str
) -> None:
    shown = Shown(app, **whole)
    with shown.database.transaction() as session:
        factories.office(session, name="Bộ phận Một cửa xã Chưa Có", parent_id=shown.province_id)
    manager, above = staff_client("office_manager", shown.office.id), staff_client("administrator")
    for client in (manager, above):
        page = client.get("/staff").text.replace('<span class="whole">', "").replace("</span>", "")
        assert line in page
    assert "Chưa có chỉ số." in above.get("/staff").text
    assert "xã Chưa Có" not in manager.get("/staff").text


@on_sqlite
def test_what_the_public_does_not_see_yet_says_from_when_on(app: Flask, staff_client: StaffClient) -> None:
    few = Shown(app, n_respondents=7, hidden_in_public="few").page(staff_client)
    assert "Người dân thấy khi có từ 10 phiếu." in few
