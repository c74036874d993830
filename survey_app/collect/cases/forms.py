"""What the contact page is sent, and the words for what is wrong with it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from flask_babel import gettext as _

from survey_app.collect.cases.contact import ContactRefused, read_contact
from survey_app.models.plain_text import one_line

CONTACT_FIELD, CONSENT_FIELD, WITHDRAW_FIELD = "contact", "consent", "withdraw"
LONGEST_TYPED = 300


@dataclass(slots=True)
class ContactForm:
    """What was typed, for showing again; what it means, if it may be stored; what is wrong by field."""

    typed: str = ""
    contact: str | None = None
    problems: dict[str, str] = field(default_factory=dict)

    @classmethod
    def read(cls, fields: Mapping[str, str]) -> "ContactForm":
        # Phones copy a number together with marks of direction that nobody sees.
        form = cls(typed=one_line(fields.get(CONTACT_FIELD, "")[:LONGEST_TYPED]))
        consents = fields.get(CONSENT_FIELD) == "1"
        try:
            form.contact = read_contact(form.typed)
        except ContactRefused as refused:
            form.problems[CONTACT_FIELD] = _contact_message(refused.problem)
            if consents:  # it was given for what was typed, and is never ticked beforehand
                form.problems[CONSENT_FIELD] = _(
                    "The tick was taken away: it was for what you had typed. "
                    "Tick the box again for what you correct."
                )
        if not consents:
            form.contact = None
            form.problems[CONSENT_FIELD] = _("Not ticked, so nothing was saved.")
        return form

    def ask_for_consent_again(self) -> None:
        """Ask to tick the box once more, for it is never ticked beforehand."""
        self.problems[CONSENT_FIELD] = _("Tick the box once more, then send.")


def _contact_message(problem: str) -> str:
    if problem == "missing":
        return _("Type a phone number or an e-mail, or skip this step.")
    if problem == "email_lacks_at":
        return _("An e-mail has an @.")
    if problem == "email":
        return _("This e-mail address is incomplete. An example: lan@example.vn")
    return _("A mobile number has 10 digits, e.g. 0912 345 678.")
