"""The page that a screen shows, and the pages on which staff put screens up and take them down."""

import re
from datetime import timedelta
from types import SimpleNamespace

import pytest
import zxingcpp
from sqlalchemy import select

from survey_app import create_app
from survey_app.config import SECRET_BYTES, read_settings
from survey_app.models import rotating_code
from survey_app.models.access_point import AccessPoint
from survey_app.models.audit import AuditLine
from survey_app.models.campaign import Campaign
from survey_app.models.short_code import printed
from survey_app.models.staff import StaffSession
from survey_app.prepare.screens import routes
from tests import factories
from tests.factories import DAY
from tests.page_inspector import Page
from tests.survey_app.prepare.codes.test_qr import drawn

pytestmark = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)


@pytest.fixture
def screen(app, settings):
    """An open screen at a counter, in an office below a province."""
    with app.extensions["database"].transaction() as session:
        office = factories.office(session, name="Bộ phận Một cửa xã Hòa")
        counter = factories.counter(session, office_id=office.id, label="Quầy số 3")
        campaign = factories.campaign(session, code="tai-quay")
        point = factories.access_point(
            session,
            campaign_id=campaign.id,
            office_id=office.id,
            counter_id=counter.id,
            way_in="screen",
            provenance="B",
        )
    return SimpleNamespace(
        id=point.id,
        code=point.code,
        path=rotating_code.screen_path(point.code, settings.secrets[0]),
        campaign_id=campaign.id,
        office=office,
        counter=counter,
    )


@pytest.fixture
def manager(staff_client, screen):
    return staff_client("office_manager", screen.office.id)


def change(app, kind, row_id, **values):
    with app.extensions["database"].transaction() as session:
        row = session.get_one(kind, row_id)
        for name, value in values.items():
            setattr(row, name, value)


def scanned(svg):
    image = drawn(svg)
    (found,) = zxingcpp.read_barcodes(image.resize((image.width * 6, image.height * 6), 0))
    return found.text


def picture_on(page):
    return re.search(r"<svg.*?</svg>", page.text, re.DOTALL)[0]


def screens(app):
    with app.extensions["database"].reading() as session:
        return list(session.scalars(select(AccessPoint).where(AccessPoint.way_in == "screen")))


def post(client, address, **fields):
    token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', client.get("/staff/codes").text)[1]
    return client.post(address, data={"csrf_token": token, **fields})


def test_the_page_shows_place_question_code_and_trust_in_both_languages(client, screen, settings, clock):
    page = client.get(screen.path)
    assert page.status_code == 200
    ticket = rotating_code.ticket(screen.code, clock(), settings.secrets[0])
    text = page.text.replace("\N{NO-BREAK SPACE}", " ")
    for words in (
        "Quầy số 3",
        "Bộ phận Một cửa xã Hòa",
        "Hôm nay Ông/Bà được phục vụ thế nào?",
        "How were you served today?",
        "Quét mã, chưa đến 1 phút, không hỏi tên",
        "Không quét được: vào 127.0.0.1:8000, gõ",
        "Không hỏi tiền, mật khẩu, mã OTP",
        rotating_code.printed(screen.code, ticket),
    ):
        assert words in text


def test_the_picture_leads_to_the_form(client, screen):
    address = scanned(picture_on(client.get(screen.path)))
    assert address.startswith("HTTP://127.0.0.1:8000/S/")
    assert client.get(address.removeprefix("HTTP://127.0.0.1:8000")).status_code == 200


def test_the_script_is_told_the_same_code_and_its_times(client, screen, settings, clock):
    told = client.get(f"{screen.path}/now")
    assert told.headers["Cache-Control"] == "no-store"
    assert told.json["picture"] == picture_on(client.get(screen.path))
    assert told.json["seconds"] == round(rotating_code.seconds_left(clock()), 1)
    assert told.json["seconds_accepted"] == round(rotating_code.seconds_accepted(clock()), 1)
    assert len(told.data) < 4500  # the one small request a step


def test_the_code_changes_with_the_step_and_not_before(client, screen, clock):
    first = client.get(f"{screen.path}/now").json
    clock.advance(seconds=first["seconds"] - 0.5)
    assert client.get(f"{screen.path}/now").json["typed"] == first["typed"]
    clock.advance(seconds=1)
    assert client.get(f"{screen.path}/now").json["typed"] != first["typed"]


def test_the_page_is_one_answer_under_a_policy_that_lets_nothing_else_in(client, screen):
    page = client.get(screen.path)
    policy = page.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert page.headers["Referrer-Policy"] == "no-referrer"
    assert "Set-Cookie" not in page.headers
    assert not Page(page.text).values("src")
    assert len(page.data) < 16_000


def test_without_script_the_page_loads_itself_again_when_the_step_ends(client, screen, clock):
    (wait,) = re.findall(
        r'<noscript><meta http-equiv="refresh" content="(\d+)"></noscript>', client.get(screen.path).text
    )
    assert 0 < int(wait) - rotating_code.seconds_left(clock()) <= 2


@pytest.mark.parametrize("spelled", [str.lower, lambda text: re.sub("(....)", r"\1-", text.replace("-", ""))])
def test_the_address_may_be_typed_on_a_tv(client, screen, spelled):
    assert client.get("/screen/" + spelled(screen.path.removeprefix("/screen/"))).status_code == 200


@pytest.mark.parametrize(
    "wrong",
    [
        lambda path: path[:-1] + ("2" if path[-1] != "2" else "3"),
        lambda path: path[:-1],
        lambda path: path + "2",
        lambda path: path.rpartition("-")[0],
        lambda path: path.rpartition("-")[0] + "-",
        lambda path: "/screen/22222222-" + path.rpartition("-")[2],
        lambda path: path + "%ED%A0%80",
        lambda path: "/screen/" + "é" * 24,
    ],
)
def test_a_wrong_proof_looks_like_no_screen_at_all(client, screen, wrong):
    missing = client.get("/screen/23456789-2222222222222222")
    for address in (wrong(screen.path), wrong(screen.path) + "/now"):
        page = client.get(address)
        assert page.status_code == missing.status_code == 404
        assert page.text == missing.text


def test_the_proof_of_a_poster_opens_no_screen(app, client, settings):
    with app.extensions["database"].transaction() as session:
        code = factories.access_point(session).code
    assert client.get(rotating_code.screen_path(code, settings.secrets[0])).status_code == 404


def test_the_address_outlives_a_new_secret(app, screen, settings, clock):
    file = settings.data_dir / "secrets"
    file.write_text("ab" * SECRET_BYTES + "\n" + file.read_text("ascii"), "ascii")
    rotated = create_app(
        read_settings({"DATA_DIR": str(settings.data_dir), "DATABASE_URL": settings.database_url}), clock
    )
    client = rotated.test_client()
    told = client.get(f"{screen.path}/now").json
    address = scanned(told["picture"]).removeprefix("HTTP://127.0.0.1:8000")
    assert client.get(address).status_code == 200
    rotated.extensions["desk"].writer.close()
    rotated.extensions["database"].engine.dispose()


STOPPED = {
    "revoked": (AccessPoint, "id", {"revoked_on": DAY}, "Màn hình này đã ngừng dùng từ ngày 10/03/2026."),
    "paused": (AccessPoint, "id", {"paused_on": DAY}, "Màn hình này tạm dừng từ ngày 10/03/2026."),
    "not yet open": (
        Campaign,
        "campaign_id",
        {"opens_on": DAY + timedelta(days=1)},
        "Cuộc khảo sát bắt đầu ngày 11/03/2026.",
    ),
    "closed": (
        Campaign,
        "campaign_id",
        {"closes_on": DAY - timedelta(days=1)},
        "Cuộc khảo sát đã kết thúc ngày 09/03/2026.",
    ),
}


@pytest.mark.parametrize(("kind", "row", "values", "words"), STOPPED.values(), ids=STOPPED)
def test_a_screen_that_opens_no_form_shows_no_code_and_says_why(
    app, client, screen, kind, row, values, words
):
    change(app, kind, getattr(screen, row), **values)
    page = client.get(screen.path)
    assert page.status_code == 410
    assert words in page.text
    assert "<svg" not in page.text
    told = client.get(f"{screen.path}/now")
    assert told.status_code == 410
    assert told.json == {"problem": [words, told.json["problem"][1]], "seconds": routes.ASKS_AGAIN_SECONDS}
    assert "March 2026" in told.json["problem"][1]


def test_a_screen_of_the_demo_says_so(app, client, screen, settings):
    assert "Dữ liệu minh họa" not in client.get(screen.path).text
    with app.extensions["database"].transaction() as session:
        demo = factories.campaign(session, is_demo=True)
        point = factories.access_point(session, campaign_id=demo.id, way_in="screen", provenance="B")
    page = client.get(rotating_code.screen_path(point.code, settings.secrets[0]))
    assert "Dữ liệu minh họa, không phải đơn vị thật" in page.text


def test_a_place_gets_one_screen_of_class_b_beside_its_poster(app, manager, screen):
    with app.extensions["database"].transaction() as session:
        counter = factories.counter(session, office_id=screen.office.id, label="Quầy số 4")
    fields = {"campaign": "tai-quay", "place": f"{screen.office.id}-{counter.id}"}
    answers = [post(manager, "/staff/screens", **fields) for _ in range(2)]
    new = screens(app)[1:]
    assert [answer.location for answer in answers] == [f"/staff/screens/{new[0].id}"] * 2
    assert [(point.counter_id, point.mode, point.provenance) for point in new] == [(counter.id, "web", "B")]
    with app.extensions["database"].reading() as session:
        lines = session.execute(select(AuditLine.act, AuditLine.office_id, AuditLine.what)).all()
    said = f"Tạo {printed(new[0].code)} (màn hình), tai-quay"
    assert lines == [("codes.issue", screen.office.id, said)]


def test_staff_get_the_address_as_picture_link_and_letters(manager, screen):
    page = manager.get(f"/staff/screens/{screen.id}")
    assert "Quầy số 3, Bộ phận Một cửa xã Hòa" in page.text
    assert f'href="{screen.path}"' in page.text
    assert f"127.0.0.1:8000{screen.path}" in page.text
    assert scanned(picture_on(page)) == f"http://127.0.0.1:8000{screen.path}"


def test_the_list_of_codes_leads_to_a_screen_and_offers_one_where_none_is(app, manager, screen):
    page = manager.get("/staff/codes").text
    assert "Màn hình tại quầy" in page
    assert f'href="/staff/screens/{screen.id}"' in page
    assert f'href="/staff/codes/{screen.id}/revoke"' in page
    assert "Tạo màn hình" not in page
    change(app, AccessPoint, screen.id, revoked_on=DAY)
    page = manager.get("/staff/codes").text
    assert f'name="place" value="{screen.office.id}-{screen.counter.id}">Tạo màn hình' in page
    assert f"/staff/screens/{screen.id}" not in page


def test_revoking_a_screen_darkens_it_and_shows_no_address_any_more(app, client, manager, screen):
    asked = manager.get(f"/staff/codes/{screen.id}/revoke").text
    assert "Sau đó màn hình tại quầy không còn hiện mã." in asked
    post(manager, f"/staff/codes/{screen.id}/revoke")
    assert screens(app)[0].revoked_on == DAY
    assert client.get(screen.path).status_code == 410
    assert manager.get(f"/staff/screens/{screen.id}").location == f"/staff/codes/{screen.id}/revoke"


def test_foreign_offices_look_as_if_they_did_not_exist(app, manager, screen):
    with app.extensions["database"].transaction() as session:
        other = factories.office(session)
        point = factories.access_point(session, office_id=other.id, way_in="screen", provenance="B")
    assert manager.get(f"/staff/screens/{point.id}").status_code == 404
    assert manager.get("/staff/screens/999999").status_code == 404
    for place in (f"{other.id}-0", "999999-0", "nonsense"):
        assert post(manager, "/staff/screens", campaign="tai-quay", place=place).status_code == 404
    assert len(screens(app)) == 2


def test_a_poster_has_no_screens_page_and_a_screen_no_picture_to_print(app, manager, screen):
    with app.extensions["database"].transaction() as session:
        poster = factories.access_point(
            session, office_id=screen.office.id, campaign_id=screen.campaign_id
        ).id
    assert manager.get(f"/staff/screens/{poster}").status_code == 404
    for ending in ("svg", "png"):
        assert manager.get(f"/staff/codes/{screen.id}.{ending}").status_code == 404


def test_screens_are_made_neither_without_signing_in_nor_without_the_forgery_token(
    app, client, manager, screen
):
    assert client.get(f"/staff/screens/{screen.id}").location.startswith("/staff/sign-in")
    fields = {"campaign": "tai-quay", "place": f"{screen.office.id}-{screen.counter.id}"}
    change(app, AccessPoint, screen.id, revoked_on=DAY)
    assert manager.post("/staff/screens", data=fields).status_code == 400
    assert len(screens(app)) == 1


def test_a_screen_opens_from_an_account_only_after_signing_out(app, manager, screen):
    asked = manager.get(screen.path)
    assert "Máy này đang đăng nhập tài khoản của" in asked.text
    assert f"127.0.0.1:8000{screen.path}" in asked.text  # for another device
    assert "Mã tự đổi" not in asked.text
    opened = post_from(manager, screen.path, screen.path)
    assert (opened.status_code, opened.location) == (303, screen.path)
    assert "Mã tự đổi" in manager.get(screen.path).text
    assert manager.get(f"/staff/screens/{screen.id}").location.startswith("/staff/sign-in")
    with app.extensions["database"].reading() as session:
        assert session.scalars(select(StaffSession)).all() == []


def post_from(client, page, address):
    token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', client.get(page).text)[1]
    return client.post(address, data={"csrf_token": token})


def test_signing_out_for_a_screen_ends_no_other_session_and_takes_its_own_form(
    app, manager, staff_client, screen
):
    colleague = staff_client("office_manager", screen.office.id)
    assert manager.post(screen.path).status_code == 400
    assert manager.get(f"/staff/screens/{screen.id}").status_code == 200
    post_from(manager, screen.path, screen.path)
    assert colleague.get(f"/staff/screens/{screen.id}").status_code == 200
    wrong = screen.path[:-1] + ("2" if screen.path[-1] != "2" else "3")
    assert post_from(colleague, screen.path, wrong).status_code == 404
    assert colleague.get(f"/staff/screens/{screen.id}").status_code == 200
