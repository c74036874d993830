"""Sheets and report: the same words and digits on paper as on pages, hidden where pages hide."""

import re
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from xml.etree import ElementTree

import pypdfium2
import pytest

from survey_app.db import Database
from survey_app.models.plain_text import one_line
from survey_app.models.recipe import CellThen, GroupsThen, UnitsThen, WeightingThen
from survey_app.publish.handover import report_docx, report_pdf, sheets_file
from survey_app.publish.handover.annex import tables
from survey_app.publish.handover.blocks import Bullets, Grid, Heading, Paragraph, Picture, Report
from survey_app.publish.handover.changes import shown_changes
from survey_app.publish.handover.method import MOST_NAMED, method
from survey_app.publish.handover.report import report_of
from survey_app.publish.handover.wave import Wave, read_wave
from survey_app.publish.handover.words import CHANGES
from survey_app.publish.shown.change import last_change
from survey_app.publish.shown.figures import figures_inside
from survey_app.publish.shown.office import office_results
from tests.factories import DAY
from tests.survey_app.publish.handover.conftest import Handed
from tests.survey_app.publish.releasing.test_verify import two_waves

HIDDEN, TABLES = "(ẩn)", "Các bảng của tệp bảng tính"
WORDS = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"


@pytest.fixture(scope="module")
def wave(handed: Handed) -> Wave:
    with handed.database.reading() as session:
        return read_wave(session, handed.number, "public")


@pytest.fixture(scope="module")
def report(handed: Handed, wave: Wave) -> Report:
    with handed.database.reading() as session:
        return report_of(session, wave)


def pages(pdf: bytes) -> list[str]:
    document = pypdfium2.PdfDocument(pdf)
    return [squeezed(page.get_textpage().get_text_range()) for page in document]


def squeezed(text: str) -> str:
    """Leave out what a line's end adds or takes; a PDF says a hyphen for it where it breaks a word."""
    return re.sub(r"[\s\u200b\ufffe]+", "", text)


def test_each_office_has_one_page_with_the_digits_of_its_page(handed: Handed, wave: Wave) -> None:
    with handed.database.reading() as session:
        asked = {*wave.places, 999}  # an office without figures has no page, and keeps back nobody's
        parts = list(sheets_file.parts(session, wave, asked, "https://a.example.vn", lambda *_: None))
        shown = {
            place.code: office_results(session, wave.publication, place.id, "vi")[0].index
            for place in wave.places.values()
        }
    (pdf,) = parts
    found = pages(pdf)
    assert len(found) == len(wave.places) == 11
    for text, place in zip(found, wave.places.values(), strict=True):
        assert squeezed(place.name) in text
        figure = shown[place.code]
        said = [figure.value, figure.range] if figure.state == "shown" else [HIDDEN, "Không nêu chỉ số"]
        assert all(squeezed(word) in text for word in said)
        assert squeezed(f"a.example.vn/results/nam-2026/{place.code}") in text
        assert str(wave.publication.recipe_id) in text
    assert sum(squeezed("Không nêu chỉ số") in text for text in found) >= 1


def test_long_names_stay_on_one_page(wave: Wave) -> None:
    long_name, label = "Bộ phận Tiếp nhận và Trả kết quả " * 5, "Cán bộ hướng dẫn đầy đủ, dễ hiểu " * 5
    line = {
        "label": label[:110],
        "mark": [0.1, 0.5, 0.9],
        "value": "84,2%",
        "range": "80,0–88,1%",
        "n": "≥ 1.234",
    }
    sheet = {
        "office": long_name,
        "parent": long_name,
        "lead": long_name * 2,
        "plain": long_name * 2,
        "target_sentence": long_name,
        "change": long_name * 2,
        "class": long_name,
        "others": [long_name],
        "ticks": [],
        "target": {"x": 0.5, "label": "Chỉ tiêu 85%"},
        "band": [0.2, 0.4],
        "groups": [{"title": title, "rows": [line] * n} for title, n in (("", 1), ("Nhóm", 6), ("Câu", 5))],
        "alike": long_name * 2,
        "interval": "khoảng tin cậy 95%",
        "address": "a.example.vn/results/x/y",
    }
    assert len(pages(sheets_file.render(wave, [sheet]))) == 1


def texts(report: Report) -> Iterator[str]:
    yield from (report.title, report.subtitle, *(text for pair in report.front for text in pair))
    for block in report.blocks:
        match block:
            case Heading() | Paragraph():
                yield block.text
            case Bullets():
                yield from block.items
            case Grid():
                yield from (block.caption, *block.heads, *(cell for row in block.rows for cell in row))
            case Picture():
                yield block.caption


def test_pdf_and_word_say_all_that_the_report_says(handed: Handed, report: Report) -> None:
    pdf, docx = handed.folder / "report.pdf", handed.folder / "report.docx"
    report_pdf.write(pdf, report)
    report_docx.write(docx, report)
    printed = "".join(pages(pdf.read_bytes()))
    with zipfile.ZipFile(docx) as archive:
        body = ElementTree.fromstring(archive.read("word/document.xml"))
        pictures = [name for name in archive.namelist() if name.startswith("word/media/")]
    written = squeezed("".join(node.text or "" for node in body.iter(f"{WORDS}t")))
    for text in texts(report):
        assert squeezed(one_line(text)) in written, text
        assert squeezed(text) in printed, text
    assert len(pictures) == sum(isinstance(block, Picture) for block in report.blocks) == 1


def test_the_report_hides_and_says_what_is_unknown(report: Report) -> None:
    said = " ".join(texts(report))
    grid = next(block for block in report.blocks if isinstance(block, Grid) and "theo tên" in block.caption)
    few = next(row for row in grid.rows if row[0] == "Xã 10")
    assert few[1:4] == [HIDDEN] * 3
    assert "Không rõ tỷ lệ trả lời" in said
    assert "Dàn chọn mẫu nằm ngoài dịch vụ này" in said
    assert "không có kế hoạch được chốt trước" in said
    assert "Chưa có lần đo trước" in said
    assert "Phiếu loại C" in said


def test_the_first_page_says_what_was_measured_and_who_answered(report: Report) -> None:
    front = dict(report.front)
    assert front["Phạm vi đo"].startswith("Tỉnh P (10 đơn vị có số liệu), bằng phiếu “")
    assert front["Nguồn phiếu"] == "Phiếu loại A, người được chọn vào mẫu"


def test_the_report_names_every_table_of_the_annex_and_where_it_is(
    handed: Handed, wave: Wave, report: Report
) -> None:
    with handed.database.reading() as session:
        named = [[one.title, f"trang “{one.name}”"] for one in tables(session, wave)]
        by_group = replace(wave, recipe=replace(wave.recipe, groups=(GroupsThen("sex", "sex"),)))
        said = report_of(session, by_group)
    grid = next(one for one in report.blocks if isinstance(one, Grid) and one.caption == TABLES)
    assert grid.rows == named
    grid = next(one for one in said.blocks if isinstance(one, Grid) and one.caption == TABLES)
    row = ["Chỉ số theo giới tính, nhóm tuổi của người trả lời", "trang “Nhóm người trả lời”"]
    assert [one for one in grid.rows if one not in named] == [row]


def test_offices_whose_weighting_cells_the_draw_joined_are_named(handed: Handed, wave: Wave) -> None:
    def said(cells: dict[str, set[str]]) -> str:
        made = [
            CellThen(stratum, f"{stratum}#1", cell, 1.0, UnitsThen(9, 5, 0, 4, 0))
            for stratum, names in cells.items()
            for cell in names
        ]
        weighting = WeightingThen(5, (), None, None)
        weighed = replace(wave, recipe=replace(wave.recipe, cells=tuple(made), weighting=weighting))
        with handed.database.reading() as session:
            words = [str(block) for block in method(session, weighed)]
        return next((one for one in words if "một khi chọn mẫu" in one), "")

    two, one = {"F", "M"}, {"F–M"}
    assert "Ở 2 trong 3 tầng" in said({"X01": two, "X02": one, "tầng 9": one})
    assert "Đó là: Xã 2; tầng 9." in said({"X01": two, "X02": one, "tầng 9": one})
    assert said({"X01": two, "X02": two}) == ""
    assert said({"X01": {""}, "X02": {""}}) == "", "no cells were asked for"
    many = said({f"tầng {number:02}": one for number in range(MOST_NAMED + 3)})
    assert f"tầng {MOST_NAMED - 1:02} và 3 tầng khác." in many
    assert f"tầng {MOST_NAMED:02}" not in many


def test_a_change_is_said_in_the_words_of_the_page(database: Database) -> None:
    number = two_waves(database)
    with database.reading() as session:
        wave = read_wave(session, number, "public")
        told = {
            (place.code, change.provenance): words for place, change, words in shown_changes(session, wave)
        }
        said = " ".join(texts(report_of(session, wave)))
        page = {
            code: last_change(
                session, figures_inside(session, wave.publication, wave.place_of[code].id)["A"], DAY
            )
            for code in ("P", "X1", "X2", "X3")
        }
    for code, shown in page.items():
        words = told[code, "A"]
        assert shown is not None
        assert (words.value, words.n_later, words.n_earlier) == (shown.value, shown.n_later, shown.n_earlier)
        assert words.range == f"từ {shown.low} đến {shown.high}"
        assert words.verdict == CHANGES[shown.verdict]
        assert words.value
        assert words.value in said
    assert "Chưa có lần đo trước" not in said
