"""What each kind of request does, and when it can be done: looked at before asking and at the decision."""

from collections.abc import Mapping
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
from survey_app.models.known_offices import known_offices
from survey_app.models.publication import is_frozen
from survey_app.prepare.approvals.publish import check_publishing, enqueue_publishing
from survey_app.prepare.moment import Moment

KINDS = ("pause_codes", "resume_codes", "close_early", "reopen", "publish")  # decided here
OF_CODES = ("pause_codes", "resume_codes")


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
        if not session.scalar(select(exists().where(*_touched(session, kind, campaign.id, office_id)))):
            raise ApprovalRefused("nothing_to_pause" if kind == "pause_codes" else "nothing_to_resume")
    elif kind == "close_early":
        _check_closing(campaign, last_day(arguments), today)
    elif kind == "reopen":
        _check_reopening(session, campaign, last_day(arguments), today)
    elif kind == publishing.KIND:
        check_publishing(session, campaign, arguments, today)
    else:
        raise ApprovalRefused("kind_missing")


def count_codes(session: Session, kind: str, campaign_id: int, office_id: int | None) -> int:
    """Count the codes that would rest, or work again."""
    touched = _touched(session, kind, campaign_id, office_id)
    in_use = AccessPoint.revoked_on.is_(None)
    return session.scalar(select(func.count(AccessPoint.id)).where(*touched, in_use)) or 0


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
    n = count_codes(session, approval.kind, campaign_id, approval.office_id)
    touched = _touched(session, approval.kind, campaign_id, approval.office_id)
    is_pause = approval.kind == "pause_codes"
    session.execute(update(AccessPoint).where(*touched).values(paused_on=today if is_pause else None))
    return f"tạm dừng {n} mã" if is_pause else f"dùng lại {n} mã"


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
