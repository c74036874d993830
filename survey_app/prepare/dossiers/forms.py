"""What the pages of dossier counts are sent, and the words for what does not add up."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

from flask_babel import gettext as _
from werkzeug.datastructures import MultiDict

from survey_app.models.days import read_month
from survey_app.models.office import ALL_FIELDS, Office, ServiceField
from survey_app.prepare.dossiers.contradictions import Contradiction
from survey_app.prepare.dossiers.counts import NAMES, Counts, Rates, added
from survey_app.prepare.dossiers.dossier_file import HEADINGS
from survey_app.prepare.dossiers.record import Typed
from survey_app.prepare.tables.numbers import NOTHING, whole_number
from survey_app.prepare.tables.sheet import WHOLE_FILE
from survey_app.web.formatting import count_text, percent_text

FORMULAS = tuple(Rates.__slots__)
Fault = tuple[str, str]  # the id of a field, what is wrong there


def asked_month(fields: MultiDict[str, str], default: date, latest: date) -> date:
    """Read which month a page is about; a month that has not begun, or none at all, is the default."""
    month = read_month(fields.get("month", ""))
    return default if month is None or month > latest else month


def placed(fault: tuple[int, str, str]) -> tuple[int, str, str]:
    """Name a file's column as our own table heads it; a fault of the whole file needs no place."""
    line, column, what = fault
    if column in HEADINGS:
        return line, f"“{HEADINGS[column][0]}” ({column})", what
    if column != WHOLE_FILE:
        return fault
    return (0 if line == 1 else line), "", what[:1].upper() + what[1:] if line == 1 else what


@dataclass(frozen=True)
class CountsForm:
    """The boxes of one office and month: what was typed in each, and what is wrong with it."""

    values: dict[str, str]
    faults: list[Fault]
    by_field: dict[int, Counts | None]

    @classmethod
    def of_stored(cls, stored: dict[int, Counts]) -> "CountsForm":
        values = {
            box(field_id, name): str(number)
            for field_id, counts in stored.items()
            for name in NAMES
            if (number := getattr(counts, name)) is not None
        }
        return cls(values, [], dict(stored))

    @classmethod
    def of_sent(cls, sent: MultiDict[str, str], fields: Collection[ServiceField]) -> "CountsForm":
        form = cls({}, [], {})
        for field_id in (ALL_FIELDS, *(one.id for one in fields)):
            form.by_field[field_id] = form._counts(sent, field_id)
        if not form.faults and all(counts is None for counts in form.by_field.values()):
            form.faults.append((box(ALL_FIELDS, "n_settled"), _("Type at least the settled dossiers.")))
        if form.by_field[ALL_FIELDS] is None and form.sums_too_much:
            message = _("The fields add up to more than can be kept.")
            form.faults.append((box(ALL_FIELDS, "n_settled"), message))
        return form

    @property
    def sums_too_much(self) -> bool:
        found = [counts for counts in self.by_field.values() if counts is not None]
        return bool(found) and added(found).is_too_large

    def typed(self, office: Office, month: date) -> Typed:
        return Typed(office, month, self.by_field)

    def _counts(self, sent: MultiDict[str, str], field_id: int) -> Counts | None:
        numbers: dict[str, int | None] = {}
        for name in NAMES:
            self.values[box(field_id, name)] = text = sent.get(box(field_id, name), "").strip()[:40]
            numbers[name] = self._number(box(field_id, name), text)
        n_settled = numbers.pop("n_settled")
        if n_settled is not None:
            return Counts(n_settled, **numbers)
        is_empty = self.values[box(field_id, "n_settled")] in NOTHING  # else its own fault is said already
        if is_empty and any(number is not None for number in numbers.values()):
            self.faults.append((box(field_id, "n_settled"), _("The settled dossiers are missing.")))
        return None

    def _number(self, place: str, text: str) -> int | None:
        if text in NOTHING:
            return None
        try:
            return whole_number(text)
        except ValueError:
            self.faults.append(
                (place, _("“%(typed)s” cannot be kept: type a number from 0 to 999.999.999.", typed=text))
            )
            return None


def box(field_id: int, name: str) -> str:
    """Name the box of a count."""
    return f"{name}-{field_id}"


def count_name(name: str) -> str:
    names = {
        "n_settled": _("Settled"),
        "n_received": _("Newly received"),
        "n_early": _("Settled early"),
        "n_on_time": _("Settled on time"),
        "n_late": _("Settled late"),
    }
    return names[name]


def contradiction_words(one: Contradiction) -> str:
    if one.kind in {"rate", "jump"}:
        return _rate_words(one) if one.kind == "rate" else _jump_words(one)
    counts = {"found": count_text(int(one.found)), "stated": count_text(int(one.stated))}
    gap = count_text(abs(int(one.gap)))
    if one.kind == "fields":
        return _fields_words(one, counts, gap)
    if one.kind == "parts":
        return _(
            "Totals disagree: early + on time + late = %(found)s, settled = %(stated)s, %(gap)s apart. "
            "May be accepted; the gap stays beside the figure.",
            gap=gap,
            **counts,
        )
    if one.kind == "early_twice":
        return _(
            "Totals disagree: early + on time + late = %(found)s, settled = %(stated)s. The difference is "
            "exactly the early ones, so “on time” probably includes them: tick that when sending the file.",
            **counts,
        )
    return _(
        "Totals disagree: the offices of this file add up to %(found)s settled dossiers, the line of the "
        "province says %(stated)s, %(gap)s apart. Only the lines of offices are stored.",
        gap=gap,
        **counts,
    )


def _fields_words(one: Contradiction, counts: dict[str, str], gap: str) -> str:
    if one.count == "n_settled":
        return _(
            "Totals disagree: the fields add up to %(found)s settled dossiers, the total says %(stated)s, "
            "%(gap)s apart. Coverage uses the total.",
            gap=gap,
            **counts,
        )
    return _(
        "Totals disagree, “%(count)s”: the fields add up to %(found)s, the total says %(stated)s, "
        "%(gap)s apart. Both are kept as they were reported.",
        count=count_name(one.count),
        gap=gap,
        **counts,
    )


def formula_words(formula: str) -> str:
    words = {
        "of_settled": _("(early + on time) / settled"),
        "not_late": _("1 − late / settled"),
        "of_parts": _("(early + on time) / (early + on time + late)"),
        "of_valid": _("(early + on time) / (settled − invalid)"),
    }
    return words[formula]


def recomputed(rates: Rates | None) -> list[tuple[str, str]]:
    """List each formula that could be computed, with its rate."""
    if rates is None:
        return []
    found = ((formula, getattr(rates, formula)) for formula in FORMULAS)
    return [(formula_words(formula), _rate_text(rate)) for formula, rate in found if rate is not None]


def _rate_text(rate: float) -> str:
    text = percent_text(rate, 2)
    if 0 <= rate <= 1:
        return text
    return _("%(rate)s, which no share can be: the parts do not fit the settled ones", rate=text)


def _jump_words(one: Contradiction) -> str:
    return _(
        "Far beyond the usual: %(stated)s settled dossiers, where this office settles some %(found)s in a "
        "month. May be accepted; that stays beside the figure.",
        found=count_text(int(one.found)),
        stated=count_text(int(one.stated)),
    )


def _rate_words(one: Contradiction) -> str:
    stated, found = percent_text(one.stated / 100, 2), percent_text(one.found / 100, 2)
    if one.gives:
        return _(
            "The file says %(stated)s in time; recomputed it is %(found)s of those settled. The file's rate "
            "comes from another formula: %(formula)s.",
            stated=stated,
            found=found,
            formula=formula_words(one.gives),
        )
    return _(
        "The file says %(stated)s in time; recomputed it is %(found)s of those settled. None of the usual "
        "formulas gives the file's rate.",
        stated=stated,
        found=found,
    )
