"""What the pages of changes are sent, as acts to carry out, and the words for what stands against one."""

from collections import Counter
from datetime import date

from flask_babel import gettext as _, lazy_gettext as _l
from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict

from survey_app.models.office import OFFICE_KINDS, Office
from survey_app.prepare.offices.changes import typed
from survey_app.prepare.offices.changes.acts import Create, End, Move, Rename
from survey_app.prepare.offices.changes.heirs import read_merge, read_split
from survey_app.prepare.offices.changes.rules import Author, ChangeRefused
from survey_app.prepare.offices.changes.succession import HandOver
from survey_app.prepare.offices.changes.typed import office_by_code, short
from survey_app.web.formatting import count_text, day_text

Act = Create | Rename | Move | End | HandOver

WORDS = {
    "parent_out_of_scope": _l("An office may come under another only where your right reaches both."),
    "name_missing": _l("Type the name."),
    "name_too_long": _l("The name is longer than %(n)s letters."),
    "name_taken": _l("Another office under the same parent is called “%(name)s” on that day."),
    "same_name": _l("The office is called so already."),
    "same_parent": _l("The office stands under this parent already."),
    "code_missing": _l("Type the code."),
    "code_unusable": _l("“%(code)s” cannot be a code: A–Z, a–z, 0–9 and . _ - only, 32 at most."),
    "code_taken": _l("The code “%(code)s” is taken."),
    "code_unknown": _l("You have no office with the code “%(code)s”."),
    "kind_unknown": _l("Choose one from the list."),
    "day_unreadable": _l("“%(text)s” is not a day; type it as 01/07/2025."),
    "day_not_come": _l(
        "%(day)s has not come yet. Names and parents are shown as they are today: record it on that day."
    ),
    "not_there": _l("“%(name)s” did not exist on %(day)s."),
    "parent_not_there": _l("“%(name)s” does not exist on %(day)s, so nothing can stand under it."),
    "parent_ends": _l("“%(name)s” ends on %(day)s, so nothing that goes on can stand under it."),
    "parent_of_lower_kind": _l("“%(name)s” is an office of a lower kind, so this one cannot stand under it."),
    "heir_of_other_kind": _l(
        "A province serves nobody itself: it takes over from provinces alone, and only a province from it."
    ),
    "heir_not_there": _l("“%(name)s” does not exist on %(day)s, so it cannot take over."),
    "changed_later": _l("The office changed on a later day already: the first day possible is %(day)s."),
    "circle": _l("The office would come to stand under itself, through “%(name)s”."),
    "has_ended": _l("“%(name)s” has its end on %(day)s already."),
    "ends_before_it_begins": _l("“%(name)s” began on %(day)s: it cannot end before."),
    "ends_before_it_takes_over": _l("“%(name)s” takes over on %(day)s: it cannot end before."),
    "has_later_responses": _l("“%(name)s” has responses of %(day)s: it cannot have ended before that day."),
    "has_offices_below": _l(
        "Offices that go on stand below, %(n)s of them, such as “%(name)s”. Move or end them first."
    ),
    "takes_along_later": _l(
        "Offices such as “%(name)s” stand below and go along to the successor: record it from %(day)s on."
    ),
    "named_twice": _l("One office is named twice."),
    "own_successor": _l("“%(name)s” cannot end and take over at once."),
    "splits_into_one": _l("A split needs at least two offices that take over."),
    "merges_into_one": _l("A merge needs exactly one office that takes over."),
    "merges_one_into_new": _l("One office that becomes one new office is renamed: use “Rename”."),
    "too_many_lines": _l("At most %(n)s lines."),
    "label_missing": _l("Type what hangs above the counter."),
    "label_too_long": _l("What hangs above the counter is longer than %(n)s letters."),
    "label_taken": _l("The office has a counter “%(label)s” already."),
    "label_twice": _l("Two counters have the same label."),
    "serves_nobody": _l("A province serves nobody itself, so it has no counters."),
}
OF_NAMES = ("name_missing", "name_too_long", "name_taken", "same_name")
OF_NEW_CODES = ("code_missing", "code_unusable", "code_taken")
OF_HEIRS = (
    *("splits_into_one", "merges_into_one", "merges_one_into_new"),
    *("heir_not_there", "heir_of_other_kind", "own_successor"),
)
# The box in which something can be mended; what is in none of them stands on top without a link.
BOXES = {
    "name": OF_NAMES,
    "new_name": OF_NAMES,
    "code": OF_NEW_CODES,
    "new_code": OF_NEW_CODES,
    "parent": (
        *("same_parent", "circle", "parent_not_there", "code_unknown"),
        *("parent_ends", "parent_of_lower_kind", "parent_out_of_scope"),
    ),
    "day": (
        *("day_unreadable", "day_not_come", "not_there", "changed_later"),
        *("ends_before_it_begins", "ends_before_it_takes_over", "has_later_responses", "takes_along_later"),
    ),
    "heir": OF_HEIRS,
    "heir_code-0": OF_HEIRS,
    "label": ("label_missing", "label_too_long", "label_taken"),
}
KINDS = {
    "province": _l("Province"),
    "provincial_centre": _l("Provincial service centre"),
    "district_section": _l("District one-stop section"),
    "commune_section": _l("Commune one-stop section or centre"),
}


def refusal_words(refused: ChangeRefused) -> str:
    values = {name: _written(value) for name, value in refused.values.items()}
    return str(WORDS[refused.reason]) % values


def merge_words(asked: HandOver) -> str:
    """Say a merge by the names of the offices; where two share one, by their codes too."""
    n_of_name = Counter(one.name for one in asked.predecessors)
    before = (
        one.name if n_of_name[one.name] == 1 else f"{one.name} ({one.code})" for one in asked.predecessors
    )
    heir = asked.heirs[0].office or asked.heirs[0]
    return _(
        "%(before)s → %(after)s, from %(day)s",
        before=", ".join(before),
        after=heir.name,
        day=day_text(asked.takes_over_on),
    )


def box_of(refused: ChangeRefused, boxes: set[str]) -> str:
    """Name the box of this page to which a refusal belongs, if any."""
    if refused.heir is not None and "heir_code-0" in boxes:
        return f"heir_{'name' if refused.reason in OF_NAMES else 'code'}-{refused.heir}"
    found = (box for box, reasons in BOXES.items() if refused.reason in reasons and box in boxes)
    return next(found, "")


def kind_name(kind: str) -> str:
    return str(KINDS[kind])


def kind_choices() -> list[tuple[str, str]]:
    return [(kind, kind_name(kind)) for kind in OFFICE_KINDS]


def read_create(fields: MultiDict[str, str], parent: Office | None) -> Create:
    return Create(
        code=short(fields, "code"),
        name=short(fields, "name"),
        kind=short(fields, "kind"),
        parent=parent,
        valid_from=typed.day(fields),
        counters=tuple(typed.lines(fields, "counters")),
    )


def read_act(session: Session, act: str, office: Office, fields: MultiDict[str, str], author: Author) -> Act:
    """Read what is to be done with an office; codes name offices of the author's scope alone."""
    if act == "merge":
        return read_merge(session, office, fields, author)
    if act == "split":
        return read_split(session, office, fields, author)
    day = typed.day(fields)
    if act == "rename":
        return Rename(office, short(fields, "name"), day)
    if act == "move":
        code = short(fields, "parent")
        return Move(office, office_by_code(session, code, author) if code else None, day)
    return End(office, day)


def is_confirmed(office: Office, fields: MultiDict[str, str]) -> bool:
    """Whether the code of the office was typed once more, as what cannot be undone asks for."""
    return short(fields, "typed").casefold() == office.code.casefold()


def _written(value: str | date | int) -> str:
    if isinstance(value, date):
        return day_text(value)
    return count_text(value) if isinstance(value, int) else value
