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
        sa.CheckConstraint("n_issued BETWEEN 1 AND 100000", name="has_a_size"),
        sa.CheckConstraint("cell_id IS NULL OR n_issued >= 5", name="cell_is_shared"),
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
    op.drop_column("response", "review_mark")
    if op.get_bind().dialect.name == "postgresql":
        op.drop_constraint("ck_access_point_way_in_is_known", "access_point")
    op.drop_column("access_point", "way_in")
