"""What the pages of the review were sent: an answer to a citizen, a look at a day."""

from datetime import date

from flask_babel import gettext as _, lazy_gettext as _l
from flask_wtf import FlaskForm
from werkzeug.datastructures import MultiDict
from wtforms import TextAreaField, ValidationError
from wtforms.validators import DataRequired

from survey_app.errors import NotFound
from survey_app.models.case import LONGEST_ANSWER
from survey_app.models.plain_text import UNREADABLE_MARK, composed, marked_unreadable, one_line
from survey_app.review.busy_days import LONGEST_NOTE, Look


def readable(typed: str | None) -> str:
    return marked_unreadable(composed(typed or ""))


class AnswerForm(FlaskForm):  # type: ignore[misc]  # flask_wtf publishes no types
    answer = TextAreaField(
        _l("Your answer"),
        filters=[readable],
        validators=[DataRequired(_l("Write the answer."))],
        render_kw={"rows": 8, "maxlength": LONGEST_ANSWER},
    )

    def validate_answer(self, field: TextAreaField) -> None:
        if UNREADABLE_MARK in field.data:
            raise ValidationError(_("The answer has unreadable characters. Remove them."))
        over = len(field.data) - LONGEST_ANSWER
        if over > 0:
            raise ValidationError(
                _(
                    "The answer has %(n)s characters, at most %(max)s. Remove %(over)s.",
                    n=len(field.data),
                    max=LONGEST_ANSWER,
                    over=over,
                )
            )


def read_look(point_id: int, fields: MultiDict[str, str]) -> Look:
    """Read what a row of the list of days sends; only a hand that alters it sends no day."""
    try:
        day = date.fromisoformat(fields.get("day", ""))
    except ValueError:
        raise NotFound from None
    return Look(
        point_id=point_id,
        day=day,
        n_marked=fields.get("n_marked", 0, type=int),
        note=one_line(fields.get("note", ""))[:LONGEST_NOTE],
    )
