"""The counters of an office: their labels, and the field that each serves alone."""

from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from survey_app.models.access_point import AccessPoint
from survey_app.models.audit import note
from survey_app.models.office import Counter, Office, ServiceField
from survey_app.models.plain_text import one_line
from survey_app.models.stale_office import mark_stale
from survey_app.models.vietnamese import sort_key
from survey_app.prepare.offices.changes.rules import Author, ChangeRefused
from survey_app.prepare.offices.office_rules import CODE

LONGEST_LABEL = 80


@dataclass(frozen=True, slots=True)
class ListedCounter:
    counter: Counter
    field: ServiceField | None
    n_codes: int


def list_counters(session: Session, office: Office) -> list[ListedCounter]:
    codes = dict(
        session.execute(
            select(AccessPoint.counter_id, func.count())
            .where(
                AccessPoint.office_id == office.id,
                AccessPoint.revoked_on.is_(None),
                AccessPoint.code.is_not(None),
            )
            .group_by(AccessPoint.counter_id)
        ).all()
    )
    rows = session.execute(
        select(Counter, ServiceField)
        .outerjoin(ServiceField, ServiceField.id == Counter.field_id)
        .where(Counter.office_id == office.id)
    )
    listed = [ListedCounter(counter, field, codes.get(counter.id, 0)) for counter, field in rows]
    return sorted(listed, key=lambda one: (sort_key(one.counter.label), one.counter.id))


def clean_label(typed: str) -> str:
    label = one_line(typed)
    if not label:
        raise ChangeRefused("label_missing")
    if len(label) > LONGEST_LABEL:
        raise ChangeRefused("label_too_long", n=LONGEST_LABEL)
    return label


def add_counter(
    session: Session, office: Office, label: str, field: ServiceField | None, author: Author
) -> Counter:
    if office.kind == "province":
        raise ChangeRefused("serves_nobody")
    if office.valid_until is not None and office.valid_until < author.today:
        raise ChangeRefused("has_ended", name=office.name, day=office.valid_until)
    label = clean_label(label)
    _check_label_is_free(session, office.id, label, None)
    counter = Counter(office_id=office.id, label=label, field_id=field.id if field else None)
    session.add(counter)
    session.flush()  # gives the id
    what = f"{office.code}: thêm “{label}”, lĩnh vực {_code(field)}"
    note(session, author.now, author.staff_id, "counters.add", what, office.id)
    return counter


def change_counter(
    session: Session, counter: Counter, label: str, field: ServiceField | None, author: Author
) -> None:
    """Give a counter another label or field; posters that hang already keep their printed label."""
    label = clean_label(label)
    _check_label_is_free(session, counter.office_id, label, counter.id)
    before = session.get(ServiceField, counter.field_id) if counter.field_id else None
    what = f"“{counter.label}” → “{label}”, lĩnh vực {_code(before)} → {_code(field)}"
    field_id = field.id if field else None
    if field_id != counter.field_id:
        mark_stale(session, [counter.office_id])
    counter.label, counter.field_id = label, field_id
    note(session, author.now, author.staff_id, "counters.change", what, counter.office_id)


def add_field(session: Session, code: str, name: str, name_en: str, author: Author) -> ServiceField:
    """Make a field of procedures known, to every office."""
    name, name_en = one_line(name), one_line(name_en)
    if not CODE.fullmatch(code):
        raise ChangeRefused("code_unusable", code=code[:40])
    if session.scalar(select(ServiceField.id).where(ServiceField.code == code)) is not None:
        raise ChangeRefused("code_taken", code=code)
    if not name:
        raise ChangeRefused("name_missing")
    if max(len(name), len(name_en)) > LONGEST_LABEL:
        raise ChangeRefused("name_too_long", n=LONGEST_LABEL)
    field = ServiceField(code=code, name=name, name_en=name_en)
    session.add(field)
    session.flush()  # gives the id
    note(session, author.now, author.staff_id, "fields.add", f"{code} {name}")
    return field


def _check_label_is_free(session: Session, office_id: int, label: str, own_id: int | None) -> None:
    # Whoever adds a counter waits for whoever adds another to the same office.
    session.execute(select(Office.id).where(Office.id == office_id).with_for_update(key_share=True))
    labels = session.execute(select(Counter.id, Counter.label).where(Counter.office_id == office_id))
    if any(one.label.casefold() == label.casefold() and one.id != own_id for one in labels):
        raise ChangeRefused("label_taken", label=label)


def _code(field: ServiceField | None) -> str:
    return field.code if field else "–"
