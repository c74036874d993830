"""Tallies, releases, publications and figures, with the triggers that keep sealed ones."""

import sqlalchemy as sa
from alembic import op

from migrations.sealing import OF_DEMO, keep, let_go, of_sealed_publications

revision = "0005"
down_revision = "0004"

GUARDS = {
    **of_sealed_publications("figure", "figure"),
    **of_sealed_publications("distribution", "distribution"),
    # Nor may another row take its number: UPDATE OR REPLACE would delete the sealed one in its way.
    "sealed_publication_keeps_its_values": (
        "publication",
        "UPDATE",
        "OLD.sealed_at IS NOT NULL OR NEW.id <> OLD.id",
    ),
    "sealed_publication_is_not_deleted": (
        "publication",
        "DELETE",
        f"OLD.sealed_at IS NOT NULL AND NOT {OF_DEMO.format(publication_id='id')}",
    ),
    "sealed_publication_is_not_replaced": (
        "publication",
        "REPLACE",
        "EXISTS (SELECT 1 FROM publication AS other WHERE other.id = NEW.id AND other.sealed_at IS NOT NULL)",
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
    keep(GUARDS, "a sealed publication")


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
    is_whole_index = sa.text("measure = 'index' AND breakdown = ''")
    op.create_index(
        "ix_figure_whole_index",
        "figure",
        [
            *("publication_id", "provenance", "office_id", "value", "low", "high", "n_respondents"),
            *("n_people", "population_size", "effective_sample_size", "hidden_inside", "hidden_in_public"),
        ],
        sqlite_where=is_whole_index,
        postgresql_where=is_whole_index,
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


def downgrade() -> None:
    figures = ("distribution", "figure", "publication")
    for table in (*figures, "stale_office", "office_release", "returned_tally", "tally"):
        op.drop_table(table)
    let_go(GUARDS)
