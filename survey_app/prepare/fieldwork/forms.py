"""The words of a fieldwork's pages, and what their forms and addresses say."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from flask_babel import gettext as _, lazy_gettext as _l
from werkzeug.datastructures import MultiDict

from survey_app.models.days import read_day
from survey_app.models.plain_text import one_line
from survey_app.prepare.fieldwork.outcomes import Fault, Stated
from survey_app.prepare.invitations.forms import fault_words as batch_fault_words
from survey_app.prepare.invitations.issue import Fault as BatchFault
from survey_app.prepare.tables.table_file import Faults, read_table
from survey_app.web.paging import PageAsked, typed_page, typed_search

WHICH = ("all", "unanswered", "called_in")  # of the invited units a run of letters goes to
ORDERS = ("lowest", "name", "waiting")
HEADINGS = {
    "unit": ("Mã hồ sơ", "Số thư", "Hồ sơ", "dossier", "so_thu"),
    "outcome": ("Kết quả", "Mã kết quả", "ket_qua"),
    "day": ("Ngày", "Ngày ghi nhận", "ngay"),
}
LONGEST_UNIT = 100
NAMES = {
    None: _l("no outcome yet"),
    "1.1": _l("complete form"),
    "1.2": _l("partial form"),
    "2.1": _l("refused"),
    "2.2": _l("lives there, never reached"),
    "2.3": _l("eligible and could not: ill, died since, another language"),
    "3.11": _l("not sent: no address"),
    "3.19": _l("invited, nothing came back"),
    "3.3": _l("came back undelivered"),
    "3.9": _l("unknown for another reason"),
    "4.1": _l("had no such dossier"),
    "4.81": _l("drawn twice: the same person"),
    "4.9": _l("not eligible for another reason"),
}


def outcome_name(outcome: str | None) -> str:
    return str(NAMES[outcome])


def fault_words(fault: Fault) -> str:
    words = {
        Fault.UNKNOWN_UNIT: _("No invited dossier has this id, and no letter this number."),
        Fault.UNKNOWN_CODE: _("There is no such outcome. The list of codes stands below."),
        Fault.BAD_DAY: _("Write the day as 2026-11-03 or 03/11/2026."),
        Fault.IN_FUTURE: _("This day has not come yet."),
        Fault.HAS_ANSWERED: _("The invitation has been used: this unit has answered, which counts."),
        Fault.TWICE: _("The file says different things of this unit. Leave the right line."),
    }
    return words[fault]


def left_out_words(names: Sequence[str]) -> str:
    """Say why an office was not invited, by the names that the job noted."""
    return " ".join(batch_fault_words(BatchFault[name]) for name in names)


@dataclass(frozen=True, slots=True)
class Asked:
    """Which offices are shown, in which order."""

    search: str
    order: str
    page: PageAsked

    @classmethod
    def of(cls, fields: MultiDict[str, str]) -> "Asked":
        order = fields.get("order", "")
        return cls(typed_search(fields), order if order in ORDERS else "", PageAsked(typed_page(fields)))


def one_of(typed: str, choices: Sequence[str]) -> str:
    """Read a choice; the first where something else was sent."""
    return typed if typed in choices else choices[0]


def stated_of(typed_outcome: str, typed_day: str, unit: str) -> Stated:
    """Read what the form of one unit says."""
    return Stated(0, unit, typed_outcome, read_day(typed_day))


def stated_in(content: bytes, name: str) -> list[Stated]:
    """Read a table of dossier or number, outcome and day; ImportRefused if it is none."""
    faults = Faults()
    rows = read_table(content, tuple(HEADINGS), faults, headings=HEADINGS, name=name)
    faults.refuse_if_any()
    return [
        Stated(
            row.line,
            one_line(row.cells["unit"])[:LONGEST_UNIT],
            code_as_written(row.cells["outcome"]),
            read_day(row.cells["day"]),
        )
        for row in rows
    ]


def code_as_written(text: str) -> str:
    """Give a code with a point: spreadsheets with decimal commas turn 2.1 into 2,1."""
    return text.strip().replace(",", ".")


def day_typed(day: date) -> str:
    return f"{day:%d/%m/%Y}"
