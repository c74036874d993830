"""What a correction that somebody asked for would change, as its page says it to whoever decides."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from survey_app.models.approval_lists import StatedApproval
from survey_app.models.office import Office
from survey_app.models.publication import Publication
from survey_app.models.publishing import Basis, Outlook, outlook_of
from survey_app.prepare.approvals.publish import are_groups_at_stake
from survey_app.web.access import SignedIn, offices_in_scope
from survey_app.web.formatting import EN_DASH, count_text, percent_text, range_text

RIGHT_TO_FORMS = "respondents"


@dataclass(frozen=True, slots=True)
class Index:
    """An index in digits, or why there are none, as figures of publications say it."""

    state: str
    value: str
    range: str
    n: str
    basis: str
    hidden_from_public: bool

    @classmethod
    def of(cls, seen: Mapping[str, Any] | None) -> "Index | None":
        if seen is None:
            return None
        n = EN_DASH if seen["n"] is None else count_text(seen["n"])
        is_shown = seen["state"] == "shown"
        value = percent_text(seen["value"]) if is_shown else ""
        limits = range_text(seen["low"], seen["high"]) if is_shown else ""
        return cls(seen["state"], value, limits, n, seen["basis"], seen["hidden_from_public"])


@dataclass(frozen=True, slots=True)
class Line:
    """An office and class: what came and was voided since it was published, and its index then and now."""

    name: str
    letter: str
    n_came: str
    n_voided: str
    waits: bool
    before: Index | None
    now: Index | None


@dataclass(frozen=True, slots=True)
class Foreseen:
    """The job that finds out, and what it found, for those who may read single forms."""

    outlook: Outlook
    may_read: bool
    groups_at_stake: bool
    tops: Sequence[Line]
    offices: Sequence[Line]

    @property
    def bases(self) -> list[str]:
        lines = (*self.tops, *self.offices)
        return sorted({one.basis for line in lines for one in (line.before, line.now) if one is not None})

    @classmethod
    def of(cls, session: Session, stated: StatedApproval, staff: SignedIn) -> "Foreseen | None":
        """Give the outlook of a request; its figures are for those who may read single forms in its offices.

        Figures that are never published stand beside no check of what publications tell together: who asks
        twice, with one form more between, can tell that form.
        """
        outlook = outlook_of(session, stated.approval)
        if outlook is None:
            return None
        may_read = stated.offices <= offices_in_scope(session, staff, RIGHT_TO_FORMS)
        found = outlook.foreseen if may_read and outlook.foreseen else {"tops": [], "offices": []}
        ids = {line["office_id"] for part in ("tops", "offices") for line in found[part]}
        names = dict(session.execute(select(Office.id, Office.name).where(Office.id.in_(ids))).all())
        corrected = session.get_one(Publication, Basis.asked_for(stated.approval.arguments).corrects)
        return cls(
            outlook,
            may_read,
            are_groups_at_stake(session, corrected),
            *([_line(line, names) for line in found[part]] for part in ("tops", "offices")),
        )


def _line(line: Mapping[str, Any], names: Mapping[int, str]) -> Line:
    n_came, n_voided = (count_text(line["answers"][name]) for name in ("n_came", "n_voided"))
    seen = (Index.of(line[side]) for side in ("before", "now"))
    return Line(names[line["office_id"]], line["provenance"], n_came, n_voided, line["waits"], *seen)
