"""What a release finds when it compares the offices below a parent, sealed like the figures it compares."""

import sqlalchemy as sa
from alembic import op

from migrations.sealing import keep, let_go, of_sealed_publications

revision = "0012"
down_revision = "0011"

GUARDS = of_sealed_publications("comparison", "comparison")


def upgrade() -> None:
    op.create_table(
        "comparison",
        sa.Column("publication_id", sa.Integer, sa.ForeignKey("publication.id"), primary_key=True),
        sa.Column("parent_id", sa.Integer, sa.ForeignKey("office.id"), primary_key=True),
        sa.Column("provenance", sa.String, primary_key=True),
        sa.Column("office_id", sa.Integer, sa.ForeignKey("office.id"), primary_key=True),
        sa.Column("verdict", sa.String, nullable=False),
        *(sa.Column(name, sa.Integer) for name in ("best_rank", "worst_rank", "n_ranked", "band")),
        sa.CheckConstraint("provenance IN ('A', 'B', 'C', 'D')", name="provenance_is_known"),
        sa.CheckConstraint(
            "verdict IN ('above', 'below', 'not_decided', 'not_testable')", name="verdict_is_known"
        ),
        sa.CheckConstraint(
            "(best_rank IS NULL) = (worst_rank IS NULL) AND (worst_rank IS NULL) = (n_ranked IS NULL)"
            " AND (n_ranked IS NULL) = (band IS NULL)",
            name="has_all_of_its_rank",
        ),
        sa.CheckConstraint("best_rank IS NULL OR provenance = 'A'", name="ranks_drawn_samples_alone"),
        sqlite_with_rowid=False,
    )
    keep(GUARDS, "a sealed publication")


def downgrade() -> None:
    op.drop_table("comparison")
    let_go(GUARDS)
