"""What the public and the staff see of figures."""

import csv
import io
import re
import subprocess
import sys
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event, select

from survey_app.models.access_point import AccessPoint
from survey_app.models.campaign import Campaign
from survey_app.models.instrument import InstrumentVersion
from survey_app.models.publication import Publication
from survey_app.publish.open_data.routes import DOWNLOADS_AT_ONCE
from survey_app.web.formatting import percent_text, range_text
from tests import factories
from tests.conftest import StaffClient
from tests.factories import DAY
from tests.survey_app.publish.counter_feedback import NOT_SATISFIED, receive, release

NO_BREAK = "\N{NO-BREAK SPACE}"


def shown(app: Flask, n_respondents: int = 40, **figure: object) -> tuple[Campaign, factories.Office]:
    """A campaign with one office's figures: the index and question 1."""
    with app.extensions["database"].transaction() as session:
        campaign = factories.campaign(
            session, code="quay", sampling_basis=figure.get("sampling_basis", "opt_in")
        )
        publication = factories.publication(session, campaign_id=campaign.id)
        office = factories.office(session, name="Bộ phận Một cửa xã Mẫu")
        point = factories.access_point(session, campaign_id=campaign.id, office_id=office.id)
        factories.access_point_day(session, access_point_id=point.id, n_received=n_respondents)
        factories.office_release(
            session, campaign_id=campaign.id, office_id=office.id, n_released=n_respondents
        )
        for measure, n_answers in (("index", 2 * n_respondents), ("item:q1", n_respondents)):
            factories.figure(
                session,
                publication_id=publication.id,
                office_id=office.id,
                measure=measure,
                n_respondents=n_respondents,
                n_answers=n_answers,
                **figure,
            )
    return campaign, office


def test_a_survey_says_below_its_title_where_and_by_which_form_it_measures(
    app: Flask, client: FlaskClient
) -> None:
    campaign, _office = shown(app)
    page = client.get("/results/quay").get_data(as_text=True)
    with app.extensions["database"].transaction() as session:
        version = session.get_one(InstrumentVersion, campaign.instrument_version_id)
        form = version.definition.title.in_language("vi")
        (publication,) = session.scalars(select(Publication))
        for number in range(1, 5):
            office = factories.office(session, name=f"Xã {number}")
            factories.figure(session, publication_id=publication.id, office_id=office.id)
    by_form = f" đơn vị có số liệu), bằng phiếu “{form}”, phiên bản {version.version}."
    assert f'</h1>\n<p class="soft">Phạm vi đo: Bộ phận Một cửa xã Mẫu (1{by_form}' in page
    page = client.get("/results/quay?q=Mau").get_data(as_text=True)
    assert f"Phạm vi đo: Bộ phận Một cửa xã Mẫu, Xã 1, Xã 2 và 2 nơi khác (5{by_form}" in page


def downloaded(client: FlaskClient, code: str = "quay") -> list[dict[str, str]]:
    return list(
        csv.DictReader(io.StringIO(client.get(f"/results/{code}.csv").get_data().decode("utf-8-sig")))
    )


def pages(client: FlaskClient, office: factories.Office) -> list[str]:
    return [client.get(f"/results/quay{path}").text for path in ("", f"/{office.code}")]


@pytest.mark.parametrize("path", ["%00", "a%00b/c", "%00.csv", "quay/%00", "quay%00/%00"])
def test_address_with_a_symbol_that_nobody_can_type_is_not_found(
    app: Flask, client: FlaskClient, path: str
) -> None:
    shown(app)
    assert client.get(f"/results/{path}").status_code == 404


def test_page_digits_equal_the_digits_of_the_file(app: Flask, client: FlaskClient) -> None:
    _, office = shown(app)
    line = downloaded(client)[0]
    with app.test_request_context():
        value = percent_text(float(line["estimate"]))
        limits = range_text(float(line["low"]), float(line["high"]))
    assert (value, limits) == ("84,2%", "77,0–89,3%")
    for page in pages(client, office):
        assert value in page
        assert limits in page


def test_the_first_sentence_says_index_range_n_and_coverage(app: Flask, client: FlaskClient) -> None:
    _, office = shown(app)
    page = client.get(f"/results/quay/{office.code}").text.replace('<span class="whole">', "")
    assert (
        "Chỉ số hài lòng: 84,2% (khoảng ước tính theo mô hình 95%: 77,0–89,3%</span>), "
        f"n{NO_BREAK}={NO_BREAK}40 phiếu loại C trên 400 hồ sơ đã giải quyết (độ bao phủ 10,0%)."
    ) in page
    assert "Cứ 100 câu trả lời có khoảng 84 câu hài lòng." in page


def test_an_opt_in_range_is_never_called_a_confidence_interval(
    app: Flask, client: FlaskClient, staff_client: StaffClient
) -> None:
    _, office = shown(app)
    inside = staff_client().get(f"/staff/offices/{office.id}").text
    for page in (*pages(client, office), inside):
        assert "ước tính theo mô hình" in page
        assert "tin cậy" not in page


def test_a_probability_sample_has_a_confidence_interval(app: Flask, client: FlaskClient) -> None:
    _, office = shown(app, sampling_basis="probability", provenance="A")
    overview, page = pages(client, office)
    assert "Khoảng tin cậy 95%" in overview
    assert "(khoảng tin cậy 95%: " in page
    assert "Nếu hỏi tất cả người được phục vụ, con số này nhiều khả năng nằm trong khoảng 77 đến 89." in page
    assert "theo mô hình" not in overview + page


def test_a_suppressed_figure_shows_nothing_in_public(app: Flask, client: FlaskClient) -> None:
    _, office = shown(app, n_respondents=9, population_size=433)
    for page in pages(client, office):
        assert "84,2" not in page
        assert "77,0" not in page
        assert f"{NO_BREAK}9" not in page
        assert '<td class="number" data-label="n">9<' not in page
    assert "Chưa nêu chỉ số: mới có dưới 10 phiếu, cần ít nhất 10." in pages(client, office)[1]
    for line in downloaded(client):
        assert line["reason"] == "hidden"
        assert [name for name, cell in line.items() if cell.replace(".", "").isdecimal()] == [
            "level",
            "method_version",
            "publication_id",
        ]


def test_a_question_that_few_answered_is_suppressed_alone(app: Flask, client: FlaskClient) -> None:
    campaign, office = shown(app)
    with app.extensions["database"].transaction() as session:
        publication = session.scalars(select(factories.Publication.id)).one()
        factories.figure(
            session,
            publication_id=publication,
            office_id=office.id,
            measure="item:q2",
            value=0.333,
            low=0.1,
            high=0.7,
            n_answers=9,
        )
    page = client.get(f"/results/{campaign.code}/{office.code}").text
    assert "33,3" not in page
    assert "(ẩn)" in page
    assert "dưới 10" in page


def test_staff_see_figures_from_five_responses_on(app: Flask, staff_client: StaffClient) -> None:
    _, office = shown(app, n_respondents=5)
    page = staff_client().get(f"/staff/offices/{office.id}").text
    assert "84,2%" in page
    assert "Hiện chỉ cán bộ" in page


def test_below_five_staff_see_no_figure_either(app: Flask, staff_client: StaffClient) -> None:
    _, office = shown(app, n_respondents=4)
    page = staff_client().get(f"/staff/offices/{office.id}").text
    assert "84,2" not in page
    assert "mới có dưới 5 phiếu, cần ít nhất 5" in page


def test_a_manager_sees_no_other_office_than_those_below(app: Flask, staff_client: StaffClient) -> None:
    _, office = shown(app)
    with app.extensions["database"].transaction() as session:
        other = factories.office(session)
    client = staff_client("office_manager", office.id)
    assert client.get(f"/staff/offices/{office.id}").status_code == 200
    assert client.get(f"/staff/offices/{other.id}").status_code == 404
    assert client.get("/staff/offices/9223372036854775808").status_code == 404


def point_of(app: Flask) -> AccessPoint:
    with app.extensions["database"].transaction() as session:
        campaign = factories.campaign(session, code="quay")
        return factories.access_point(session, campaign_id=campaign.id)


def test_the_manager_is_told_what_to_look_at_first(app: Flask, staff_client: StaffClient) -> None:
    point = point_of(app)
    database = app.extensions["database"]
    with database.transaction() as session:
        for days in range(1, 7):
            receive(session, point, 2, {"q1": "5", "q2": "1"}, DAY.replace(day=days))
            receive(session, point, 1, {"q1": "4", "q2": "4"}, DAY.replace(day=days))
    release(database)
    page = staff_client().get(f"/staff/offices/{point.office_id}").text
    assert "Nên xem trước: “Câu 2?”, 33,3% hài lòng" in page
    assert page.index('<th scope="row">2. Câu 2?') < page.index('<th scope="row">1. Câu 1?')


def test_an_office_without_responses_is_told_to_look_at_its_codes(
    app: Flask, staff_client: StaffClient
) -> None:
    point = point_of(app)
    page = staff_client().get(f"/staff/offices/{point.office_id}").text
    assert "Chưa có phiếu nào từ 18/02/2026. Hãy kiểm tra mã QR còn dán và còn quét được." in page
    with app.extensions["database"].transaction() as session:
        receive(session, point, 3, NOT_SATISFIED)
    page = staff_client().get(f"/staff/offices/{point.office_id}").text
    assert "mới có dưới 5 phiếu, cần ít nhất 5" in page


def test_staff_are_told_that_enough_responses_wait(app: Flask, staff_client: StaffClient) -> None:
    point = point_of(app)
    with app.extensions["database"].transaction() as session:
        receive(session, point, 6, {"q1": "5"})
        receive(session, point, 1)
    release(app.extensions["database"])
    page = staff_client().get(f"/staff/offices/{point.office_id}").text
    assert "đã có từ 5 phiếu, nhưng có câu hỏi mới được dưới 5 phiếu trả lời" in page


def test_offices_stand_by_name_and_are_found_without_marks(app: Flask, client: FlaskClient) -> None:
    with app.extensions["database"].transaction() as session:
        publication = factories.publication(session, campaign_id=factories.campaign(session, code="quay").id)
        factories.office_release(session, campaign_id=publication.campaign_id)
        province = factories.office(session, code="T", name="Tỉnh Mẫu", kind="province")
        factories.figure(session, publication_id=publication.id, office_id=province.id)
        for place, (name, value) in enumerate((("Hòa An", 0.8), ("Đông Hà", 0.89), ("Mỹ Lộc", 0.78))):
            office = factories.office(session, name=name, parent_id=province.id, sort_key=str(9 - place))
            factories.figure(session, publication_id=publication.id, office_id=office.id, value=value)
    page = client.get("/results/quay").text
    assert page.index("Mỹ Lộc") < page.index("Đông Hà") < page.index("Hòa An")
    for query, name in (("hoa", "Hòa An"), ("DONG HA", "Đông Hà"), ("mi", "Mỹ Lộc"), ("xã Hoà An", "Hòa An")):
        found = client.get("/results/quay", query_string={"q": query}).text
        assert [other for other in ("Hòa An", "Đông Hà", "Mỹ Lộc") if other in found] == [name]
    assert "Không tìm thấy “xyz”. Thử bớt chữ." in client.get("/results/quay?q=xyz").text
    assert "Hòa An" in client.get("/results/quay?parent=T").text
    assert "Hòa An" not in client.get("/results/quay?parent=unknown").text


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_a_long_list_has_pages_of_twenty(app: Flask, client: FlaskClient) -> None:
    with app.extensions["database"].transaction() as session:
        publication = factories.publication(session, campaign_id=factories.campaign(session, code="quay").id)
        factories.office_release(session, campaign_id=publication.campaign_id)
        for _ in range(21):
            factories.figure(session, publication_id=publication.id)
    assert client.get("/results/quay").text.count('<th scope="row">') == 20
    assert client.get("/results/quay?page=2").text.count('<th scope="row">') == 1
    for odd in ("0", "99", "-1", "²", "x", "9" * 30):
        assert client.get("/results/quay", query_string={"page": odd}).status_code == 200


def test_an_office_name_never_becomes_a_formula(app: Flask, client: FlaskClient) -> None:
    shown(app)
    with app.extensions["database"].transaction() as session:
        session.execute(factories.Office.__table__.update().values(name='=HYPERLINK("http://x")'))
    answer = client.get("/results/quay.csv")
    assert answer.mimetype == "text/csv"
    assert answer.get_data().startswith("\ufeff".encode())
    assert downloaded(client)[0]["office_name"] == '\'=HYPERLINK("http://x")'


def test_no_more_than_four_download_at_once(app: Flask, client: FlaskClient) -> None:
    shown(app)
    begun = [client.get("/results/quay.csv", buffered=False) for _ in range(DOWNLOADS_AT_ONCE)]
    refused = client.get("/results/quay.csv")
    assert (refused.status_code, refused.headers["Retry-After"]) == (503, "30")
    assert "nhiều người đang tải" in refused.text
    begun.pop().close()
    begun.append(client.get("/results/quay.csv", buffered=False))
    assert begun[-1].status_code == 200
    for answer in begun:
        answer.close()


@pytest.mark.parametrize("method", ["HEAD", "GET"])
def test_a_download_makes_room_however_it_ends(app: Flask, client: FlaskClient, method: str) -> None:
    shown(app)
    for is_read in (True, False) * DOWNLOADS_AT_ONCE:
        with client.open("/results/quay.csv", method=method, buffered=is_read) as answer:
            assert answer.status_code == 200


def test_unknown_and_future_campaigns_look_the_same(app: Flask, client: FlaskClient) -> None:
    with app.extensions["database"].transaction() as session:
        factories.campaign(session, code="later", opens_on=DAY.replace(year=2027))
    for code in ("later", "unknown"):
        for path in ("", ".csv", "/O1"):
            assert client.get(f"/results/{code}{path}").status_code == 404


def test_a_campaign_without_figures_says_so(app: Flask, client: FlaskClient) -> None:
    point_of(app)
    assert "Chưa công bố số liệu nào." in client.get("/results").text
    assert "Chưa công bố số liệu nào." in client.get("/results/quay").text
    assert client.get("/results/quay.csv").status_code == 404


def test_a_frozen_publication_says_when_and_by_which_method(app: Flask, client: FlaskClient) -> None:
    with app.extensions["database"].transaction() as session:
        campaign = factories.campaign(session, code="nam", kind="annual", sampling_basis="probability")
        publication = factories.publication(session, campaign_id=campaign.id, kind="wave")
        factories.figure(session, publication_id=publication.id, provenance="A", sampling_basis="probability")
        publication.sealed_at = factories.MOMENT
    page = client.get("/results/nam").text
    assert "Đã chốt ngày 10/03/2026, phiên bản phương pháp 1. Bản công bố này được giữ nguyên;" in page


@pytest.mark.parametrize("path", ["/results", "/results/quay", "/results/quay/{code}", "/staff/offices/{id}"])
def test_every_page_speaks_english_too(app: Flask, staff_client: StaffClient, path: str) -> None:
    _, office = shown(app)
    page = staff_client().get(path.format(code=office.code, id=office.id) + "?lang=en").text
    assert '<html lang="en">' in page
    for word in ("phiếu", "Chỉ số", "hài lòng"):
        assert word not in page


@pytest.mark.parametrize("path", ["/results", "/results/quay", "/results/quay/{code}", "/results/quay.csv"])
def test_public_pages_read_figures_never_responses_or_sums(
    app: Flask, client: FlaskClient, path: str
) -> None:
    _, office = shown(app)
    statements: list[str] = []

    @event.listens_for(app.extensions["database"].engine, "before_cursor_execute")
    def keep(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        statements.append(statement)

    assert client.get(path.format(code=office.code)).get_data()
    assert statements
    for table in ("response", "tally", "access_point_day"):
        assert not [one for one in statements if re.search(rf"FROM.*\b{table}\b", one, re.DOTALL)]


def test_pages_load_no_numpy() -> None:
    code = (
        "import sys, survey_app.publish.routes, survey_app.publish.releasing.due;"
        "print([name for name in ('numpy', 'scipy', 'analysis') if name in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("provenance", "sampling_basis", "says"),
    [
        ("A", "probability", "đủ cơ sở để nói về tất cả người được phục vụ và để xếp hạng"),
        ("B", "opt_in", "giúp thấy việc cần sửa tại quầy; không đủ cơ sở để nói về tất cả"),
        ("C", "opt_in", "giúp thấy sớm chỗ còn vướng; không đủ cơ sở để nói về tất cả"),
        ("D", "opt_in", "giúp nghe cả người không tự trả lời được; không đủ cơ sở để nói về tất cả"),
    ],
)
def test_the_page_says_what_each_class_bears(
    app: Flask,
    client: FlaskClient,
    staff_client: StaffClient,
    provenance: str,
    sampling_basis: str,
    says: str,
) -> None:
    campaign, office = shown(app, provenance=provenance, sampling_basis=sampling_basis)
    inside = staff_client("administrator").get(f"/staff/offices/{office.id}?campaign={campaign.code}")
    for page in (client.get(f"/results/quay/{office.code}").text, inside.text):
        assert page.count(f"Phiếu loại {provenance} {says}") == 1


def test_each_class_says_which_dossiers_its_coverage_is_of_where_they_are_known(
    app: Flask, client: FlaskClient
) -> None:
    _, office = shown(app, population_size=1_555)
    with app.extensions["database"].transaction() as session:
        publication = session.scalars(select(Publication)).one()
        index = {"publication_id": publication.id, "office_id": office.id, "measure": "index"}
        factories.figure(session, **index, provenance="B", population_size=None)
    page = client.get(f"/results/quay/{office.code}").text
    assert "1.555 hồ sơ là tất cả hồ sơ đã giải quyết trong các tháng từ phiếu loại C đầu tiên" in page
    assert page.count("độ bao phủ không phải tỷ lệ trả lời") == 1


@pytest.fixture
def merged(app: Flask) -> dict[str, factories.Office]:
    """Two offices of a province with figures; the first ended and handed its work to the second."""
    with app.extensions["database"].transaction() as session:
        campaign = factories.campaign(session, code="quay")
        publication = factories.publication(session, campaign_id=campaign.id)
        province = factories.office(session, kind="province", name="Tỉnh Mẫu", code="T")
        last_day = DAY - timedelta(days=1)
        old = factories.office(
            session, name="Một cửa xã Cũ", code="CU", parent_id=province.id, valid_until=last_day
        )
        new = factories.office(session, name="Một cửa xã Mới", code="MOI", parent_id=province.id)
        factories.office_succession(session, predecessor_id=old.id, successor_id=new.id, took_over_on=DAY)
        for office, population in ((province, None), (old, None), (new, 200)):
            figure = {"publication_id": publication.id, "office_id": office.id, "population_size": population}
            factories.figure(session, **figure)
        for office in (old, new):
            factories.access_point(session, campaign_id=campaign.id, office_id=office.id)
    return {"province": province, "old": old, "new": new}


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_an_office_that_ended_is_not_offered_as_alive(
    client: FlaskClient, merged: dict[str, factories.Office]
) -> None:
    listed = client.get("/results/quay").text
    rows = dict(re.findall(r'<th scope="row"><a href="/results/quay/(\w+)">(.*?)</th>', listed, re.DOTALL))
    assert {code: "kết thúc 09/03/2026" in row for code, row in rows.items()} == {
        "T": False,
        "CU": True,
        "MOI": False,
    }
    page = client.get("/results/quay/CU").text
    assert "Đơn vị này đã kết thúc hoạt động, ngày cuối cùng là 09/03/2026." in page
    assert 'Công việc do đơn vị sau tiếp nhận: <a href="/results/quay/MOI">Một cửa xã Mới</a>.' in page
    assert "84,2%" in page
    assert "Its work went to: <a" in client.get("/results/quay/CU?lang=en").text
    assert "Đơn vị này đã kết thúc" not in client.get("/results/quay/MOI").text


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_an_office_is_alive_on_its_last_day(
    app: Flask, client: FlaskClient, merged: dict[str, factories.Office]
) -> None:
    with app.extensions["database"].transaction() as session:
        session.get_one(factories.Office, merged["old"].id).valid_until = DAY
    assert "kết thúc 10/03/2026" not in client.get("/results/quay").text
    assert "Đơn vị này đã kết thúc" not in client.get("/results/quay/CU").text


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_a_parent_says_from_how_many_offices_it_comes_and_whose_coverage_is_known(
    client: FlaskClient, merged: dict[str, factories.Office], staff_client: StaffClient
) -> None:
    addresses = ("/results/quay", "/results/quay/T", f"/staff/offices/{merged['province'].id}")
    reader = staff_client("administrator")
    for page in (reader.get(address).text for address in addresses):
        assert "Từ 2 trong 2 đơn vị." in page
        assert (
            "Độ bao phủ tính được ở 1 trong 2 đơn vị này, mỗi đơn vị theo các tháng có phiếu của mình: "
            "40 phiếu trên 200 hồ sơ đã giải quyết (20,0%)." in page
        )
        assert "Các đơn vị còn lại thiếu số hồ sơ, hoặc chưa đủ phiếu để nêu." in page
    assert "From 2 of 2 offices." in client.get("/results/quay?lang=en").text
    assert "trong 2 đơn vị" not in client.get("/results/quay/MOI").text
