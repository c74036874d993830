"""What each kind of request does, and when it can be done: looked at before asking and at the decision."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, exists, func, select, update
from sqlalchemy.orm import Session

from survey_app.errors import ApprovalRefused
from survey_app.models import publishing
from survey_app.models.access_point import AccessPoint
from survey_app.models.approval import Approval
from survey_app.models.audit import note
from survey_app.models.campaign import Campaign
from survey_app.models.invitation import InvitationBatch
from survey_app.models.known_offices import known_offices
from survey_app.models.publication import is_frozen
from survey_app.prepare.approvals.publish import check_publishing, enqueue_publishing
from survey_app.prepare.moment import Moment

KINDS = ("pause_codes", "resume_codes", "close_early", "reopen", "publish")  # decided here
OF_CODES = ("pause_codes", "resume_codes")


@dataclass(frozen=True, slots=True)
class Touched:
    """What would rest, or work again."""

    n_codes: int  # of posters and screens, as the page of codes counts them
    n_invitations: int  # letters, messages and slips, used ones too

    def __str__(self) -> str:
        counts = ((self.n_codes, "mã"), (self.n_invitations, "thư, phiếu mời"))
        return " và ".join(f"{n} {what}" for n, what in counts if n) or "0 mã"


def can_be_asked(session: Session, kind: str, campaign: Campaign, today: date) -> bool:
    """Say whether something can be done to a campaign at all, whatever day or office is then named."""
    if kind in OF_CODES:
        return _hindrance_of_codes(session, kind, campaign, None, today) is None
    if kind == "close_early":
        return campaign.closes_on is None or max(today, campaign.opens_on) < campaign.closes_on
    if kind == "reopen":
        return campaign.is_over(today) and not is_frozen(session, campaign.id)
    return True  # when results can be published, `publish` says


def check_can_be_done(
    session: Session,
    kind: str,
    campaign: Campaign,
    office_id: int | None,
    arguments: Mapping[str, Any],
    today: date,
) -> None:
    """Refuse what would change nothing, or what must not be."""
    if kind in OF_CODES:
        if why := _hindrance_of_codes(session, kind, campaign, office_id, today):
            raise ApprovalRefused(why)
    elif kind == "close_early":
        _check_closing(campaign, last_day(arguments), today)
    elif kind == "reopen":
        _check_reopening(session, campaign, last_day(arguments), today)
    elif kind == publishing.KIND:
        check_publishing(session, campaign, arguments, today)
    else:
        raise ApprovalRefused("kind_missing")


def count_touched(session: Session, kind: str, campaign_id: int, office_id: int | None) -> Touched:
    touched = _touched(session, kind, campaign_id, office_id)
    n_codes = func.count(AccessPoint.id).filter(AccessPoint.way_in != "invitation")
    n_invitations = func.coalesce(func.sum(InvitationBatch.n_issued), 0)
    counts = (
        select(n_codes, n_invitations)
        .outerjoin(InvitationBatch, InvitationBatch.access_point_id == AccessPoint.id)
        .where(*touched, AccessPoint.revoked_on.is_(None))
    )
    return Touched(*session.execute(counts).one())


def carry_out(session: Session, approval: Approval, moment: Moment) -> None:
    """Do what two people have agreed on, in the transaction of the second one's decision."""
    # Codes that are made, and other requests that are decided, at this moment wait.
    campaign = session.get_one(Campaign, approval.campaign_id, with_for_update=True)
    check_can_be_done(session, approval.kind, campaign, approval.office_id, approval.arguments, moment.today)
    if approval.kind == publishing.KIND:
        enqueue_publishing(session, approval, moment)  # what comes of it, its job notes
        return
    if approval.kind in OF_CODES:
        what = _pause_or_resume(session, approval, campaign.id, moment.today)
    else:
        what = _move_closing(campaign, last_day(approval.arguments))
    what = f"Đề nghị {approval.id}, {campaign.code}: {what}"
    note(session, moment.now, moment.staff_id, f"campaigns.{approval.kind}", what, approval.office_id)


def _pause_or_resume(session: Session, approval: Approval, campaign_id: int, today: date) -> str:
    counted = count_touched(session, approval.kind, campaign_id, approval.office_id)
    touched = _touched(session, approval.kind, campaign_id, approval.office_id)
    is_pause = approval.kind == "pause_codes"
    session.execute(update(AccessPoint).where(*touched).values(paused_on=today if is_pause else None))
    return f"tạm dừng {counted}" if is_pause else f"dùng lại {counted}"


def _hindrance_of_codes(
    session: Session, kind: str, campaign: Campaign, office_id: int | None, today: date
) -> str | None:
    """Say why no code would rest, or work again; those of a campaign that is over open no form anyway."""
    is_pause = kind == "pause_codes"
    if is_pause and campaign.is_over(today):
        return "closed_already"
    if session.scalar(select(exists().where(*_touched(session, kind, campaign.id, office_id)))):
        return None
    return "nothing_to_pause" if is_pause else "nothing_to_resume"


def _touched(
    session: Session, kind: str, campaign_id: int, office_id: int | None
) -> list[ColumnElement[bool]]:
    works = AccessPoint.paused_on.is_(None) & AccessPoint.revoked_on.is_(None)
    rests = AccessPoint.paused_on.is_not(None)  # revoked ones too: they say that their office rests
    touched = [
        AccessPoint.campaign_id == campaign_id,
        AccessPoint.code.is_not(None),
        works if kind == "pause_codes" else rests,
    ]
    if office_id is not None:
        touched.append(AccessPoint.office_id.in_(known_offices(session).tree.subtree(office_id)))
    return touched


def _move_closing(campaign: Campaign, day: date | None) -> str:
    before, campaign.closes_on = campaign.closes_on, day
    return f"ngày kết thúc {_written(before)} → {_written(day)}"


def _check_closing(campaign: Campaign, day: date | None, today: date) -> None:
    if day is None:
        raise ApprovalRefused("day_missing")
    if campaign.is_over(today):
        raise ApprovalRefused("closed_already")
    if day < today or day < campaign.opens_on:
        raise ApprovalRefused("day_has_passed")
    if campaign.closes_on is not None and day >= campaign.closes_on:
        raise ApprovalRefused("day_is_not_earlier")


def _check_reopening(session: Session, campaign: Campaign, day: date | None, today: date) -> None:
    if not campaign.is_over(today):
        raise ApprovalRefused("not_closed")
    if day is None and campaign.kind == "annual":
        raise ApprovalRefused("day_missing")
    if day is not None and day < today:
        raise ApprovalRefused("day_has_passed")
    # What was frozen once says what the whole campaign found; more answers would make that untrue.
    if is_frozen(session, campaign.id):
        raise ApprovalRefused("results_are_frozen")


def last_day(arguments: Mapping[str, Any]) -> date | None:
    stated = arguments.get("closes_on")
    return date.fromisoformat(stated) if stated else None


def _written(day: date | None) -> str:
    return f"{day:%d/%m/%Y}" if day else "không định trước"
