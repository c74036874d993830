"""Offices come in from a file all together, or none and every fault is told with its line and column."""

import unicodedata
from datetime import date

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import aliased

from survey_app.db import Database
from survey_app.errors import ImportRefused
from survey_app.models.office import Counter, Office, OfficeSuccession
from survey_app.prepare.offices.office_file import import_offices
from survey_app.prepare.tables.table_file import MOST_BYTES
from tests import factories

HEADER = "code,name,kind,parent_code,valid_from,valid_until,counters,successors"
GOOD = f"""\
{HEADER}
N1,Trung tâm xã Mới,commune_section,T,2025-07-01,,Quầy số 1|Quầy số 2,
O1,"Bộ phận Một cửa xã Cũ, nhánh 1",commune_section,H,2010-01-01,2025-06-30,,N1
O2,Bộ phận Một cửa xã Cũ 2,commune_section,H,2010-01-01,30/06/2025,Quầy số 1,N1|N2

H,Bộ phận Một cửa huyện Cũ,district_section,T,2010-01-01,2025-06-30,,
T,Tỉnh Mẫu,province,,1997-01-01,,,
N2,Trung tâm xã Hòa Mới,commune_section,T,01/07/2025,,,
"""

LACKS_T = [(line, "parent_code", "“T”") for line in (2, 6, 8)]
CASES = [
    # what is written instead of what           line, column, part of the message
    ("N2,Trung", "N1,Trung", [(2, "code", "2 lần"), (8, "code", "2 lần"), (4, "successors", "“N2”")]),
    ("T,Tỉnh Mẫu", "HAVE,Tỉnh Mẫu", [(7, "code", "đã có"), *LACKS_T]),
    ("T,Tỉnh Mẫu", ",Tỉnh Mẫu", [(7, "code", "chưa điền"), *LACKS_T]),
    ("O2,", "O/2,", [(4, "code", "không dùng được")]),
    ("Tỉnh Mẫu", " ", [(7, "name", "chưa điền")]),
    ("Tỉnh Mẫu", "Tỉnh\u202e Mẫu", [(7, "name", "ký tự không đọc được")]),
    (",province,", ",tỉnh,", [(7, "kind", "không có loại “tỉnh”")]),
    (
        ",province,,",
        ",province,H,",
        [
            *((line, "parent_code", "vòng tròn") for line in (6, 7)),
            (7, "parent_code", "“province” không thể trực thuộc “district_section”"),
            (7, "parent_code", "cấp trên kết thúc trước, ngày 30/06/2025"),
        ],
    ),
    (",province,,", ",province,T,", [(7, "parent_code", "vòng tròn")]),
    ("1997-01-01", "1997-02-30", [(7, "valid_from", "không phải ngày")]),
    ("1997-01-01", "01-02-1997", [(7, "valid_from", "không phải ngày")]),
    ("1997-01-01", "", [(7, "valid_from", "chưa điền")]),
    (
        "01/07/2025,,,",
        "01/07/2025,2025-06-30,,",
        [(8, "valid_until", "kết thúc trước"), (4, "successors", "“N2” không hoạt động")],
    ),
    ("01/07/2025,,,", "2025-07-02,,,", [(4, "successors", "“N2” không hoạt động")]),
    (
        "30/06/2025,Quầy số 1,N1|N2",
        ",Quầy số 1,N1|N2",
        [(4, "parent_code", "cấp trên kết thúc trước"), (4, "successors", "chưa kết thúc")],
    ),
    ("30/06/2025,Quầy", "30/06/25,Quầy", [(4, "valid_until", "không phải ngày")]),
    ("N1|N2", "N1|N9|O2", [(4, "successors", "“N9”"), (4, "successors", "chính mình")]),
    ("N1|N2", "N1|N1", [(4, "successors", "hai lần")]),
    ("Quầy số 1|Quầy số 2", "Quầy số 1|Quầy số\u00a0 1", [(2, "counters", "“Quầy số 1” ghi hai lần")]),
    ("01/07/2025,,,", "01/07/2025,,", [(8, "tệp", "7 ô"), (4, "successors", "“N2”")]),
    ("Tỉnh Mẫu", '"Tỉnh" Mẫu', [(7, "tệp", "CSV")]),
    (
        HEADER,
        HEADER.replace("kind", "loai"),
        [(1, "kind", "thiếu cột"), (1, "loai", "không dùng"), (1, "tệp", "kind, parent_code")],
    ),
    (HEADER, HEADER.replace("kind", "kind,kind"), [(1, "kind", "hai lần")]),
]


def faults_of(database: Database, content: bytes) -> list[tuple[int, str, str]]:
    with database.transaction() as session:
        factories.office(session, code="HAVE")
        with pytest.raises(ImportRefused) as refused:
            import_offices(session, content)
        assert session.scalar(select(func.count(Office.id))) == 1
    return refused.value.faults


@pytest.mark.parametrize(("written", "instead", "expected"), CASES)
@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_every_fault_is_told_and_nothing_is_stored(
    database: Database, written: str, instead: str, expected: list[tuple[int, str, str]]
) -> None:
    assert written in GOOD
    found = faults_of(database, GOOD.replace(written, instead).encode())
    assert sorted((line, column) for line, column, _ in found) == sorted(e[:2] for e in expected)
    assert found == sorted(found)
    for line, column, part in expected:
        assert any(part in message for at, where, message in found if (at, where) == (line, column))


def test_offices_counters_and_successors_are_stored(database: Database) -> None:
    with database.transaction() as session:
        assert import_offices(session, GOOD.encode()) == 6
    with database.reading() as session:
        offices = {office.code: office for office in session.scalars(select(Office))}
        assert {code: office.parent_id for code, office in offices.items()} == {
            "T": None,
            **dict.fromkeys(("N1", "N2", "H"), offices["T"].id),
            **dict.fromkeys(("O1", "O2"), offices["H"].id),
        }
        assert offices["O1"].name == "Bộ phận Một cửa xã Cũ, nhánh 1"
        assert offices["O2"].valid_until == date(2025, 6, 30)
        assert not any(office.is_demo for office in offices.values())
        before, after = aliased(Office), aliased(Office)
        links = session.execute(
            select(before.code, after.code, OfficeSuccession.took_over_on)
            .join(before, before.id == OfficeSuccession.predecessor_id)
            .join(after, after.id == OfficeSuccession.successor_id)
        )
        day = date(2025, 7, 1)
        assert sorted(map(tuple, links)) == [("O1", "N1", day), ("O2", "N1", day), ("O2", "N2", day)]
        labels = select(Office.code, Counter.label).join(Office, Office.id == Counter.office_id)
        assert sorted(map(tuple, session.execute(labels))) == [
            ("N1", "Quầy số 1"),
            ("N1", "Quầy số 2"),
            ("O2", "Quầy số 1"),
        ]


@pytest.mark.parametrize(
    "content",
    [
        "\ufeff" + GOOD,
        GOOD.replace('"Bộ phận Một cửa xã Cũ, nhánh 1"', "Bộ phận Một cửa xã Cũ").replace(",", ";"),
        GOOD.replace("\n", "\r\n"),
        unicodedata.normalize("NFD", GOOD),
        GOOD.replace(HEADER, HEADER.upper()),
    ],
    ids=["byte order mark", "semicolons", "line ends of Windows", "decomposed", "capitals"],
)
@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_what_spreadsheets_write_is_read(database: Database, content: str) -> None:
    with database.transaction() as session:
        import_offices(session, content.encode())
        names = set(session.scalars(select(Office.name)))
    assert {"Trung tâm xã Hòa Mới", "Tỉnh Mẫu"} <= names


@pytest.mark.parametrize(
    ("content", "line", "part"),
    [
        (b"\xff\xfec\x00o\x00", 1, "UTF-8"),
        (GOOD.encode() + "Xã".encode("cp1258", "replace") + b"\xff", 9, "UTF-8"),
        (b"x" * (MOST_BYTES + 1), 1, "MB"),
        (b"", 1, "tệp trống"),
    ],
    ids=["UTF-16", "another encoding", "too large", "empty"],
)
@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_file_that_is_no_table_is_refused(database: Database, content: bytes, line: int, part: str) -> None:
    found = faults_of(database, content)
    assert (found[0][0], part in found[0][2]) == (line, True)


def test_later_file_may_name_offices_that_are_stored(database: Database) -> None:
    line = "O3,Xã Ba,commune_section,T,2012-01-01,2025-06-30,,N1"
    with database.transaction() as session:
        import_offices(session, GOOD.encode())
    with database.transaction() as session:
        assert import_offices(session, f"{HEADER}\n{line}\n".encode(), is_demo=True) == 1
    with database.reading() as session:
        office = session.scalar(select(Office).where(Office.code == "O3"))
        assert office is not None
        assert office.is_demo
        assert session.get_one(Office, office.parent_id).code == "T"
