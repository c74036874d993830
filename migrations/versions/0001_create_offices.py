"""Offices, their succession, counters and dossier counts."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "office",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("code", sa.String, nullable=False, unique=True),
        sa.Column("name", sa.String, nullable=False),
        sa.Column("sort_key", sa.String, nullable=False),
        sa.Column("kind", sa.String, nullable=False),
        sa.Column("parent_id", sa.Integer, sa.ForeignKey("office.id")),
        sa.Column("valid_from", sa.Date, nullable=False),
        sa.Column("valid_until", sa.Date),
        sa.Column("is_demo", sa.Boolean, nullable=False),
        sa.CheckConstraint(
            "kind IN ('province', 'provincial_centre', 'district_section', 'commune_section')",
            name="kind_is_known",
        ),
        sa.CheckConstraint("valid_until IS NULL OR valid_until >= valid_from", name="ends_after_it_begins"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_office_parent_id", "office", ["parent_id"])
    op.create_table(
        "office_past",
        sa.Column("office_id", sa.Integer, sa.ForeignKey("office.id"), primary_key=True),
        sa.Column("until", sa.Date, primary_key=True),
        sa.Column("name", sa.String, nullable=False),
        sa.Column("parent_id", sa.Integer, sa.ForeignKey("office.id")),
    )
    op.create_table(
        "office_succession",
        sa.Column("predecessor_id", sa.Integer, sa.ForeignKey("office.id"), primary_key=True),
        sa.Column("successor_id", sa.Integer, sa.ForeignKey("office.id"), primary_key=True),
        sa.Column("took_over_on", sa.Date, nullable=False),
        sa.CheckConstraint("predecessor_id <> successor_id", name="links_two_offices"),
    )
    op.create_table(
        "service_field",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("code", sa.String, nullable=False, unique=True),
        sa.Column("name", sa.String, nullable=False),
        sa.Column("name_en", sa.String, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "counter",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("office_id", sa.Integer, sa.ForeignKey("office.id"), nullable=False),
        sa.Column("label", sa.String, nullable=False),
        sa.Column("field_id", sa.Integer, sa.ForeignKey("service_field.id")),
        sa.UniqueConstraint("office_id", "label"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "dossier_count",
        sa.Column("office_id", sa.Integer, sa.ForeignKey("office.id"), primary_key=True),
        sa.Column("month", sa.Date, primary_key=True),
        sa.Column("field_id", sa.Integer, primary_key=True),
        sa.Column("n_settled", sa.Integer, nullable=False),
        *(sa.Column(name, sa.Integer) for name in ("n_received", "n_early", "n_on_time", "n_late")),
        sa.Column("entered_on", sa.Date),
        *(sa.Column(name, sa.Integer) for name in ("n_before", "n_usual")),
        sa.CheckConstraint(
            "n_settled >= 0 AND coalesce(n_received, 0) >= 0 AND coalesce(n_early, 0) >= 0"
            " AND coalesce(n_on_time, 0) >= 0 AND coalesce(n_late, 0) >= 0",
            name="holds_counts",
        ),
    )


def downgrade() -> None:
    tables = ("dossier_count", "counter", "service_field", "office_succession", "office_past", "office")
    for table in tables:
        op.drop_table(table)
