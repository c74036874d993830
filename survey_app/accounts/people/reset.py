"""A link to a new password: an administrator hands it over, it works once and for a day."""

import secrets
from datetime import datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from survey_app.accounts.people.grants import Deed
from survey_app.accounts.people.reach import Reach
from survey_app.accounts.second_factor.prove import clear
from survey_app.accounts.sign_in import TOKEN_BYTES, end_ways_in
from survey_app.config import VIETNAM_TIME
from survey_app.errors import AccountRefused, LinkExpired
from survey_app.models.audit import note
from survey_app.models.staff import ResetLink, Staff
from survey_app.web.access import account_on, hash_token

LINK_LASTS = timedelta(hours=24)


def make_link(deed: Deed, person: Staff, *, clears_second_factor: bool) -> str:
    """Give the token of a new link; older ones of the account end. It is shown once and kept nowhere."""
    if person.id == deed.reach.staff.id or not deed.reach.may_manage(person, deed.today):
        raise AccountRefused("beyond", "This account has rights beyond those of whoever would change it.")
    if person.disabled_at is not None:
        raise AccountRefused("disabled", "A disabled account gets no link: enable it first.")
    deed.session.execute(delete(ResetLink).where(ResetLink.staff_id == person.id))
    token = secrets.token_urlsafe(TOKEN_BYTES)
    deed.session.add(
        ResetLink(
            token_hash=hash_token(token),
            staff_id=person.id,
            made_by=deed.reach.staff.id,
            clears_second_factor=clears_second_factor,
            expires_at=deed.now + LINK_LASTS,
        )
    )
    what = ", tắt xác thực hai bước" if clears_second_factor else ""
    deed.write_about(person, "people.reset_link", person.username + what)
    return token


def find_link(session: Session, token: str, now: datetime) -> tuple[ResetLink, Staff]:
    """Find whose link this is; used, too old, never made and no more rightly made are one."""
    found = session.execute(
        select(ResetLink, Staff)
        .join(Staff, Staff.id == ResetLink.staff_id)
        .where(
            ResetLink.token_hash == hash_token(token),
            ResetLink.expires_at > now,
            Staff.disabled_at.is_(None),
        )
    ).one_or_none()
    if found is None:
        raise LinkExpired
    link, staff = found
    if link.made_by is not None and not _may_still_make(session, link.made_by, staff, now):
        raise LinkExpired
    return link, staff


def _may_still_make(session: Session, maker_id: int, person: Staff, now: datetime) -> bool:
    """Whether who handed a link over could make it today: his role or the account's may have changed."""
    today = now.astimezone(VIETNAM_TIME).date()
    maker = account_on(session, maker_id, today)
    return maker is not None and Reach(session, maker).may_manage(person, today)


def use_link(session: Session, token: str, password_hash: str, now: datetime) -> None:
    """Set the new password and end all sessions; of two requests at once the second finds no link."""
    link, staff = find_link(session, token, now)
    session.refresh(staff, with_for_update=True)  # first of all, as everywhere: no two wait for each other
    used = session.execute(
        delete(ResetLink).where(ResetLink.token_hash == link.token_hash).returning(ResetLink.staff_id)
    )
    if used.one_or_none() is None:
        raise LinkExpired
    staff.password_hash, staff.secured_at = password_hash, now
    if link.clears_second_factor:
        clear(session, staff, now)
    end_ways_in(session, staff.id)
    note(session, now, staff.id, "account.reset", staff.username)
