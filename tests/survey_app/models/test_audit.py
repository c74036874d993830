"""What stands in the audit log stays as it is written, whoever has the database open."""

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from tests import factories

REWRITINGS = ("UPDATE audit_line SET what = 'x'", "DELETE FROM audit_line WHERE id = :id")
BY_AN_INSERT = (
    "INSERT OR REPLACE INTO audit_line (id, at, act, what) SELECT id, at, act, 'x' FROM audit_line",
    "REPLACE INTO audit_line (id, at, act, what) SELECT id, at, act, 'x' FROM audit_line",
    "INSERT INTO audit_line (id, at, act, what) SELECT id, at, act, 'x' FROM audit_line WHERE true "
    "ON CONFLICT (id) DO UPDATE SET what = 'x'",
)


def test_line_is_neither_changed_nor_deleted_nor_replaced(database):
    with database.transaction() as session:
        line_id = factories.audit_line(session, what="như đã ghi").id
    statements = REWRITINGS + (BY_AN_INSERT if database.is_sqlite else BY_AN_INSERT[-1:])
    for statement in statements:
        with (
            pytest.raises(DBAPIError, match="audit log cannot be changed"),
            database.transaction() as session,
        ):
            session.execute(text(statement), {"id": line_id} if ":id" in statement else {})
    with database.transaction() as session:
        assert factories.audit_line(session, what="một dòng nữa").id > line_id
        written = session.scalars(text("SELECT what FROM audit_line ORDER BY id")).all()
    assert written == ["như đã ghi", "một dòng nữa"]
