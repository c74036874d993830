"""Jobs."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.create_table(
        "job",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("name", sa.String, nullable=False),
        sa.Column("arguments", sa.JSON, nullable=False),
        sa.Column("state", sa.String, nullable=False),
        sa.Column("n_attempts", sa.Integer, nullable=False),
        sa.Column("n_done", sa.Integer, nullable=False),
        sa.Column("n_total", sa.Integer),
        sa.Column("owner_id", sa.Integer, sa.ForeignKey("staff.id")),
        sa.Column("file_name", sa.String),
        sa.Column("error", sa.String),
        sa.Column("outcome", sa.JSON),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("claimed_until", sa.DateTime(timezone=True)),
        sa.Column("finished_at", sa.DateTime(timezone=True)),
        sa.CheckConstraint("state IN ('queued', 'running', 'done', 'failed')", name="state_is_known"),
        sa.CheckConstraint("state <> 'running' OR claimed_until IS NOT NULL", name="running_is_claimed"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_job_state", "job", ["state"])


def downgrade() -> None:
    op.drop_table("job")
