"""Changes between periods, sealed like the figures they compare, and the batches of comments to read."""

import sqlalchemy as sa
from alembic import op

from migrations.sealing import keep, let_go, of_sealed_publications

revision = "0011"
down_revision = "0010"

GUARDS = of_sealed_publications("figure_change", "change")


def upgrade() -> None:
    op.create_table(
        "figure_change",
        sa.Column("publication_id", sa.Integer, sa.ForeignKey("publication.id"), primary_key=True),
        sa.Column("office_id", sa.Integer, sa.ForeignKey("office.id"), primary_key=True),
        sa.Column("provenance", sa.String, primary_key=True),
        sa.Column("later", sa.String, primary_key=True),
        sa.Column("earlier", sa.String, nullable=False),
        sa.Column("earlier_publication_id", sa.Integer, sa.ForeignKey("publication.id")),
        *(sa.Column(name, sa.Double) for name in ("value", "standard_error")),
        sa.Column("degrees_of_freedom", sa.Integer),
        *(sa.Column(name, sa.Double) for name in ("low", "high")),
        sa.Column("n_later", sa.Integer, nullable=False),
        sa.Column("n_earlier", sa.Integer, nullable=False),
        sa.Column("reason", sa.String),
        sa.CheckConstraint("provenance IN ('A', 'B', 'C', 'D')", name="provenance_is_known"),
        sa.CheckConstraint("(value IS NULL) = (reason IS NOT NULL)", name="has_a_value_or_a_reason"),
        sa.CheckConstraint(
            "(value IS NULL) = (low IS NULL) AND (low IS NULL) = (high IS NULL)", name="has_its_range"
        ),
        sa.CheckConstraint("value IS NULL OR (low <= value AND value <= high)", name="lies_in_its_range"),
        sa.CheckConstraint(
            "(earlier = 'publication') = (later = 'publication')"
            " AND (earlier = 'publication') = (earlier_publication_id IS NOT NULL)",
            name="names_two_periods_or_two_publications",
        ),
    )
    op.create_table(
        "batched_comment",
        sa.Column("comment_key", sa.LargeBinary, sa.ForeignKey("comment.comment_key"), primary_key=True),
        sa.Column("office_id", sa.Integer, sa.ForeignKey("office.id"), nullable=False),
        sa.Column("batch", sa.Integer, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_batched_comment_office_id_batch", "batched_comment", ["office_id", "batch"])
    op.create_table(
        "readable_comments",
        sa.Column("office_id", sa.Integer, sa.ForeignKey("office.id"), primary_key=True),
        sa.Column("n_batches", sa.Integer, nullable=False),
        sa.Column("n_comments", sa.Integer, nullable=False),
        sa.CheckConstraint("n_batches > 0 AND n_comments > 0", name="holds_comments"),
    )
    keep(GUARDS, "a sealed publication")


def downgrade() -> None:
    for table in ("readable_comments", "batched_comment", "figure_change"):
        op.drop_table(table)
    let_go(GUARDS)
