"""The forms of people: a new account, a role with its days."""

from datetime import date

from flask_babel import gettext as _, lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import BooleanField, SelectField, StringField
from wtforms.validators import InputRequired, Length, Optional, ValidationError

from survey_app.accounts.people.reach import Duty
from survey_app.accounts.routes import role_name
from survey_app.models.staff import ROLES
from survey_app.web.fields import DayField


class RoleForm(FlaskForm):  # type: ignore[misc]  # flask_wtf publishes no types
    role = SelectField(_l("Role"), validate_choice=False)
    valid_from = DayField(_l("First day"), validators=[InputRequired(_l("Type the first day."))])
    valid_until = DayField(_l("Last day"), validators=[Optional()])

    def offer(self, roles: list[str]) -> None:
        # None is chosen beforehand: the first of the list has the most rights.
        self.role.choices = [("", _("Choose a role")), *((role, role_name(role)) for role in roles)]

    def validate_role(self, field: SelectField) -> None:
        if field.data not in ROLES:
            raise ValidationError(_l("Choose one from the list."))

    def duty(self, office_id: int | None) -> Duty:
        return Duty(self.role.data, office_id, self.valid_from.data, self.valid_until.data)


class PersonForm(RoleForm):
    """An account and its first role."""

    full_name = StringField(
        _l("Full name"),
        validators=[
            InputRequired(_l("Type the full name.")),
            Length(max=200, message=_l("This is too long.")),
        ],
        render_kw={"autocomplete": "off"},
    )
    username = StringField(
        _l("Username"),
        validators=[
            InputRequired(_l("Type a username.")),
            Length(max=200, message=_l("This is too long.")),
        ],
        render_kw={"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"},
    )


class EndForm(FlaskForm):  # type: ignore[misc]  # flask_wtf publishes no types
    last_day = DayField(_l("Last day"), validators=[Optional()])


class LinkForm(FlaskForm):  # type: ignore[misc]  # flask_wtf publishes no types
    clears = BooleanField(_l("The phone is lost too: take the second factor away"))


def days_of_a_new_role(form: RoleForm, today: date) -> None:
    """Let a role begin today unless another day is typed."""
    if form.valid_from.data is None and not form.is_submitted():
        form.valid_from.data = today
