"""Which of the margins that a plan asks for its sizes miss: read before it is frozen, and kept with it."""

from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from survey_app.models.canonical import canonical
from survey_app.models.plan_document import PlanDocument
from survey_app.prepare.plans.sizes import OfficeSize, Sizes, meets


def missed_by(document: PlanDocument, sizes: Sizes | None) -> dict[str, Any] | None:
    """Give what is asked and got of the whole, and of the worst office; none where every margin is got.

    Of the whole nothing is said where its margin is not known beforehand.
    """
    if sizes is None:
        return None
    asked, missed = document.precision, dict[str, Any]()
    whole, office, got = asked.margin_whole, asked.margin_office, sizes.margin
    if whole is not None and got is not None and not meets(got, whole):
        missed["whole"] = {"asked": whole, "got": got}
    n_offices = len(sizes.offices)
    if office is not None and sizes.n_meeting is not None and sizes.n_meeting < n_offices:
        worst = max(sizes.offices, key=_margin)
        named = {"worst": worst.office.name, "got": worst.margin}
        missed["offices"] = {"n": n_offices - sizes.n_meeting, "of": n_offices, "asked": office, **named}
    return missed or None


def _margin(size: OfficeSize) -> float:
    return 1.0 if size.margin is None else size.margin


def tick_of(missed: Mapping[str, Any]) -> str:
    """Name what was read: counts of dossiers that come before it is frozen make it another."""
    return sha256(canonical(missed).encode()).hexdigest()
