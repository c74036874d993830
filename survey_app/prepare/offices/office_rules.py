"""What must be true of the offices in a file, among themselves and beside those already known."""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from survey_app.models.office import OFFICE_KINDS, may_stand_under
from survey_app.prepare.tables.table_file import Row, shown

# A code stands in addresses and file names.
CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,31}", re.ASCII)
ONE_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Draft:
    """One office as its line states it."""

    row: Row
    code: str
    name: str
    kind: str
    parent_code: str
    valid_from: date | None
    valid_until: date | None
    counters: tuple[str, ...]
    successors: tuple[str, ...]

    @property
    def has_bad_end(self) -> bool:
        return self.valid_until is None and bool(self.row.optional("valid_until"))


@dataclass(frozen=True)
class Lifetime:
    """Of which kind an office is, and from when to when; a bad date is no bound, it has its own fault."""

    kind: str
    valid_from: date | None
    valid_until: date | None

    def holds(self, day: date) -> bool:
        begun = self.valid_from is None or self.valid_from <= day
        return begun and (self.valid_until is None or day <= self.valid_until)


Stored = Mapping[str, Lifetime]


def draft_of(row: Row) -> Draft:
    row.required("valid_from")
    return Draft(
        row=row,
        code=row.required("code"),
        name=row.required("name"),
        kind=row.required("kind"),
        parent_code=row.optional("parent_code"),
        valid_from=row.day("valid_from"),
        valid_until=row.day("valid_until"),
        counters=row.several("counters"),
        successors=row.several("successors"),
    )


def check_offices(drafts: list[Draft], stored: Stored) -> None:
    """Note every broken rule at the line that breaks it."""
    for rule in RULES:
        for draft, column, message in rule(drafts, stored):
            draft.row.refuse(column, message)


Finding = tuple[Draft, str, str]


def _words_are_known(drafts: list[Draft], _stored: Stored) -> Iterator[Finding]:
    for draft in drafts:
        if draft.code and not CODE.fullmatch(draft.code):
            yield (
                draft,
                "code",
                f"“{shown(draft.code)}” không dùng được; mã gồm A–Z, a–z, 0–9, . _ - (1–32 ký tự)",
            )
        if draft.kind and draft.kind not in OFFICE_KINDS:
            yield draft, "kind", f"không có loại “{shown(draft.kind)}”; chỉ dùng: {', '.join(OFFICE_KINDS)}"


def _codes_are_new(drafts: list[Draft], stored: Stored) -> Iterator[Finding]:
    uses = Counter(draft.code for draft in drafts)
    for draft in drafts:
        if draft.code and uses[draft.code] > 1:
            yield draft, "code", f"mã “{shown(draft.code)}” có {uses[draft.code]} lần trong tệp"
        if draft.code in stored:
            yield draft, "code", f"mã “{shown(draft.code)}” đã có trong hệ thống"


def _parents_exist(drafts: list[Draft], stored: Stored) -> Iterator[Finding]:
    known = stored.keys() | {draft.code for draft in drafts}
    for draft in drafts:
        if draft.parent_code and draft.parent_code not in known:
            yield draft, "parent_code", f"không có đơn vị cấp trên mã “{shown(draft.parent_code)}”"


def _parents_lead_up(drafts: list[Draft], _stored: Stored) -> Iterator[Finding]:
    parents = {draft.code: draft.parent_code for draft in drafts}
    for draft in drafts:
        passed: set[str] = set()
        above = draft.parent_code
        while above in parents and above not in passed and above != draft.code:
            passed.add(above)
            above = parents[above]
        if above and above == draft.code:
            yield draft, "parent_code", "đơn vị thành cấp trên của chính mình (vòng tròn)"


def _parents_last_and_stand_higher(drafts: list[Draft], stored: Stored) -> Iterator[Finding]:
    """Look at the parent's end alone: where an office stood before a reform, no column of the file says."""
    lives = _lives(drafts, stored)
    for draft in drafts:
        parent = lives.get(draft.parent_code)
        if parent is None:
            continue
        goes_on = draft.valid_until is None and not draft.has_bad_end
        ends_later = draft.valid_until and parent.valid_until and draft.valid_until > parent.valid_until
        if parent.valid_until and (goes_on or ends_later):
            yield draft, "parent_code", f"đơn vị cấp trên kết thúc trước, ngày {parent.valid_until:%d/%m/%Y}"
        if {draft.kind, parent.kind} <= set(OFFICE_KINDS) and not may_stand_under(draft.kind, parent.kind):
            yield draft, "parent_code", f"“{draft.kind}” không thể trực thuộc “{parent.kind}”"


def _lives(drafts: list[Draft], stored: Stored) -> Stored:
    in_file = {draft.code: Lifetime(draft.kind, draft.valid_from, draft.valid_until) for draft in drafts}
    return {**stored, **in_file}


def _lives_end_after_they_begin(drafts: list[Draft], _stored: Stored) -> Iterator[Finding]:
    for draft in drafts:
        if draft.valid_from and draft.valid_until and draft.valid_until < draft.valid_from:
            yield draft, "valid_until", "kết thúc trước khi bắt đầu"


def _successors_take_over(drafts: list[Draft], stored: Stored) -> Iterator[Finding]:
    lives = _lives(drafts, stored)
    for draft in drafts:
        if draft.successors and draft.valid_until is None and not draft.has_bad_end:
            yield draft, "successors", "đơn vị chưa kết thúc thì chưa có đơn vị kế thừa"
        for code in draft.successors:
            if message := _why_not_successor(draft, code, lives):
                yield draft, "successors", message


def _why_not_successor(draft: Draft, code: str, lives: Stored) -> str | None:
    if code == draft.code:
        return "đơn vị không thể kế thừa chính mình"
    if code not in lives:
        return f"không có đơn vị kế thừa mã “{shown(code)}”"
    if draft.valid_until and not lives[code].holds(draft.valid_until + ONE_DAY):
        return f"đơn vị kế thừa “{shown(code)}” không hoạt động vào ngày tiếp nhận"
    return None


RULES: tuple[Callable[[list[Draft], Stored], Iterator[Finding]], ...] = (
    _words_are_known,
    _codes_are_new,
    _parents_exist,
    _parents_lead_up,
    _parents_last_and_stand_higher,
    _lives_end_after_they_begin,
    _successors_take_over,
)
