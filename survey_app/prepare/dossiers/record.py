"""Records dossier counts that staff type in or send, with a line in the audit log."""

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import astuple, dataclass
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from survey_app.config import VIETNAM_TIME
from survey_app.models.audit import note, note_over
from survey_app.models.budget import standing_on
from survey_app.models.office import ALL_FIELDS, Office, ReplacedTotal
from survey_app.models.stale_office import mark_stale
from survey_app.prepare.dossiers import contradictions
from survey_app.prepare.dossiers.contradictions import Contradiction, Place, Reported
from survey_app.prepare.dossiers.counts import Counts
from survey_app.prepare.dossiers.dossier_file import Intake
from survey_app.prepare.dossiers.listing import counts_of_month
from survey_app.prepare.dossiers.store import (
    keep_replaced,
    remove_count,
    usual_totals,
    with_totals,
    write_counts,
)

SET, WITHDRAWN = "dossiers.set", "dossiers.withdraw"  # in the audit log


@dataclass(frozen=True, slots=True)
class Typed:
    """What the form of an office and month says, by field; None: nothing is known."""

    office: Office
    month: date
    by_field: Mapping[int, Counts | None]

    def given(self) -> dict[Place, Counts]:
        return {
            (self.office.id, self.month, field_id): counts
            for field_id, counts in self.by_field.items()
            if counts is not None
        }


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """Which counts somebody looked at and wants away, and why."""

    office: Office
    month: date
    seen: str
    reason: str


def fingerprint(stored: Mapping[int, Counts]) -> str:
    """Name the counts of an office and month as they stand, for a form to bring back."""
    said = sorted((field_id, astuple(counts)) for field_id, counts in stored.items())
    return hashlib.sha256(repr(said).encode()).hexdigest()[:16]


def contradictions_of(session: Session, typed: Typed) -> list[Contradiction]:
    given = typed.given()
    found = [
        one for place, counts in given.items() for one in contradictions.in_itself(Reported(0, place, counts))
    ]
    after, lines = with_totals({}, given), dict.fromkeys(given, 0)
    found += contradictions.between_fields(lines, after)
    return found + list(contradictions.jumps(lines, after, _usual(session, typed)))


def _usual(session: Session, typed: Typed) -> dict[int, int]:
    return usual_totals(session, {typed.office.id}, [typed.month])


def record_typed(session: Session, typed: Typed, now: datetime, staff_id: int) -> None:
    """Store what was typed; fields left empty lose their counts."""
    wait_for_turn(session, [typed.office.id])
    before = {
        (typed.office.id, typed.month, field_id): counts
        for field_id, counts in counts_of_month(session, typed.office.id, typed.month).items()
    }
    made = with_totals({}, typed.given())
    for field_id in typed.by_field:
        place = (typed.office.id, typed.month, field_id)
        if place in before and place not in made:
            remove_count(session, place)
    found = contradictions.jumps(dict.fromkeys(made, 0), made, _usual(session, typed))
    write_counts(session, before, made, _day_of(now), contradictions.jumps_in(found))
    keep_replaced(session, before, made, now)
    mark_stale(session, [typed.office.id])  # coverage stands beside each score
    whole = (typed.office.id, typed.month, ALL_FIELDS)
    what = _said(typed.office.code, typed.month, before.get(whole), made.get(whole))
    note(session, now, staff_id, SET, what, typed.office.id)


def record_withdrawal(session: Session, asked: Withdrawal, now: datetime, staff_id: int) -> bool:
    """Take all counts of an office and month away, if they are still those that somebody looked at."""
    office, month = asked.office, asked.month
    wait_for_turn(session, [office.id])
    stored = counts_of_month(session, office.id, month)
    if not stored or fingerprint(stored) != asked.seen:
        return False
    n_stood = standing_on(session, office.id, month, _day_of(now))
    for field_id in stored:
        remove_count(session, (office.id, month, field_id))
    total = stored[ALL_FIELDS]
    change = {"n_before": total.n_settled, "n_after": None, "n_stood": n_stood, "reason": asked.reason}
    session.add(ReplacedTotal(office_id=office.id, month=month, replaced_at=now, **change))
    mark_stale(session, [office.id])
    note(session, now, staff_id, WITHDRAWN, _withdrawn_in_words(asked, stored), office.id)
    return True


def _withdrawn_in_words(asked: Withdrawal, stored: Mapping[int, Counts]) -> str:
    n_settled = [str(counts.n_settled) for _field_id, counts in sorted(stored.items())]  # the total first
    of_fields = f" (các lĩnh vực: {', '.join(n_settled[1:])})" if len(n_settled) > 1 else ""
    place = f"{asked.office.code}, tháng {asked.month:%m/%Y}"
    return f"{place}: rút số đã giải quyết {n_settled[0]}{of_fields}. Lý do: {asked.reason}"


def record_file(session: Session, intake: Intake, name: str, now: datetime, staff_id: int | None) -> None:
    jumps = contradictions.jumps_in(intake.contradictions)
    write_counts(session, intake.before, intake.made, _day_of(now), jumps)
    keep_replaced(session, intake.before, intake.made, now)
    what = (
        f"Tệp “{name}”: {len(intake.given)} dòng của {intake.n_offices} đơn vị, "
        f"{intake.n_replaced} dòng thay số cũ, nhận {len(intake.contradictions)} chỗ không khớp"
    )
    touched = {office_id for office_id, _month, _field_id in intake.given}
    mark_stale(session, touched)
    note_over(session, now, staff_id, "dossiers.import", what, touched)
    _note_replaced(session, intake, now, staff_id)


def _day_of(now: datetime) -> date:
    return now.astimezone(VIETNAM_TIME).date()


def _note_replaced(session: Session, intake: Intake, now: datetime, staff_id: int | None) -> None:
    """Write down each total that a file replaced: it moves a coverage that people have seen."""
    replaced = {
        place: (intake.before[place], counts)
        for place, counts in intake.made.items()
        if place[2] == ALL_FIELDS and place in intake.before
        if intake.before[place].n_settled != counts.n_settled
    }
    is_one = Office.id.in_({office_id for office_id, *_ in replaced})
    codes = dict(session.execute(select(Office.id, Office.code).where(is_one)).all())
    for (office_id, month, _field_id), (was, is_now) in replaced.items():
        note(session, now, staff_id, SET, _said(codes[office_id], month, was, is_now), office_id)


def wait_for_turn(session: Session, office_ids: Collection[int]) -> None:
    """Let two people who record counts of one office wait for each other; call it before reading them."""
    # The weaker lock: new rows that name these offices need not wait.
    locked = select(Office.id).where(Office.id.in_(office_ids)).order_by(Office.id)
    session.execute(locked.with_for_update(key_share=True))


def _said(code: str, month: date, was: Counts | None, is_now: Counts | None) -> str:
    return (
        f"{code}, tháng {month:%m/%Y}: "
        f"đã giải quyết {_settled(was)} → {_settled(is_now)}, lệch {is_now.gap if is_now else 0}"
    )


def _settled(counts: Counts | None) -> str:
    return "–" if counts is None else str(counts.n_settled)
