"""What two people decide, the responses that they void, the days that somebody looked at, the audit log."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
KINDS = "'void_responses', 'pause_codes', 'resume_codes', 'close_early', 'reopen'"
# trigger → operation, when it refuses. What a demo account did goes with the demo.
OF_DEMO = "EXISTS (SELECT 1 FROM staff WHERE staff.id = OLD.staff_id AND staff.is_demo)"
GUARDS = {
    "audit_line_keeps_its_words": ("UPDATE", "TRUE"),
    "audit_line_is_not_deleted": ("DELETE", f"NOT {OF_DEMO}"),
}
# SQLite deletes for INSERT OR REPLACE without asking the triggers; PostgreSQL knows no such statement.
GUARDS_ON_SQLITE = {
    "audit_line_is_not_replaced": (
        "INSERT",
        "EXISTS (SELECT 1 FROM audit_line WHERE audit_line.id = NEW.id)",
    ),
}


def upgrade() -> None:
    op.create_table(
        "approval",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("kind", sa.String, nullable=False),
        sa.Column("campaign_id", sa.Integer, sa.ForeignKey("campaign.id"), nullable=False),
        sa.Column("office_id", sa.Integer, sa.ForeignKey("office.id")),
        sa.Column("arguments", sa.JSON, nullable=False),
        sa.Column("reason", sa.String, nullable=False),
        sa.Column("asked_by", sa.Integer, sa.ForeignKey("staff.id"), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decision", sa.String),
        sa.Column("decided_by", sa.Integer, sa.ForeignKey("staff.id")),
        sa.Column("decided_at", sa.DateTime(timezone=True)),
        sa.CheckConstraint(f"kind IN ({KINDS})", name="kind_is_known"),
        sa.CheckConstraint("decision IN ('approved', 'refused', 'withdrawn')", name="decision_is_known"),
        sa.CheckConstraint(
            "(decision IS NULL) = (decided_at IS NULL) AND (decided_at IS NULL) = (decided_by IS NULL)",
            name="is_decided_whole",
        ),
        sa.CheckConstraint(
            "decision IS NULL OR decision = 'withdrawn' OR decided_by <> asked_by", name="needs_two_people"
        ),
        sa.CheckConstraint("length(reason) > 0", name="has_a_reason"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_approval_campaign_id", "approval", ["campaign_id"])
    # In plain SQL: Alembic would rebuild the table on SQLite to give the column its key.
    op.execute(
        "ALTER TABLE response ADD COLUMN approval_id INTEGER "
        "CONSTRAINT fk_response_approval_id REFERENCES approval (id)"
    )
    _index_marked("review_mark", "approval_id", "access_point_id", "day")
    op.create_table(
        "seen_day",
        sa.Column("access_point_id", sa.Integer, sa.ForeignKey("access_point.id"), primary_key=True),
        sa.Column("day", sa.Integer, primary_key=True),
        sa.Column("n_marked", sa.Integer, nullable=False),
        sa.Column("seen_by", sa.Integer, sa.ForeignKey("staff.id")),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("note", sa.String, nullable=False),
        sa.CheckConstraint("n_marked > 0", name="has_something_to_see"),
    )
    op.create_table(
        "audit_line",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("staff_id", sa.Integer, sa.ForeignKey("staff.id")),
        sa.Column("act", sa.String, nullable=False),
        sa.Column("office_id", sa.Integer, sa.ForeignKey("office.id")),
        sa.Column("what", sa.String, nullable=False),
        sqlite_autoincrement=True,
    )
    for column in ("office_id", "staff_id", "act", "at"):
        op.create_index(f"ix_audit_line_{column}", "audit_line", [column])
    is_sqlite = op.get_bind().dialect.name == "sqlite"
    for name, (operation, condition) in (GUARDS | (GUARDS_ON_SQLITE if is_sqlite else {})).items():
        _refuse(name, operation, condition)


def _refuse(name: str, operation: str, condition: str) -> None:
    message = f"the audit log cannot be changed ({operation})"
    if op.get_bind().dialect.name == "sqlite":
        op.execute(
            f"CREATE TRIGGER {name} BEFORE {operation} ON audit_line WHEN {condition} "
            f"BEGIN SELECT RAISE(ABORT, '{message}'); END"
        )
        return
    row = "OLD" if operation == "DELETE" else "NEW"
    op.execute(
        f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        f"IF {condition} THEN RAISE EXCEPTION '{message}'; END IF; RETURN {row}; END $$"
    )
    op.execute(
        f"CREATE TRIGGER {name} BEFORE {operation} ON audit_line FOR EACH ROW EXECUTE FUNCTION {name}()"
    )


def downgrade() -> None:
    op.drop_table("audit_line")
    op.drop_table("seen_day")
    _index_marked("review_mark", "access_point_id", "day")
    op.drop_column("response", "approval_id")
    op.drop_table("approval")
    if op.get_bind().dialect.name == "postgresql":
        for name in GUARDS:
            op.execute(f"DROP FUNCTION {name}()")


def _index_marked(*columns: str) -> None:
    """Index the marked responses by these columns: the list of busy days then reads nothing but the index."""
    is_marked = sa.text("review_mark IS NOT NULL")
    op.drop_index("ix_response_marked", table_name="response")
    op.create_index(
        "ix_response_marked", "response", columns, sqlite_where=is_marked, postgresql_where=is_marked
    )
