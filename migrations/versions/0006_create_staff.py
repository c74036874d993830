"""Staff accounts: grants, sessions, second factors and links to a new password."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
ROLES = "'administrator', 'campaign_lead', 'analyst', 'office_manager', 'operator', 'auditor'"
TABLES = ("reset_link", "recovery_code", "staff_session", "staff_grant", "staff")


def upgrade() -> None:
    op.create_table(
        "staff",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("username", sa.String, nullable=False, unique=True),
        sa.Column("full_name", sa.String, nullable=False),
        sa.Column("password_hash", sa.String, nullable=False),
        sa.Column("totp_secret", sa.LargeBinary),
        sa.Column("totp_step", sa.Integer),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("secured_at", sa.DateTime(timezone=True)),
        sa.Column("disabled_at", sa.DateTime(timezone=True)),
        sa.Column("is_demo", sa.Boolean, nullable=False),
        sa.CheckConstraint("totp_secret IS NOT NULL OR totp_step IS NULL", name="step_needs_a_secret"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "staff_grant",
        sa.Column("id", sa.Integer, primary_key=True),
        _staff(),
        sa.Column("role", sa.String, nullable=False),
        sa.Column("office_id", sa.Integer, sa.ForeignKey("office.id")),
        sa.Column("valid_from", sa.Date, nullable=False),
        sa.Column("valid_until", sa.Date),
        sa.Column("granted_by", sa.Integer, sa.ForeignKey("staff.id")),
        sa.Column("granted_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(f"role IN ({ROLES})", name="role_is_known"),
        sa.CheckConstraint("role <> 'office_manager' OR office_id IS NOT NULL", name="manager_has_an_office"),
        sa.CheckConstraint("valid_until IS NULL OR valid_until >= valid_from", name="ends_after_it_begins"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "staff_session",
        sa.Column("token_hash", sa.LargeBinary, primary_key=True),
        _staff(),
        sa.Column("is_proven", sa.Boolean, nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_table("recovery_code", sa.Column("code_hash", sa.LargeBinary, primary_key=True), _staff())
    op.create_table(
        "reset_link",
        sa.Column("token_hash", sa.LargeBinary, primary_key=True),
        _staff(),
        sa.Column("made_by", sa.Integer, sa.ForeignKey("staff.id")),
        sa.Column("clears_second_factor", sa.Boolean, nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
    )
    for table in TABLES[:-1]:
        op.create_index(f"ix_{table}_staff_id", table, ["staff_id"])


def _staff() -> sa.Column[int]:
    return sa.Column("staff_id", sa.Integer, sa.ForeignKey("staff.id"), nullable=False)


def downgrade() -> None:
    for table in TABLES:
        op.drop_table(table)
