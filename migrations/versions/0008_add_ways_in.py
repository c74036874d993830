"""Ways in beside the poster: screens and invitations; marks on responses that somebody should look at."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.add_column(
        "access_point",
        sa.Column(
            "way_in",
            sa.String,
            sa.CheckConstraint(
                "way_in IN ('poster', 'screen', 'invitation', 'paper')",
                name="way_in_is_known",
            ),
            nullable=False,
            server_default="poster",
        ),
    )
    op.execute("UPDATE access_point SET way_in = 'paper' WHERE mode = 'paper'")
    op.add_column("response", sa.Column("review_mark", sa.SmallInteger))
    is_marked = sa.text("review_mark IS NOT NULL")
    op.create_index(
        "ix_response_marked",
        "response",
        ["review_mark", "access_point_id", "day"],
        sqlite_where=is_marked,
        postgresql_where=is_marked,
    )
    op.create_table(
        "invitation_batch",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column(
            "access_point_id", sa.Integer, sa.ForeignKey("access_point.id"), nullable=False, unique=True
        ),
        sa.Column("delivery", sa.String, nullable=False),
        sa.Column("n_issued", sa.Integer, nullable=False),
        sa.Column("cell_id", sa.Integer, sa.ForeignKey("sample_cell.id")),
        sa.Column("secret_mark", sa.String, nullable=False),
        sa.CheckConstraint("delivery IN ('slip', 'letter', 'message')", name="delivery_is_known"),
        sa.CheckConstraint("n_issued BETWEEN 5 AND 100000", name="is_shared"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "spent_invitation",
        sa.Column("batch_id", sa.Integer, sa.ForeignKey("invitation_batch.id"), primary_key=True),
        sa.Column("token_hash", sa.LargeBinary, primary_key=True),
        sa.CheckConstraint("length(token_hash) = 16", name="hash_has_sixteen_bytes"),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    op.drop_table("spent_invitation")
    op.drop_table("invitation_batch")
    op.drop_index("ix_response_marked", "response")
    op.drop_column("response", "review_mark")
    if op.get_bind().dialect.name == "postgresql":
        op.drop_constraint("ck_access_point_way_in_is_known", "access_point")
    op.drop_column("access_point", "way_in")
