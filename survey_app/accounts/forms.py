"""The forms of the staff's door: name and password, the second factor, a new password."""

from flask_babel import gettext as _, lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import PasswordField, StringField
from wtforms.validators import InputRequired, Length

from survey_app.accounts.passwords import FEWEST_SYMBOLS, SHORTEST_PASSWORD
from survey_app.errors import AccountRefused

LONGEST = 200  # far beyond any name or password, far below what would cost time
Faults = list[tuple[str, str]]


class SignInForm(FlaskForm):  # type: ignore[misc]  # flask_wtf publishes no types
    username = StringField(
        _l("Username"),
        validators=[
            InputRequired(_l("Type your username.")),
            Length(max=LONGEST, message=_l("This is too long.")),
        ],
        render_kw={"autocomplete": "username", "autocapitalize": "none", "spellcheck": "false"},
    )
    password = PasswordField(
        _l("Password"),
        validators=[
            InputRequired(_l("Type your password.")),
            Length(max=LONGEST, message=_l("This is too long.")),
        ],
        render_kw={"autocomplete": "current-password"},
    )


class CodeForm(FlaskForm):  # type: ignore[misc]  # flask_wtf publishes no types
    code = StringField(
        _l("Code"),
        validators=[
            InputRequired(_l("Type the code.")),
            Length(max=LONGEST, message=_l("This is too long.")),
        ],
        render_kw={"autocomplete": "one-time-code", "autocapitalize": "none", "spellcheck": "false"},
    )


class OwnPasswordForm(FlaskForm):  # type: ignore[misc]  # flask_wtf publishes no types
    """Whoever changes what protects an account shows that it is his: a page left open is not enough."""

    current = PasswordField(
        _l("Your present password"),
        validators=[
            InputRequired(_l("Type your password.")),
            Length(max=LONGEST, message=_l("This is too long.")),
        ],
        render_kw={"autocomplete": "current-password"},
    )


class OwnPhoneForm(OwnPasswordForm, CodeForm):
    """The first code of a phone that shall protect an account from now on."""


class NewPasswordForm(FlaskForm):  # type: ignore[misc]  # flask_wtf publishes no types
    password = PasswordField(
        _l("New password"),
        validators=[
            InputRequired(_l("Type a new password.")),
            Length(max=LONGEST, message=_l("This is too long.")),
        ],
        render_kw={"autocomplete": "new-password"},
    )
    again = PasswordField(
        _l("The same once more"),
        validators=[InputRequired(_l("Type the new password once more."))],
        render_kw={"autocomplete": "new-password"},
    )


class ChangePasswordForm(OwnPasswordForm, NewPasswordForm):
    """Both at once, the present one first."""


def faults_of(form: FlaskForm) -> Faults:
    return [(field.id, field.errors[0]) for field in form if field.errors]


def refusal(error: AccountRefused) -> str:
    """Say to people before a page why an account is not made or changed as asked."""
    words = {
        "password_short": _("The password needs at least %(n)s characters.", n=SHORTEST_PASSWORD),
        "password_plain": _("The password needs at least %(n)s different characters.", n=FEWEST_SYMBOLS),
        "password_expected": _(
            "This password is among the first that others would try: a common word, the username or the name "
            "of this service, with digits. Take several words that do not belong together."
        ),
        "username_unreadable": _("The username needs at least one visible character and no blanks."),
        "full_name_missing": _("Type the full name."),
        "name_long": _("This is too long."),
        "username_taken": _("This username is taken. Choose another one."),
        "manager_without_office": _("An office manager needs an office."),
        "oneself": _("You cannot change the rights of your own account. Ask another administrator."),
        "beyond": _("This account has rights beyond your own, so you cannot change it."),
        "beyond_own": _("You cannot give more than you have: no other rights, no other offices, no longer."),
        "begins_before": _("A role cannot begin before today."),
        "ends_before": _("The last day cannot lie before today or before the first day."),
        "ends_later": _("A role that ends cannot be made longer. Give a new one instead."),
        "has_it": _("The account has this role over this office in these days already."),
        "last_administrator": _("Nobody would be left to administer these offices. Name another one first."),
        "disabled": _("A disabled account gets no link. Enable it first."),
    }
    return words[error.reason]
