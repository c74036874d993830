"""Snapshots and recipes of frozen publications, sealed with them."""

import sqlalchemy as sa
from alembic import op

from migrations.sealing import keep, let_go, of_sealed_publications

revision = "0015"
down_revision = "0014"

GUARDS = {
    **of_sealed_publications("snapshot_part", "snapshot_part"),
    **of_sealed_publications("publication_recipe", "recipe"),
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
    keep(GUARDS, "a sealed publication")


def downgrade() -> None:
    for table in ("publication_recipe", "snapshot_part"):
        op.drop_table(table)
    for name in ("corrects_id", "what_changed", "correction_reason", "recipe_id"):
        op.execute(f"ALTER TABLE publication DROP COLUMN {name}")
    op.execute("ALTER TABLE publication RENAME COLUMN data_hash TO data_checksum")
    let_go(GUARDS)
