"""Instrument versions, with the trigger that keeps them as published."""

import sqlalchemy as sa
from alembic import op

from migrations.sealing import keep, let_go

revision = "0002"
down_revision = "0001"

GUARDS = {
    "instrument_version_is_immutable": ("instrument_version", "UPDATE", "TRUE"),
    "instrument_version_is_not_replaced": (
        "instrument_version",
        "REPLACE",
        "EXISTS (SELECT 1 FROM instrument_version AS other"
        " WHERE other.id = NEW.id OR (other.code = NEW.code AND other.version = NEW.version))",
    ),
}


def upgrade() -> None:
    op.create_table(
        "instrument_version",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("code", sa.String, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("definition_json", sa.String, nullable=False),
        sa.Column("checksum", sa.String, nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=False),
        sa.UniqueConstraint("code", "version"),
        sa.CheckConstraint("version >= 1", name="version_counts_from_one"),
        sqlite_autoincrement=True,
    )
    keep(GUARDS, "a published instrument version")


def downgrade() -> None:
    op.drop_table("instrument_version")
    let_go(GUARDS)
