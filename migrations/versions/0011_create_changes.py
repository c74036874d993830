"""Changes between periods, sealed like the figures they compare, and the batches of comments to read."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"

SEALED = "EXISTS (SELECT 1 FROM publication WHERE id = {row}.publication_id AND sealed_at IS NOT NULL)"
OF_DEMO = (
    "EXISTS (SELECT 1 FROM publication JOIN campaign ON campaign.id = publication.campaign_id "
    "WHERE publication.id = OLD.publication_id AND campaign.is_demo)"
)
# trigger → operation, when it refuses. The demo can be removed whole, with what it published.
SEALS = {
    "sealed_publication_takes_no_change": ("INSERT", SEALED.format(row="NEW")),
    "sealed_change_keeps_its_values": (
        "UPDATE",
        f"{SEALED.format(row='OLD')} OR {SEALED.format(row='NEW')}",
    ),
    "sealed_change_is_not_deleted": ("DELETE", f"{SEALED.format(row='OLD')} AND NOT {OF_DEMO}"),
}


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
    for name, (operation, condition) in SEALS.items():
        _refuse(name, operation, condition)


def _refuse(name: str, operation: str, condition: str) -> None:
    message = f"a sealed publication cannot be changed ({operation} on figure_change)"
    if op.get_bind().dialect.name == "sqlite":
        op.execute(
            f"CREATE TRIGGER {name} BEFORE {operation} ON figure_change WHEN {condition} "
            f"BEGIN SELECT RAISE(ABORT, '{message}'); END"
        )
        return
    row = "OLD" if operation == "DELETE" else "NEW"
    op.execute(
        f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        f"IF {condition} THEN RAISE EXCEPTION '{message}'; END IF; RETURN {row}; END $$"
    )
    op.execute(
        f"CREATE TRIGGER {name} BEFORE {operation} ON figure_change FOR EACH ROW EXECUTE FUNCTION {name}()"
    )


def downgrade() -> None:
    for table in ("batched_comment", "figure_change"):
        op.drop_table(table)
    if op.get_bind().dialect.name == "postgresql":
        for name in SEALS:
            op.execute(f"DROP FUNCTION {name}()")
