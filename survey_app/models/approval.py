"""What two people must agree on: one asks with a reason, another one decides.

The rooms carry out what was approved, each its own kinds, in the transaction of the decision.
"""

from collections.abc import Collection, Set
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from survey_app.config import VIETNAM_TIME
from survey_app.errors import ApprovalRefused, NotFound
from survey_app.models.access_point import AccessPoint
from survey_app.models.audit import note, note_over
from survey_app.models.base import KEPT_IDS, Base, UtcDateTime, one_of
from survey_app.models.campaign import Campaign
from survey_app.models.known_offices import known_offices
from survey_app.models.office import Office
from survey_app.models.plain_text import UNREADABLE_MARK, composed, marked_unreadable
from survey_app.models.plan import tops_of_plans
from survey_app.models.staff import Staff, StaffGrant

MERGE = "merge_offices"  # the one kind that is about offices, whatever campaigns they take part in
OF_CAMPAIGNS = ("void_responses", "pause_codes", "resume_codes", "close_early", "reopen", "publish")
APPROVAL_KINDS = (*OF_CAMPAIGNS, MERGE)
ONE_AT_A_TIME = {"publish"}  # whatever is asked besides: both would want the same
DECISIONS = ("approved", "refused", "withdrawn")
LONGEST_REASON = 500
# Nobody shall make an account, give a role or take an account over for the sole purpose of agreeing with
# himself: others have a day to notice.
STANDS_FOR = timedelta(hours=24)
# As the audit log says them, which is kept in Vietnamese.
IN_THE_LOG = {
    "void_responses": "Loại phiếu",
    "pause_codes": "Tạm dừng mã",
    "resume_codes": "Dùng lại mã",
    "close_early": "Kết thúc sớm",
    "reopen": "Mở lại",
    "publish": "Công bố kết quả",
    MERGE: "Sáp nhập đơn vị",
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
        CheckConstraint(f"(campaign_id IS NULL) = (kind = '{MERGE}')", name="is_about_a_campaign_or_offices"),
        CheckConstraint("length(reason) > 0", name="has_a_reason"),
        CheckConstraint(
            "refusal IS NULL OR (decision IS NOT NULL AND decision = 'refused')",
            name="says_why_it_is_refused",
        ),
        Index("ix_approval_campaign_id", "campaign_id"),
        KEPT_IDS,
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str]
    campaign_id: Mapped[int | None] = mapped_column(ForeignKey("campaign.id"))  # none: it names its offices
    office_id: Mapped[int | None] = mapped_column(ForeignKey("office.id"))  # none: the whole campaign
    arguments: Mapped[dict[str, Any]] = mapped_column(JSON)
    reason: Mapped[str]
    asked_by: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    asked_at: Mapped[datetime] = mapped_column(UtcDateTime)
    decision: Mapped[str | None]
    decided_by: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    decided_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    refusal: Mapped[str | None]  # why it was refused, if that was said


class ApprovalOffice(Base):
    """One of the offices that a request without a campaign names; those below them are touched, too."""

    __tablename__ = "approval_office"

    approval_id: Mapped[int] = mapped_column(ForeignKey("approval.id"), primary_key=True)
    office_id: Mapped[int] = mapped_column(ForeignKey("office.id"), primary_key=True)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What somebody asks for, before it is written down."""

    kind: str
    campaign_id: int | None
    office_id: int | None
    arguments: dict[str, Any]
    reason: str
    named: frozenset[int] = frozenset()
    """The offices that it is about, where it is about no campaign."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What somebody decides, and why, as it was typed; only who refuses is asked why."""

    kind: str
    why: str = ""


@dataclass(frozen=True, slots=True)
class Part:
    """The offices in which somebody may take part, and those where that has been so for long enough."""

    staff_id: int
    offices: Set[int]
    stood: Set[int]


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
    if wanted.campaign_id is not None:
        lock_campaign(session, wanted.campaign_id)
    alike = select(Approval).where(
        Approval.kind == wanted.kind,
        Approval.campaign_id.is_not_distinct_from(wanted.campaign_id),
        Approval.office_id.is_not_distinct_from(wanted.office_id),
        Approval.decision.is_(None),
    )
    is_alone = wanted.kind in ONE_AT_A_TIME
    if any(is_alone or waiting.arguments == wanted.arguments for waiting in session.scalars(alike)):
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
    session.add_all(ApprovalOffice(approval_id=approval.id, office_id=one) for one in wanted.named)
    session.flush()
    _log(session, approval, "approvals.ask", staff_id, now)
    return approval


def decide(
    session: Session,
    approval_id: int,
    decision: Decision,
    asker: Part,
    decider: Part,
    now: datetime,
) -> Approval:
    """Approve or refuse what another person asked for, or withdraw one's own; the first decision stands.

    The decider's offices are those that he reaches from above: two people of one office alone shall not
    void its bad answers together.
    """
    if decision.kind not in DECISIONS:
        raise ApprovalRefused("decision_missing")
    query = select(Approval).where(Approval.id == approval_id).with_for_update()
    approval = session.scalars(query.execution_options(populate_existing=True)).one()
    if approval.decision is not None:
        raise ApprovalRefused("decided_already")
    is_own = approval.asked_by == decider.staff_id
    if is_own != (decision.kind == "withdrawn"):
        raise ApprovalRefused("own_request" if is_own else "not_own_request")
    if not is_own:
        concerned = offices_of_request(session, approval)
        _check_parts(concerned, decision.kind, asker, decider)
    if decision.kind == "refused" and decision.why.strip():
        approval.refusal = read_reason(decision.why)
    approval.decision, approval.decided_by, approval.decided_at = decision.kind, decider.staff_id, now
    session.flush()
    _log(session, approval, f"approvals.{decision.kind}", decider.staff_id, now)
    return approval


def _check_parts(concerned: Set[int], decision: str, asker: Part, decider: Part) -> None:
    if not concerned <= decider.offices:
        raise ApprovalRefused("not_from_above")
    if not concerned <= decider.stood:
        raise ApprovalRefused("young_decider")
    if decision == "approved":
        check_asker(concerned, asker)


def check_asker(concerned: Set[int], asker: Part) -> None:
    """Refuse to approve what was asked by somebody who has no right to it any more, or only since lately."""
    if not concerned <= asker.offices:
        raise ApprovalRefused("asker_lost_right")
    if not concerned <= asker.stood:
        raise ApprovalRefused("young_asker")


def has_stood(person: Staff, grant: StaffGrant, now: datetime) -> bool:
    """Whether account, password and role have been a person's for long enough to take part by this role."""
    first_day = datetime.combine(grant.valid_from, time(), VIETNAM_TIME)  # a role may be given ahead
    begun = max(grant.granted_at, first_day)
    return max(person.created_at, person.secured_at or person.created_at, begun) <= now - STANDS_FOR


def _log(session: Session, approval: Approval, act: str, staff_id: int, now: datetime) -> None:
    campaign = session.get(Campaign, approval.campaign_id) if approval.campaign_id else None
    about = campaign.code if campaign else approval.arguments["about"]
    what = f"Đề nghị {approval.id}: {IN_THE_LOG[approval.kind]}, {about}. Lý do: {approval.reason}"
    if approval.refusal:
        what += f"; lý do không duyệt: {approval.refusal}"
    if campaign:
        note(session, now, staff_id, act, what, approval.office_id)
    else:
        note_over(session, now, staff_id, act, what, offices_named(session, [approval.id])[approval.id])


def offices_of_request(session: Session, approval: Approval) -> set[int]:
    """List the offices that a request touches: those it names with all below, else its campaign's."""
    if approval.campaign_id is not None:
        return offices_concerned(session, approval.campaign_id, approval.office_id)
    return known_offices(session).tree.within(offices_named(session, [approval.id])[approval.id])


def offices_named(session: Session, approval_ids: Collection[int]) -> dict[int, set[int]]:
    """Give the offices that each request names itself, as that of a merge does."""
    found: dict[int, set[int]] = {one: set() for one in approval_ids}
    rows = select(ApprovalOffice).where(ApprovalOffice.approval_id.in_(approval_ids))
    for row in session.scalars(rows) if approval_ids else ():
        found[row.approval_id].add(row.office_id)
    return found


def offices_concerned(session: Session, campaign_id: int, office_id: int | None) -> set[int]:
    """List the offices that a request touches: a subtree, or all that a campaign is about."""
    if office_id is not None:
        known = known_offices(session)
        if office_id not in known.offices:
            raise NotFound
        return known.tree.subtree(office_id)
    return offices_of_campaigns(session, {campaign_id})[campaign_id]


def offices_of_campaigns(session: Session, campaign_ids: Collection[int]) -> dict[int, set[int]]:
    """Give the offices that each campaign is about: those that its plan names.

    Without a plan they are those of the trees in which it has codes, for a campaign is no office's own even
    while that one alone has codes of it; without codes, all offices.
    """
    tops = tops_of_plans(session, campaign_ids)
    known = known_offices(session)
    planned = {campaign_id: known.under(named) for campaign_id, named in tops.items()}
    return planned | _offices_by_codes(session, set(campaign_ids) - planned.keys())


def _offices_by_codes(session: Session, campaign_ids: Collection[int]) -> dict[int, set[int]]:
    if not campaign_ids:
        return {}
    tree = known_offices(session).tree
    # Of each office the one above, of which there are few; from there on the tree is at hand.
    above = select(AccessPoint.campaign_id, func.coalesce(Office.parent_id, Office.id)).distinct()
    above = above.join(Office, Office.id == AccessPoint.office_id)
    found: dict[int, set[int]] = {campaign_id: set() for campaign_id in campaign_ids}
    for campaign_id, office_id in session.execute(above.where(AccessPoint.campaign_id.in_(campaign_ids))):
        found[campaign_id].add(office_id)
    return {
        campaign_id: tree.whole_trees(offices) if offices else tree.subtree(None)
        for campaign_id, offices in found.items()
    }


def lock_campaign(session: Session, campaign_id: int) -> None:
    """Let all wait for each other who ask for the same, decide, or make codes of a campaign at once."""
    session.execute(select(Campaign.id).where(Campaign.id == campaign_id).with_for_update())
