"""Campaigns, sample cells, access points and their days."""

import sqlalchemy as sa
from alembic import op

from migrations import kept_sums

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.create_table(
        "campaign",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("code", sa.String, nullable=False, unique=True),
        sa.Column("title", sa.String, nullable=False),
        sa.Column("title_en", sa.String, nullable=False),
        sa.Column("kind", sa.String, nullable=False),
        sa.Column("sampling_basis", sa.String, nullable=False),
        sa.Column(
            "instrument_version_id", sa.Integer, sa.ForeignKey("instrument_version.id"), nullable=False
        ),
        sa.Column("opens_on", sa.Date, nullable=False),
        sa.Column("closes_on", sa.Date),
        sa.Column("minimum_n", sa.Integer, nullable=False),
        sa.Column("target", sa.Double, nullable=False),
        sa.Column("controller_name", sa.String, nullable=False),
        sa.Column("controller_address", sa.String, nullable=False),
        sa.Column("controller_phone", sa.String, nullable=False),
        sa.Column("retention_years", sa.Integer, nullable=False),
        sa.Column("previous_id", sa.Integer, sa.ForeignKey("campaign.id")),
        sa.Column("is_demo", sa.Boolean, nullable=False),
        sa.CheckConstraint("kind IN ('continuous', 'annual')", name="kind_is_known"),
        sa.CheckConstraint(
            "sampling_basis IN ('probability', 'census', 'opt_in')", name="sampling_basis_is_known"
        ),
        sa.CheckConstraint("closes_on IS NULL OR closes_on >= opens_on", name="closes_after_it_opens"),
        sa.CheckConstraint("minimum_n >= 10", name="never_shows_under_ten"),
        sa.CheckConstraint("target > 0 AND target < 1", name="target_can_be_missed"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "sample_cell",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("campaign_id", sa.Integer, sa.ForeignKey("campaign.id"), nullable=False),
        sa.Column("stratum", sa.String, nullable=False),
        sa.Column("psu", sa.String, nullable=False),
        sa.Column("weighting_cell", sa.String, nullable=False),
        sa.Column("weight", sa.Double, nullable=False),
        sa.CheckConstraint("weight > 0", name="weight_is_positive"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_sample_cell_campaign_id", "sample_cell", ["campaign_id"])
    op.create_table(
        "access_point",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("code", sa.String, unique=True),
        sa.Column("campaign_id", sa.Integer, sa.ForeignKey("campaign.id"), nullable=False),
        sa.Column("office_id", sa.Integer, sa.ForeignKey("office.id"), nullable=False),
        sa.Column("counter_id", sa.Integer, sa.ForeignKey("counter.id")),
        sa.Column("way_in", sa.String, nullable=False),
        sa.Column("mode", sa.String, nullable=False),
        sa.Column("provenance", sa.String, nullable=False),
        sa.Column("issued_on", sa.Date, nullable=False),
        sa.Column("paused_on", sa.Date),
        sa.Column("revoked_on", sa.Date),
        sa.Column("opened_until", sa.Integer),
        sa.CheckConstraint("way_in IN ('poster', 'screen', 'invitation', 'paper')", name="way_in_is_known"),
        sa.CheckConstraint("mode IN ('web', 'kiosk', 'paper', 'telephone')", name="mode_is_known"),
        sa.CheckConstraint("provenance IN ('A', 'B', 'C', 'D')", name="provenance_is_known"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_access_point_campaign_id_office_id", "access_point", ["campaign_id", "office_id"])
    is_at_rest = sa.text("paused_on IS NOT NULL")
    op.create_index(
        "ix_access_point_at_rest",
        "access_point",
        ["campaign_id", "office_id"],
        sqlite_where=is_at_rest,
        postgresql_where=is_at_rest,
    )
    op.create_table(
        "code_stock",
        sa.Column("campaign_id", sa.Integer, sa.ForeignKey("campaign.id"), primary_key=True),
        sa.Column("office_id", sa.Integer, sa.ForeignKey("office.id"), primary_key=True),
        *(sa.Column(name, sa.Integer, nullable=False) for name in ("n_working", "n_revoked", "n_paused")),
        *(sa.Column(name, sa.Integer, nullable=False) for name in ("n_at_counters", "n_at_whole")),
        sqlite_with_rowid=False,
    )
    kept_sums.keep(kept_sums.OF_CODES)
    op.create_table(
        "access_point_day",
        sa.Column("access_point_id", sa.Integer, sa.ForeignKey("access_point.id"), primary_key=True),
        sa.Column("day", sa.Integer, primary_key=True),
        sa.Column("n_opened", sa.Integer, nullable=False),
        sa.Column("n_received", sa.Integer, nullable=False),
        sa.Column("n_voided", sa.Integer, nullable=False),
        sa.CheckConstraint("n_opened >= 0 AND n_voided >= 0 AND n_received >= n_voided", name="holds_counts"),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    for table in ("access_point_day", "code_stock", "access_point", "sample_cell", "campaign"):
        op.drop_table(table)
    kept_sums.let_go(kept_sums.OF_CODES)
