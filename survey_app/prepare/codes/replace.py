"""Takes a code out of use for good, alone or for a new one in its place: one person does it, at once."""

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from survey_app.errors import NotFound
from survey_app.models.access_point import AccessPoint
from survey_app.models.audit import note
from survey_app.models.campaign import Campaign
from survey_app.models.code_report import CodeReport
from survey_app.models.short_code import printed
from survey_app.prepare.codes.issue import Place, issue_codes, places_in, revoke_code
from survey_app.prepare.moment import Moment

# As the audit log says them, which is kept in Vietnamese.
REASONS = {"pasted_over": "bị dán chồng", "damaged": "rách, mờ", "other": "lý do khác"}


def withdraw_code(session: Session, point: AccessPoint, moment: Moment) -> None:
    """Revoke a code; once revoked, it was."""
    if point.revoked_on is None:
        revoke_code(session, point, moment.today)
        what = f"Thu hồi mã {printed(point.code or '')}"
        note(session, moment.now, moment.staff_id, "codes.revoke", what, point.office_id)


def can_be_replaced(session: Session, point: AccessPoint, moment: Moment) -> bool:
    """Whether a new code may hang where this one does."""
    campaign = session.get_one(Campaign, point.campaign_id)
    is_over = campaign.is_over(moment.today)
    return not is_over and _place(point) in places_in(session, [point.office_id], moment.today)


def replace_code(session: Session, point: AccessPoint, reason: str, moment: Moment) -> AccessPoint:
    """Revoke a code and give its place another one; asked again, it gives that same one."""
    if reason not in REASONS or not can_be_replaced(session, point, moment):
        raise NotFound
    was_active = point.revoked_on is None
    revoke_code(session, point, moment.today)
    campaign = session.get_one(Campaign, point.campaign_id)
    (new,) = issue_codes(session, campaign, [_place(point)], moment.today, point.way_in)
    if was_active:
        what = f"Thay mã {printed(point.code or '')} bằng {printed(new.code or '')}: {REASONS[reason]}"
        note(session, moment.now, moment.staff_id, "codes.replace", what, point.office_id)
        _settle_reports(session, point, reason, moment)
    return new


def likely_reason(session: Session, access_point_id: int) -> str:
    """Give what was reported of a code last; of one that nobody reported it is wear, which accuses nobody."""
    open_reports = (CodeReport.access_point_id == access_point_id) & CodeReport.settled_on.is_(None)
    newest_first = (CodeReport.day.desc(), CodeReport.id.desc())
    reported = session.scalar(select(CodeReport.reason).where(open_reports).order_by(*newest_first).limit(1))
    return reported if reported in REASONS else "damaged"


def _settle_reports(session: Session, point: AccessPoint, reason: str, moment: Moment) -> None:
    """Take off the list what people reported of the code, if it is replaced for that very reason."""
    of_code = (CodeReport.access_point_id == point.id) & (CodeReport.reason == reason)
    settling = update(CodeReport).where(of_code, CodeReport.settled_on.is_(None))
    session.execute(settling.values(settled_on=moment.today, settled_by=moment.staff_id))


def _place(point: AccessPoint) -> Place:
    return Place(point.office_id, point.counter_id)
