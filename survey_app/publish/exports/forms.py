"""What the export page asks for, and its words."""

from flask_babel import gettext as _, lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import RadioField, SelectMultipleField
from wtforms.validators import ValidationError

from survey_app.models.access_point import PROVENANCE_CLASSES
from survey_app.publish.exports.choice import ANSWERS, FILE_FORMATS, ROWS_OF_A_SHEET
from survey_app.web.fields import DayField
from survey_app.web.formatting import count_text


class WordedRadioField(RadioField):  # type: ignore[misc]  # wtforms publishes no types
    def pre_validate(self, form: FlaskForm) -> None:
        if self.data not in [value for value, _words in self.choices]:
            raise ValidationError(_("Choose one from the list."))


class ExportForm(FlaskForm):  # type: ignore[misc]  # flask_wtf publishes no types
    first = DayField(_l("From day"))
    last = DayField(_l("To day"))
    provenances = SelectMultipleField(_l("Classes"), validate_choice=False)
    file_format = WordedRadioField(_l("Kind of file"))
    answers = WordedRadioField(_l("Answers as"))

    n_released: dict[str, int]  # by class, of the offices chosen

    def offer(self, n_released: dict[str, int]) -> None:
        """Put up what can be chosen."""
        self.n_released = n_released
        self.provenances.choices = [(one, class_name(one)) for one in PROVENANCE_CLASSES]
        self.file_format.choices = [(one, format_name(one)) for one in FILE_FORMATS]
        self.answers.choices = [(one, answers_name(one)) for one in ANSWERS]
        if not self.is_submitted():
            self.provenances.data = list(PROVENANCE_CLASSES)
            self.file_format.data, self.answers.data = FILE_FORMATS[0], ANSWERS[0]

    def validate_last(self, field: DayField) -> None:
        if self.first.data and field.data and field.data < self.first.data:
            raise ValidationError(_("The last day lies before the first."))

    def validate_provenances(self, field: SelectMultipleField) -> None:
        if not field.data or not set(field.data) <= set(PROVENANCE_CLASSES):
            raise ValidationError(_("Choose at least one class."))

    def validate_file_format(self, field: RadioField) -> None:
        n = sum(self.n_released.get(one, 0) for one in self.provenances.data or ())
        has_days = bool(self.first.data or self.last.data)  # how many that leaves, the job will find out
        if field.data == "xlsx" and not has_days and n >= ROWS_OF_A_SHEET:
            raise ValidationError(too_many_rows())


def too_many_rows() -> str:
    return _(
        "A spreadsheet holds %(n)s responses and these are more. Choose CSV or Parquet, or fewer days.",
        n=count_text(ROWS_OF_A_SHEET - 1),
    )


def class_name(provenance: str) -> str:
    names = {
        "A": _("Class A: people chosen at random"),
        "B": _("Class B: people invited at the counter"),
        "C": _("Class C: people who chose to scan"),
        "D": _("Class D: written down by staff"),
    }
    return names[provenance]


def format_name(file_format: str) -> str:
    names = {
        "csv": _("CSV, for any number of responses"),
        "xlsx": _("XLSX, for Excel: up to %(n)s responses", n=count_text(ROWS_OF_A_SHEET - 1)),
        "parquet": _("Parquet, for statistics programs"),
    }
    return names[file_format]


def answers_name(answers: str) -> str:
    return {"codes": _("Codes, such as 4"), "words": _("Words, such as “Satisfied”")}[answers]
