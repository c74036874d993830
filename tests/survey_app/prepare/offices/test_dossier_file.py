"""Dossier counts come in all together, in place of earlier ones, or none and every fault is told."""

from datetime import date

import pytest
from sqlalchemy import select

from survey_app.db import Database
from survey_app.errors import ImportRefused
from survey_app.models.office import DossierCount, Office
from survey_app.prepare.offices.dossier_file import import_dossiers
from tests import factories

HEADER = "office_code,month,n_settled"


def import_into(database: Database, *lines: str) -> int:
    with database.transaction() as session:
        if session.scalar(select(Office.id)) is None:
            factories.office(session, code="A", valid_from=date(2025, 7, 15))
            factories.office(session, code="B", valid_until=date(2025, 6, 30))
        return import_dossiers(session, "\n".join([HEADER, *lines]).encode())


def stored(database: Database) -> list[tuple[str, date, int]]:
    query = select(Office.code, DossierCount.month, DossierCount.n_settled)
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
        ("A,2025-08-01,1", "month", "không phải tháng"),
        ("A,2025-06,1", "month", "không hoạt động"),
        ("B,2025-07,1", "month", "không hoạt động"),
        ("A,07/2025,1", "month", "dòng 2"),
        ("A,2025-08,1.234", "n_settled", "không phải số đếm"),
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
    [(at, where, message)] = refused.value.faults
    assert (at, where, part in message) == (3, column, True)
    assert stored(database) == []
