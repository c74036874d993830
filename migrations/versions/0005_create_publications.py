"""Tallies, releases, publications and figures, with the triggers that keep sealed ones."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

SEALED = "EXISTS (SELECT 1 FROM publication WHERE id = {row}.publication_id AND sealed_at IS NOT NULL)"
OF_DEMO = (
    "EXISTS (SELECT 1 FROM publication JOIN campaign ON campaign.id = publication.campaign_id "
    "WHERE publication.id = {publication} AND campaign.is_demo)"
)
# trigger → table, operation, when it refuses. The demo can be removed whole, with what it published.
SEALS = {
    "sealed_publication_takes_no_figure": ("figure", "INSERT", SEALED.format(row="NEW")),
    "sealed_figure_keeps_its_values": (
        "figure",
        "UPDATE",
        f"{SEALED.format(row='OLD')} OR {SEALED.format(row='NEW')}",
    ),
    "sealed_figure_is_not_deleted": (
        "figure",
        "DELETE",
        f"{SEALED.format(row='OLD')} AND NOT {OF_DEMO.format(publication='OLD.publication_id')}",
    ),
    "sealed_publication_takes_no_distribution": ("distribution", "INSERT", SEALED.format(row="NEW")),
    "sealed_distribution_keeps_its_values": (
        "distribution",
        "UPDATE",
        f"{SEALED.format(row='OLD')} OR {SEALED.format(row='NEW')}",
    ),
    "sealed_distribution_is_not_deleted": (
        "distribution",
        "DELETE",
        f"{SEALED.format(row='OLD')} AND NOT {OF_DEMO.format(publication='OLD.publication_id')}",
    ),
    "sealed_publication_keeps_its_values": ("publication", "UPDATE", "OLD.sealed_at IS NOT NULL"),
    "sealed_publication_is_not_deleted": (
        "publication",
        "DELETE",
        f"OLD.sealed_at IS NOT NULL AND NOT {OF_DEMO.format(publication='OLD.id')}",
    ),
}


def upgrade() -> None:
    op.create_table(
        "tally",
        sa.Column("access_point_id", sa.Integer, sa.ForeignKey("access_point.id"), primary_key=True),
        sa.Column("day", sa.Integer, primary_key=True),
        sa.Column(
            "instrument_version_id", sa.Integer, sa.ForeignKey("instrument_version.id"), primary_key=True
        ),
        sa.Column("cell_id", sa.Integer, primary_key=True),
        sa.Column("batch_day", sa.Integer, primary_key=True),
        sa.Column("n_respondents", sa.Integer, nullable=False),
        sa.Column("counts", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "returned_tally",
        sa.Column("access_point_id", sa.Integer, sa.ForeignKey("access_point.id"), primary_key=True),
        sa.Column("day", sa.Integer, primary_key=True),
        sa.Column(
            "instrument_version_id", sa.Integer, sa.ForeignKey("instrument_version.id"), primary_key=True
        ),
        sa.Column("cell_id", sa.Integer, primary_key=True),
        sa.Column("n_respondents", sa.Integer, nullable=False),
        sa.Column("counts", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "office_release",
        sa.Column("campaign_id", sa.Integer, sa.ForeignKey("campaign.id"), primary_key=True),
        sa.Column("office_id", sa.Integer, sa.ForeignKey("office.id"), primary_key=True),
        sa.Column("provenance", sa.String, primary_key=True),
        sa.Column("n_released", sa.Integer, nullable=False),
        sa.Column("n_looked_at", sa.Integer, nullable=False),
        sa.Column("n_voided", sa.Integer, nullable=False),
        sa.Column("n_voided_looked_at", sa.Integer, nullable=False),
        sa.Column("released_on", sa.Date),
        sa.Column("closed_on", sa.Date),
        sa.CheckConstraint("provenance IN ('A', 'B', 'C', 'D')", name="provenance_is_known"),
    )
    op.create_table(
        "stale_office",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("campaign_id", sa.Integer, sa.ForeignKey("campaign.id"), nullable=False),
        sa.Column("office_id", sa.Integer, sa.ForeignKey("office.id"), nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_stale_office_campaign_id", "stale_office", ["campaign_id"])
    _create_publication()
    _create_figure()
    _create_distribution()
    for name, (table, operation, condition) in SEALS.items():
        _refuse(name, table, operation, condition)


def _create_publication() -> None:
    op.create_table(
        "publication",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("campaign_id", sa.Integer, sa.ForeignKey("campaign.id"), nullable=False),
        sa.Column(
            "instrument_version_id", sa.Integer, sa.ForeignKey("instrument_version.id"), nullable=False
        ),
        sa.Column("kind", sa.String, nullable=False),
        sa.Column("covers_from", sa.Date, nullable=False),
        sa.Column("covers_until", sa.Date, nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("method_version", sa.String, nullable=False),
        sa.Column("minimum_n", sa.Integer, nullable=False),
        sa.Column("target", sa.Double, nullable=False),
        sa.Column("level", sa.Double, nullable=False),
        sa.Column("adjustment", sa.String, nullable=False),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.Column("data_checksum", sa.String),
        sa.Column("sealed_at", sa.DateTime(timezone=True)),
        sa.CheckConstraint("kind IN ('running', 'wave')", name="kind_is_known"),
        sa.CheckConstraint("kind <> 'running' OR sealed_at IS NULL", name="running_is_never_sealed"),
    )
    op.create_index("ix_publication_campaign_id", "publication", ["campaign_id"])
    op.create_index(
        "uq_publication_running",
        "publication",
        ["campaign_id"],
        unique=True,
        sqlite_where=sa.text("kind = 'running'"),
        postgresql_where=sa.text("kind = 'running'"),
    )


def _create_figure() -> None:
    op.create_table(
        "figure",
        sa.Column("publication_id", sa.Integer, sa.ForeignKey("publication.id"), primary_key=True),
        sa.Column("office_id", sa.Integer, sa.ForeignKey("office.id"), primary_key=True),
        sa.Column("provenance", sa.String, primary_key=True),
        sa.Column("measure", sa.String, primary_key=True),
        sa.Column("breakdown", sa.String, primary_key=True),
        *(sa.Column(name, sa.Double) for name in ("value", "standard_error")),
        sa.Column("degrees_of_freedom", sa.Integer),
        *(sa.Column(name, sa.Double) for name in ("low", "high", "t_low", "t_high")),
        sa.Column("interval_method", sa.String, nullable=False),
        sa.Column("n_respondents", sa.Integer, nullable=False),
        sa.Column("n_people", sa.Integer, nullable=False),
        sa.Column("n_answers", sa.Integer, nullable=False),
        sa.Column("effective_sample_size", sa.Double),
        sa.Column("population_size", sa.Integer),
        sa.Column("sampling_basis", sa.String, nullable=False),
        sa.Column("reason", sa.String),
        sa.Column("released_on", sa.Date, nullable=False),
        sa.Column("n_predecessors", sa.Integer, nullable=False),
        sa.Column("hidden_inside", sa.String),
        sa.Column("hidden_in_public", sa.String),
        sa.CheckConstraint("provenance IN ('A', 'B', 'C', 'D')", name="provenance_is_known"),
        sa.CheckConstraint("hidden_inside IN ('few', 'linked')", name="hidden_inside_is_known"),
        sa.CheckConstraint("hidden_in_public IN ('few', 'linked')", name="hidden_in_public_is_known"),
        sa.CheckConstraint(
            "sampling_basis IN ('probability', 'census', 'opt_in')", name="sampling_basis_is_known"
        ),
        sa.CheckConstraint("(value IS NULL) = (reason IS NOT NULL)", name="has_a_value_or_a_reason"),
        sa.CheckConstraint(
            "(value IS NULL) = (low IS NULL) AND (low IS NULL) = (high IS NULL)", name="has_its_range"
        ),
        sa.CheckConstraint(
            "value IS NULL OR (0 <= low AND low <= value AND value <= high AND high <= 1)",
            name="lies_in_its_range",
        ),
    )


def _create_distribution() -> None:
    op.create_table(
        "distribution",
        sa.Column("publication_id", sa.Integer, sa.ForeignKey("publication.id"), primary_key=True),
        sa.Column("office_id", sa.Integer, sa.ForeignKey("office.id"), primary_key=True),
        sa.Column("provenance", sa.String, primary_key=True),
        sa.Column("counts", sa.JSON, nullable=False),
        sa.CheckConstraint("provenance IN ('A', 'B', 'C', 'D')", name="provenance_is_known"),
    )


def _refuse(name: str, table: str, operation: str, condition: str) -> None:
    message = f"a sealed publication cannot be changed ({operation} on {table})"
    if op.get_bind().dialect.name == "sqlite":
        op.execute(
            f"CREATE TRIGGER {name} BEFORE {operation} ON {table} WHEN {condition} "
            f"BEGIN SELECT RAISE(ABORT, '{message}'); END"
        )
        return
    row = "OLD" if operation == "DELETE" else "NEW"
    op.execute(
        f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        f"IF {condition} THEN RAISE EXCEPTION '{message}'; END IF; RETURN {row}; END $$"
    )
    op.execute(f"CREATE TRIGGER {name} BEFORE {operation} ON {table} FOR EACH ROW EXECUTE FUNCTION {name}()")


def downgrade() -> None:
    figures = ("distribution", "figure", "publication")
    for table in (*figures, "stale_office", "office_release", "returned_tally", "tally"):
        op.drop_table(table)
    if op.get_bind().dialect.name == "postgresql":
        for name in SEALS:
            op.execute(f"DROP FUNCTION {name}()")
