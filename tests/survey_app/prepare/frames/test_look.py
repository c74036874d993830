"""Each rule of a dossier list: what is refused, left out or changed, and what is said of it."""

import unicodedata
from datetime import date
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from sqlalchemy import select

from survey_app.errors import ImportRefused
from survey_app.models.office import Office
from survey_app.models.plan_document import PlanDocument, Population
from survey_app.prepare.frames.canonical import HASHED, hash_of_file
from survey_app.prepare.frames.columns import COLUMNS
from survey_app.prepare.frames.contacts import open_contacts
from survey_app.prepare.frames.rules import RULES
from survey_app.prepare.frames.uploads import CONTACTS_FILE
from tests import factories
from tests.survey_app.prepare.frames.conftest import HEADER, line, table
from tests.survey_app.prepare.tables.hostile import HOSTILE, workbook

pytestmark = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)

FOUR_AFTER_ONE = "\n".join(line(unit=f"H{n}") for n in range(2, 6))


def rules_of(found):
    return {one.rule: one.n for one in found.remains.rules}


def frame_of(desk):
    (path,) = desk.made.glob("*.parquet")
    return pq.read_table(path).to_pylist()


def test_sound_list_becomes_one_hashed_file(desk):
    outcome = desk.look(table(line(unit="H2"), line(unit="H1", decides="XA-2", age_band="41", sex="Nữ")))
    assert (outcome.n_units, outcome.remains.rules) == (2, ())
    first, second = frame_of(desk)
    assert (first["unit"], first["receives"], first["decides"]) == ("H1", "XA-1", "XA-2")
    assert (first["age_band"], first["sex"], first["channel"]) == ("35-49", "female", "online")
    assert first["settled_on"] == date(2025, 11, 10)
    assert (second["decides"], second["outcome"], second["field"]) == ("XA-1", "on_time", None)
    assert hash_of_file(desk.made / f"{outcome.frame_hash}.parquet") == outcome.frame_hash
    assert desk.shares[-1] == 1
    assert desk.shares == sorted(desk.shares)


def test_hash_is_that_of_the_statistics_library(desk):
    from analysis.sampling.frame import frame_hash

    outcome = desk.look(table(*(line(unit=f"Hồ sơ {n}", cluster=f"Thôn {n % 3}") for n in range(50))))
    rows = frame_of(desk)
    columns = {
        name: ["-" if row[name] is None else str(row[name]) for row in rows[::-1]] for name in HASHED[1:]
    }
    assert outcome.frame_hash == frame_hash([row["unit"] for row in rows[::-1]], columns)


def test_what_was_met_once_stays_counted(desk):
    apart = unicodedata.normalize("NFD", "Thôn Đồng Ấu")
    outcome = desk.look(table(line(cluster=apart), line(unit="Hồ sơ 2")))
    assert rules_of(outcome) == {"composed": 1}, "an id that is looked at and found sound takes nothing back"


def test_order_and_letters_of_the_file_change_nothing(desk):
    lines = [line(unit=f"H{n}", cluster="Thôn Đồng Ấu") for n in range(9)]
    text = table(*lines)
    first = desk.look(text)
    turned = desk.look(table(*lines[::-1]))
    wide = desk.look(text.encode("utf-16"))
    windows = desk.look(b"\xef\xbb\xbf" + text.replace(",", ";").replace("\n", "\r\n").encode())
    apart = desk.look(unicodedata.normalize("NFD", text))
    assert len({one.frame_hash for one in (first, turned, wide, windows, apart)}) == 1
    assert (rules_of(first), rules_of(apart)) == ({}, {"composed": 9})  # lines, however many cells of each


TITLES = "UBND TỈNH MẪU,,CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM\n\nDANH SÁCH HỒ SƠ,,\nTừ 01/11/2025,,\n"


def test_titles_above_the_header_are_passed_over_and_lines_keep_their_numbers(desk):
    outcome = desk.look(TITLES + table(line(), line(unit="")))
    assert desk.upload.source.header_line == 5
    assert (outcome.n_units, rules_of(outcome)) == (1, {"no_id": 1})
    assert desk.faults()[0][0] == "7"


def test_ways_of_writing_one_village_are_one_cluster(desk):
    ways = ["THÔN HOÀ  AN 1", "thôn Hòa An 01", "Thôn Hoà An 1", "Thôn Hóa An 1", "Thôn Hoa An 1"]
    lines = [line(unit=f"H{n}", cluster=way) for n, way in enumerate(ways)]
    first = desk.look(table(*lines))
    rows = frame_of(desk)
    turned = desk.look(table(*lines[::-1]))
    assert [row["cluster"] for row in rows] == ["Thôn Hoà An 1"] * 3 + ways[3:]
    assert first.frame_hash == turned.frame_hash
    assert rules_of(first) == rules_of(turned) == {"spelled": 2}


WRONG = {
    "no_id": line(unit=""),
    "bad_id": line(unit="H\u202e9"),
    "no_office": line(receives=""),
    "unknown_office": line(receives="XA-77"),
    "not_serving": line(receives="T"),
    "office_not_begun": line(received_on="2019-12-30", settled_on="2020-01-05"),
    "bad_day": line(settled_on="31/02/2025"),
    "settled_before_received": line(settled_on="2025-11-01"),
    "future": line(settled_on="2026-03-11"),
    "not_settled": line(settled_on=""),
    "cells": line() + ",thừa",
    "quotes": line(unit='"H1'),
}


@pytest.mark.parametrize("rule", WRONG)
def test_line_that_breaks_a_rule_stays_out_and_is_listed(desk, rule):
    outcome = desk.look(
        table(WRONG[rule], *FOUR_AFTER_ONE.splitlines(), *[line(unit=f"Z{n}") for n in range(30)])
    )
    assert rules_of(outcome) == {rule: 1}
    assert (outcome.n_units, outcome.n_rows) == (34, 35)
    number, _column, found, _became, to_do = desk.faults()[0]
    assert (number, to_do) == ("2", RULES[rule].to_do)
    assert found.startswith(RULES[rule].found)


@pytest.mark.parametrize("unit", ["=1+1", "H\x00", "H\ufffd", "H" * 101, "H\u200b1"])
def test_unreadable_id_is_refused(desk, unit):
    outcome = desk.look(table(line(unit=unit), line(unit="H2")))
    assert rules_of(outcome) == {"bad_id": 1}


@pytest.mark.parametrize(
    ("column", "text", "rule"),
    [
        ("channel", "Bồ câu", "unknown_word"),
        ("age_band", "lớn", "unknown_word"),
        ("cluster", "Thôn\u202eĐông", "unreadable"),
        ("field", "=HYPERLINK()", "unreadable"),
    ],
)
def test_cell_that_says_nothing_is_left_empty_and_its_line_stays(desk, column, text, rule):
    outcome = desk.look(table(line(**{column: text})))
    assert (rules_of(outcome), outcome.n_units) == ({rule: 1}, 1)
    assert frame_of(desk)[0][column] is None


def test_line_that_is_no_utf_8_is_refused_alone(desk):
    sent = table(line(), line(unit="H2")).encode() + b"H3,\xff\xed\xa0\x80" + b"," * 13 + b"\n"
    outcome = desk.look(sent)
    assert (rules_of(outcome), outcome.n_units) == ({"letters": 1}, 2)


def test_same_line_twice_is_one_dossier(desk):
    outcome = desk.look(table(line(), line(unit="H2"), line(), line()))
    assert (rules_of(outcome), outcome.n_units, outcome.n_duplicates) == ({"repeated": 2}, 2, 2)
    assert [row[0] for row in desk.faults()] == ["4", "5"]


def test_dossier_in_two_strata_is_taken_from_neither(desk):
    outcome = desk.look(table(line(field="Đất đai"), line(unit="H2"), line(field="Hộ tịch"), line()))
    assert (rules_of(outcome), outcome.n_units) == ({"two_contents": 3}, 1)
    assert frame_of(desk)[0]["unit"] == "H2"


def test_ended_office_goes_to_its_only_successor(desk):
    with desk.database.transaction() as session:
        offices = {one.code: one for one in session.scalars(select(Office))}
        for code, heirs in (("CU-1", ["XA-1"]), ("CU-2", ["XA-1", "XA-2"]), ("CU-3", [])):
            old = factories.office(
                session, code=code, valid_from=date(2015, 1, 1), valid_until=date(2025, 6, 30)
            )
            for heir in heirs:
                factories.office_succession(
                    session,
                    predecessor_id=old.id,
                    successor_id=offices[heir].id,
                    took_over_on=date(2025, 7, 1),
                )
    lines = [line(unit=f"H{n}", receives=f"CU-{n}") for n in (1, 2, 3)]
    before = line(unit="H4", receives="CU-2", received_on="2025-06-20", settled_on="2025-06-25")
    outcome = desk.look(table(*lines, before))
    assert rules_of(outcome) == {"office_ended": 2, "successor": 2}
    assert [(row["unit"], row["receives"]) for row in frame_of(desk)] == [("H1", "XA-1"), ("H4", "CU-2")]


def test_office_may_be_named_as_it_is_called(desk):
    name = unicodedata.normalize("NFD", "trung tâm  xã Mẫu 2")
    outcome = desk.look(table(line(receives=name)))
    assert frame_of(desk)[0]["receives"] == "XA-2"
    assert rules_of(outcome) == {"composed": 1}


def test_tone_of_an_office_may_stand_in_either_place(desk):
    with desk.database.transaction() as session:
        factories.office(session, code="HB", name="Trung tâm xã Hoà Thuỵ", valid_from=date(2020, 1, 1))
    outcome = desk.look(
        table(line(receives="Trung tâm xã Hòa Thụy"), line(unit="H2", receives="xã Hóa Thụy"))
    )
    assert frame_of(desk)[0]["receives"] == "HB"
    assert rules_of(outcome) == {"unknown_office": 1}


def test_plan_says_which_dossiers_are_meant(desk):
    population = Population(tops=("XA-1",), settled_from=date(2025, 11, 1), settled_until=date(2025, 11, 30))
    with desk.database.transaction() as session:
        plan = PlanDocument(population=population)
        factories.campaign_plan(session, campaign_id=desk.campaign_id, document_json=plan.to_json())
    outcome = desk.look(
        table(
            line(),
            line(unit="H2", settled_on="2025-12-01"),
            line(unit="H3", receives="XA-2"),
            line(unit="H4", decides="XA-2"),
        )
    )
    assert rules_of(outcome) == {"outside_period": 1, "outside_population": 1}
    assert outcome.n_units == 2
    assert outcome.remains.plan_hash == plan.hash


def test_address_in_two_lines_is_one_dossier(desk):
    address = '"Số 1\nThôn Đông, xã Mẫu"'
    outcome = desk.look(table(line(address=address), line(unit="H2")))
    assert (rules_of(outcome), outcome.n_units) == ({}, 2)


def test_heading_may_go_over_several_lines(desk):
    header = HEADER.replace("Ngày tiếp nhận", '"Ngày\ntiếp nhận"')
    outcome = desk.look("\n".join((header, line(), line(unit=""))) + "\n")
    assert (outcome.n_units, outcome.remains.rules[0].places) == (1, ((4, "unit"),))
    assert frame_of(desk)[0]["received_on"] == date(2025, 11, 3)


def test_blank_lines_are_no_lines_and_numbers_stay_right(desk):
    text = "\n\n" + table(line(), "", "," * 14, line(unit="H2", receives="XA-77"))
    outcome = desk.look(text)
    assert (outcome.n_rows, outcome.remains.rules[0].places) == (2, ((7, "receives"),))


def test_blocks_and_runs_change_nothing(desk, monkeypatch):
    from survey_app.prepare.frames import build, lines, runs

    text = table(
        *(line(unit=f"H{n * 7 % 200:03}", address=f'"Số {n}\nThôn Đông"') for n in range(200)),
        line(unit="H007", outcome="Quá hạn"),
        line(unit="H100", outcome="Quá hạn"),
        line(unit="H050"),
    )
    whole = desk.look(text)
    monkeypatch.setattr(build, "Runs", lambda folder, faults: runs.Runs(folder, faults, 40))
    monkeypatch.setattr(build, "blocks", lambda source, note: lines.blocks(source, note, 700))
    monkeypatch.setattr(runs, "ROWS_AT_ONCE", 8)
    in_pieces = desk.look(text)
    assert rules_of(whole) == {"two_contents": 4, "repeated": 1}
    assert in_pieces.frame_hash == whole.frame_hash
    assert in_pieces.remains.rules == whole.remains.rules


def test_contacts_lie_sealed_apart_and_nowhere_else(desk):
    person = {"name": "Lê Thị Kín", "address": "Số 9 ngõ Vắng", "phone": "0987654321"}
    wrong = line(unit="", **person), line(unit="H3", receives="0987654321"), line(unit="H4", sex="Lê Thị Kín")
    outcome = desk.look(table(line(**person), *wrong))
    folder = desk.made
    opened = next(iter(open_contacts(folder / CONTACTS_FILE, desk.settings.frame_keys))).to_pylist()
    assert opened[0] == {"unit": "H1", **person}
    assert list(open_contacts(folder / CONTACTS_FILE, [b"k" * 32])) == []
    made = list(folder.iterdir())
    assert {path.name for path in made} == {f"{outcome.frame_hash}.parquet", "contacts", "faults.csv"}
    for word in person.values():
        assert word not in str(outcome)
        assert not any(word.encode() in path.read_bytes() for path in made)


def test_code_of_an_unknown_office_is_named_and_a_telephone_number_is_not(desk):
    outcome = desk.look(table(line(receives="XA-99"), line(unit="H2", receives="XA-0987654321")))
    assert outcome.remains.unknown_offices == (("XA-99", 1),)


def test_column_of_ever_new_labels_is_refused(desk, monkeypatch):
    from survey_app.prepare.frames import words

    monkeypatch.setattr(words, "MOST_DISTINCT", 5)
    with pytest.raises(ImportRefused, match="giá trị khác nhau"):
        desk.look(table(*(line(unit=f"H{n}", procedure=f"Thủ tục {n}") for n in range(9))))


def test_spreadsheet_is_read_like_text(desk):
    rows = [
        HEADER.split(","),
        *([*line(unit=f"H{n}").split(",")] for n in range(3)),
        [],
        line(unit="").split(","),
    ]
    outcome = desk.look(workbook(rows), "ho-so.xlsx")
    assert (outcome.n_units, outcome.remains.rules[0].places) == (3, ((6, "unit"),))
    same = desk.look(table(*(line(unit=f"H{n}") for n in range(3))))
    assert same.frame_hash == outcome.frame_hash


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_spreadsheet_is_refused_and_leaves_nothing(desk, name):
    made, reason = HOSTILE[name]
    with pytest.raises(ImportRefused, match=reason):
        desk.look(made(), "ho-so.xlsx")
    assert list((desk.settings.data_dir / "frames" / "looks").iterdir()) == []


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "trống"),
        (b"\n \n", "trống"),
        (b"<html><table><tr><td>H1</td></tr></table>", "trang web"),
        (b"M\xc3 h\xe5 s\xac,\xaeang\n\xae\xb5o,\xae\xb8\n", "TCVN3"),
        (bytes(range(256)) * 40, "không phải bảng chữ|tiêu đề"),
        (b"x" * 100_000, "tiêu đề"),
        (b"\xd0\xcf\x11\xe0abc", "xls"),
    ],
)
def test_what_is_no_table_is_refused(desk, content, reason):
    with pytest.raises(ImportRefused, match=reason):
        desk.look(content)


def test_line_without_end_is_refused(desk, monkeypatch):
    from survey_app.prepare.frames import lines

    monkeypatch.setattr(lines, "BLOCK_BYTES", 1000)
    monkeypatch.setattr(lines, "LONGEST_LINE", 2000)
    monkeypatch.setattr(lines.blocks, "__defaults__", (1000,))
    with pytest.raises(ImportRefused, match="dài hơn"):
        desk.look(HEADER + "\n" + "x" * 9000)


def test_file_cut_in_half_gives_its_sound_lines(desk):
    text = table(*(line(unit=f"H{n}") for n in range(100)))
    outcome = desk.look(text[: len(text) // 2])
    assert outcome.n_units + outcome.n_refused == outcome.n_rows > 40
    assert outcome.n_refused <= 1


def test_each_rule_stands_in_the_guide(backend):
    guide = (Path(__file__).parents[4] / "docs" / "campaign.md").read_text("utf-8")
    lacking = [name for name, rule in RULES.items() if f"| `{name}` | {rule.found_en} |" not in guide]
    assert not lacking, "docs/campaign.md: the table of rules"


@pytest.mark.parametrize(
    "first",
    [
        "H1,XA-9,10/11/2025,Lê Thị Kín",
        "H1,XA-9,2025-11-10 08:30,Lê Thị Kín",
        "H57.12-251103-0001,XA-9,Lê Thị Kín",
        "H1,Lê Thị Kín,098 765 4321",
        "H1,XA-1,Lê Thị Kín",
        "H1,trung tâm xã mẫu 2,Lê Thị Kín",
    ],
    ids=["day", "moment", "dossier", "telephone", "code of an office", "name of an office"],
)
def test_first_person_of_a_list_without_headings_is_refused_and_not_named(desk, first):
    with pytest.raises(ImportRefused, match="không có dòng tiêu đề") as refused:
        desk.look(first + "\n" + first + "\n")
    assert "Kín" not in str(refused.value.faults)


def test_heading_may_name_years_and_ways_to_write_a_day(desk):
    header = HEADER.replace("Ngày giải quyết xong", "Ngày giải quyết").replace("Giới tính", "Năm 2024-2025")
    assert desk.look(header + "\n" + line() + "\n").n_units == 1


def test_contacts_are_remembered_by_their_place_alone(desk):
    found = desk.look(table(line(name="Lê Thị Kín")))
    assert (found.mapping["unit"], found.mapping["name"]) == ("Mã hồ sơ", COLUMNS.index("name") + 1)
