"""Read a form against its definition: the table-driven check that comes from the same source as the page."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from survey_app.models.definition import Definition
from survey_app.models.plain_text import UNREADABLE_MARK, composed, marked_unreadable

COMMENT_FIELD = "form-comment"  # the hyphen: no item code has one
ANSWER_FIELD = "form-answer"  # ticked: the comment asks for an answer
KEY_FIELD = "form-key"
AGAIN_FIELD = "form-again"  # pressed: show the form in another language, and store nothing
END_FIELD = "form-end"  # the last field of the page: a form that was cut off on its way lacks it


@dataclass(slots=True)
class Submission:
    """What a respondent sent, kept for showing again, with every problem by field name."""

    key: str = ""
    answers: dict[str, str] = field(default_factory=dict)
    comment: str = ""
    wants_answer: bool = False
    is_to_show: bool = False
    problems: dict[str, str] = field(default_factory=dict)  # item code or field → kind of problem
    is_damaged: bool = False

    @property
    def is_empty(self) -> bool:
        return not self.answers and not self.comment

    @property
    def is_complete(self) -> bool:
        """Whether it may be stored as it is."""
        return not (self.is_to_show or self.is_damaged or self.problems or self.is_empty)

    def content(self) -> bytes:
        """Give all that was said, the same bytes for the same answers in any order."""
        said = (*sorted(self.answers.items()), ("", self.comment))
        wish = f"{ANSWER_FIELD}\0" if self.wants_answer else ""
        return ("".join(f"{name}\0{value}\0" for name, value in said) + wish).encode()


def read_submission(fields: Iterable[tuple[str, str]], definition: Definition) -> Submission:
    """Sort the fields of a form into answers and problems; nothing is dropped unsaid."""
    found = Submission()
    seen: set[str] = set()
    for name, value in fields:
        is_doubled = name in seen
        seen.add(name)
        if name in definition.numbers:
            _read_answer(found, definition, name, value, is_doubled=is_doubled)
        elif is_doubled or not _read_other(found, definition, name, value):
            found.is_damaged = True  # no page of ours sends this
    if END_FIELD not in seen:
        found.is_damaged = True
    if found.wants_answer and not found.comment:
        found.problems.setdefault(COMMENT_FIELD, "nothing_to_answer")
    for item_code in definition.contradictions(found.answers):
        branch = definition.item(item_code).branch
        if branch is not None:
            found.problems.setdefault(branch.item, "contradicts")
    return found


def as_shown_again(found: Submission, definition: Definition) -> Submission:
    """Take out what another answer rules out: without script no choice can be taken back on the page."""
    ruled_out = definition.contradictions(found.answers)
    answers = {item: answer for item, answer in found.answers.items() if item not in ruled_out}
    return replace(found, answers=answers)


def _read_other(found: Submission, definition: Definition, name: str, value: str) -> bool:
    """Read a field that is no item; say whether the page has it."""
    if name == KEY_FIELD:
        found.key = value
    elif name == COMMENT_FIELD and definition.comment is not None:
        _read_comment(found, value, definition.comment.max_characters)
    elif name == ANSWER_FIELD and value == "1" and definition.comment is not None:
        found.wants_answer = True
    elif name == AGAIN_FIELD:
        found.is_to_show = True
    else:
        return name == END_FIELD
    return True


def _read_answer(
    found: Submission, definition: Definition, name: str, value: str, *, is_doubled: bool
) -> None:
    if is_doubled:
        found.problems[name] = "two_answers"
        found.answers.pop(name, None)
    elif value in definition.item(name).positions:
        found.answers[name] = value
    else:
        found.problems[name] = "unknown_value"


def _read_comment(found: Submission, value: str, max_characters: int) -> None:
    found.comment = marked_unreadable(composed(value))
    if UNREADABLE_MARK in found.comment:
        found.problems[COMMENT_FIELD] = "unreadable"
    elif len(found.comment) > max_characters:
        found.problems[COMMENT_FIELD] = "too_long"
