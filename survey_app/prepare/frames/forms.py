"""The words of what a frame holds, and of what was left out of it."""

from collections.abc import Iterable
from typing import Any

from flask_babel import gettext as _, lazy_gettext as _l

from survey_app.models.sample import AND, FROM_TO
from survey_app.prepare.frames.columns import DESCRIBED
from survey_app.prepare.frames.rules import KEPT, LEFT_OUT, REFUSED, RULES, RuleMet
from survey_app.web.i18n import chosen_language

LABELS = {
    None: _l("not said"),
    "counter": _l("at the counter"),
    "online": _l("online"),
    "early": _l("early"),
    "on_time": _l("on time"),
    "late": _l("late"),
    "male": _l("male"),
    "female": _l("female"),
    "other": _l("other"),
}


def heading_of(column: str) -> str:
    """Name a column of ours."""
    one = DESCRIBED[column]
    return one.heading_en if chosen_language() == "en" else one.heading


def rule_lines(met: Iterable[RuleMet]) -> list[dict[str, Any]]:
    """Put words to the rules that were met, the gravest first."""
    language = chosen_language()
    became = {
        REFUSED: _("not taken"),
        LEFT_OUT: _("not in the frame"),
        KEPT: _("taken"),
    }
    lines = [
        {
            "n": one.n,
            "becomes": became[RULES[one.rule].becomes],
            "found": RULES[one.rule].found_in(language),
            "to_do": RULES[one.rule].to_do_in(language),
            "places": [(line, heading_of(column) if column else "") for line, column in one.places],
            "order": (REFUSED, LEFT_OUT, KEPT).index(RULES[one.rule].becomes),
        }
        for one in met
    ]
    return sorted(lines, key=lambda line: line["order"])


def n_left_out(met: Iterable[RuleMet]) -> int:
    """Count the lines that break no rule and are not in the frame."""
    return sum(one.n for one in met if RULES[one.rule].becomes == LEFT_OUT)


def total_name(column: str) -> str:
    return {
        "field": _("By field"),
        "channel": _("By how it was filed"),
        "outcome": _("By outcome"),
        "sex": _("By sex"),
        "age_band": _("By age"),
    }[column]


def label_name(label: str | None) -> str:
    """Name what a dossier can be; nothing known is said as such."""
    return str(LABELS.get(label, label))


def group_name(cell: str) -> str:
    """Name a weighting cell, whose labels are joined as in "female|25-34 + female|35-49"."""
    return " + ".join(group_names(cell))


def group_names(cell: str) -> list[str]:
    """Name the groups that a weighting cell joins; very many are told by the first and the last of them."""
    if not cell:
        return []
    ends = cell.split(FROM_TO)
    if len(ends) == 2:
        first, last = map(_label_names, ends)
        return [_("all from “%(first)s” to “%(last)s” in the order of names", first=first, last=last)]
    return [_label_names(one) for one in cell.split(AND)]


def _label_names(label: str) -> str:
    return ", ".join(label_name(None if one == "-" else one) for one in label.split("|"))
