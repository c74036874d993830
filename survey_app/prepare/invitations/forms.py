"""The form of a new batch, and the words for what stands against it."""

import re

from flask_babel import format_decimal, gettext as _, lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import IntegerField, RadioField, SelectField
from wtforms.validators import InputRequired, ValidationError

from survey_app.models.invitation import SMALLEST_BATCH
from survey_app.models.office import Counter
from survey_app.models.sample import SampleCell
from survey_app.prepare.invitations.issue import Fault
from survey_app.web.formatting import count_text

MOST_ON_THE_PAGE = 5_000  # whoever sends more has a list to send it by, and uses the command
NONE = "0"
_GROUPED = re.compile(r"\d{1,3}(?:[., \u00a0]\d{3})+")


def delivery_name(delivery: str) -> str:
    names = {
        "slip": _("Slips handed out at the counter (class B)"),
        "letter": _("Letters to units drawn into the sample (class A)"),
        "message": _("SMS or Zalo messages to units drawn into the sample (class A)"),
    }
    return names[delivery]


def step_name(n: int) -> str:
    """Say a count that is shown in steps."""
    if n < SMALLEST_BATCH:
        return _("under %(n)s", n=count_text(SMALLEST_BATCH))
    return _("at least %(n)s", n=count_text(n))


def one_of_the_list(form: FlaskForm, field: SelectField) -> None:
    """Refuse what the page did not offer, in words of ours."""
    if field.data not in [value for value, _words in field.choices]:
        raise ValidationError(_("Choose one from the list."))


def sized_for_the_page(form: FlaskForm, field: IntegerField) -> None:
    if field.data is not None and not SMALLEST_BATCH <= field.data <= MOST_ON_THE_PAGE:
        raise ValidationError(
            _(
                "From %(min)s to %(max)s: fewer than five would point to single people.",
                min=count_text(SMALLEST_BATCH),
                max=count_text(MOST_ON_THE_PAGE),
            )
        )


class CountField(IntegerField):  # type: ignore[misc]  # wtforms publishes no types
    """A whole number as people type it: 1200, 1.200 or 1,200."""

    def process_formdata(self, valuelist: list[str]) -> None:
        typed = valuelist[0].strip() if valuelist else ""
        plain = re.sub(r"\D", "", typed) if _GROUPED.fullmatch(typed) else typed
        if not (plain.isascii() and plain.isdecimal() and len(plain) < 10):
            raise ValueError(_("Type a whole number."))
        self.data = int(plain)


class BatchForm(FlaskForm):  # type: ignore[misc]  # flask_wtf publishes no types
    delivery = RadioField(_l("How do people get them?"), validators=[one_of_the_list], validate_choice=False)
    counter = SelectField(_l("Counter"), validators=[one_of_the_list], validate_choice=False, default=NONE)
    cell = SelectField(_l("Sample cell"), validators=[one_of_the_list], validate_choice=False, default=NONE)
    n_issued = CountField(
        _l("How many?"),
        validators=[InputRequired(_l("Type a whole number.")), sized_for_the_page],
        render_kw={"inputmode": "numeric", "autocomplete": "off", "class": "short"},
    )

    with_cell: tuple[str, ...] = ()

    def offer(self, deliveries: list[str], counters: list[Counter], cells: list[SampleCell]) -> None:
        """Put up what can be chosen for this office and campaign."""
        self.delivery.choices = [(delivery, delivery_name(delivery)) for delivery in deliveries]
        self.counter.choices = [(NONE, _("Whole office"))] + [(str(one.id), one.label) for one in counters]
        self.cell.choices = [(NONE, _("None"))] + [(str(one.id), cell_name(one)) for one in cells]

    def validate_cell(self, field: SelectField) -> None:
        if field.data == NONE and self.delivery.data in self.with_cell:
            raise ValidationError(fault_words(Fault.CELL_MISSING))


def cell_name(cell: SampleCell) -> str:
    return _(
        "Stratum %(stratum)s, unit %(psu)s, weight %(weight)s",
        stratum=cell.stratum,
        psu=cell.psu,
        weight=format_decimal(cell.weight),
    )


def fault_words(fault: Fault) -> str:
    words = {
        Fault.CAMPAIGN_CLOSED: _("The survey has ended: no invitation to it can be issued any more."),
        Fault.OFFICE_NOT_THERE: _("The office has ended: no invitation to it can be issued any more."),
        Fault.OFFICE_IS_PROVINCE: _("A province serves nobody itself: choose one of its offices."),
        Fault.COUNTER_ELSEWHERE: _("This counter is in another office."),
        Fault.DELIVERY_UNKNOWN: _("Choose one from the list."),
        Fault.NOTHING_DRAWN: _("Letters and messages go to drawn units, and this survey draws no sample."),
        Fault.SIZE_OUT_OF_RANGE: _("A batch is too small or too large."),
        Fault.CELL_ELSEWHERE: _("This sample cell belongs to another survey."),
        Fault.CELL_MISSING: _(
            "Letters and messages of a random sample need the sample cell of their units: without it, "
            "answers would count without their weight. Choose one; if the list has none, name it in the "
            "command “flask invitation issue”."
        ),
        Fault.AT_REST: _(
            "Its invitations are paused by two people's decision: whoever opens one cannot answer. "
            "Make them once two people have ended the pause."
        ),
    }
    return words[fault]
