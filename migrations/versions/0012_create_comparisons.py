"""What a release finds when it compares the offices below a parent, sealed like the figures it compares."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"

SEALED = "EXISTS (SELECT 1 FROM publication WHERE id = {row}.publication_id AND sealed_at IS NOT NULL)"
OF_DEMO = (
    "EXISTS (SELECT 1 FROM publication JOIN campaign ON campaign.id = publication.campaign_id "
    "WHERE publication.id = OLD.publication_id AND campaign.is_demo)"
)
# trigger → operation, when it refuses. The demo can be removed whole, with what it published.
SEALS = {
    "sealed_publication_takes_no_comparison": ("INSERT", SEALED.format(row="NEW")),
    "sealed_comparison_keeps_its_values": (
        "UPDATE",
        f"{SEALED.format(row='OLD')} OR {SEALED.format(row='NEW')}",
    ),
    "sealed_comparison_is_not_deleted": ("DELETE", f"{SEALED.format(row='OLD')} AND NOT {OF_DEMO}"),
}


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
    for name, (operation, condition) in SEALS.items():
        _refuse(name, operation, condition)


def _refuse(name: str, operation: str, condition: str) -> None:
    message = f"a sealed publication cannot be changed ({operation} on comparison)"
    if op.get_bind().dialect.name == "sqlite":
        op.execute(
            f"CREATE TRIGGER {name} BEFORE {operation} ON comparison WHEN {condition} "
            f"BEGIN SELECT RAISE(ABORT, '{message}'); END"
        )
        return
    row = "OLD" if operation == "DELETE" else "NEW"
    op.execute(
        f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        f"IF {condition} THEN RAISE EXCEPTION '{message}'; END IF; RETURN {row}; END $$"
    )
    op.execute(
        f"CREATE TRIGGER {name} BEFORE {operation} ON comparison FOR EACH ROW EXECUTE FUNCTION {name}()"
    )


def downgrade() -> None:
    op.drop_table("comparison")
    if op.get_bind().dialect.name == "postgresql":
        for name in SEALS:
            op.execute(f"DROP FUNCTION {name}()")
