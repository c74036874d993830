"""What two people must agree on: one asks with a reason, another one decides.

The rooms carry out what was approved, each its own kinds, in the transaction of the decision.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import JSON, CheckConstraint, ColumnElement, ForeignKey, Index, func, select
from sqlalchemy.orm import Mapped, Session, aliased, mapped_column

from survey_app.config import VIETNAM_TIME
from survey_app.errors import ApprovalRefused, NotFound
from survey_app.models.access_point import AccessPoint, AccessPointDay
from survey_app.models.audit import note
from survey_app.models.base import KEPT_IDS, Base, UtcDateTime, one_of
from survey_app.models.campaign import Campaign
from survey_app.models.office import Office
from survey_app.models.office_tree import OfficeTree
from survey_app.models.plain_text import UNREADABLE_MARK, composed, marked_unreadable
from survey_app.models.staff import Staff

APPROVAL_KINDS = ("void_responses", "pause_codes", "resume_codes", "close_early", "reopen")
DECISIONS = ("approved", "refused", "withdrawn")
LONGEST_REASON = 500
# Nobody shall make an account for the sole purpose of agreeing with himself.
STANDS_FOR = timedelta(hours=24)
# As the audit log says them, which is kept in Vietnamese.
IN_THE_LOG = {
    "void_responses": "Loại phiếu",
    "pause_codes": "Tạm dừng mã",
    "resume_codes": "Dùng lại mã",
    "close_early": "Kết thúc sớm",
    "reopen": "Mở lại",
}


class Approval(Base):
    """One request: what is asked (`arguments`, by kind), for which offices, why, and what was decided."""

    __tablename__ = "approval"
    __table_args__ = (
        one_of("kind", APPROVAL_KINDS),
        one_of("decision", DECISIONS),
        CheckConstraint(
            "(decision IS NULL) = (decided_at IS NULL) AND (decided_at IS NULL) = (decided_by IS NULL)",
            name="is_decided_whole",
        ),
        CheckConstraint(
            "decision IS NULL OR decision = 'withdrawn' OR decided_by <> asked_by", name="needs_two_people"
        ),
        CheckConstraint("length(reason) > 0", name="has_a_reason"),
        Index("ix_approval_campaign_id", "campaign_id"),
        KEPT_IDS,
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str]
    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaign.id"))
    office_id: Mapped[int | None] = mapped_column(ForeignKey("office.id"))  # none: the whole campaign
    arguments: Mapped[dict[str, Any]] = mapped_column(JSON)
    reason: Mapped[str]
    asked_by: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    asked_at: Mapped[datetime] = mapped_column(UtcDateTime)
    decision: Mapped[str | None]
    decided_by: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    decided_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What somebody asks for, before it is written down."""

    kind: str
    campaign_id: int
    office_id: int | None
    arguments: dict[str, Any]
    reason: str


@dataclass(frozen=True, slots=True)
class StatedApproval:
    """A request with the names of what it is about and of who took part."""

    approval: Approval
    campaign: Campaign
    office: Office | None
    asked_by: Staff
    decided_by: Staff | None


def read_reason(typed: str) -> str:
    """Give a reason as it can be kept and read; say what is wrong with one that cannot."""
    reason = marked_unreadable(composed(typed))
    if not reason:
        raise ApprovalRefused("reason_missing")
    if UNREADABLE_MARK in reason:
        raise ApprovalRefused("reason_unreadable")
    if len(reason) > LONGEST_REASON:
        raise ApprovalRefused("reason_too_long")
    return reason


def ask(session: Session, wanted: Wanted, staff_id: int, now: datetime) -> Approval:
    """Write down what a second person is to decide."""
    # Two who ask for the same at once wait for each other here.
    session.execute(select(Campaign.id).where(Campaign.id == wanted.campaign_id).with_for_update())
    alike = select(Approval).where(
        Approval.kind == wanted.kind,
        Approval.campaign_id == wanted.campaign_id,
        Approval.office_id.is_not_distinct_from(wanted.office_id),
        Approval.decision.is_(None),
    )
    if any(waiting.arguments == wanted.arguments for waiting in session.scalars(alike)):
        raise ApprovalRefused("asked_already")
    approval = Approval(
        kind=wanted.kind,
        campaign_id=wanted.campaign_id,
        office_id=wanted.office_id,
        arguments=wanted.arguments,
        reason=wanted.reason,
        asked_by=staff_id,
        asked_at=now,
    )
    session.add(approval)
    session.flush()  # gives the id that the log and the next page name
    _log(session, approval, "approvals.ask", staff_id, now)
    return approval


def decide(session: Session, approval_id: int, decision: str, staff_id: int, now: datetime) -> Approval:
    """Approve or refuse what another person asked for, or withdraw one's own; the first decision stands."""
    if decision not in DECISIONS:
        raise ApprovalRefused("decision_missing")
    query = select(Approval).where(Approval.id == approval_id).with_for_update()
    approval = session.scalars(query.execution_options(populate_existing=True)).one()
    if approval.decision is not None:
        raise ApprovalRefused("decided_already")
    is_own = approval.asked_by == staff_id
    if is_own != (decision == "withdrawn"):
        raise ApprovalRefused("own_request" if is_own else "not_own_request")
    if not is_own and session.get_one(Staff, staff_id).created_at > now - STANDS_FOR:
        raise ApprovalRefused("young_account")
    approval.decision, approval.decided_by, approval.decided_at = decision, staff_id, now
    session.flush()
    _log(session, approval, f"approvals.{decision}", staff_id, now)
    return approval


def _log(session: Session, approval: Approval, act: str, staff_id: int, now: datetime) -> None:
    campaign = session.get_one(Campaign, approval.campaign_id)
    what = f"Đề nghị {approval.id}: {IN_THE_LOG[approval.kind]}, {campaign.code}. Lý do: {approval.reason}"
    note(session, now, staff_id, act, what, approval.office_id)


def offices_concerned(session: Session, campaign_id: int, office_id: int | None) -> set[int]:
    """List the offices that a request touches: a subtree, or wherever the campaign has a way in."""
    if office_id is not None:
        return OfficeTree(session).subtree(office_id)
    of_campaign = select(AccessPoint.office_id).where(AccessPoint.campaign_id == campaign_id).distinct()
    # One without any way in is a matter of all offices: nobody's own.
    return set(session.scalars(of_campaign)) or OfficeTree(session).subtree(None)


def list_approvals(
    session: Session, office_ids: Collection[int], *conditions: ColumnElement[bool], most: int
) -> list[StatedApproval]:
    """List the newest requests all of whose offices are among these."""
    requester, decider = aliased(Staff), aliased(Staff)
    query = (
        select(Approval, Campaign, Office, requester, decider)
        .join(Campaign, Campaign.id == Approval.campaign_id)
        .join(requester, requester.id == Approval.asked_by)
        .outerjoin(Office, Office.id == Approval.office_id)
        .outerjoin(decider, decider.id == Approval.decided_by)
        .where(*conditions)
        .order_by(Approval.id.desc())
    )
    scope, touched = set(office_ids), {}
    found: list[StatedApproval] = []
    for row in session.execute(query):
        stated = StatedApproval(*row)
        place = (stated.approval.campaign_id, stated.approval.office_id)
        if place not in touched:
            touched[place] = offices_concerned(session, *place) <= scope
        if touched[place]:
            found.append(stated)
        if len(found) == most:
            break
    return found


def find_approval(session: Session, approval_id: int, office_ids: Collection[int]) -> StatedApproval:
    """Give a request all of whose offices are among these; foreign and non-existing look the same."""
    is_meant = Approval.id == (approval_id if 0 < approval_id < 2**31 else 0)
    for stated in list_approvals(session, office_ids, is_meant, most=1):
        return stated
    raise NotFound


def paused_offices(session: Session, campaign_id: int) -> dict[int, date]:
    """Tell in which offices a campaign's codes are paused, and since when.

    A code that is made during a pause is paused too: else one person could undo what two decided.
    """
    approved = session.scalars(
        select(Approval)
        .where(
            Approval.campaign_id == campaign_id,
            Approval.kind.in_(("pause_codes", "resume_codes")),
            Approval.decision == "approved",
        )
        .order_by(Approval.decided_at, Approval.id)
    ).all()
    paused: dict[int, date] = {}
    tree = OfficeTree(session) if approved else None
    for approval in approved:
        offices = tree.subtree(approval.office_id) if tree else set()
        if approval.kind == "pause_codes":
            day = (approval.decided_at or approval.asked_at).astimezone(VIETNAM_TIME).date()
            paused = dict.fromkeys(offices, day) | paused
        else:
            paused = {office_id: day for office_id, day in paused.items() if office_id not in offices}
    return paused


def count_voided(session: Session, campaign_id: int, office_ids: Iterable[int] | None = None) -> int:
    """Count a campaign's voided responses, of these offices or of all; the number is public.

    Only points that an approval names have any, so the days of no other are read.
    """
    approved = session.scalars(
        select(Approval).where(
            Approval.campaign_id == campaign_id,
            Approval.kind == "void_responses",
            Approval.decision == "approved",
        )
    )
    point_ids = {point_id for approval in approved for point_id in approval.arguments["access_point_ids"]}
    if not point_ids:
        return 0
    by_office = (
        select(AccessPoint.office_id, func.sum(AccessPointDay.n_voided))
        .join(AccessPoint, AccessPoint.id == AccessPointDay.access_point_id)
        .where(AccessPointDay.access_point_id.in_(point_ids))
        .group_by(AccessPoint.office_id)
    )
    wanted = None if office_ids is None else set(office_ids)
    return sum(n for office_id, n in session.execute(by_office) if wanted is None or office_id in wanted)
