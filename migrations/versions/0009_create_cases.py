"""Comments that ask for an answer, sealed contacts, and reports of codes."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.create_table(
        "comment_case",
        sa.Column("number", sa.String, primary_key=True),
        sa.Column("comment_key", sa.LargeBinary, sa.ForeignKey("comment.comment_key"), nullable=False),
        sa.Column("answer", sa.String),
        sa.Column("answered_on", sa.Integer),
        sa.Column("answered_by", sa.Integer, sa.ForeignKey("staff.id")),
        sa.CheckConstraint("(answer IS NULL) = (answered_on IS NULL)", name="answer_has_its_day"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_comment_case_comment_key", "comment_case", ["comment_key"])
    waits = sa.text("answered_on IS NULL")
    op.create_index(
        "ix_comment_case_waiting",
        "comment_case",
        ["comment_key"],
        sqlite_where=waits,
        postgresql_where=waits,
    )
    op.create_table(
        "contact",
        sa.Column("case_number", sa.String, sa.ForeignKey("comment_case.number"), primary_key=True),
        sa.Column("sealed", sa.LargeBinary, nullable=False),
        sa.Column("expires_on", sa.Integer, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_contact_expires_on", "contact", ["expires_on"])
    op.create_table(
        "code_report",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("access_point_id", sa.Integer, sa.ForeignKey("access_point.id")),
        sa.Column("day", sa.Integer, nullable=False),
        sa.Column("reason", sa.String, nullable=False),
        sa.Column("place", sa.String, nullable=False),
        sa.Column("n_alike", sa.Integer, nullable=False),
        sa.Column("n_dropped", sa.Integer, nullable=False),
        sa.Column("settled_on", sa.Integer),
        sa.Column("settled_by", sa.Integer, sa.ForeignKey("staff.id")),
        sa.CheckConstraint(
            "reason IN ('wrong_place', 'pasted_over', 'asks_money', 'damaged')", name="reason_is_known"
        ),
        sa.CheckConstraint("n_alike >= 1", name="counts_itself"),
        sa.CheckConstraint("n_dropped >= 0", name="drops_no_less_than_none"),
        sqlite_autoincrement=True,
    )
    is_open = sa.text("settled_on IS NULL")
    op.create_index(
        "ix_code_report_open",
        "code_report",
        ["access_point_id", "day"],
        sqlite_where=is_open,
        postgresql_where=is_open,
    )


def downgrade() -> None:
    for table in ("code_report", "contact", "comment_case"):
        op.drop_table(table)
