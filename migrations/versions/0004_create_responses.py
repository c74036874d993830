"""Responses, one packed row each, and comments apart from them."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.create_table(
        "response",
        sa.Column("fingerprint", sa.BigInteger, nullable=False),
        sa.Column("access_point_id", sa.Integer, sa.ForeignKey("access_point.id"), nullable=False),
        sa.Column("day", sa.Integer, nullable=False),
        sa.Column(
            "instrument_version_id", sa.Integer, sa.ForeignKey("instrument_version.id"), nullable=False
        ),
        sa.Column("cell_id", sa.Integer, sa.ForeignKey("sample_cell.id")),
        sa.Column("submission_key", sa.LargeBinary, nullable=False),
        sa.Column("answers", sa.LargeBinary, nullable=False),
        sa.Column("review_mark", sa.SmallInteger),
        sa.PrimaryKeyConstraint("access_point_id", "day", "submission_key"),
        sa.CheckConstraint("length(submission_key) = 16", name="key_has_sixteen_bytes"),
        sqlite_with_rowid=False,
    )
    is_marked = sa.text("review_mark IS NOT NULL")
    op.create_index(
        "ix_response_marked",
        "response",
        ["review_mark", "access_point_id", "day"],
        sqlite_where=is_marked,
        postgresql_where=is_marked,
    )
    op.create_table(
        "comment",
        sa.Column("comment_key", sa.LargeBinary, primary_key=True),
        sa.Column("access_point_id", sa.Integer, sa.ForeignKey("access_point.id"), nullable=False),
        sa.Column("day", sa.Integer, nullable=False),
        sa.Column("text", sa.String, nullable=False),
        sa.CheckConstraint("length(comment_key) = 16", name="key_has_sixteen_bytes"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_comment_access_point_id_day", "comment", ["access_point_id", "day"])


def downgrade() -> None:
    op.drop_table("comment")
    op.drop_table("response")
