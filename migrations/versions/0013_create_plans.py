"""Plans of annual campaigns, and their addenda: a frozen plan stays as it is."""

import sqlalchemy as sa
from alembic import op

from migrations.sealing import keep, let_go

revision = "0013"
down_revision = "0012"

FROZEN = "EXISTS (SELECT 1 FROM campaign_plan WHERE campaign_id = NEW.campaign_id AND frozen_at IS NOT NULL)"
OF_DEMO = "EXISTS (SELECT 1 FROM campaign WHERE campaign.id = OLD.campaign_id AND campaign.is_demo)"
# What the plan in force says of a term of publication; {json} is how a dialect reads the document.
PLANNED = (
    "COALESCE((SELECT {said} FROM plan_addendum WHERE campaign_id = NEW.id ORDER BY number DESC LIMIT 1), "
    "(SELECT {said} FROM campaign_plan WHERE campaign_id = NEW.id AND frozen_at IS NOT NULL))"
)
SAID = "CAST(document_json{{json}} -> 'publication' ->> '{term}' AS DOUBLE PRECISION)"
IS_PLANNED = "EXISTS (SELECT 1 FROM campaign_plan WHERE campaign_id = NEW.id AND frozen_at IS NOT NULL)"
IS_ANOTHER = " OR ".join(f"NEW.{name} <> OLD.{name}" for name in ("id", "code", "is_demo"))
# The last day is free: two people may close a campaign early.
WAS_PLANNED = " OR ".join(
    f"NEW.{name} <> OLD.{name}" for name in ("kind", "sampling_basis", "instrument_version_id", "opens_on")
)
LEAVES_THE_PLAN = " OR ".join(
    f"(NEW.{term} <> OLD.{term} "
    f"AND COALESCE(ABS(NEW.{term} - {PLANNED.format(said=SAID.format(term=term))}) > 1e-9, TRUE))"
    for term in ("minimum_n", "target")
)
# The demo can be removed whole, with its plans.
GUARDS = {
    "planned_campaign_keeps_to_its_plan": (
        "campaign",
        "UPDATE",
        f"{IS_ANOTHER} OR ({IS_PLANNED} AND ({WAS_PLANNED} OR {LEAVES_THE_PLAN}))",
    ),
    "campaign_is_not_replaced": (
        "campaign",
        "REPLACE",
        "EXISTS (SELECT 1 FROM campaign WHERE id = NEW.id OR code = NEW.code)",
    ),
    # A draft may not move either: UPDATE OR REPLACE would delete the frozen plan in its way.
    "frozen_plan_keeps_its_words": (
        "campaign_plan",
        "UPDATE",
        "OLD.frozen_at IS NOT NULL OR NEW.campaign_id <> OLD.campaign_id",
    ),
    "frozen_plan_is_not_deleted": ("campaign_plan", "DELETE", f"OLD.frozen_at IS NOT NULL AND NOT {OF_DEMO}"),
    "addendum_follows_a_frozen_plan": ("plan_addendum", "INSERT", f"NOT {FROZEN}"),
    "addendum_keeps_its_words": ("plan_addendum", "UPDATE", "TRUE"),
    "addendum_is_not_deleted": ("plan_addendum", "DELETE", f"NOT {OF_DEMO}"),
    "frozen_plan_is_not_replaced": ("campaign_plan", "REPLACE", FROZEN),
    "addendum_is_not_replaced": (
        "plan_addendum",
        "REPLACE",
        "EXISTS (SELECT 1 FROM plan_addendum WHERE campaign_id = NEW.campaign_id AND number = NEW.number)",
    ),
}


def upgrade() -> None:
    op.create_table(
        "campaign_plan",
        sa.Column(
            "campaign_id", sa.Integer, sa.ForeignKey("campaign.id"), primary_key=True, autoincrement=False
        ),
        sa.Column("document_json", sa.String, nullable=False),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.Column("saved_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("saved_by", sa.Integer, sa.ForeignKey("staff.id")),
        sa.Column("hash", sa.String),
        sa.Column("frozen_at", sa.DateTime(timezone=True)),
        sa.Column("frozen_by", sa.Integer, sa.ForeignKey("staff.id")),
        sa.Column("missed", sa.JSON),
        sa.CheckConstraint("(hash IS NULL) = (frozen_at IS NULL)", name="is_frozen_whole"),
        sa.CheckConstraint("frozen_by IS NULL OR frozen_at IS NOT NULL", name="is_frozen_by_somebody"),
        sa.CheckConstraint("revision >= 1", name="revision_counts_from_one"),
    )
    op.create_table(
        "plan_addendum",
        sa.Column(
            "campaign_id",
            sa.Integer,
            sa.ForeignKey("campaign_plan.campaign_id"),
            primary_key=True,
            autoincrement=False,
        ),
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("written_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("written_by", sa.Integer, sa.ForeignKey("staff.id")),
        sa.Column("reason", sa.String, nullable=False),
        sa.Column("document_json", sa.String, nullable=False),
        sa.Column("hash", sa.String, nullable=False),
        sa.CheckConstraint("number >= 1", name="number_counts_from_one"),
        sa.CheckConstraint("length(reason) > 0", name="has_a_reason"),
    )
    as_json = "" if op.get_bind().dialect.name == "sqlite" else "::json"
    written = {name: (*where, when.replace("{json}", as_json)) for name, (*where, when) in GUARDS.items()}
    keep(written, "a frozen plan")


def downgrade() -> None:
    is_sqlite = op.get_bind().dialect.name == "sqlite"
    for name, (table, operation, _condition) in GUARDS.items():
        if table == "campaign" and (is_sqlite or operation != "REPLACE"):
            op.execute(f"DROP TRIGGER {name}" + ("" if is_sqlite else f" ON {table}"))
    for table in ("plan_addendum", "campaign_plan"):
        op.drop_table(table)
    let_go(GUARDS)
