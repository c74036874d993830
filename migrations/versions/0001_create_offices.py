"""Offices, their succession, counters and dossier counts."""

import sqlalchemy as sa
from alembic import op

from migrations import kept_sums

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
        sa.Column("n_counters", sa.Integer, nullable=False),
        sa.CheckConstraint(
            "kind IN ('province', 'provincial_centre', 'district_section', 'commune_section')",
            name="kind_is_known",
        ),
        sa.CheckConstraint("valid_until IS NULL OR valid_until >= valid_from", name="ends_after_it_begins"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_office_parent_id", "office", ["parent_id"])
    op.create_table(
        "offices_token",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("token", sa.String, nullable=False),
    )
    kept_sums.keep(kept_sums.OF_OFFICES)
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
    kept_sums.keep(kept_sums.OF_COUNTERS)
    op.create_table(
        "dossier_count",
        sa.Column("office_id", sa.Integer, sa.ForeignKey("office.id"), primary_key=True),
        sa.Column("month", sa.Date, primary_key=True),
        sa.Column("field_id", sa.Integer, primary_key=True),
        sa.Column("n_settled", sa.Integer, nullable=False),
        *(sa.Column(name, sa.Integer) for name in ("n_received", "n_early", "n_on_time", "n_late")),
        sa.Column("entered_on", sa.Date),
        *(sa.Column(name, sa.Integer) for name in ("n_before", "n_usual")),
        sa.Column("n_of_fields", sa.BigInteger),
        sa.CheckConstraint(
            "n_settled >= 0 AND coalesce(n_received, 0) >= 0 AND coalesce(n_early, 0) >= 0"
            " AND coalesce(n_on_time, 0) >= 0 AND coalesce(n_late, 0) >= 0",
            name="holds_counts",
        ),
    )
    is_odd = sa.text(
        "field_id = 0 AND (n_settled <> n_of_fields OR n_usual IS NOT NULL"
        " OR n_settled <> CAST(n_early AS BIGINT) + n_on_time + n_late)"
    )
    op.create_index(
        "ix_dossier_count_odd",
        "dossier_count",
        ["office_id", "month"],
        sqlite_where=is_odd,
        postgresql_where=is_odd,
    )
    is_total = sa.text("field_id = 0")
    op.create_index(
        "ix_dossier_count_total",
        "dossier_count",
        ["month", "office_id", "n_settled"],
        sqlite_where=is_total,
        postgresql_where=is_total,
    )
    kept_sums.keep(kept_sums.OF_FIELDS)
    op.create_table(
        "replaced_total",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("office_id", sa.Integer, sa.ForeignKey("office.id"), nullable=False),
        sa.Column("month", sa.Date, nullable=False),
        sa.Column("n_before", sa.Integer, nullable=False),
        sa.Column("n_after", sa.Integer),
        sa.Column("replaced_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reason", sa.String),
        sa.Column("n_stood", sa.Integer),
        sa.CheckConstraint("n_after <> n_before", name="tells_of_a_change"),
        sa.CheckConstraint("(n_after IS NULL) = (reason IS NOT NULL)", name="withdrawn_with_a_reason"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_replaced_total_office_id", "replaced_total", ["office_id"])


def downgrade() -> None:
    of_offices = ("counter", "service_field", "office_succession", "office_past", "office", "offices_token")
    for table in ("replaced_total", "dossier_count", *of_offices):
        op.drop_table(table)
    kept_sums.let_go((*kept_sums.OF_OFFICES, *kept_sums.OF_COUNTERS, *kept_sums.OF_FIELDS))
