"""Plans of annual campaigns, and their addenda: a frozen plan stays as it is."""

import sqlalchemy as sa
from alembic import op

from migrations.sealing import keep, let_go

revision = "0013"
down_revision = "0012"

FROZEN = "EXISTS (SELECT 1 FROM campaign_plan WHERE campaign_id = NEW.campaign_id AND frozen_at IS NOT NULL)"
OF_DEMO = "EXISTS (SELECT 1 FROM campaign WHERE campaign.id = OLD.campaign_id AND campaign.is_demo)"
# The demo can be removed whole, with its plans.
GUARDS = {
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
    keep(GUARDS, "a frozen plan")


def downgrade() -> None:
    for table in ("plan_addendum", "campaign_plan"):
        op.drop_table(table)
    let_go(GUARDS)
