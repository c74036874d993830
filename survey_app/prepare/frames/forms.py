"""What the pages of a frame are sent, and their words."""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from flask_babel import gettext as _

from survey_app.models.days import read_day
from survey_app.prepare.frames.columns import COLUMNS, CONTACTS, DESCRIBED, faults_of
from survey_app.prepare.frames.contact_days import may_be_last_day
from survey_app.prepare.frames.rules import KEPT, LEFT_OUT, REFUSED, RULES
from survey_app.prepare.tables.sheet import WHOLE_FILE
from survey_app.web.i18n import chosen_language

Faults = list[tuple[str, str]]  # the id of a field, what is wrong there
LAST_DAY = "last_day"


def file_fault(fault: tuple[int, str, str]) -> str:
    """Say what is wrong with a whole file."""
    line, column, what = fault
    place = "" if column == WHOLE_FILE else f"{column}: "
    begins = f"Dòng {line}, " if line > 1 else ""
    said = f"{begins}{place}{what}"
    return said[:1].upper() + said[1:]


def heading_of(column: str) -> str:
    """Name a column of ours."""
    one = DESCRIBED[column]
    return one.heading_en if chosen_language() == "en" else one.heading


def explained(column: str) -> str:
    one = DESCRIBED[column]
    return one.explained_en if chosen_language() == "en" else one.explained


def read_mapping(fields: Mapping[str, str]) -> dict[str, int]:
    """Read which place of the header each column of ours has; what is no number is none."""
    typed = {column: fields.get(column, "") for column in COLUMNS}
    return {column: int(text) for column, text in typed.items() if text.isdecimal() and len(text) < 4}


def mapping_faults(mapping: Mapping[str, int], n_columns: int) -> Faults:
    words = {
        "lacking": _("“%(column)s” must be in the file: choose its column."),
        "outside": _("“%(column)s”: the file has no such column."),
        "twice": _("“%(column)s” shares its column with another one: choose one for each."),
    }
    return [
        (column, words[fault] % {"column": heading_of(column)})
        for column, fault in faults_of(mapping, n_columns)
    ]


def read_last_day(
    fields: Mapping[str, str], mapping: Mapping[str, int], today: date
) -> tuple[str | None, Faults]:
    """Read until when contacts are kept, where the file has any."""
    if not any(column in mapping for column in CONTACTS):
        return None, []
    day = read_day(fields.get(LAST_DAY, ""))
    if day is None or not may_be_last_day(day, today):
        return None, [(LAST_DAY, _("Type a day from today on, at most a year ahead, such as 31/12/2026."))]
    return day.isoformat(), []


def rule_lines(found: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Put words to the rules that were met, the gravest first."""
    language = chosen_language()
    became = {
        REFUSED: _("not taken"),
        LEFT_OUT: _("not in the frame"),
        KEPT: _("taken"),
    }
    lines = [
        {
            "n": one["n"],
            "becomes": became[RULES[one["rule"]].becomes],
            "found": RULES[one["rule"]].found_in(language),
            "to_do": RULES[one["rule"]].to_do_in(language),
            "places": [(line, heading_of(column) if column else "") for line, column in one["places"]],
            "order": (REFUSED, LEFT_OUT, KEPT).index(RULES[one["rule"]].becomes),
        }
        for one in found
    ]
    return sorted(lines, key=lambda line: line["order"])


def n_left_out(found: Iterable[Mapping[str, Any]]) -> int:
    """Count the lines that break no rule and are not in the frame."""
    return sum(one["n"] for one in found if RULES[one["rule"]].becomes == LEFT_OUT)


def total_name(column: str) -> str:
    return {
        "field": _("By field"),
        "channel": _("By how it was filed"),
        "outcome": _("By outcome"),
        "sex": _("By sex"),
        "age_band": _("By age"),
    }[column]


def label_name(label: str | None) -> str:
    """Name what a dossier can be; nothing known is said as such."""
    known = {
        None: _("not said"),
        "counter": _("at the counter"),
        "online": _("online"),
        "early": _("early"),
        "on_time": _("on time"),
        "late": _("late"),
        "male": _("male"),
        "female": _("female"),
        "other": _("other"),
    }
    return str(known.get(label, label))
