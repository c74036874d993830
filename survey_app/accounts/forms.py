"""The form of the sign-in page."""

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import PasswordField, StringField
from wtforms.validators import InputRequired, Length

LONGEST = 200  # far beyond any name or password, far below what would cost time


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
