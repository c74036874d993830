"""Who may take part in what needs two people: by which right, over which offices, and since when."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime

from sqlalchemy.orm import Session

from survey_app.config import VIETNAM_TIME
from survey_app.models import approval as approvals
from survey_app.models.approval import Approval, Decision, Part, has_stood
from survey_app.models.approval_lists import StatedApproval
from survey_app.models.office_tree import OfficeTree
from survey_app.models.staff import Staff
from survey_app.web.access import SignedIn, account_on, offices_overseen


def right_over(office_id: int | None) -> str:
    """Name the right to ask for, and decide on, what concerns an office, or a whole campaign."""
    return "campaigns" if office_id is None else "decide"


def right_to(approval: Approval) -> str:
    """Name the right to a request: whoever decides about offices must be one who could change them."""
    return "offices" if approval.campaign_id is None else right_over(approval.office_id)


class Overseer:
    """Which requests somebody may decide, by the offices that his rights reach from above."""

    def __init__(self, session: Session, staff: SignedIn) -> None:
        self.tree = OfficeTree(session)
        self.scope = self.tree.within(staff.roots("decide"))  # whose requests this person sees
        self._overseen = {
            right: offices_overseen(session, self.tree, staff, right)
            for right in ("decide", "campaigns", "offices")
        }

    def oversees(self, stated: StatedApproval) -> bool:
        return stated.offices <= self._overseen[right_to(stated.approval)]


def read_decision(fields: Mapping[str, str]) -> Decision:
    """Take a decision from the form that all requests share."""
    return Decision(fields.get("decision", ""), fields.get("refusal", ""))


def decide(
    session: Session, stated: StatedApproval, decision: Decision, staff: SignedIn, now: datetime
) -> Approval:
    """Approve, refuse or withdraw, by what both people may do at this moment."""
    one = stated.approval
    tree, right = OfficeTree(session), right_to(one)
    asker = _part(session, one.asked_by, now, lambda account: tree.within(account.roots(right)))
    decider = _part(session, staff.id, now, lambda account: offices_overseen(session, tree, account, right))
    return approvals.decide(session, one.id, decision, asker, decider, now)


def _part(session: Session, staff_id: int, now: datetime, reached: Callable[[SignedIn], set[int]]) -> Part:
    account = account_on(session, staff_id, now.astimezone(VIETNAM_TIME).date())
    if account is None:
        return Part(staff_id, frozenset(), frozenset())
    person = session.get_one(Staff, staff_id)
    stood = replace(account, grants=tuple(one for one in account.grants if has_stood(person, one, now)))
    return Part(staff_id, reached(account), reached(stood))
