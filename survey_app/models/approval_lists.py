"""Requests of what two people decide, as those read them who may: by the offices that they touch."""

from collections.abc import Set
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, and_, or_, select, true
from sqlalchemy.orm import Session, aliased

from survey_app.errors import NotFound
from survey_app.models.approval import Approval, ApprovalOffice, offices_named, offices_of_campaigns
from survey_app.models.campaign import Campaign
from survey_app.models.known_offices import known_offices
from survey_app.models.office import Office
from survey_app.models.staff import Staff


@dataclass(frozen=True, slots=True)
class StatedApproval:
    """A request with the names of what it is about and of who took part."""

    approval: Approval
    campaign: Campaign | None
    office: Office | None
    asked_by: Staff
    decided_by: Staff | None
    offices: Set[int]  # all that it touches


def list_approvals(
    session: Session,
    office_ids: Set[int],
    *conditions: ColumnElement[bool],
    most: int,
) -> list[StatedApproval]:
    """List the newest requests all of whose offices are among these: all of some subtrees."""
    tree = known_offices(session).tree
    requester, decider = aliased(Staff), aliased(Staff)
    query = (
        select(Approval, Campaign, Office, requester, decider)
        .outerjoin(Campaign, Campaign.id == Approval.campaign_id)
        .join(requester, requester.id == Approval.asked_by)
        .outerjoin(Office, Office.id == Approval.office_id)
        .outerjoin(decider, decider.id == Approval.decided_by)
        .where(*conditions, _is_within(session, office_ids))
        .order_by(Approval.id.desc())
        .limit(most)
    )
    rows = session.execute(query).all()
    whole = {row.Campaign.id for row in rows if row.Office is None and row.Campaign is not None}
    of_campaigns = offices_of_campaigns(session, whole)
    named = offices_named(session, [row.Approval.id for row in rows if row.Campaign is None])

    def touched(row: Any) -> set[int]:
        if row.Office is not None:
            return tree.subtree(row.Office.id)
        return tree.within(named[row.Approval.id]) if row.Campaign is None else of_campaigns[row.Campaign.id]

    return [StatedApproval(*row, touched(row)) for row in rows]


def _is_within(session: Session, office_ids: Set[int]) -> ColumnElement[bool]:
    """Say in SQL which requests touch these offices alone.

    What is looked up for it is the same whichever request is asked for: the time of an answer shall not
    tell a foreign one from one that does not exist.
    """
    if office_ids >= known_offices(session).offices.keys():
        return true()  # thousands of ids in a statement would cost more than the rest of the page
    of_whole = select(Campaign.id).join(Approval).where(Approval.office_id.is_(None)).distinct()
    of_campaigns = offices_of_campaigns(session, session.scalars(of_whole).all())
    whole = [campaign_id for campaign_id, touched in of_campaigns.items() if touched <= office_ids]
    beyond = select(ApprovalOffice.approval_id).where(ApprovalOffice.office_id.not_in(office_ids))
    return or_(
        Approval.office_id.in_(office_ids),
        and_(Approval.office_id.is_(None), Approval.campaign_id.in_(whole)),
        and_(Approval.campaign_id.is_(None), Approval.id.not_in(beyond)),
    )


def find_approval(session: Session, approval_id: int, office_ids: Set[int]) -> StatedApproval:
    """Give a request all of whose offices are among these; foreign and non-existing look the same."""
    for stated in list_approvals(session, office_ids, Approval.id == approval_id, most=1):
        return stated
    raise NotFound
