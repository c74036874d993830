"""What the pages of a list on its way in are sent, and their words."""

from collections.abc import Mapping
from datetime import date

from flask_babel import gettext as _

from survey_app.models.days import read_day
from survey_app.prepare.frames.columns import COLUMNS, CONTACTS, DESCRIBED, faults_of
from survey_app.prepare.frames.contact_days import may_be_last_day
from survey_app.prepare.frames.forms import heading_of
from survey_app.web.i18n import chosen_language

Faults = list[tuple[str, str]]  # the id of a field, what is wrong there
LAST_DAY = "last_day"


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
