"""What the page for reports is sent, and the words for what is wrong with it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from flask_babel import gettext as _

from survey_app.models.code_report import LONGEST_PLACE, REPORT_REASONS
from survey_app.models.plain_text import one_line

LONGEST_CODE = 60


@dataclass(slots=True)
class ReportForm:
    """What somebody saw and where; what is wrong by field."""

    code: str = ""
    reason: str = ""
    place: str = ""
    problems: dict[str, str] = field(default_factory=dict)

    @classmethod
    def read(cls, fields: Mapping[str, str]) -> "ReportForm":
        form = cls(
            code=one_line(fields.get("code", "")[:LONGEST_CODE]),
            reason=fields.get("reason", ""),
            # Noncharacters such as U+FFFF are no controls, but nobody can read them either.
            place="".join(filter(str.isprintable, one_line(fields.get("place", "")))),
        )
        if form.reason not in REPORT_REASONS:
            form.problems["reason"] = _("Choose what is wrong.")
        if len(form.place) > LONGEST_PLACE:
            form.problems["place"] = _(
                "This place is described in %(n)s characters, at most %(max)s. Remove %(over)s.",
                n=len(form.place),
                max=LONGEST_PLACE,
                over=len(form.place) - LONGEST_PLACE,
            )
        return form


def reason_words() -> dict[str, str]:
    """Give the reasons in the order in which they are offered."""
    return {
        "wrong_place": _("The name of this place is not right"),
        "pasted_over": _("Another QR code is stuck on it"),
        "asks_money": _("A page asked for money, password, OTP"),
        "damaged": _("The code is torn or faded"),
    }
