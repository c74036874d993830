"""The page of all offices below a parent: the answer, the table, its order, its filters, its file."""

import csv
import io
import re
from datetime import timedelta
from html import unescape

import pytest
from sqlalchemy import select, update

from survey_app.models.audit import AuditLine
from survey_app.models.campaign import Campaign
from survey_app.models.office import Office
from survey_app.models.publication import Comparison, Figure
from survey_app.publish.parents.below import offices_below
from survey_app.publish.parents.chosen import ORDERS
from survey_app.publish.shown.behind import offices_behind
from survey_app.publish.suppression import INSIDE_MINIMUM
from tests import factories
from tests.survey_app.publish.parents.many_offices import province

on_sqlite = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
ROW = re.compile(r'<tr><th scope="row">(.*?)</tr>', re.DOTALL)
CELL = re.compile(r"<td[^>]*>(.*?)</td>", re.DOTALL)
STATES_LAST = ("suppressed", "none")
VERDICTS = {
    "Cao hơn": "above",
    "Thấp hơn": "below",
    "Chưa kết luận được": "not_decided",
    "Không kiểm định được": "not_testable",
    "": "",
}


def read(markup):
    return unescape(re.sub("<[^>]*>", "", markup)).strip()


def rows_of(page):
    """Give the name and the cells of each row."""
    return [
        (read(row.partition("</th>")[0]), list(map(read, CELL.findall(row)))) for row in ROW.findall(page)
    ]


def lines_of(client, path):
    answer = client.get(path)
    assert answer.mimetype == "text/csv"
    return list(csv.DictReader(io.StringIO(answer.get_data().decode("utf-8-sig"))))


@pytest.fixture
def drawn(database):
    with database.transaction() as session:
        parent_id = province(session, 60, provenance="A", basis="probability", code="mau").id
        return f"/staff/offices/{parent_id}/below"


@pytest.fixture
def opt_in(database):
    with database.transaction() as session:
        return f"/staff/offices/{province(session, 60).id}/below"


@pytest.fixture
def reader(staff_client):
    return staff_client("analyst")


def as_on_page(line, *, ranks):
    """Write a line of the file as the page writes it."""

    def percent(text):
        return text.replace(".", ",") + "%" if text else ""

    def points(text):
        sign = "\N{MINUS SIGN}" if text.startswith("-") else "+" if float(text) else ""
        return sign + text.removeprefix("-").replace(".", ",")

    if line["state"] == "suppressed":
        figures = ["(ẩn)", "", "(ẩn)"]
    elif line["state"] == "none":
        figures = ["–", "", "–"]
    else:
        low, high = line["low_percent"].replace(".", ","), percent(line["high_percent"])
        figures = [
            percent(line["satisfied_percent"]),
            f"{low}–{high}",
            f"{int(line['n_forms']):,}".replace(",", "."),
        ]
    said = [
        percent(line["coverage_percent"]),
        next(vi for vi, one in VERDICTS.items() if one == line["verdict"]),
    ]
    if ranks:
        rank = f"{line['best_rank']}–{line['worst_rank']}" if line["best_rank"] else ""
        said += [line["tie_band"], rank]
    low, high = line["change_low"], line["change_high"]
    moved = f"{points(line['change_points'])} (từ {points(low)} đến {points(high)})" if low else ""
    return [*figures, *said, moved]


@pytest.mark.parametrize("query", ["", "?sort=-index", "?sort=n", "?verdict=below", "?q=dien+bien"])
@pytest.mark.parametrize("province_of", ["drawn", "opt_in"])
def test_page_equals_the_file_to_the_digit(request, reader, province_of, query):
    path = request.getfixturevalue(province_of)
    page, file = rows_of(reader.get(path + query).text), lines_of(reader, f"{path}.csv{query}")
    assert len(page) > 2
    assert page == [(line["office_name"], as_on_page(line, ranks=province_of == "drawn")) for line in file]


@on_sqlite
def test_answer_counts_what_the_table_shows(reader, drawn):
    page, file = reader.get(drawn).text, lines_of(reader, f"{drawn}.csv")
    counts = {one: sum(line["verdict"] == one for line in file) for one in ("above", "below", "not_decided")}
    assert min(counts.values()) > 0, "the case must have some of each"
    lead = read(re.search(r'<p class="lead">(.*?)</p>', page).group(1))
    n_shown = sum(line["state"] == "shown" for line in file)
    assert lead == (
        f"So với chỉ tiêu 85%. Trong {n_shown} đơn vị: {counts['above']} cao hơn, {counts['below']} thấp hơn,"
        f" {counts['not_decided']} chưa kết luận được"
        " (đã hiệu chỉnh do kiểm định nhiều lần, phương pháp Holm)."
    )


@on_sqlite
def test_the_figure_of_all_together_says_how_many_offices_it_rests_on(database, reader):
    with database.transaction() as session:
        parent = province(session, 7)  # one of which has no figure
        campaign_id = session.scalar(select(Campaign.id))
        for office_id in session.scalars(select(Office.id).where(Office.parent_id == parent.id)).all():
            factories.access_point(session, campaign_id=campaign_id, office_id=office_id)
    assert "Từ 6 trong 7 đơn vị." in reader.get(f"/staff/offices/{parent.id}/below").text


@on_sqlite
def test_offices_behind_are_those_that_the_database_counts(app, database):
    """A page that lists them counts them with all else it says of them, others by a question of their own."""
    with app.test_request_context(), database.transaction() as session:
        parent = province(session, 60)
        campaign_id = session.scalar(select(Campaign.id))
        offices = session.scalars(select(Office).where(Office.parent_id == parent.id)).all()
        for number, office in enumerate(offices):
            if number % 5:
                factories.access_point(session, campaign_id=campaign_id, office_id=office.id)
            if number % 7 == 1:
                office.valid_until = factories.DAY - timedelta(days=1)
        session.flush()
        found = offices_below(session, parent, "quay", "C", factories.DAY)
        publication = found.standing.publication
        counted = offices_behind(session, publication, parent.id, INSIDE_MINIMUM)
        assert found.n_taking_part == 48
        assert {found.provenance: found.behind} == counted


@on_sqlite
def test_the_target_of_the_campaign_stands_everywhere(database, reader):
    with database.transaction() as session:
        path = f"/staff/offices/{province(session, 60, target=0.875).id}/below"
    page, file = reader.get(path).text, lines_of(reader, f"{path}.csv")
    lead = read(re.search(r'<p class="lead">(.*?)</p>', page).group(1))
    assert lead.startswith("So với chỉ tiêu 87,5%. Trong ")
    assert "Đường nét đứt là chỉ tiêu 87,5%." in page
    assert ">87,5%</text>" in page, "the line of the picture says where it stands"
    assert {line["target_percent"] for line in file if line["verdict"]} == {"87.5"}


@on_sqlite
def test_no_office_passes_or_fails(reader, drawn):
    words = read(reader.get(drawn).text).casefold()
    assert not re.search(r"(?<!\w)(không )?đạt(?!\w)", words)


@on_sqlite
def test_only_class_a_has_ranks(reader, drawn, opt_in):
    assert "Khoảng thứ hạng" in reader.get(drawn).text
    page = reader.get(opt_in).text
    assert "Khoảng thứ hạng" not in page
    assert "Nhóm tương đương" not in page
    assert "Không nêu thứ hạng" in page
    assert all(line["best_rank"] == line["tie_band"] == "" for line in lines_of(reader, f"{opt_in}.csv"))


@on_sqlite
@pytest.mark.parametrize("sort", ["", *(sign + one for one in ORDERS for sign in ("", "-"))])
def test_offices_without_an_index_stand_at_the_end_by_name(reader, drawn, sort):
    states = [line["state"] for line in lines_of(reader, f"{drawn}.csv?sort={sort}")]
    n_shown = states.count("shown")
    assert set(states[:n_shown]) == {"shown"}
    assert set(states[n_shown:]) == set(STATES_LAST)
    names = [line["office_name"] for line in lines_of(reader, f"{drawn}.csv?sort=name&figures=lacking")]
    ended = [line["office_name"] for line in lines_of(reader, f"{drawn}.csv?sort={sort}")[n_shown:]]
    assert ended == names


@on_sqlite
@pytest.mark.parametrize(
    ("sort", "column"),
    [("index", "satisfied_percent"), ("n", "n_forms"), ("coverage", "coverage_percent")],
)
def test_a_column_sorts_both_ways(reader, opt_in, sort, column):
    up, down = (
        [
            float(line[column])
            for line in lines_of(reader, f"{opt_in}.csv?figures=shown&sort={sign}{sort}")
            if line[column]
        ]
        for sign in ("", "-")
    )
    assert up == sorted(up)
    assert down == sorted(up, reverse=True)
    assert len(set(up)) > 10


@on_sqlite
def test_by_tie_bands_offices_stand_by_name(reader, drawn):
    file = [line for line in lines_of(reader, f"{drawn}.csv") if line["state"] == "shown"]
    by_name = [line["office_code"] for line in lines_of(reader, f"{drawn}.csv?sort=name")]
    place = [(int(line["tie_band"]), by_name.index(line["office_code"])) for line in file]
    assert place == sorted(place)
    assert len({band for band, _ in place}) > 1


@on_sqlite
@pytest.mark.parametrize("typed", ["hoa binh", "Hòa Bình", "HOÀ BÌNH", "xã hoà binh"])
def test_names_are_found_without_marks(reader, opt_in, typed):
    names = [line["office_name"] for line in lines_of(reader, f"{opt_in}.csv?q={typed}")]
    assert len(names) >= 5
    assert all("Hòa Bình" in name for name in names)


@on_sqlite
@pytest.mark.parametrize(
    ("query", "column", "values"),
    [
        ("verdict=below", "verdict", {"below"}),
        ("kind=district_section", "office_kind", {"district_section"}),
        ("figures=shown", "state", {"shown"}),
        ("figures=lacking", "state", {"suppressed", "none"}),
        ("verdict=%27%20OR%201", "state", {"shown", "suppressed", "none"}),
        ("sort=password&page=-1&rows=x", "state", {"shown", "suppressed", "none"}),
    ],
)
def test_filters_leave_what_was_asked_for(reader, opt_in, query, column, values):
    assert {line[column] for line in lines_of(reader, f"{opt_in}.csv?{query}")} == values
    assert reader.get(f"{opt_in}?{query}").status_code == 200


@on_sqlite
def test_paper_and_the_file_say_what_is_filtered(reader, opt_in):
    assert "Đang lọc" not in reader.get(opt_in).text
    page = reader.get(f"{opt_in}?q=<Hòa&verdict=below&kind=commune_section&figures=shown").text
    assert read(re.search("<p>(Đang lọc.*?)</p>", page).group(1)) == (
        "Đang lọc theo: Tên đơn vị: “<Hòa”; Loại đơn vị: Bộ phận Một cửa, trung tâm cấp xã;"
        " So với chỉ tiêu: Thấp hơn; Chỉ số: Đủ phiếu."
    )
    file = reader.get(f"{opt_in}.csv?q=<Hoa Binh&verdict=below")
    assert file.headers["Content-Disposition"].endswith("-quay-C-Hoa-Binh-below.csv")


def names_without_figure(client, path):
    return [name for name, cells in rows_of(client.get(path).text) if cells[0] == "–"]


def test_figures_are_kept_until_they_are_renewed(database, reader, opt_in):
    name, other, *_ = names_without_figure(reader, opt_in)
    with database.transaction() as session:
        office_id = session.scalars(select(Office.id).where(Office.name == name)).one()
        publication_id = session.scalars(select(Figure.publication_id).limit(1)).one()
        factories.figure(session, publication_id=publication_id, office_id=office_id, value=0.8)
        factories.comparison(
            session,
            publication_id=publication_id,
            office_id=office_id,
            parent_id=session.get_one(Office, office_id).parent_id,
            verdict="below",
        )
    page = dict(rows_of(reader.get(opt_in).text))
    assert (page[name][0], page[name][4]) == ("80,0%", "Thấp hơn")
    assert page[other][0] == "–"


def test_lines_are_kept_until_their_office_changes_and_for_a_day(database, staff_client, clock, opt_in):
    reader = staff_client("analyst", hours=30)
    name, renamed, *_ = names_without_figure(reader, opt_in)
    with database.transaction() as session:
        ends = session.scalars(select(Office).where(Office.name == name)).one()
        ends.valid_until = factories.DAY
        session.execute(update(Office).where(Office.name == renamed).values(name="Xã Mới"))
    found = names_without_figure(reader, opt_in)
    assert "Xã Mới" in found
    assert name in found, "it exists today"
    assert renamed not in found
    clock.advance(days=1)
    assert name not in names_without_figure(reader, opt_in)


@on_sqlite
def test_nothing_found_is_said(reader, opt_in):
    assert "Không tìm thấy “zzz”" in reader.get(f"{opt_in}?q=zzz").text
    assert "Không có đơn vị nào như vậy." in reader.get(f"{opt_in}?kind=province").text


@on_sqlite
def test_a_hidden_figure_says_nothing_anywhere(app, reader, opt_in):
    """Not even where a verdict or a change of the office is stored: hidden since, or by a linked sum."""
    with app.extensions["database"].transaction() as session:
        hidden = session.scalars(
            select(Figure)
            .join(Comparison, Comparison.office_id == Figure.office_id)
            .order_by(Figure.office_id)
        ).first()
        session.execute(
            update(Figure)
            .where(Figure.office_id == hidden.office_id, Figure.breakdown == "")
            .values(hidden_inside="linked")
        )
        name = session.get_one(Office, hidden.office_id).name
    line = next(one for one in lines_of(reader, f"{opt_in}.csv") if one["office_name"] == name)
    said = {name for name, value in line.items() if value}
    assert said == {
        *("office_code", "office_name", "office_kind", "campaign", "class", "change_from", "change_to"),
        *("state", "n_settled_dossiers"),
    }
    assert dict(rows_of(reader.get(opt_in).text))[name] == ["(ẩn)", "", "(ẩn)", "", "", ""]


@on_sqlite
def test_a_change_is_not_said_where_a_month_of_it_is_hidden(app, reader, opt_in):
    moved = next(line for line in lines_of(reader, f"{opt_in}.csv") if line["change_points"])
    with app.extensions["database"].transaction() as session:
        office = session.scalars(select(Office).filter_by(code=moved["office_code"])).one()
        publication_id = session.scalars(select(Comparison.publication_id)).first()
        factories.figure(
            session,
            publication_id=publication_id,
            office_id=office.id,
            breakdown="month:2026-01",
            hidden_inside="linked",
        )
    again = next(one for one in lines_of(reader, f"{opt_in}.csv") if one["office_code"] == office.code)
    assert again["change_points"] == again["change_low"] == ""


@on_sqlite
def test_rounding_never_contradicts_the_verdict(app, reader, opt_in):
    with app.extensions["database"].transaction() as session:
        one = session.scalars(
            select(Figure)
            .join(Comparison, Comparison.office_id == Figure.office_id)
            .order_by(Figure.office_id)
        ).first()
        key = (Figure.office_id == one.office_id, Figure.breakdown == "")
        session.execute(update(Figure).where(*key).values(value=0.8503, low=0.8501, high=0.8506))
        session.execute(
            update(Comparison).where(Comparison.office_id == one.office_id).values(verdict="above")
        )
        name = session.get_one(Office, one.office_id).name
    assert dict(rows_of(reader.get(opt_in).text))[name][:2] == ["85,03%", "85,01–85,06%"]


@on_sqlite
def test_another_class_or_campaign_is_one_link_away(database, reader):
    with database.transaction() as session:
        parent = province(session, 3)
        publication_id = session.scalars(select(Comparison.publication_id)).first()
        factories.figure(session, publication_id=publication_id, office_id=parent.id, provenance="B")
    page = reader.get(f"/staff/offices/{parent.id}/below").text
    assert "class=B" in page
    other = reader.get(f"/staff/offices/{parent.id}/below?class=B").text
    assert "Chưa nêu chỉ số của 3 đơn vị" in other


@on_sqlite
def test_who_takes_the_file_is_noted(database, reader, opt_in):
    reader.get(f"{opt_in}.csv")
    with database.reading() as session:
        line = session.scalars(select(AuditLine).filter_by(act="figures.export")).one()
        assert line.what == "quay, phiếu loại C: bảng 60 đơn vị"
        assert line.office_id is not None


@on_sqlite
def test_foreign_and_missing_offices_look_the_same(database, opt_in, staff_client):
    with database.transaction() as session:
        own = factories.office(session)
    manager = staff_client("office_manager", own.id)
    foreign, missing = manager.get(opt_in), manager.get("/staff/offices/99999999/below")
    assert (foreign.status_code, missing.status_code) == (404, 404)
    assert (
        manager.get(f"{opt_in}.csv").status_code
        == manager.get("/staff/offices/9/below.csv").status_code
        == 404
    )
    alone = manager.get(f"/staff/offices/{own.id}/below")
    assert "Không có đơn vị nào trực thuộc" in alone.text


@on_sqlite
def test_a_name_is_no_formula_in_the_file(app, reader, opt_in):
    with app.extensions["database"].transaction() as session:
        session.execute(update(Office).where(Office.name.like("%An Phú 0")).values(name="=1+1", sort_key="0"))
    assert lines_of(reader, f"{opt_in}.csv?sort=name")[0]["office_name"] == "'=1+1"


@on_sqlite
def test_offices_of_a_province_fit_one_page_and_more_are_paged(database, reader):
    with database.transaction() as session:
        few, many = (f"/staff/offices/{province_of(session, n)}/below" for n in (100, 180))
    page = reader.get(few)
    assert len(rows_of(page.text)) == 100
    assert len(page.data) <= 45_000
    first, second = reader.get(many).text, reader.get(f"{many}?page=2").text
    names = [name for name, _ in rows_of(first) + rows_of(second)]
    assert (len(rows_of(first)), len(set(names))) == (100, 180)
    assert len(rows_of(reader.get(f"{many}?rows=all").text)) == 180


def province_of(session, n_offices):
    return province(session, n_offices, code=f"quay-{n_offices}").id


@on_sqlite
def test_a_line_says_which_offices_ended_and_whose_counts_its_change_pools(database, opt_in, reader):
    with database.transaction() as session:
        heir, ended = (
            session.scalars(select(Office).where(Office.name.like(f"% {number}"))).one() for number in (1, 2)
        )
        publication_id = session.scalars(select(Figure.publication_id).limit(1)).one()
        of_month = {"publication_id": publication_id, "office_id": heir.id, "breakdown": "month:2026-02"}
        factories.figure(session, **of_month, n_predecessors=2)
        ended.valid_until = factories.DAY.replace(day=1)
    page = dict(rows_of(reader.get(opt_in).text))
    assert page[heir.name][-1].endswith("cộng đơn vị cũ: 2")
    assert any(name.startswith(f"{ended.name} ") and name.endswith("01/03/2026") for name in page)
    file = {line["office_name"]: line for line in lines_of(reader, f"{opt_in}.csv")}
    assert file[heir.name]["change_n_former_offices"] == "2"
    assert file[ended.name]["ended_on"] == "2026-03-01"
