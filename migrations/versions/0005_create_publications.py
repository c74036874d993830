"""Tallies, releases, publications and figures, with the triggers that keep frozen figures."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

FROZEN = "EXISTS (SELECT 1 FROM publication WHERE publication.id = OLD.publication_id AND kind <> 'running')"


def upgrade() -> None:
    op.create_table(
        "tally",
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
        sa.Column("released_on", sa.Date, nullable=False),
        sa.CheckConstraint("provenance IN ('A', 'B', 'C', 'D')", name="provenance_is_known"),
    )
    _create_publication()
    _create_figure()
    _freeze_figures()


def _create_publication() -> None:
    op.create_table(
        "publication",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("campaign_id", sa.Integer, sa.ForeignKey("campaign.id"), nullable=False),
        sa.Column("kind", sa.String, nullable=False),
        sa.Column("covers_from", sa.Date, nullable=False),
        sa.Column("covers_until", sa.Date, nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("method_version", sa.String, nullable=False),
        sa.Column("data_checksum", sa.String),
        sa.CheckConstraint("kind IN ('running', 'period', 'wave')", name="kind_is_known"),
    )
    op.create_index("ix_publication_campaign_id", "publication", ["campaign_id"])


def _create_figure() -> None:
    op.create_table(
        "figure",
        sa.Column("publication_id", sa.Integer, sa.ForeignKey("publication.id"), primary_key=True),
        sa.Column("office_id", sa.Integer, sa.ForeignKey("office.id"), primary_key=True),
        sa.Column("provenance", sa.String, primary_key=True),
        sa.Column("measure", sa.String, primary_key=True),
        *(sa.Column(name, sa.Double) for name in ("value", "standard_error")),
        sa.Column("degrees_of_freedom", sa.Integer),
        *(sa.Column(name, sa.Double) for name in ("low", "high", "t_low", "t_high")),
        sa.Column("level", sa.Double, nullable=False),
        sa.Column("interval_method", sa.String, nullable=False),
        sa.Column("n_respondents", sa.Integer, nullable=False),
        sa.Column("n_answers", sa.Integer, nullable=False),
        sa.Column("effective_sample_size", sa.Double),
        sa.Column("population_size", sa.Integer),
        sa.Column("sampling_basis", sa.String, nullable=False),
        sa.Column("reason", sa.String),
        sa.Column("released_on", sa.Date, nullable=False),
        sa.CheckConstraint("provenance IN ('A', 'B', 'C', 'D')", name="provenance_is_known"),
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


def _freeze_figures() -> None:
    if op.get_bind().dialect.name == "sqlite":
        op.execute(
            f"CREATE TRIGGER frozen_figure_stays BEFORE UPDATE ON figure WHEN {FROZEN} "
            "BEGIN SELECT RAISE(ABORT, 'a frozen figure cannot be changed'); END"
        )
        op.execute(
            "CREATE TRIGGER frozen_publication_stays BEFORE UPDATE ON publication WHEN OLD.kind <> 'running' "
            "BEGIN SELECT RAISE(ABORT, 'a frozen publication cannot be changed'); END"
        )
        return
    op.execute(
        "CREATE FUNCTION refuse_frozen_figure() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        f"IF {FROZEN} THEN RAISE EXCEPTION 'a frozen figure cannot be changed'; END IF; RETURN NEW; END $$"
    )
    op.execute(
        "CREATE TRIGGER frozen_figure_stays BEFORE UPDATE ON figure "
        "FOR EACH ROW EXECUTE FUNCTION refuse_frozen_figure()"
    )
    op.execute(
        "CREATE TRIGGER frozen_publication_stays BEFORE UPDATE ON publication "
        "FOR EACH ROW WHEN (OLD.kind <> 'running') EXECUTE FUNCTION refuse_change()"
    )


def downgrade() -> None:
    for table in ("figure", "publication", "office_release", "tally"):
        op.drop_table(table)
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION refuse_frozen_figure()")
