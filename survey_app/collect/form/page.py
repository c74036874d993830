"""The form as a page: the same template gives the compiled page and the page with problems to mend."""

from dataclasses import dataclass, field
from typing import Any, Self

from flask_babel import gettext as _
from markupsafe import Markup

from survey_app.collect import shell
from survey_app.collect.entry import Entry
from survey_app.collect.form.compiled import CompiledPage, cut_mark
from survey_app.collect.form.submission import COMMENT_FIELD, Submission
from survey_app.models.definition import Definition
from survey_app.web.catalogues import LACKING, unmarked
from survey_app.web.i18n import DEFAULT_LANGUAGE, speaking

MOST_TOLD_AS_ONE = 8  # questions
CHANGING = (
    "office",
    "place",
    "code",
    "campaign_code",
    "controller_name",
    "controller_address",
    "controller_phone",
    "retention_years",
    "demo_line",
    "invited_line",
    "heading",
    "place_question",
    "key",
)


@dataclass(frozen=True, slots=True)
class Shown:
    """What the respondent has chosen and must mend; empty on a first view."""

    submission: Submission = field(default_factory=Submission)
    messages: dict[str, str] = field(default_factory=dict)  # item code or field → what to do
    notice: str | None = None


@dataclass(frozen=True, slots=True)
class PageParts:
    """How a form falls into what it asks about the service, and what about whoever answers."""

    last_of_service: str  # the code of a section; the comment follows it
    n_of_service: int
    n_of_respondent: int

    @classmethod
    def of(cls, definition: Definition) -> Self:
        asked = {item.code for item in definition.items if item.branch is None}
        n_of_respondent = len(asked & definition.about_the_person)
        return cls(definition.last_of_service, len(asked) - n_of_respondent, n_of_respondent)

    @property
    def is_worth_telling(self) -> bool:
        """Whether one number of questions would mislead: the instrument's minutes are for the service."""
        return self.n_of_respondent > 0 and self.n_of_service + self.n_of_respondent > MOST_TOLD_AS_ONE


def page_values(entry: Entry, key: str) -> dict[str, str]:
    heading, place_question = _questions(entry)
    return {
        "office": entry.office,
        "place": f"{entry.counter}, {entry.office}" if entry.counter else entry.office,
        "code": entry.code,
        "campaign_code": entry.campaign_code,
        "controller_name": entry.controller_name,
        "controller_address": entry.controller_address,
        "controller_phone": entry.controller_phone,
        "retention_years": str(entry.retention_years),
        "demo_line": unmarked(_("Demonstration data, not a real office")) if entry.is_demo else "",
        "invited_line": unmarked(_invited_line(entry)) if entry.way_in == "invitation" else "",
        "heading": heading,
        "place_question": place_question,
        "key": key,
    }


def _questions(entry: Entry) -> tuple[str, str]:
    """Ask about the visit; whoever holds an invitation may open it days or weeks after."""
    if entry.way_in == "invitation":
        asked = _("How were you served?"), _("Is this where you were served?")
    else:
        asked = _("How were you served today?"), _("Is this where you were just served?")
    return _in_page(asked[0]), _in_page(asked[1])


def _in_page(words: str) -> str:
    """Make words fit to be spliced into a page that was compiled before: what its language lacks says so."""
    if LACKING not in words:
        return words
    return Markup('<bdi lang="{}">{}</bdi>').format(DEFAULT_LANGUAGE, unmarked(words))


def _invited_line(entry: Entry) -> str:
    if entry.cell_id is not None:  # of a drawn sample, whose units are listed: reminders spare who answered
        return _(
            "The code ensures one answer each and tells the group invited (at least 5 people). We know which "
            "codes were used, to send no reminder, and not whose answer is whose."
        )
    return _(
        "The code ensures one answer each and tells the group invited (at least 5 people); "
        "it is linked to nobody's file."
    )


def render_form(definition: Definition, language: str, values: dict[str, str], shown: Shown) -> str:
    return shell.render(
        "collect/form.html", language, **values, **form_values(definition, values["code"], shown)
    )


def form_values(definition: Definition, code: str, shown: Shown) -> dict[str, Any]:
    """Name what the form's template needs beside the values of its access point."""
    return {
        "definition": definition,
        "shown": shown,
        "parts": PageParts.of(definition),
        "languages": shell.in_other_languages(f"/s/{code}"),
    }


def compile_page(definition: Definition, language: str) -> CompiledPage:
    marks = {name: cut_mark(name) for name in CHANGING}
    with speaking(language, definition.languages):
        return CompiledPage(render_form(definition, language, marks, Shown()))


def problem_message(definition: Definition, submission: Submission, name: str, kind: str) -> str:
    """Say what is wrong with one field and what to do, in the words of a form."""
    if name == COMMENT_FIELD and definition.comment is not None:
        n, most = len(submission.comment), definition.comment.max_characters
        if kind == "too_long":
            return _("%(n)s characters, at most %(max)s. Remove %(over)s.", n=n, max=most, over=n - most)
        if kind == "nothing_to_answer":
            return _("You want an answer, but there is no comment. Write it, or untick the box.")
        return _("Unreadable characters. Remove them.")
    number = definition.numbers[name]
    if kind == "two_answers":
        return _("Question %(i)s: choose only one.", i=number)
    if kind == "contradicts":
        ruled_out = (definition.numbers[item] for item in definition.contradictions(submission.answers))
        return _(
            "Question %(i)s: “No” is chosen, so the answer to %(j)s was taken away. If that is right, send "
            "again; if not, choose “Yes” and the number again.",
            i=number,
            j=", ".join(ruled_out),
        )
    return _("Question %(i)s: choose again from the list.", i=number)
