"""Snapshots, recipes and weighting steps of frozen publications, sealed with them; imported totals."""

import sqlalchemy as sa
from alembic import op

from migrations.sealing import keep, let_go, of_sealed_publications

revision = "0015"
down_revision = "0014"

GUARDS = {
    **of_sealed_publications("snapshot_part", "snapshot_part"),
    **of_sealed_publications("publication_recipe", "recipe"),
    **of_sealed_publications("weighting_step", "weighting_step"),
    "margins_keep_their_values": ("campaign_margins", "UPDATE", "OLD.id IS NOT NULL"),
    "margins_are_not_deleted": (
        "campaign_margins",
        "DELETE",
        "NOT EXISTS (SELECT 1 FROM campaign WHERE id = OLD.campaign_id AND is_demo)",
    ),
    "margins_are_not_replaced": (
        "campaign_margins",
        "REPLACE",
        "EXISTS (SELECT 1 FROM campaign_margins WHERE id = NEW.id)",
    ),
}
COLUMNS = ("recipe_id VARCHAR", "correction_reason VARCHAR", "what_changed JSON")
CORRECTS = "corrects_id INTEGER CONSTRAINT fk_publication_corrects_id REFERENCES publication (id)"


def upgrade() -> None:
    # In place: a table that is built anew on SQLite loses its triggers.
    op.execute("ALTER TABLE publication RENAME COLUMN data_checksum TO data_hash")
    for column in (*COLUMNS, CORRECTS):
        op.execute(f"ALTER TABLE publication ADD COLUMN {column}")
    op.create_table(
        "snapshot_part",
        sa.Column("publication_id", sa.Integer, sa.ForeignKey("publication.id"), primary_key=True),
        sa.Column("office_id", sa.Integer, sa.ForeignKey("office.id"), primary_key=True),
        sa.Column("provenance", sa.String, primary_key=True),
        sa.Column("n_respondents", sa.Integer, nullable=False),
        sa.Column("content", sa.LargeBinary, nullable=False),
        sa.CheckConstraint("provenance IN ('A', 'B', 'C', 'D')", name="provenance_is_known"),
        sa.CheckConstraint("n_respondents > 0", name="holds_answers"),
    )
    op.create_table(
        "publication_recipe",
        sa.Column(
            "publication_id",
            sa.Integer,
            sa.ForeignKey("publication.id"),
            primary_key=True,
            autoincrement=False,
        ),
        sa.Column("document_json", sa.String, nullable=False),
        sa.Column("made_with", sa.JSON, nullable=False),
    )
    _create_weighting()
    keep(GUARDS, "a sealed publication")


def _create_weighting() -> None:
    numbers = ("weight_sum", "minimum", "median", "maximum", "design_effect", "effective_n")
    op.create_table(
        "weighting_step",
        sa.Column(
            "publication_id",
            sa.Integer,
            sa.ForeignKey("publication.id"),
            primary_key=True,
            autoincrement=False,
        ),
        sa.Column("step", sa.String, primary_key=True),
        sa.Column("n", sa.Integer, nullable=False),
        *(sa.Column(name, sa.Double, nullable=False) for name in numbers),
        sa.Column("value", sa.Double),
        sa.Column("details", sa.JSON, nullable=False),
        sa.CheckConstraint(
            "step IN ('unweighted', 'base', 'nonresponse', 'raking', 'trimming')", name="step_is_known"
        ),
        sa.CheckConstraint("n > 0 AND minimum > 0 AND design_effect >= 1", name="weighs_answers"),
    )
    op.create_table(
        "campaign_margins",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("campaign_id", sa.Integer, sa.ForeignKey("campaign.id"), nullable=False),
        *(sa.Column(name, sa.String, nullable=False) for name in ("file_name", "document_json", "checksum")),
        sa.Column("imported_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("length(checksum) = 64", name="checksum_is_whole"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_campaign_margins_campaign_id", "campaign_margins", ["campaign_id"])


def downgrade() -> None:
    for table in ("campaign_margins", "weighting_step", "publication_recipe", "snapshot_part"):
        op.drop_table(table)
    for name in ("corrects_id", "what_changed", "correction_reason", "recipe_id"):
        op.execute(f"ALTER TABLE publication DROP COLUMN {name}")
    op.execute("ALTER TABLE publication RENAME COLUMN data_hash TO data_checksum")
    let_go(GUARDS)
