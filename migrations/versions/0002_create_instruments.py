"""Instrument versions, with the trigger that keeps them as published."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


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
    if op.get_bind().dialect.name == "sqlite":
        op.execute(
            "CREATE TRIGGER instrument_version_is_immutable BEFORE UPDATE ON instrument_version "
            "BEGIN SELECT RAISE(ABORT, 'a published instrument version cannot be changed'); END"
        )
        return
    op.execute(
        "CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'a row of % cannot be changed once published', TG_TABLE_NAME; END $$"
    )
    op.execute(
        "CREATE TRIGGER instrument_version_is_immutable BEFORE UPDATE ON instrument_version "
        "FOR EACH ROW EXECUTE FUNCTION refuse_change()"
    )


def downgrade() -> None:
    op.drop_table("instrument_version")
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION refuse_change()")
