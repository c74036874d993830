"""Tidying: nothing in the tables tells the order of arrival, or joins a comment to its answers."""

from datetime import timedelta

import pytest
from sqlalchemy import select, text

from survey_app.cli.database import forget_order
from survey_app.models.case import Contact
from tests import factories


@pytest.mark.parametrize("backend", ["postgresql"], indirect=True)
def test_tidying_leaves_one_transaction_number_and_the_order_of_the_keys(database):
    for _ in range(6):
        with database.transaction() as session:
            point = factories.access_point(session)
        for _ in range(3):
            with database.transaction() as session:
                factories.response(session, access_point_id=point.id)
                factories.comment(session, access_point_id=point.id)
    forget_order(database, factories.DAY)
    with database.reading() as session:
        numbers = session.scalars(
            text("SELECT xmin::text FROM response UNION SELECT xmin::text FROM comment")
        )
        assert len(numbers.all()) == 1
        stored = session.execute(
            text("SELECT access_point_id, day, submission_key FROM response ORDER BY ctid")
        )
        rows = [tuple(row) for row in stored]
    assert rows == sorted(rows)
    assert len(rows) == 18


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_tidying_sqlite_sorts_the_cells_of_its_pages_by_key(database, tmp_path):
    with database.transaction() as session:
        point = factories.access_point(session)
    for _ in range(20):
        with database.transaction() as session:
            factories.response(session, access_point_id=point.id)
    with database.reading() as session:
        keys = session.scalars(text("SELECT submission_key FROM response ORDER BY submission_key")).all()

    def places():
        """Where the keys stand in the file: SQLite fills a page from its end."""
        content = (tmp_path / "survey.sqlite").read_bytes()
        return [content.rindex(key) for key in keys]

    forget_order(database, factories.DAY)
    assert places() in (sorted(places()), sorted(places(), reverse=True))


def test_tidy_deletes_expired_contacts_and_keeps_the_others(app, database):
    with database.transaction() as session:
        for days in (-1, 0):
            factories.contact(session, expires_on=factories.DAY + timedelta(days=days))
    assert app.test_cli_runner().invoke(args=["database", "tidy"]).exit_code == 0
    with database.reading() as session:
        assert session.scalars(select(Contact.expires_on)).all() == [factories.DAY]


@pytest.mark.parametrize("backend", ["postgresql"], indirect=True)
def test_tidying_gives_cases_and_contacts_one_transaction_number(database):
    for _ in range(4):
        with database.transaction() as session:
            case = factories.comment_case(session)
        with database.transaction() as session:
            factories.contact(session, case_number=case.number)
    forget_order(database, factories.DAY)
    with database.reading() as session:
        for table, key in (("comment_case", "number"), ("contact", "case_number")):
            numbers = session.scalars(text(f"SELECT DISTINCT xmin::text FROM {table}")).all()
            assert len(numbers) == 1
            as_stored = session.scalars(text(f"SELECT {key} FROM {table} ORDER BY ctid")).all()
            assert as_stored == session.scalars(text(f"SELECT {key} FROM {table} ORDER BY {key}")).all()
