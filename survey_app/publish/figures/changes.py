"""How an office's index moved: from one month or quarter to the next, or since the wave before.

A change is computed where the figures are, by a job, with the interval of the difference itself: two
overlapping intervals are no proof that nothing changed.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from sqlalchemy import and_, exists, select
from sqlalchemy.orm import Session, aliased

from analysis import Domains, Estimate, Estimates, change_columns, independent_change, possible_limits
from survey_app.models.access_point import AccessPoint
from survey_app.models.breakdown import INDEX, MONTHS_OF_A_QUARTER, WHOLE, month_name, quarter_name
from survey_app.models.campaign import Campaign
from survey_app.models.definition import Definition
from survey_app.models.publication import Figure, Publication
from survey_app.publish.figures.breakdowns import Group, Scope, days_of_month
from survey_app.publish.figures.dataset import N_MONTHS, Booleans, Dataset
from survey_app.publish.figures.design import Integers
from survey_app.publish.terms import LEVEL

# Of each office: the last period may still be open, and the page then shows the change before.
PERIODS_KEPT: Final = 3
WAVE: Final = "publication"  # what a change is between that is not between two periods
NOT_COMPARABLE: Final = "not_comparable"
_NOTHING: Final[dict[str, Any]] = dict.fromkeys(
    ("value", "standard_error", "low", "high", "degrees_of_freedom")
)

ChangeRow = dict[str, Any]  # the columns of `figure_change` but its publication


def changes_over_time(dataset: Dataset, scope: Scope) -> Iterator[ChangeRow]:
    """Compare the index of each office's last months, and of its last quarters, each with the one before."""
    index = {name: columns for name, columns in dataset.measures().items() if name == INDEX}
    if not index:
        return
    units = dataset.units_of_index
    for group in scope.months(dataset):
        for months in (1, MONTHS_OF_A_QUARTER):
            period = group.part // months
            age = _periods_after(group.office, period)
            recent = age < PERIODS_KEPT
            if recent.any():
                domains = Domains.crossing({"office": group.office[recent], "age": age[recent]}, recent.sum())
                rows = _rows(group, recent)
                found = dataset.estimates(rows, units, domains, index)
                names = _names(group.office[recent], age[recent], period[recent], months)
                yield from _changes(found, names)


def _periods_after(office: Integers, period: Integers) -> Integers:
    """Count for each row the periods in which its office was answered after the row's own."""
    keys, place = np.unique(office * N_MONTHS + period, return_inverse=True)
    end = np.searchsorted(keys, (keys // N_MONTHS + 1) * N_MONTHS)
    after: Integers = (end - 1 - np.arange(keys.size))[place]
    return after


def _rows(group: Group, chosen: Booleans) -> Booleans:
    rows = group.rows.copy()
    rows[group.rows] = chosen
    return rows


def _names(office: Integers, age: Integers, period: Integers, months: int) -> dict[tuple[int, int], str]:
    """Name the period of each office and age."""
    name = month_name if months == 1 else quarter_name
    found = np.unique(np.column_stack([office, age, period]), axis=0).tolist()
    return {
        (office_id, its_age): name(days_of_month(months * number)[0]) for office_id, its_age, number in found
    }


def _changes(found: Estimates, names: Mapping[tuple[int, int], str]) -> Iterator[ChangeRow]:
    n_forms = found.n_respondents.tolist()
    n = {(one["office"], one["age"]): n for one, n in zip(found.domains.labels, n_forms, strict=True)}
    for earlier in range(1, PERIODS_KEPT):
        if not any(age == earlier for _, age in names):
            return
        moved, columns = change_columns(found, "age", earlier=earlier, later=earlier - 1, level=LEVEL)
        cells = {name: column[:, 0].tolist() for name, column in columns.items()}
        for place, labels in enumerate(moved.domains.labels):
            office_id = labels["office"]
            yield {
                "office_id": office_id,
                "later": names[office_id, earlier - 1],
                "earlier": names[office_id, earlier],
                "earlier_publication_id": None,
                "n_later": n[office_id, earlier - 1],
                "n_earlier": n[office_id, earlier],
                **estimated_cells({name: column[place] for name, column in cells.items()}),
            }


def estimated_cells(cells: Mapping[str, Any]) -> dict[str, Any]:
    """Give the columns of a change as they are stored: no limits where it is not estimable."""
    names = ("value", "standard_error", "low", "high")
    numbers = {name: None if cells[name] != cells[name] else cells[name] for name in names}
    if cells["reason"] is not None:
        numbers |= {"value": None, "low": None, "high": None}
    freedom = cells["degrees_of_freedom"]
    return {**numbers, "degrees_of_freedom": freedom, "reason": cells["reason"]}


@dataclass(frozen=True)
class WaveBefore:
    """The indices of one class in the wave that a change is counted from."""

    publication_id: int
    index_of_office: Mapping[int, Figure]
    is_alike: bool
    together: Mapping[int, Mapping[str, Any]]  # changes of offices, where the waves share sampling units


def changes_since(before: WaveBefore, figures: Sequence[Mapping[str, Any]]) -> Iterator[ChangeRow]:
    """Compare the index of a wave's offices with the wave before.

    Other questions, or another way to choose whom to ask, would compare two different things: then the change
    says so. Samples without a unit in common count as drawn apart.
    """
    for row in figures:
        earlier = before.index_of_office.get(row["office_id"]) if _is_whole_index(row) else None
        if earlier is None:
            continue
        yield {
            "office_id": row["office_id"],
            "later": WAVE,
            "earlier": WAVE,
            "earlier_publication_id": before.publication_id,
            "n_later": row["n_respondents"],
            "n_earlier": earlier.n_respondents,
            **_moved(before, earlier, row),
        }


def _moved(before: WaveBefore, earlier: Figure, row: Mapping[str, Any]) -> dict[str, Any]:
    if not before.is_alike:
        return _NOTHING | {"reason": NOT_COMPARABLE}
    together = before.together.get(row["office_id"])
    return _since(earlier, row) if together is None else estimated_cells(together)


def _is_whole_index(row: Mapping[str, Any]) -> bool:
    return bool(row["measure"] == INDEX and row["breakdown"] == WHOLE)


def _since(earlier: Figure, row: Mapping[str, Any]) -> dict[str, Any]:
    names = ("value", "standard_error", "degrees_of_freedom", "n_respondents", "n_answers", "reason")
    moved = independent_change(
        _stored({name: getattr(earlier, name) for name in names}),
        _stored({name: row[name] for name in names}),
    )
    ends = ("low", "value", "high")
    waves = tuple(getattr(earlier, name) for name in ends), tuple(row[name] for name in ends)
    if moved.value is None or any(None in limits for limits in waves):
        return _NOTHING | {"reason": moved.reason}
    interval = moved.confidence_interval(LEVEL)  # none where a wave shows no spread
    own = (np.nan, np.nan) if interval is None else (interval.low, interval.high)
    low, high = possible_limits(own, *waves)
    return {
        "value": moved.value,
        "standard_error": None if interval is None else moved.standard_error,
        "degrees_of_freedom": moved.degrees_of_freedom,
        "low": float(low),
        "high": float(high),
        "reason": None,
    }


def _stored(cells: Mapping[str, Any]) -> Estimate:
    """Build a stored figure again; of its sizes a difference needs none."""
    freedom = cells["degrees_of_freedom"] or 0
    sizes = {"n_complete": cells["n_respondents"], "n_kish": cells["n_respondents"]}
    return Estimate(**{**cells, **sizes, "degrees_of_freedom": freedom})


def last_wave(session: Session, campaign: Campaign) -> Publication | None:
    """Give the wave that the campaign was said to follow, or else the latest that shares its offices."""
    if campaign.previous_id is not None:
        is_before = Campaign.id == campaign.previous_id
    else:
        ours, theirs = aliased(AccessPoint), aliased(AccessPoint)
        shares_offices = exists().where(
            ours.campaign_id == campaign.id,
            theirs.campaign_id == Campaign.id,
            theirs.office_id == ours.office_id,
        )
        is_before = and_(
            Campaign.kind == campaign.kind,
            Campaign.closes_on < campaign.opens_on,
            shares_offices,
        )
    return session.scalar(
        select(Publication)
        .join(Campaign, Campaign.id == Publication.campaign_id)
        .where(Publication.recipe_id.is_not(None), Publication.sealed_at.is_not(None), is_before)
        # A real campaign may follow the demo's in its plan's words, never in figures.
        .where(Campaign.is_demo == campaign.is_demo)
        .order_by(Campaign.closes_on.desc(), Publication.id.desc())
        .limit(1)
    )


def are_alike(asked: Definition, asked_before: Definition) -> bool:
    """Whether both indices are made of the same items, satisfied by the same options."""
    return _index_of(asked) == _index_of(asked_before)


def _index_of(definition: Definition) -> dict[str, tuple[frozenset[str], frozenset[str]]]:
    """Give the valid and the favourable options of each item in the index."""
    found = {}
    for item in definition.items:
        if item.counts_in_index:
            reading = definition.reading(item.code)
            valid, favourable = (
                frozenset(code for code, position in item.positions.items() if position in some)
                for some in (reading.valid, reading.favourable)
            )
            found[item.code] = valid, favourable
    return found
