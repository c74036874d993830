"""Draws, their units, and what a cell of the sample knows of its draw."""

import sqlalchemy as sa
from alembic import op

from migrations import kept_sums
from migrations.sealing import keep, let_go

revision = "0016"
down_revision = "0015"

OF_CAMPAIGN = "(SELECT 1 FROM campaign WHERE id = OLD.campaign_id AND is_demo)"
OF_DRAW = (
    "(SELECT 1 FROM draw JOIN campaign ON campaign.id = draw.campaign_id "
    "WHERE draw.id = OLD.draw_id AND campaign.is_demo)"
)
LISTED = (
    "draw_id",
    "number",
    "unit",
    "office_id",
    "list_name",
    "is_main",
    "position",
    "inclusion_probability",
    "is_certainty",
    "cell_id",
)
IS_ANOTHER = " OR ".join(f"NEW.{name} <> OLD.{name}" for name in LISTED)
# A serial number stands in a token that may be printed, a call-in is a fact: both are written once.
IS_WRITTEN_ANEW = " OR ".join(
    f"(OLD.{name} IS NOT NULL AND (NEW.{name} IS NULL OR NEW.{name} <> OLD.{name}))"
    for name in ("serial", "replaces")
)
GUARDS = {
    "draw_keeps_its_values": ("draw", "UPDATE", "OLD.id IS NOT NULL"),
    "draw_is_not_deleted": ("draw", "DELETE", f"NOT EXISTS {OF_CAMPAIGN}"),
    "draw_is_not_replaced": ("draw", "REPLACE", "EXISTS (SELECT 1 FROM draw WHERE id = NEW.id)"),
    "sampled_unit_stays_listed": ("sampled_unit", "UPDATE", f"{IS_ANOTHER} OR {IS_WRITTEN_ANEW}"),
    "sampled_unit_is_not_deleted": ("sampled_unit", "DELETE", f"NOT EXISTS {OF_DRAW}"),
    "sampled_unit_is_not_replaced": (
        "sampled_unit",
        "REPLACE",
        # Two questions, each of its own index: as one, it would read the whole draw for each row.
        "EXISTS (SELECT 1 FROM sampled_unit WHERE draw_id = NEW.draw_id AND number = NEW.number) "
        "OR EXISTS (SELECT 1 FROM sampled_unit WHERE draw_id = NEW.draw_id AND unit = NEW.unit)",
    ),
}
CELL_COLUMNS = {
    "draw_id": "INTEGER CONSTRAINT fk_sample_cell_draw_id REFERENCES draw (id)",
    "n_drawn": "INTEGER CONSTRAINT ck_sample_cell_is_shared CHECK (n_drawn >= 5) "
    "CONSTRAINT ck_sample_cell_is_counted_if_drawn_here CHECK ((draw_id IS NULL) = (n_drawn IS NULL))",
}


def upgrade() -> None:
    op.create_table(
        "draw",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("campaign_id", sa.Integer, sa.ForeignKey("campaign.id"), nullable=False),
        sa.Column("frame_id", sa.Integer, sa.ForeignKey("frame.id"), nullable=False),
        *(sa.Column(name, sa.String, nullable=False) for name in ("plan_hash", "document_json", "checksum")),
        *(sa.Column(name, sa.Integer, nullable=False) for name in ("n_main", "n_reserve")),
        sa.Column("drawn_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("drawn_by", sa.Integer, sa.ForeignKey("staff.id")),
        sa.CheckConstraint("length(plan_hash) = 64 AND length(checksum) = 64", name="hashes_are_whole"),
        sa.CheckConstraint("n_main > 0 AND n_reserve >= 0", name="holds_units"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_draw_campaign_id", "draw", ["campaign_id"])
    for name, kind in CELL_COLUMNS.items():
        op.execute(f"ALTER TABLE sample_cell ADD COLUMN {name} {kind}")
    op.create_index("ix_sample_cell_draw_id", "sample_cell", ["draw_id"])
    _create_units()
    keep(GUARDS, "a drawn sample")


def _create_units() -> None:
    op.create_table(
        "sampled_unit",
        sa.Column("draw_id", sa.Integer, sa.ForeignKey("draw.id"), primary_key=True, autoincrement=False),
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("unit", sa.String, nullable=False),
        sa.Column("office_id", sa.Integer, sa.ForeignKey("office.id"), nullable=False),
        sa.Column("list_name", sa.String, nullable=False),
        sa.Column("is_main", sa.Boolean, nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("inclusion_probability", sa.Double, nullable=False),
        sa.Column("is_certainty", sa.Boolean, nullable=False),
        sa.Column("cell_id", sa.Integer, sa.ForeignKey("sample_cell.id"), nullable=False),
        sa.Column("serial", sa.Integer),
        sa.Column("replaces", sa.Integer),
        sa.Column("outcome", sa.String),
        sa.Column("outcome_on", sa.Date),
        sa.CheckConstraint("position >= 1", name="position_counts_from_one"),
        sa.CheckConstraint(
            "inclusion_probability > 0 AND inclusion_probability <= 1", name="probability_is_one"
        ),
        sa.CheckConstraint("(outcome IS NULL) = (outcome_on IS NULL)", name="outcome_has_its_day"),
        sa.CheckConstraint("serial IS NULL OR serial >= 0", name="serial_counts_from_zero"),
        sa.CheckConstraint("replaces IS NULL OR NOT is_main", name="reserves_replace"),
        sa.UniqueConstraint("draw_id", "unit"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_sampled_unit_cell_id", "sampled_unit", ["cell_id"])
    is_entered = sa.text("outcome IS NOT NULL")
    op.create_index(
        "ix_sampled_unit_entered",
        "sampled_unit",
        ["draw_id", "outcome", "cell_id", "number", "serial", "list_name"],
        sqlite_where=is_entered,
        postgresql_where=is_entered,
    )
    op.create_index(
        "ix_sampled_unit_reserve",
        "sampled_unit",
        ["draw_id", "list_name", "serial", "cell_id", "replaces"],
        sqlite_where=sa.text("is_main = 0"),
        postgresql_where=sa.text("NOT is_main"),
    )
    op.create_table(
        "units_token",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("token", sa.String, nullable=False),
    )
    kept_sums.keep(kept_sums.OF_UNITS)


def downgrade() -> None:
    for table in ("sampled_unit", "units_token"):
        op.drop_table(table)
    kept_sums.let_go(kept_sums.OF_UNITS)
    op.drop_index("ix_sample_cell_draw_id", "sample_cell")
    for name in reversed(CELL_COLUMNS):
        op.execute(f"ALTER TABLE sample_cell DROP COLUMN {name}")
    op.drop_table("draw")
    let_go(GUARDS)
