"""Batches of invitations, and which of their tokens are spent."""

import sqlalchemy as sa
from alembic import op

from migrations import kept_sums

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.create_table(
        "invitation_batch",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column(
            "access_point_id", sa.Integer, sa.ForeignKey("access_point.id"), nullable=False, unique=True
        ),
        sa.Column("delivery", sa.String, nullable=False),
        sa.Column("n_issued", sa.Integer, nullable=False),
        sa.Column("cell_id", sa.Integer, sa.ForeignKey("sample_cell.id")),
        sa.Column("secret_mark", sa.String, nullable=False),
        sa.CheckConstraint("delivery IN ('slip', 'letter', 'message')", name="delivery_is_known"),
        sa.CheckConstraint("n_issued BETWEEN 5 AND 100000", name="is_shared"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_invitation_batch_cell_id", "invitation_batch", ["cell_id"])
    op.create_table(
        "spent_invitation",
        sa.Column("batch_id", sa.Integer, sa.ForeignKey("invitation_batch.id"), primary_key=True),
        sa.Column("token_hash", sa.LargeBinary, primary_key=True),
        sa.CheckConstraint("length(token_hash) = 16", name="hash_has_sixteen_bytes"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "spent_count",
        sa.Column("batch_id", sa.Integer, sa.ForeignKey("invitation_batch.id"), primary_key=True),
        sa.Column("n_spent", sa.Integer, nullable=False),
        sqlite_with_rowid=False,
    )
    kept_sums.keep(kept_sums.OF_SPENT)


def downgrade() -> None:
    for table in ("spent_count", "spent_invitation", "invitation_batch"):
        op.drop_table(table)
    kept_sums.let_go(kept_sums.OF_SPENT)
