"""An office's comments: in batches, redacted, and never unseen by the audit log."""

import re
from datetime import timedelta

import pytest
from markupsafe import escape
from sqlalchemy import select

from survey_app.models.audit import AuditLine
from survey_app.models.response import Comment
from survey_app.review.comments.batches import FEWEST, gather_waiting
from tests import factories
from tests.factories import DAY
from tests.nasty_strings import nasty_strings

on_sqlite = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)


@pytest.fixture
def point(app):
    with app.extensions["database"].transaction() as session:
        return factories.access_point(session)


@pytest.fixture
def manager(point, staff_client):
    return staff_client("office_manager", point.office_id)


def write(app, point, *texts, **given):
    with app.extensions["database"].transaction() as session:
        return [
            factories.comment(session, access_point_id=point.id, text=text, **given).comment_key
            for text in texts
        ]


def address(point):
    return f"/staff/offices/{point.office_id}/comments"


def read(client, point, query=""):
    answer = client.get(address(point) + query)
    assert answer.status_code == 200
    return re.findall(r'<li><span class="row-old">(.*?)</span></li>', answer.text, re.DOTALL)


def lines(app):
    with app.extensions["database"].reading() as session:
        return session.scalars(select(AuditLine).where(AuditLine.act == "comments.read")).all()


def test_comments_come_five_at_a_time(app, manager, point):
    for number in range(1, 13):
        write(app, point, f"Góp ý {number}.")
        shown = read(manager, point)
        assert len(shown) == number - number % FEWEST
    assert sorted(shown) == sorted(f"Góp ý {number}." for number in range(1, 11))


@on_sqlite
def test_the_order_tells_nothing_and_stays(app, manager, point):
    orders = set()
    for start in range(0, 60, FEWEST):
        texts = [f"Góp ý {start + number:02}." for number in range(FEWEST)]
        write(app, point, *texts)
        shown = read(manager, point)
        assert shown == read(manager, point)
        newest = shown[:FEWEST]
        assert sorted(newest) == texts  # the latest batch first
        orders.add(tuple(map(texts.index, newest)))
    assert len(orders) > 1


@on_sqlite
def test_a_late_answer_of_an_old_day_waits_like_any_other(app, manager, point):
    write(app, point, *"abcde")
    assert len(read(manager, point)) == 5
    write(app, point, "muộn", day=DAY - timedelta(days=9))
    assert "muộn" not in read(manager, point)


@on_sqlite
def test_no_day_stands_beside_a_comment(app, manager, point):
    write(app, point, *"abcde", day=DAY - timedelta(days=3))
    page = manager.get(address(point)).text
    assert "07/03/2026" not in page
    assert "tháng" not in page


@on_sqlite
def test_those_that_ask_for_an_answer_are_in_their_own_list(app, manager, point):
    keys = write(app, point, *"abcd", "xin trả lời")
    with app.extensions["database"].transaction() as session:
        factories.comment_case(session, comment_key=keys[-1])
    assert read(manager, point) == []
    write(app, point, "e")
    assert sorted(read(manager, point)) == list("abcde")


@on_sqlite
def test_other_offices_comments_neither_show_nor_count(app, manager, point):
    with app.extensions["database"].transaction() as session:
        other = factories.access_point(session)
    write(app, other, *"vwxyz")
    write(app, point, *"abcd")
    assert read(manager, point) == []
    assert manager.get(address(other)).status_code == 404
    assert manager.get("/staff/offices/9223372036854775808/comments").status_code == 404


def test_a_comment_is_redacted_and_kept_as_it_is(app, manager, point):
    write(app, point, "Gọi tôi 0912 345 678, xe 29A-123.45.", *"abcd")
    assert "Gọi tôi […], xe […]." in read(manager, point)
    with app.extensions["database"].reading() as session:
        assert "Gọi tôi 0912 345 678, xe 29A-123.45." in session.scalars(select(Comment.text)).all()


@on_sqlite
def test_nasty_texts_are_shown_as_texts(app, manager, point):
    texts = ["<script>alert(1)</script>", "{{7*7}}", "=1+1", '"><img src=x onerror=alert(1)>', "a & b"]
    write(app, point, *texts)
    assert sorted(read(manager, point)) == sorted(str(escape(text)) for text in texts)
    page = manager.get(address(point)).text
    assert "<img src=x" not in page


def test_reading_is_an_audit_line_once_a_visit(app, clock, manager, point):
    write(app, point, *(f"Góp ý {number}." for number in range(30)))
    assert len(read(manager, point)) == 20
    assert len(read(manager, point, "?page=2")) == 10
    (line,) = lines(app)
    assert (line.office_id, line.staff_id is not None) == (point.office_id, True)
    assert "Góp ý 1" not in line.what
    clock.advance(minutes=31)
    read(manager, point)
    assert len(lines(app)) == 2


@on_sqlite
def test_each_reader_has_a_line(app, manager, point, staff_client):
    read(manager, point)
    read(staff_client("auditor"), point)
    assert len({line.staff_id for line in lines(app)}) == 2


@on_sqlite
@pytest.mark.parametrize("role", ["analyst", "operator"])
def test_who_may_not_review_reads_no_comment(app, point, staff_client, role):
    write(app, point, *"abcde")
    client = staff_client(role, point.office_id)
    assert client.get(address(point)).status_code == 404
    assert lines(app) == []


@on_sqlite
def test_many_strange_comments_break_nothing(app, manager, point):
    texts = [text for text in nasty_strings("comment") if text.strip() and "\0" not in text]
    texts = [text for text in texts if text.isascii() or text.encode("utf-8", "ignore").decode() == text]
    write(app, point, *texts)
    n_pages = -(-len(texts) // 20)
    for page in range(1, n_pages + 1):
        assert manager.get(f"{address(point)}?page={page}").status_code == 200
    for odd in ("0", "-1", "x", "9" * 30):
        assert manager.get(f"{address(point)}?page={odd}").status_code == 200


@on_sqlite
def test_the_page_speaks_english_too(app, manager, point):
    assert "No comments to read yet" in manager.get(address(point) + "?lang=en").text
    write(app, point, *"abcde")
    assert "5 comments can be read." in manager.get(address(point) + "?lang=en").text


@pytest.fixture
def province(app):
    """A province with two offices below it, each with a way in."""
    with app.extensions["database"].transaction() as session:
        top = factories.office(session, kind="province", name="Tỉnh Mẫu")
        offices = [factories.office(session, parent_id=top.id, name=f"Xã {name}") for name in ("Đông", "Tây")]
        points = [factories.access_point(session, office_id=office.id) for office in offices]
    return top, points


def test_a_parent_reads_what_its_offices_may_read_and_no_more(app, province, staff_client):
    top, (east, west) = province
    write(app, east, *(f"Đông {number}." for number in range(6)))
    write(app, west, *(f"Tây {number}." for number in range(4)))  # too few: they wait
    gather_waiting(app.extensions["database"])
    write(app, east, "muộn")
    lead = staff_client("campaign_lead", top.id)
    page = lead.get(f"/staff/offices/{top.id}/comments").text
    assert [f"Đông {number}." in page for number in range(6)] == [True] * 6
    assert page.count(f'href="/staff/offices/{east.office_id}/comments"') == 6
    assert ("Tây" in page, "muộn" in page) == (False, False)
    write(app, west, "Tây 4.")
    gather_waiting(app.extensions["database"])
    page = lead.get(f"/staff/offices/{top.id}/comments?q=tay").text
    assert [f"Tây {number}." in page for number in range(5)] == [True] * 5
    assert "Đông 1." not in page
    assert "“Nam”" in lead.get(f"/staff/offices/{top.id}/comments?q=Nam").text
    (line,) = lines(app)
    assert (line.office_id, line.what) == (top.id, "Đọc góp ý của Tỉnh Mẫu và các đơn vị bên dưới")


@on_sqlite
def test_a_parents_comments_come_in_pages_and_only_to_who_has_a_role_there(app, province, staff_client):
    top, (east, west) = province
    for point in (east, west):
        write(app, point, *(f"{point.office_id}:{number}" for number in range(15)))
    gather_waiting(app.extensions["database"])
    lead = staff_client("campaign_lead", top.id)
    shown = [read_at(lead, f"/staff/offices/{top.id}/comments?page={number}") for number in (1, 2)]
    assert [len(one) for one in shown] == [20, 10]
    assert len({*shown[0], *shown[1]}) == 30
    assert {text.split(":")[0] for text in shown[0][:15]} == {str(east.office_id)}, "office by office"
    manager = staff_client("office_manager", east.office_id)
    assert manager.get(f"/staff/offices/{top.id}/comments").status_code == 404


@on_sqlite
def test_pages_begin_and_end_within_offices_and_batches(app, staff_client):
    with app.extensions["database"].transaction() as session:
        top = factories.office(session, kind="province")
        offices = [factories.office(session, parent_id=top.id) for _ in range(4)]
        points = [factories.access_point(session, office_id=office.id) for office in offices]
    for n_new in (7, 15):  # two batches of each office but the second, of which too few wait
        for point in points:
            write(
                app, point, *(f"{point.office_id}:{n_new}" for _ in range(2 if point is points[1] else n_new))
            )
        gather_waiting(app.extensions["database"])
    lead = staff_client("campaign_lead", top.id)
    path = f"/staff/offices/{top.id}/comments?page="
    pages = [read_at(lead, f"{path}{number}") for number in range(1, 6)]
    assert [len(one) for one in pages] == [20, 20, 20, 6, 6], "beyond the last page stands the last"
    expected = [f"{offices[n].id}:{n_new}" for n in (0, 2, 3) for n_new in [15] * 15 + [7] * 7]
    assert [text for one in pages[:4] for text in one] == expected


def read_at(client, path):
    return re.findall(r'<span class="row-old">(.*?)</span></li>', client.get(path).text, re.DOTALL)
