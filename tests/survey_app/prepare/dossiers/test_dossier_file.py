"""Dossier counts come in all together, in place of earlier ones, or none and every fault is told."""

from datetime import date

import pytest
from sqlalchemy import select

from survey_app.db import Database
from survey_app.errors import ImportRefused
from survey_app.models.office import ALL_FIELDS, DossierCount, Office, ServiceField
from survey_app.prepare.dossiers.counts import Counts
from survey_app.prepare.dossiers.dossier_file import import_dossiers
from survey_app.prepare.dossiers.store import stored_counts
from tests import factories

HEADER = "office_code,month,n_settled"
JULY = date(2025, 7, 1)


def import_into(database: Database, *lines: str) -> int:
    with database.transaction() as session:
        if session.scalar(select(Office.id)) is None:
            factories.office(session, code="A", valid_from=date(2025, 7, 15))
            factories.office(session, code="B", valid_until=date(2025, 6, 30))
        return import_dossiers(session, "\n".join([HEADER, *lines]).encode())


def stored(database: Database) -> list[tuple[str, date, int]]:
    query = select(Office.code, DossierCount.month, DossierCount.n_settled).where(DossierCount.field_id == 0)
    with database.reading() as session:
        return sorted(map(tuple, session.execute(query.join(Office, Office.id == DossierCount.office_id))))


def test_counts_are_stored_by_office_and_month(database: Database) -> None:
    assert import_into(database, "A,2025-07,120", "A,8/2025,0", "B,2025-06,999999999") == 3
    assert stored(database) == [
        ("A", date(2025, 7, 1), 120),
        ("A", date(2025, 8, 1), 0),
        ("B", date(2025, 6, 1), 999_999_999),
    ]


def test_later_file_replaces_the_count_of_a_month(database: Database) -> None:
    import_into(database, "A,2025-07,120", "A,2025-08,130")
    import_into(database, "A,2025-08,135", "A,2025-09,140")
    assert [n for _, _, n in stored(database)] == [120, 135, 140]


@pytest.mark.parametrize(
    ("line", "column", "part"),
    [
        ("C,2025-08,1", "office_code", "“C”"),
        (",2025-08,1", "office_code", "chưa điền"),
        ("A,2025-13,1", "month", "không phải tháng"),
        ("A,0/2025,1", "month", "không phải tháng"),
        ("A,0000-01,1", "month", "không phải tháng"),
        ("A,2025-08-02,1", "month", "không phải tháng"),
        ("A,2025-06,1", "month", "không hoạt động"),
        ("B,2025-07,1", "month", "không hoạt động"),
        ("A,07/2025,1", "month", "dòng 2"),
        ("A,2025-08,1.23", "n_settled", "không phải số đếm"),
        ('A,2025-08,"84,2"', "n_settled", "không phải số đếm"),
        ('A,2025-08,"1.234,567"', "n_settled", "không phải số đếm"),
        ("A,2025-08,=1+1", "n_settled", "công thức"),
        ("@A,2025-08,1", "office_code", "công thức"),
        ("A\u202e,2025-08,1", "office_code", "ký tự không đọc được"),
        ("A\x00,2025-08,1", "office_code", "ký tự không đọc được"),
        ("A,2025-08,-1", "n_settled", "không phải số đếm"),
        ("A,2025-08,²", "n_settled", "không phải số đếm"),
        ("A,2025-08,1000000000", "n_settled", "không phải số đếm"),
        ("A,2025-08,", "n_settled", "chưa điền"),
    ],
)
@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_every_fault_is_told_and_nothing_is_stored(
    database: Database, line: str, column: str, part: str
) -> None:
    with pytest.raises(ImportRefused) as refused:
        import_into(database, "A,2025-07,120", line)
    assert [(at, where) for at, where, message in refused.value.faults if part in message] == [(3, column)]
    assert stored(database) == []


@pytest.mark.parametrize("n", ["1234", "1.234", '"1,234"', "1 234", "1\u00a0234"])
@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_thousands_may_be_grouped_as_people_write_them(database: Database, n: str) -> None:
    import_into(database, f"A,2025-07,{n}")
    assert stored(database) == [("A", date(2025, 7, 1), 1234)]


@pytest.mark.parametrize("month", ["2025-07", "2025-07-01", "07/2025", "7/2025", "01/07/2025"])
@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_month_may_be_written_in_the_ways_of_spreadsheets(database: Database, month: str) -> None:
    import_into(database, f"A,{month},5")
    assert stored(database) == [("A", date(2025, 7, 1), 5)]


def with_fields(database: Database, *lines: str, accepts: bool = False) -> dict[int, int]:
    """Import lines of office A in July by field; give what is settled by field, 0 for the total."""
    header = "office_code,month,field_code,n_settled"
    with database.transaction() as session:
        if session.scalar(select(Office.id)) is None:
            factories.office(session, code="A")
            factories.service_field(session, code="F1")
            factories.service_field(session, code="F2")
        content = "\n".join([header, *(f"A,2025-07,{line}" for line in lines)]).encode()
        import_dossiers(session, content, accepts_contradictions=accepts)
        rows = session.execute(select(DossierCount.field_id, DossierCount.n_settled)).all()
        first = session.scalar(select(ServiceField.id).where(ServiceField.code == "F1")) or 0
    return {0 if field_id == 0 else field_id - first + 1: n for field_id, n in rows}


def test_total_is_the_sum_of_the_fields_and_follows_them(database: Database) -> None:
    assert with_fields(database, "F1,10") == {0: 10, 1: 10}
    assert with_fields(database, "F2,5") == {0: 15, 1: 10, 2: 5}
    assert with_fields(database, "F1,20") == {0: 25, 1: 20, 2: 5}


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_total_that_was_reported_by_itself_stays_beside_its_fields(database: Database) -> None:
    with pytest.raises(ImportRefused, match="không khớp: 100, tính ra 10"):
        with_fields(database, ",100", "F1,10")
    assert with_fields(database, ",100", "F1,10", accepts=True) == {0: 100, 1: 10}
    assert with_fields(database, "F2,50", accepts=True) == {0: 100, 1: 10, 2: 50}


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_total_reported_with_its_parts_keeps_them_when_a_field_comes_again(database: Database) -> None:
    header = "office_code,month,field_code,n_settled,n_received,n_early,n_on_time,n_late"
    with database.transaction() as session:
        office = factories.office(session, code="A")
        factories.service_field(session, code="F1")

        def total() -> Counts:
            return stored_counts(session, [JULY])[office.id, JULY, ALL_FIELDS]

        def send(*lines: str) -> None:
            content = "\n".join([header, *(f"A,2025-07,{line}" for line in lines)])
            import_dossiers(session, content.encode())

        send(",100,120,40,50,10", "F1,100,,,,")
        send("F1,100,,,,")
        assert total() == Counts(100, 120, 40, 50, 10)
        with pytest.raises(ImportRefused, match="không khớp: 100, tính ra 70"):
            send("F1,70,,,,")
        with pytest.raises(ImportRefused, match="không khớp: 10, tính ra 9"):
            send("F1,100,,40,51,9")


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_total_made_of_its_fields_learns_their_parts(database: Database) -> None:
    header = "office_code,month,field_code,n_settled,n_early,n_on_time,n_late"
    with database.transaction() as session:
        office = factories.office(session, code="A")
        factories.service_field(session, code="F1")
        for line, total in (("F1,10,,,", Counts(10)), ("F1,10,1,2,7", Counts(10, None, 1, 2, 7))):
            import_dossiers(session, f"{header}\nA,2025-07,{line}".encode())
            assert stored_counts(session, [JULY])[office.id, JULY, ALL_FIELDS] == total
