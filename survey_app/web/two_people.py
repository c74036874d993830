"""Who may take part in what needs two people: by which right, over which offices, and since when."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime

from sqlalchemy.orm import Session

from survey_app.config import VIETNAM_TIME
from survey_app.errors import ApprovalRefused
from survey_app.models import approval as approvals
from survey_app.models.approval import Approval, Decision, Part, has_stood
from survey_app.models.approval_lists import StatedApproval
from survey_app.models.staff import Staff
from survey_app.web.access import SignedIn, account_on, offices_in_scope, offices_overseen


def right_over(office_id: int | None) -> str:
    """Name the right to ask for, and decide on, what concerns an office, or a whole campaign."""
    return "campaigns" if office_id is None else "decide"


def right_to(approval: Approval) -> str:
    """Name the right to a request: whoever decides about offices must be one who could change them."""
    return "offices" if approval.campaign_id is None else right_over(approval.office_id)


class Overseer:
    """Which requests are somebody's to decide, by the offices that his rights reach from above."""

    def __init__(self, session: Session, staff: SignedIn, now: datetime) -> None:
        self.scope = offices_in_scope(session, staff, "decide")  # whose requests this person sees
        self._overseen = _overseen(session, staff)
        self._stood = _overseen(session, _as_stood(session, staff, now))

    def oversees(self, stated: StatedApproval) -> bool:
        return stated.offices <= self._overseen[right_to(stated.approval)]

    def may_decide(self, stated: StatedApproval) -> bool:
        """Whether he may at this moment, too: what gives him the right has stood for long enough."""
        return stated.offices <= self._stood[right_to(stated.approval)]


def _overseen(session: Session, staff: SignedIn) -> dict[str, set[int]]:
    rights = ("decide", "campaigns", "offices")
    return {right: offices_overseen(session, staff, right) for right in rights}


def refusal_of(check: Callable[[], object]) -> str | None:
    """Name why something would be refused, if so: for pages that say it before anybody tries."""
    try:
        check()
    except ApprovalRefused as refused:
        return refused.reason
    return None


def hindrance_of(
    session: Session, stated: StatedApproval, now: datetime, check: Callable[[], object] = lambda: None
) -> str | None:
    """Name why nobody could approve at this moment what waits; `check` is what its kind asks besides."""

    def check_all() -> None:
        approvals.check_asker(stated.offices, _asker(session, stated.approval, now))
        check()

    return None if stated.approval.decision else refusal_of(check_all)


def read_decision(fields: Mapping[str, str]) -> Decision:
    """Take a decision from the form that all requests share."""
    return Decision(fields.get("decision", ""), fields.get("refusal", ""))


def decide(
    session: Session, stated: StatedApproval, decision: Decision, staff: SignedIn, now: datetime
) -> Approval:
    """Approve, refuse or withdraw, by what both people may do at this moment."""
    one = stated.approval
    right = right_to(one)
    asker = _asker(session, one, now)
    decider = _part(session, staff.id, now, lambda account: offices_overseen(session, account, right))
    return approvals.decide(session, one.id, decision, asker, decider, now)


def _asker(session: Session, one: Approval, now: datetime) -> Part:
    right = right_to(one)
    return _part(session, one.asked_by, now, lambda account: offices_in_scope(session, account, right))


def _part(session: Session, staff_id: int, now: datetime, reached: Callable[[SignedIn], set[int]]) -> Part:
    account = account_on(session, staff_id, now.astimezone(VIETNAM_TIME).date())
    if account is None:
        return Part(staff_id, frozenset(), frozenset())
    return Part(staff_id, reached(account), reached(_as_stood(session, account, now)))


def _as_stood(session: Session, account: SignedIn, now: datetime) -> SignedIn:
    """Give an account with those of its grants alone that have stood for long enough."""
    person = session.get_one(Staff, account.id)
    return replace(account, grants=tuple(one for one in account.grants if has_stood(person, one, now)))
