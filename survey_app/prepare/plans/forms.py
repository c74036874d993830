"""What the form of a plan is sent, and how a plan's entries are written into its boxes."""

import re
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from werkzeug.datastructures import MultiDict

from survey_app.models.days import read_day
from survey_app.models.plain_text import composed, marked_unreadable
from survey_app.models.plan_document import MOST_STAGES, PlanDocument
from survey_app.prepare.plans.entries import ENTRIES, Entry, Values, document_of, values_of
from survey_app.prepare.plans.faults import LONGEST, Fault
from survey_app.prepare.tables.numbers import whole_number
from survey_app.web.i18n import chosen_language

_NUMBER = re.compile(r"[0-9]{1,6}(?:[.,][0-9]{1,6})?", re.ASCII)
LONGEST_TYPED = 2000


@dataclass
class PlanForm:
    """The boxes of a plan: what stands in each, and what cannot be read; `document` is what could be read."""

    boxes: Values
    unread: list[Fault] = field(default_factory=list)
    document: PlanDocument = field(default_factory=PlanDocument)

    @classmethod
    def of_plan(cls, document: PlanDocument) -> "PlanForm":
        values = values_of(document)
        boxes = {name: written(entry, values[name]) for name, entry in ENTRIES.items()}
        return cls(boxes, document=document)

    @classmethod
    def of_sent(
        cls, sent: MultiDict[str, str], tops: Collection[str], questions: Collection[str]
    ) -> "PlanForm":
        form = cls({})
        values = {name: form._read(entry, sent, tops, questions) for name, entry in ENTRIES.items()}
        if any(name.startswith(f"stages-{MOST_STAGES}") for name in sent):
            form.unread.append(Fault("stages-0-unit", "too_many_stages"))
        form.document = document_of(values)
        return form

    def _read(
        self, entry: Entry, sent: MultiDict[str, str], tops: Collection[str], questions: Collection[str]
    ) -> Any:
        if entry.kind in {"words", "tops"}:
            chosen = tuple(dict.fromkeys(sent.getlist(entry.name)))
            self.boxes[entry.name] = chosen
            known = tuple(tops) if entry.kind == "tops" else entry.words
            if set(chosen) - set(known):
                self._refuse(entry, "top_unknown" if entry.kind == "tops" else "unknown", "")
            return tuple(word for word in known if word in chosen)
        typed = marked_unreadable(composed(sent.get(entry.name, "")))[:LONGEST_TYPED]
        self.boxes[entry.name] = typed
        if not typed:
            return None
        if entry.kind in LONGEST:
            return typed
        if entry.kind in {"word", "question"}:
            if typed in (entry.words or questions):
                return typed
            return self._refuse(entry, "unknown", typed)
        return self._read_number(entry, typed)

    def _read_number(self, entry: Entry, typed: str) -> Any:
        if entry.kind == "day":
            day = read_day(typed)
            return self._refuse(entry, "no_day", typed) if day is None else day
        if entry.kind == "count":
            try:
                return whole_number(typed)
            except ValueError:
                return self._refuse(entry, "no_count", typed)
        bare = typed.removesuffix("%").strip() if entry.kind == "percent" else typed
        if not _NUMBER.fullmatch(bare):
            return self._refuse(entry, "no_number", typed)
        number = Decimal(bare.replace(",", "."))
        return float(number / 100 if entry.kind == "percent" else number)

    def _refuse(self, entry: Entry, reason: str, typed: str) -> Any:
        """Note what cannot be read; nothing is said there, then."""
        self.unread.append(Fault(entry.name, reason, typed[:40]))
        return None


def written(entry: Entry, value: Any) -> Any:
    """Write a value as somebody would type it."""
    if entry.kind in {"words", "tops"}:
        return value or ()
    if value is None:
        return ""
    if isinstance(value, date):
        return f"{value:%d/%m/%Y}"
    if entry.kind == "percent":
        return _decimal(Decimal(str(value)) * 100)
    return _decimal(Decimal(str(value))) if entry.kind == "number" else str(value)


def _decimal(number: Decimal) -> str:
    """Write 85 or 2,5, without noughts at the end."""
    text = f"{number.normalize():f}"
    return text if chosen_language() == "en" else text.replace(".", ",")
