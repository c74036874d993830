"""The annex says what pages and open data say, to the digit, and hides what they hide."""

import csv
import html
import io
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from python_calamine import load_workbook
from sqlalchemy import select

from survey_app.models.breakdown import WHOLE
from survey_app.models.office import Office
from survey_app.models.publication import Figure
from survey_app.publish.handover import annex_file
from survey_app.publish.handover.annex_columns import EXACT
from survey_app.publish.handover.wave import Edition, NothingToHandOver, read_wave
from survey_app.publish.open_data.files import as_csv
from survey_app.publish.open_data.rows import Published
from survey_app.publish.shown.office import office_results
from tests import factories
from tests.survey_app.publish.handover.conftest import FORMULA, Handed

HIDDEN = "(ẩn)"
PRINTED = ("Hài lòng (%)", "Từ (%)", "Đến (%)", "n")

Sheet = list[dict[str, Any]]


def annex(handed: Handed, edition: Edition) -> dict[str, Sheet]:
    path = handed.folder / f"{edition}.xlsx"
    with handed.database.reading() as session:
        annex_file.write(path, session, read_wave(session, handed.number, edition))
    book = load_workbook(str(path))
    return {name: _lines(book.get_sheet_by_name(name).to_python()) for name in book.sheet_names[1:]}


def _lines(rows: list[list[Any]]) -> Sheet:
    """Read the rows below the headings; of two columns of one name the first."""
    heads = rows[1]
    return [dict(reversed(list(zip(heads, row, strict=True)))) for row in rows[2:]]


@pytest.fixture(scope="module")
def public(handed: Handed) -> dict[str, Sheet]:
    return annex(handed, "public")


@pytest.fixture(scope="module")
def inside(handed: Handed) -> dict[str, Sheet]:
    return annex(handed, "inside")


def of_sheets(book: dict[str, Sheet]) -> Iterator[tuple[str, dict[str, Any]]]:
    for name in ("Đơn vị", "Nhiều đơn vị gộp", "Câu hỏi"):
        for line in book[name]:
            yield f"item:q{line['Số']}" if name == "Câu hỏi" else "index", line


def test_exact_columns_are_those_of_the_open_data(handed: Handed, public: dict[str, Sheet]) -> None:
    with handed.database.reading() as session:
        wave = read_wave(session, handed.number, "public")
        text = "".join(as_csv(Published(wave.campaign, wave.publication).rows(session)))
    rows = csv.DictReader(io.StringIO(text.removeprefix("\ufeff")))
    published = {(row["office_code"], row["provenance"], row["measure"]): row for row in rows}
    n_hidden = 0
    for measure, line in of_sheets(public):
        row = published.pop((line["Mã đơn vị"], line["Loại phiếu"], measure))
        n_hidden += row["reason"] == "hidden"
        for name in EXACT:
            # A spreadsheet's file holds 16 significant digits.
            wanted = "" if row[name] == "" else pytest.approx(float(row[name]), rel=1e-15, abs=0)
            assert line[name] == wanted, (measure, line["Mã đơn vị"], name)
    assert n_hidden >= 3
    assert not published  # the form has no factor of several questions


def test_printed_digits_are_those_of_the_page(handed: Handed, public: dict[str, Sheet]) -> None:
    n = 0
    with handed.database.reading() as session:
        wave = read_wave(session, handed.number, "public")
        shown = {
            (place.code, found.provenance): found.index
            for place in wave.places.values()
            for found in office_results(session, wave.publication, place.id, "vi")
        }
    for line in (*public["Đơn vị"], *public["Nhiều đơn vị gộp"]):
        figure = shown[line["Mã đơn vị"], line["Loại phiếu"]]
        value, low, high, people = (line[name] for name in PRINTED)
        if figure.state != "shown":
            assert [value, low, high, people] == [HIDDEN] * 4
            continue
        texts = [f"{number:.1f}".replace(".", ",") for number in (value, low, high)]
        assert (f"{texts[0]}%", f"{texts[1]}–{texts[2]}%", f"{people:.0f}") == (
            figure.value,
            figure.range,
            figure.n,
        )
        n += 1
    assert n >= 10


def test_each_edition_hides_what_its_readers_do_not_see(
    handed: Handed, public: dict[str, Sheet], inside: dict[str, Sheet]
) -> None:
    with handed.database.reading() as session:
        query = select(Office.code, Figure).join(Office, Office.id == Figure.office_id)
        figures = {
            (code, figure.provenance): figure
            for code, figure in session.execute(query.where(Figure.measure == "index"))
            if figure.breakdown == WHOLE
        }
    for book, column, minimum in ((public, "hidden_in_public", 10), (inside, "hidden_inside", 5)):
        for line in (*book["Đơn vị"], *book["Nhiều đơn vị gộp"]):
            figure = figures[line["Mã đơn vị"], line["Loại phiếu"]]
            is_hidden = getattr(figure, column) is not None or figure.n_people < minimum
            assert (line["n"] == HIDDEN) == is_hidden
            if is_hidden:
                assert line["So với chỉ tiêu"] in {HIDDEN, ""}
                assert not any(line[name] for name in EXACT)
    few = next(line for line in inside["Đơn vị"] if line["Mã đơn vị"] == "X10")
    assert few["n"] == 7
    assert inside.keys() - public.keys() == {"Lĩnh vực", "Quầy", "Câu trả lời"}


def test_the_dictionary_names_each_answer_and_how_it_counts(public: dict[str, Sheet]) -> None:
    counted = {(line["Mã câu hỏi"], str(line["Mã"])): line["Được tính là"] for line in public["Từ điển"]}
    assert (counted["q1", "5"], counted["q1", "1"]) == ("hài lòng", "không hài lòng")
    assert (counted["q1", "no_opinion"], counted["sex", "male"]) == ("không tính", "")


def test_a_name_is_text_never_a_formula(public: dict[str, Sheet]) -> None:
    assert FORMULA in {line["Đơn vị"] for line in public["Đơn vị"]}


def test_running_figures_are_not_handed_over(handed: Handed) -> None:
    with handed.database.transaction() as session:
        running = factories.publication(session).id
    with handed.database.reading() as session, pytest.raises(NothingToHandOver):
        read_wave(session, running, "public")


def test_tables_print_across_with_their_heads_and_without_the_exact_digits(
    handed: Handed, tmp_path: Path
) -> None:
    with handed.database.reading() as session:
        annex_file.write(tmp_path / "a.xlsx", session, read_wave(session, handed.number, "public"))
    with zipfile.ZipFile(tmp_path / "a.xlsx") as parts:
        named = html.unescape(parts.read("xl/workbook.xml").decode())
        sheet = parts.read("xl/worksheets/sheet2.xml").decode()
    assert "'Đơn vị'!$1:$2</definedName>" in named, "title and heads on every page"
    (last,) = re.findall(r"'Đơn vị'!\$A\$1:\$([A-Z]+)\$\d+</definedName>", named)
    heads = load_workbook(str(tmp_path / "a.xlsx")).get_sheet_by_name("Đơn vị").to_python()[1]
    assert heads[ord(last) - ord("A") + 1] == "estimate"
    assert 'orientation="landscape"' in sheet
    assert '<pageSetUpPr fitToPage="1"/>' in sheet
