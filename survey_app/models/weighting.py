"""How the weights of a frozen publication were made, step by step; and known totals that were imported.

Triggers keep the steps of a sealed publication, and imported totals, as they are (migration 0015).
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from survey_app.models.base import KEPT_IDS, Base, UtcDateTime, one_of
from survey_app.models.publication import Publication

WEIGHTING_STEPS: Final = ("unweighted", "base", "nonresponse", "raking", "trimming")


class WeightingStep(Base):
    """The weights after one step, of all drawn people who answered, and the index of the whole with them."""

    __tablename__ = "weighting_step"
    __table_args__ = (
        one_of("step", WEIGHTING_STEPS),
        CheckConstraint("n > 0 AND minimum > 0 AND design_effect >= 1", name="weighs_answers"),
    )

    publication_id: Mapped[int] = mapped_column(ForeignKey("publication.id"), primary_key=True)
    step: Mapped[str] = mapped_column(primary_key=True)
    n: Mapped[int]  # who answered
    weight_sum: Mapped[float]
    minimum: Mapped[float]
    median: Mapped[float]
    maximum: Mapped[float]
    design_effect: Mapped[float]  # of unequal weights, by Kish
    effective_n: Mapped[float]
    value: Mapped[float | None]  # the index of the whole; none where nobody answered what it is made of
    details: Mapped[dict[str, Any]] = mapped_column(JSON)  # cells, margins, how many were cut: by step


class CampaignMargins(Base):
    """Known totals of a campaign that was drawn elsewhere, from a file; the newest are in force."""

    __tablename__ = "campaign_margins"
    __table_args__ = (
        CheckConstraint("length(checksum) = 64", name="checksum_is_whole"),
        Index("ix_campaign_margins_campaign_id", "campaign_id"),
        KEPT_IDS,
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaign.id"))
    file_name: Mapped[str]
    document_json: Mapped[str]  # variable, question, level and total of each, in canonical JSON
    checksum: Mapped[str]  # of the document
    imported_at: Mapped[datetime] = mapped_column(UtcDateTime)


def steps_of_weights(session: Session, publication: Publication | None) -> Sequence[str]:
    """Name the steps by which the weights of a publication were made; of running figures there are none."""
    if publication is None:
        return ()
    found = select(WeightingStep.step).where(WeightingStep.publication_id == publication.id)
    return session.scalars(found).all()


class ResponseRate(NamedTuple):
    """How a drawn sample answered: units that were asked, without the ineligible, and the share of RR2.

    RR2 of AAPOR counts whoever is unknown as eligible, and partial forms as answers.
    """

    n_asked: int
    rate: float

    @classmethod
    def of_cells(cls, cells: Sequence[dict[str, Any]]) -> "ResponseRate | None":
        """Add up the cells of the step for nonresponse; none where the sample was drawn elsewhere."""
        n_asked = sum(one["n_eligible"] + one["n_unknown"] for one in cells)
        return cls(n_asked, sum(one["n_answered"] for one in cells) / n_asked) if n_asked else None


def response_of(session: Session, publication: Publication | None) -> ResponseRate | None:
    """Give how the drawn sample of a publication answered, if it was drawn here."""
    key = (publication.id if publication else 0, "nonresponse")
    step = session.get(WeightingStep, key)
    return ResponseRate.of_cells(step.details["cells"]) if step else None


def margins_in_force(session: Session, campaign_id: int) -> CampaignMargins | None:
    found = select(CampaignMargins).where(CampaignMargins.campaign_id == campaign_id)
    return session.scalar(found.order_by(CampaignMargins.id.desc()).limit(1))
