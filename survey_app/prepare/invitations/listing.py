"""What becomes of invitations: batches as staff see them, each with its funnel. No person, no hour.

Whoever hands a slip out and sees a count rise a moment later knows who has answered. So counts end with the
day before, and rise in steps.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from survey_app.models.access_point import AccessPoint, AccessPointDay
from survey_app.models.campaign import Campaign
from survey_app.models.invitation import SMALLEST_BATCH, InvitationBatch
from survey_app.models.office import Counter, Office
from survey_app.models.sample import SampleCell


@dataclass(frozen=True, slots=True)
class Funnel:
    """What was issued, and two counts of what came of it before today, each in whole steps."""

    n_issued: int
    n_viewed: int  # page views as counted: lost if the server is killed before it wrote them down
    n_used: int

    @property
    def n_opened(self) -> int:
        """Give the least number of page views: each use opened a page; one person may open it often."""
        return max(self.n_viewed, self.n_used)

    def share(self, n: int) -> float:
        """Give a count's part of the largest, for a picture."""
        return n / max(self.n_issued, self.n_opened)


@dataclass(frozen=True, slots=True)
class ListedBatch:
    batch: InvitationBatch
    point: AccessPoint
    campaign: Campaign
    office: Office
    counter: str | None
    cell: SampleCell | None
    funnel: Funnel

    def state_on(self, today: date) -> str:
        if self.point.revoked_on is not None:
            return "revoked"
        if self.campaign.is_over(today):
            return "closed"
        return "in_use" if self.point.paused_on is None else "paused"


def in_steps(n: int) -> int:
    """Give the step that a count has reached: it shows a group, as every invitation promises."""
    return n - n % SMALLEST_BATCH


def batches_of(session: Session, office_ids: Collection[int]) -> list[int]:
    """List the ids of these offices' batches, newest first; a drawn sample's stand with its fieldwork."""
    rows = session.execute(
        select(InvitationBatch.id, AccessPoint.office_id)
        .join(AccessPoint, AccessPoint.id == InvitationBatch.access_point_id)
        .outerjoin(SampleCell, SampleCell.id == InvitationBatch.cell_id)
        .where(SampleCell.draw_id.is_(None))
        .order_by(InvitationBatch.id.desc())
    )
    return [batch_id for batch_id, office_id in rows if office_id in office_ids]


def listed_batches(session: Session, batch_ids: Sequence[int], today: date) -> list[ListedBatch]:
    """Say of each batch where it belongs and how far it had come by yesterday, in the order of the ids."""
    counts = _sum_before(today, AccessPointDay.n_opened), _sum_before(today, AccessPointDay.n_received)
    rows = session.execute(
        select(InvitationBatch, AccessPoint, Campaign, Office, Counter.label, SampleCell, *counts)
        .join(AccessPoint, AccessPoint.id == InvitationBatch.access_point_id)
        .join(Campaign, Campaign.id == AccessPoint.campaign_id)
        .join(Office, Office.id == AccessPoint.office_id)
        .outerjoin(Counter, Counter.id == AccessPoint.counter_id)
        .outerjoin(SampleCell, SampleCell.id == InvitationBatch.cell_id)
        .where(InvitationBatch.id.in_(batch_ids))
    )
    listed = {
        batch.id: ListedBatch(
            *(batch, point, campaign, office, counter, cell),
            Funnel(batch.n_issued, in_steps(n_opened), in_steps(n_used)),
        )
        for batch, point, campaign, office, counter, cell, n_opened, n_used in rows
    }
    return [listed[batch_id] for batch_id in batch_ids]


def _sum_before(today: date, count: InstrumentedAttribute[int]) -> ColumnElement[int]:
    """Sum up the days before today of a batch's access point: point by point, as their days lie."""
    days = select(func.coalesce(func.sum(count), 0)).where(
        AccessPointDay.access_point_id == InvitationBatch.access_point_id, AccessPointDay.day < today
    )
    return days.correlate(InvitationBatch).scalar_subquery()


def counters_of(session: Session, office: Office) -> Sequence[Counter]:
    return session.scalars(select(Counter).where(Counter.office_id == office.id).order_by(Counter.id)).all()


def cells_of(session: Session, campaign: Campaign) -> Sequence[SampleCell]:
    """List the cells that a batch may be given by hand; those of a draw are invited whole (fieldwork)."""
    cells = select(SampleCell).where(SampleCell.campaign_id == campaign.id, SampleCell.draw_id.is_(None))
    return session.scalars(cells.order_by(SampleCell.stratum, SampleCell.psu, SampleCell.id)).all()
