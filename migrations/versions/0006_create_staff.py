"""Staff accounts and their sessions."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.create_table(
        "staff",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("username", sa.String, nullable=False, unique=True),
        sa.Column("full_name", sa.String, nullable=False),
        sa.Column("role", sa.String, nullable=False),
        sa.Column("office_id", sa.Integer, sa.ForeignKey("office.id")),
        sa.Column("password_hash", sa.String, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("disabled_at", sa.DateTime(timezone=True)),
        sa.Column("is_demo", sa.Boolean, nullable=False),
        sa.CheckConstraint(
            "role IN ('administrator', 'campaign_lead', 'office_manager')", name="role_is_known"
        ),
        sa.CheckConstraint("role <> 'office_manager' OR office_id IS NOT NULL", name="manager_has_an_office"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "staff_session",
        sa.Column("token_hash", sa.LargeBinary, primary_key=True),
        sa.Column("staff_id", sa.Integer, sa.ForeignKey("staff.id"), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
    )


def downgrade() -> None:
    op.drop_table("staff_session")
    op.drop_table("staff")
