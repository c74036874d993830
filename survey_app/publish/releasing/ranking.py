"""Compares the offices below a parent, where their figures are made: with the target, and with each other.

All offices below a parent are looked at together, so they are tested together: Holm's method keeps the chance
of any false verdict at 5 %, however many there are; nor is a verdict given that the printed interval does not
bear out, which may be the wider one. Only drawn samples are ranked, by ranges that hold
together. An office whose figure staff do not see takes no part: a verdict would tell of it.
"""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final, NamedTuple

from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from analysis import ComparedEstimates, compare_with_target, rank_sets, tie_bands
from survey_app.models.breakdown import INDEX, WHOLE
from survey_app.models.known_offices import known_offices
from survey_app.models.office_tree import Tree
from survey_app.models.publication import Comparison, Figure
from survey_app.publish.figures.estimates import Estimated
from survey_app.publish.hiding.decision import HiddenAnew
from survey_app.publish.suppression import INSIDE_MINIMUM
from survey_app.publish.terms import ADJUSTMENT, LEVEL

OFFICES_AT_ONCE = 500  # in one question to the database
_VERDICTS: Final = {
    "shown_above": "above",
    "shown_below": "below",
    "not_decided": "not_decided",
    "not_estimable": "not_testable",
}


class IndexOfOffice(NamedTuple):
    """What is compared of an office."""

    office_id: int
    value: float | None
    standard_error: float | None
    degrees_of_freedom: int | None
    low: float | None
    high: float | None
    n_people: int
    sampling_basis: str
    hidden_inside: str | None

    @property
    def takes_part(self) -> bool:
        return self.hidden_inside is None and self.n_people >= INSIDE_MINIMUM

    def lies_beside(self, target: float) -> bool:
        """Whether the printed interval leaves the target out: a verdict must not contradict it."""
        if self.low is None or self.high is None:
            return False
        return not self.low <= target <= self.high


@dataclass(frozen=True)
class Compared:
    """What stands of some parents and one class from now on."""

    provenance: str
    parent_ids: list[int]
    rows: list[dict[str, Any]] = field(default_factory=list)

    def write(self, session: Session, publication_id: int) -> None:
        session.execute(
            delete(Comparison).where(
                Comparison.publication_id == publication_id,
                Comparison.provenance == self.provenance,
                Comparison.parent_id.in_(self.parent_ids),
            )
        )
        if self.rows:
            session.execute(
                insert(Comparison), [{"publication_id": publication_id, **row} for row in self.rows]
            )


def compare_offices(
    session: Session,
    publication_id: int | None,
    estimated: Estimated,
    hidden: HiddenAnew,
    target: float,
) -> Compared:
    """Compare the offices below each parent that new figures reach, with what is stored of all others."""
    stored = partial(_stored, session, publication_id, estimated.provenance)
    return compare_among(known_offices(session).tree, estimated, hidden, target, stored)


def compare_among(
    tree: Tree,
    estimated: Estimated,
    hidden: HiddenAnew,
    target: float,
    stored: Callable[[Iterable[int]], Iterable[tuple[int, IndexOfOffice]]],
) -> Compared:
    new_index = {row["office_id"]: _index_of(row) for row in estimated.figures if _is_whole_index(row)}
    hidden_index: dict[int, Any] = {
        int(str(row["its_office_id"])): row["inside"] for row in hidden.rows if _is_hidden_index(row)
    }
    reached = tree.with_ancestors({*estimated.office_ids, *hidden_index})
    below = {one: tree.lowest_below(one) for one in sorted(reached)}
    families = {parent_id: offices for parent_id, offices in below.items() if offices}
    wanted = set().union(*families.values()) - set(estimated.office_ids)
    known = dict(stored(wanted)) | new_index
    for office_id in known.keys() & hidden_index.keys():
        known[office_id] = known[office_id]._replace(hidden_inside=hidden_index[office_id])
    compared = Compared(estimated.provenance, list(families))
    for parent_id, office_ids in families.items():
        family = [known[one] for one in sorted(office_ids) if one in known and known[one].takes_part]
        found = compare_family(family, estimated.provenance, target)
        compared.rows.extend({"parent_id": parent_id, **row} for row in found)
    return compared


def compare_family(
    family: Sequence[IndexOfOffice], provenance: str, target: float
) -> Iterator[dict[str, Any]]:
    """Give each office's verdict among these, and its ranks where all of them were drawn."""
    if not family:
        return
    compared = ComparedEstimates(
        _column(one.value for one in family),
        _column(one.standard_error for one in family),
        _column(one.degrees_of_freedom for one in family),
        is_census=[one.sampling_basis == "census" for one in family],
    )
    verdicts = compare_with_target(compared, target, alpha=1 - LEVEL, adjustment=ADJUSTMENT).verdict
    are_drawn = provenance == "A" and all(one.sampling_basis != "opt_in" for one in family)
    ranks = _ranks(compared) if are_drawn else [{}] * len(family)
    for one, verdict, rank in zip(family, verdicts, ranks, strict=True):
        yield {
            "provenance": provenance,
            "office_id": one.office_id,
            "verdict": _verdict(one, verdict, target),
            **dict.fromkeys(("best_rank", "worst_rank", "n_ranked", "band")),
            **rank,
        }


def _verdict(one: IndexOfOffice, tested: str, target: float) -> str:
    verdict = _VERDICTS[tested]
    return verdict if verdict not in ("above", "below") or one.lies_beside(target) else "not_decided"


def _column(values: Iterable[float | None]) -> list[float]:
    return [math.nan if value is None else value for value in values]


def _ranks(compared: ComparedEstimates) -> list[dict[str, int]]:
    """Give from which to which rank each office may be, and its band; nothing of one without a rank."""
    sets = rank_sets(compared, LEVEL)
    columns = zip(*(one.tolist() for one in (sets.best_rank, sets.worst_rank, tie_bands(sets))), strict=True)
    n_ranked = int(compared.is_comparable.sum())
    return [
        {"best_rank": int(best), "worst_rank": int(worst), "n_ranked": n_ranked, "band": int(band)}
        if best == best
        else {}
        for best, worst, band in columns
    ]


def _is_whole_index(row: Mapping[str, Any]) -> bool:
    return bool(row["measure"] == INDEX and row["breakdown"] == WHOLE)


def _is_hidden_index(row: Mapping[str, Any]) -> bool:
    return bool(row["its_measure"] == INDEX and row["its_breakdown"] == WHOLE)


def _index_of(row: Mapping[str, Any]) -> IndexOfOffice:
    return IndexOfOffice(**{name: row[name] for name in IndexOfOffice._fields})


def _stored(
    session: Session, publication_id: int | None, provenance: str, office_ids: Iterable[int]
) -> Iterator[tuple[int, IndexOfOffice]]:
    if publication_id is None:
        return
    wanted = sorted(office_ids)
    columns = [getattr(Figure, name) for name in IndexOfOffice._fields]
    for start in range(0, len(wanted), OFFICES_AT_ONCE):
        query = select(*columns).where(
            Figure.publication_id == publication_id,
            Figure.provenance == provenance,
            Figure.measure == INDEX,
            Figure.breakdown == WHOLE,
            Figure.office_id.in_(wanted[start : start + OFFICES_AT_ONCE]),
        )
        for row in session.execute(query):
            yield row[0], IndexOfOffice(*row)
