"""The plan of an annual campaign: what will be measured, how, and what will be published, said beforehand.

A plan is a draft until it is frozen; then its hash names its content, triggers keep it (migration 0013), and
a change is an addendum: dated, with its reason, beside the plan. `plan_in_force` gives what holds.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from survey_app.models.base import Base, UtcDateTime
from survey_app.models.plan_document import PlanDocument


class Plan(Base):
    """The plan of one campaign; `revision` counts its saved drafts, so that two people do not overwrite."""

    __tablename__ = "campaign_plan"
    __table_args__ = (
        CheckConstraint("(hash IS NULL) = (frozen_at IS NULL)", name="is_frozen_whole"),
        CheckConstraint("frozen_by IS NULL OR frozen_at IS NOT NULL", name="is_frozen_by_somebody"),
        CheckConstraint("revision >= 1", name="revision_counts_from_one"),
    )

    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaign.id"), primary_key=True, autoincrement=False)
    document_json: Mapped[str]
    revision: Mapped[int] = mapped_column(default=1)
    saved_at: Mapped[datetime] = mapped_column(UtcDateTime)
    saved_by: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    hash: Mapped[str | None]
    frozen_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    frozen_by: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))  # none: by itself, or by command
    # Which of the margins that it asks for its sizes miss, as was known when it was frozen; none: no margin.
    missed: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))

    @property
    def document(self) -> PlanDocument:
        return PlanDocument.from_json(self.document_json)


class PlanAddendum(Base):
    """A later plan beside the frozen one, and why; neither is ever changed."""

    __tablename__ = "plan_addendum"
    __table_args__ = (
        CheckConstraint("number >= 1", name="number_counts_from_one"),
        CheckConstraint("length(reason) > 0", name="has_a_reason"),
    )

    campaign_id: Mapped[int] = mapped_column(
        ForeignKey("campaign_plan.campaign_id"), primary_key=True, autoincrement=False
    )
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    written_at: Mapped[datetime] = mapped_column(UtcDateTime)
    written_by: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))  # none: from the command line
    reason: Mapped[str]
    document_json: Mapped[str]
    hash: Mapped[str]

    @property
    def document(self) -> PlanDocument:
        return PlanDocument.from_json(self.document_json)


def addenda_of(session: Session, campaign_id: int) -> Sequence[PlanAddendum]:
    found = select(PlanAddendum).where(PlanAddendum.campaign_id == campaign_id)
    return session.scalars(found.order_by(PlanAddendum.number)).all()


def tops_of_plans(session: Session, campaign_ids: Collection[int]) -> dict[int, tuple[str, ...]]:
    """Give for each of these campaigns that has a plan, or a draft of one, on top of whom it stands."""
    query = (
        select(Plan.campaign_id, func.coalesce(PlanAddendum.document_json, Plan.document_json))
        .outerjoin(PlanAddendum, PlanAddendum.campaign_id == Plan.campaign_id)
        .where(Plan.campaign_id.in_(campaign_ids))
        .order_by(PlanAddendum.number)  # so that the last one holds
    )
    documents: dict[int, str] = dict(session.execute(query).all())
    return {one: PlanDocument.from_json(text).population.tops for one, text in documents.items()}


def plan_in_force(session: Session, campaign_id: int, then: datetime | None = None) -> PlanDocument | None:
    """Give what holds: the last addendum's document, or the frozen plan's; a draft holds for nobody.

    A publication goes on saying what held `then`, whatever is added later.
    """
    addenda = [one for one in addenda_of(session, campaign_id) if then is None or one.written_at <= then]
    if addenda:
        return addenda[-1].document
    plan = session.get(Plan, campaign_id)
    return plan.document if plan is not None and plan.frozen_at is not None else None


def plan_as_it_stands(session: Session, campaign_id: int) -> PlanDocument | None:
    """Give the plan in force, or the draft as long as there is none: what is meant so far."""
    plan = session.get(Plan, campaign_id)
    return plan_in_force(session, campaign_id) or (plan.document if plan is not None else None)
