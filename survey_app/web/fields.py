"""Form fields that more than one room has."""

from typing import Any

from flask_babel import gettext as _
from wtforms import DateField

from survey_app.models.days import read_day


class DayField(DateField):  # type: ignore[misc]  # wtforms publishes no types
    """A day; what is none is refused in words of ours."""

    data: Any

    def process_formdata(self, valuelist: list[str]) -> None:
        typed = valuelist[0] if valuelist else ""
        self.data = read_day(typed)
        if typed and self.data is None:  # blanks too: to InputRequired they are something
            raise ValueError(_("Type a day, such as 31/12/2026."))
