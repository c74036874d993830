"""What two people decide, the responses that they void, the days that somebody looked at, the audit log."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from migrations.sealing import keep, let_go

revision = "0010"
down_revision = "0009"
KINDS = "'void_responses', 'pause_codes', 'resume_codes', 'close_early', 'reopen', 'publish', 'merge_offices'"
# What a demo account did goes with the demo.
OF_DEMO = "EXISTS (SELECT 1 FROM staff WHERE staff.id = OLD.staff_id AND staff.is_demo)"
GUARDS = {
    "audit_line_keeps_its_words": ("audit_line", "UPDATE", "TRUE"),
    "audit_line_is_not_deleted": ("audit_line", "DELETE", f"NOT {OF_DEMO}"),
    "audit_line_is_not_replaced": (
        "audit_line",
        "REPLACE",
        "EXISTS (SELECT 1 FROM audit_line AS other WHERE other.id = NEW.id)",
    ),
}


def upgrade() -> None:
    op.create_table(
        "approval",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("kind", sa.String, nullable=False),
        sa.Column("campaign_id", sa.Integer, sa.ForeignKey("campaign.id")),
        sa.Column("office_id", sa.Integer, sa.ForeignKey("office.id")),
        sa.Column("arguments", sa.JSON, nullable=False),
        sa.Column("reason", sa.String, nullable=False),
        sa.Column("asked_by", sa.Integer, sa.ForeignKey("staff.id"), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decision", sa.String),
        sa.Column("decided_by", sa.Integer, sa.ForeignKey("staff.id")),
        sa.Column("decided_at", sa.DateTime(timezone=True)),
        sa.Column("refusal", sa.String),
        sa.CheckConstraint(f"kind IN ({KINDS})", name="kind_is_known"),
        sa.CheckConstraint("decision IN ('approved', 'refused', 'withdrawn')", name="decision_is_known"),
        sa.CheckConstraint(
            "(decision IS NULL) = (decided_at IS NULL) AND (decided_at IS NULL) = (decided_by IS NULL)",
            name="is_decided_whole",
        ),
        sa.CheckConstraint(
            "decision IS NULL OR decision = 'withdrawn' OR decided_by <> asked_by", name="needs_two_people"
        ),
        sa.CheckConstraint(
            "(campaign_id IS NULL) = (kind = 'merge_offices')", name="is_about_a_campaign_or_offices"
        ),
        sa.CheckConstraint("length(reason) > 0", name="has_a_reason"),
        sa.CheckConstraint(
            "refusal IS NULL OR (decision IS NOT NULL AND decision = 'refused')",
            name="says_why_it_is_refused",
        ),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_approval_campaign_id", "approval", ["campaign_id"])
    op.create_table(
        "approval_office",
        sa.Column("approval_id", sa.Integer, sa.ForeignKey("approval.id"), primary_key=True),
        sa.Column("office_id", sa.Integer, sa.ForeignKey("office.id"), primary_key=True),
    )
    # In plain SQL: Alembic would rebuild the table on SQLite to give the column its key.
    op.execute(
        "ALTER TABLE response ADD COLUMN approval_id INTEGER "
        "CONSTRAINT fk_response_approval_id REFERENCES approval (id)"
    )
    columns = ["day", "access_point_id", "review_mark", "approval_id"]
    _index_marked("review_mark IS NOT NULL AND approval_id IS NULL", columns)
    op.create_table(
        "seen_day",
        sa.Column("access_point_id", sa.Integer, sa.ForeignKey("access_point.id"), primary_key=True),
        sa.Column("day", sa.Integer, primary_key=True),
        sa.Column("n_marked", sa.Integer, nullable=False),
        sa.Column("n_seen_above", sa.Integer),
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
    for column in ("office_id", "staff_id", "act"):
        op.create_index(f"ix_audit_line_{column}", "audit_line", [column])
    op.create_index("ix_audit_line_at", "audit_line", ["at", "id"])
    op.create_index("ix_audit_line_visit", "audit_line", ["office_id", "staff_id", "act", "at"])
    keep(GUARDS, "the audit log")


def downgrade() -> None:
    op.drop_table("audit_line")
    op.drop_table("seen_day")
    _index_marked("review_mark IS NOT NULL", ["review_mark", "access_point_id", "day"])
    op.drop_column("response", "approval_id")
    op.drop_table("approval_office")
    op.drop_table("approval")
    let_go(GUARDS)


def _index_marked(condition: str, columns: Sequence[str]) -> None:
    """Index the marked responses by these columns: the list of busy days then reads nothing but the index."""
    is_marked = sa.text(condition)
    op.drop_index("ix_response_marked", table_name="response")
    op.create_index(
        "ix_response_marked", "response", columns, sqlite_where=is_marked, postgresql_where=is_marked
    )
