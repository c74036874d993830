"""Frames that samples are drawn from, their units by office, and remembered mappings of columns."""

import sqlalchemy as sa
from alembic import op

from migrations.sealing import keep, let_go

revision = "0014"
down_revision = "0013"

COLUMNS = (
    "id",
    "campaign_id",
    "ticket",
    "frame_hash",
    "n_units",
    "n_rows",
    "n_refused",
    "n_duplicates",
    "file_name",
    "mapping",
    "found",
    "imported_at",
    "imported_by",
    "contacts_expire_on",
)
# As text: PostgreSQL compares no JSON.
IS_ANOTHER = " OR ".join(
    f"CAST(NEW.{name} AS TEXT) IS DISTINCT FROM CAST(OLD.{name} AS TEXT)" for name in COLUMNS
)
# Contacts go once; the row says when.
GOES_AGAIN = (
    "OLD.contacts_deleted_at IS NOT NULL AND NEW.contacts_deleted_at IS DISTINCT FROM OLD.contacts_deleted_at"
)
OF_DEMO = "EXISTS (SELECT 1 FROM campaign WHERE id = OLD.campaign_id AND is_demo)"
OFFICE_OF_DEMO = (
    "EXISTS (SELECT 1 FROM frame JOIN campaign ON campaign.id = frame.campaign_id "
    "WHERE frame.id = OLD.frame_id AND campaign.is_demo)"
)
GUARDS = {
    "frame_keeps_its_values": ("frame", "UPDATE", f"{IS_ANOTHER} OR ({GOES_AGAIN})"),
    "frame_is_not_deleted": ("frame", "DELETE", f"NOT {OF_DEMO}"),
    "frame_is_not_replaced": (
        "frame",
        "REPLACE",
        "EXISTS (SELECT 1 FROM frame WHERE id = NEW.id OR ticket = NEW.ticket)",
    ),
    "frame_office_keeps_its_values": ("frame_office", "UPDATE", "OLD.frame_id IS NOT NULL"),
    "frame_office_is_not_deleted": ("frame_office", "DELETE", f"NOT {OFFICE_OF_DEMO}"),
    "frame_office_is_not_replaced": (
        "frame_office",
        "REPLACE",
        "EXISTS (SELECT 1 FROM frame_office WHERE frame_id = NEW.frame_id AND office_id = NEW.office_id)",
    ),
}


def upgrade() -> None:
    op.create_table(
        "frame",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("campaign_id", sa.Integer, sa.ForeignKey("campaign.id"), nullable=False),
        sa.Column("ticket", sa.String, nullable=False, unique=True),
        sa.Column("frame_hash", sa.String, nullable=False),
        *(
            sa.Column(name, sa.Integer, nullable=False)
            for name in ("n_units", "n_rows", "n_refused", "n_duplicates")
        ),
        sa.Column("file_name", sa.String, nullable=False),
        sa.Column("mapping", sa.JSON, nullable=False),
        sa.Column("found", sa.JSON, nullable=False),
        sa.Column("imported_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("imported_by", sa.Integer, sa.ForeignKey("staff.id")),
        sa.Column("contacts_expire_on", sa.Date),
        sa.Column("contacts_deleted_at", sa.DateTime(timezone=True)),
        sa.CheckConstraint("length(frame_hash) = 64", name="hash_is_whole"),
        sa.CheckConstraint("n_units > 0 AND n_refused >= 0 AND n_duplicates >= 0", name="holds_units"),
        sa.CheckConstraint(
            "contacts_deleted_at IS NULL OR contacts_expire_on IS NOT NULL", name="deletes_what_it_had"
        ),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_frame_campaign_id", "frame", ["campaign_id"])
    op.create_table(
        "frame_office",
        sa.Column("frame_id", sa.Integer, sa.ForeignKey("frame.id"), primary_key=True, autoincrement=False),
        sa.Column("office_id", sa.Integer, sa.ForeignKey("office.id"), primary_key=True, autoincrement=False),
        sa.Column("n_received", sa.Integer, nullable=False),
        sa.Column("n_decided", sa.Integer, nullable=False),
        sa.CheckConstraint("n_received + n_decided > 0", name="holds_units"),
    )
    op.create_table(
        "column_mapping",
        sa.Column("signature", sa.String, primary_key=True),
        sa.Column("mapping", sa.JSON, nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=False),
    )
    keep(GUARDS, "a frame")


def downgrade() -> None:
    for table in ("column_mapping", "frame_office", "frame"):
        op.drop_table(table)
    let_go(GUARDS)
