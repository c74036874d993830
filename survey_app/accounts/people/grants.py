"""Giving and ending roles, disabling accounts: each act ends the account's sessions and leaves a line."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import delete
from sqlalchemy.orm import Session

from survey_app.accounts.people.reach import (
    Duty,
    Reach,
    all_grants,
    has_ended,
    leaves_an_administrator,
    other_administrators,
)
from survey_app.accounts.sign_in import end_ways_in, sign_out_everywhere
from survey_app.config import VIETNAM_TIME
from survey_app.errors import AccountRefused, NotFound
from survey_app.models.audit import note, note_over
from survey_app.models.office import Office
from survey_app.models.staff import ROLES, ResetLink, Staff, StaffGrant

IN_THE_LOG = {  # which speaks to people in one language, whoever reads it
    "administrator": "quản trị hệ thống",
    "campaign_lead": "chủ trì khảo sát",
    "analyst": "chuyên viên phân tích",
    "office_manager": "phụ trách đơn vị",
    "operator": "cán bộ tác nghiệp",
    "auditor": "người giám sát",
}


@dataclass(frozen=True, slots=True)
class Deed:
    """Who acts, with which reach, and when."""

    session: Session
    reach: Reach
    now: datetime

    @property
    def today(self) -> date:
        return self.now.astimezone(VIETNAM_TIME).date()

    def write(self, act: str, what: str, office_id: int | None = None) -> None:
        note(self.session, self.now, self.reach.staff.id, act, what, office_id)

    def write_about(self, person: Staff, act: str, what: str) -> None:
        """Write what concerns a whole account where its roles are, or last were."""
        grants = all_grants(self.session, person.id)
        running = [grant for grant in grants if not has_ended(grant, self.today)]
        places = {grant.office_id for grant in running or grants if grant.office_id is not None}
        note_over(self.session, self.now, self.reach.staff.id, act, what, places)


def give_role(deed: Deed, person: Staff, duty: Duty) -> StaffGrant:
    """Give a role, or say why not."""
    _check_duty(deed, person, duty)
    grant = StaffGrant(
        staff_id=person.id,
        role=duty.role,
        office_id=duty.office_id,
        valid_from=duty.valid_from,
        valid_until=duty.valid_until,
        granted_by=deed.reach.staff.id,
        granted_at=deed.now,
    )
    deed.session.add(grant)
    deed.session.flush()
    end_ways_in(deed.session, person.id)  # whoever needs a second factor now meets it at once
    deed.write("people.grant", _words(deed.session, person, grant), grant.office_id)
    return grant


def end_role(deed: Deed, person: Staff, grant: StaffGrant, last_day: date | None = None) -> None:
    """Let a role end with a day, or at once."""
    if has_ended(grant, deed.today) or not deed.reach.may_end(grant):
        raise NotFound
    if last_day is not None and (last_day < deed.today or last_day < grant.valid_from):
        raise AccountRefused("ends_before", "The last day cannot lie before today or the first day.")
    if last_day is not None and grant.valid_until is not None and last_day > grant.valid_until:
        raise AccountRefused("ends_later", "A role that ends cannot be made longer: give a new one.")
    ends_on = last_day or deed.today - timedelta(days=1)
    _keep_an_administrator(deed, person, grant, ends_on)
    deed.write("people.end_grant", _words(deed.session, person, grant, ends_on), grant.office_id)
    if grant.valid_from > ends_on:
        deed.session.delete(grant)  # it would have to end before it began
    else:
        grant.valid_until = ends_on
    end_ways_in(deed.session, person.id)


def disable(deed: Deed, person: Staff) -> None:
    """Shut an account: its sessions and links end with the next request."""
    _check_manageable(deed, person)
    for grant in all_grants(deed.session, person.id):
        if not has_ended(grant, deed.today):
            _keep_an_administrator(deed, person, grant, deed.today, whole_account=True)
    person.disabled_at = deed.now
    end_ways_in(deed.session, person.id)
    deed.session.execute(delete(ResetLink).where(ResetLink.made_by == person.id))
    deed.write_about(person, "people.disable", person.username)


def enable(deed: Deed, person: Staff) -> None:
    _check_manageable(deed, person)
    if person.disabled_at is not None:
        # Nobody shall wake an account to agree with himself: only after a day does it decide with others.
        person.disabled_at, person.secured_at = None, deed.now
    deed.write_about(person, "people.enable", person.username)


def end_sessions(deed: Deed, person: Staff) -> None:
    _check_manageable(deed, person)
    sign_out_everywhere(deed.session, person.id)
    deed.write_about(person, "people.sign_out", person.username)


def _check_manageable(deed: Deed, person: Staff) -> None:
    if person.id == deed.reach.staff.id:
        raise AccountRefused("oneself", "Nobody does this to his own account.")
    if not deed.reach.may_manage(person, deed.today):
        raise AccountRefused("beyond", "This account has rights beyond those of whoever would change it.")


def _check_duty(deed: Deed, person: Staff, duty: Duty) -> None:
    _check_manageable(deed, person)  # a new role ends the sessions of the whole account
    if duty.role not in ROLES:
        raise AccountRefused("role_unknown", f"There is no role {duty.role!r}.")
    if duty.role == "office_manager" and duty.office_id is None:
        raise AccountRefused("manager_without_office", "An office manager needs an office.")
    if duty.valid_from < deed.today:
        raise AccountRefused("begins_before", "A role cannot begin before today.")
    if duty.valid_until is not None and duty.valid_until < duty.valid_from:
        raise AccountRefused("ends_before", "The last day cannot lie before today or the first day.")
    if not deed.reach.may_give(duty):
        raise AccountRefused("beyond_own", "Nobody gives more than he has: wider, longer or other rights.")
    same = (
        grant
        for grant in all_grants(deed.session, person.id)
        if (grant.role, grant.office_id) == (duty.role, duty.office_id)
    )
    if any(_overlap(grant, duty) for grant in same):
        raise AccountRefused("has_it", "The account has this role over this office in these days.")


def _overlap(grant: StaffGrant, duty: Duty) -> bool:
    ends_first = grant.valid_until is not None and grant.valid_until < duty.valid_from
    begins_later = duty.valid_until is not None and duty.valid_until < grant.valid_from
    return not ends_first and not begins_later


def _keep_an_administrator(
    deed: Deed, person: Staff, grant: StaffGrant, last_day: date, *, whole_account: bool = False
) -> None:
    if grant.role != "administrator":
        return
    day = max(last_day, deed.today)
    others = other_administrators(deed.session, person.id, None if whole_account else grant.id, day)
    if not leaves_an_administrator(deed.session, grant, others):
        raise AccountRefused("last_administrator", "Nobody would be left to administer these offices.")


def _words(session: Session, person: Staff, grant: StaffGrant, last_day: date | None = None) -> str:
    """Say whose role over what, from when to when, for people who read the log."""
    office = session.get(Office, grant.office_id) if grant.office_id else None
    until = last_day or grant.valid_until
    place = office.name if office else "tất cả đơn vị"
    days = f"từ {grant.valid_from:%d/%m/%Y}" + (f" đến {until:%d/%m/%Y}" if until else "")
    return f"{person.username}: {IN_THE_LOG[grant.role]}, {place}, {days}"
