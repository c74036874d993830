"""Writes the recipe of a publication: what stood in the tables when it was frozen, by names."""

import platform
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from dataclasses import asdict, dataclass, replace
from datetime import date, timedelta
from importlib import metadata
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session, aliased

from analysis import METHOD_VERSION
from survey_app.models.access_point import AccessPoint
from survey_app.models.base import EPOCH
from survey_app.models.campaign import Campaign
from survey_app.models.instrument import InstrumentVersion
from survey_app.models.known_offices import known_offices
from survey_app.models.levels import questions_by_group
from survey_app.models.office import ALL_FIELDS, Counter, DossierCount, Office, ServiceField
from survey_app.models.plan import plan_in_force
from survey_app.models.plan_document import PlanDocument
from survey_app.models.recipe import (
    GROUPS_WITHHELD,
    CellThen,
    Correction,
    CounterThen,
    DossiersThen,
    Earlier,
    GroupsThen,
    InstrumentThen,
    OfficeThen,
    Options,
    Recipe,
    WeightingThen,
    profile_questions,
)
from survey_app.models.snapshot import PublicationRecipe
from survey_app.publish.counting.sample import cells_then
from survey_app.publish.counting.snapshot import Numbering, Snapshot, count_snapshot, spans_of
from survey_app.publish.counting.tallies import NOT_DRAWN, TallyRow
from survey_app.publish.figures.changes import last_wave
from survey_app.publish.figures.design import LONE_PSU, WeightingRefused
from survey_app.publish.figures.estimates import METHOD
from survey_app.publish.releasing.known_totals import weighting_then
from survey_app.publish.terms import ADJUSTMENT, LEVEL, terms_of

AsKept = Callable[[Mapping[int, CellThen]], dict[int, CellThen]]  # by the ids of their rows

OFFICES_WAITING: Final = "offices_waiting"  # their number; what they are is told to the lead alone

# What stands in the code: should one of them change, a figure could, and so the method would be another.
METHOD_OPTIONS: Final[dict[str, Any]] = {
    "level": LEVEL,
    "adjustment": ADJUSTMENT,
    "interval_method": METHOD,
    "lone_psu": LONE_PSU,
}


@dataclass(frozen=True)
class Ingredients:
    """Instruments and cells in their order, which snapshot and recipe share."""

    instruments: tuple[InstrumentThen, ...]
    cells: tuple[CellThen, ...]
    weighting: WeightingThen | None
    groups: tuple[GroupsThen, ...]
    numbering: Numbering

    @classmethod
    def of(
        cls, session: Session, campaign: Campaign, rows: Iterable[TallyRow], as_kept: AsKept = dict
    ) -> "Ingredients":
        """Name them; a correction keeps some cells as they were (`kept.py`)."""
        asked = session.get_one(InstrumentVersion, campaign.instrument_version_id)
        answered = {row.instrument_version_id for row in rows}
        is_used = InstrumentVersion.id.in_(answered) | (InstrumentVersion.code == asked.code)
        versions = {
            one.id: InstrumentThen(one.code, one.version, one.checksum)
            for one in session.scalars(select(InstrumentVersion).where(is_used))
        }
        drawn, weighting = as_kept(cells_then(session, campaign.id)), weighting_then(session, campaign)
        _refuse_other_cells({row.cell_id for row in rows} - drawn.keys())
        instruments, cells = tuple(sorted(versions.values())), tuple(sorted(set(drawn.values()), key=_order))
        groups = _groups(session, campaign, asked)
        questions = profile_questions(weighting, groups)
        numbering = Numbering(_numbers(instruments, versions), _numbers(cells, drawn), questions)
        return cls(instruments, cells, weighting, groups, numbering)

    def count(self, session: Session, campaign_id: int, rows: Iterable[TallyRow]) -> Snapshot:
        return count_snapshot(session, campaign_id, rows, self.numbering)


def _groups(session: Session, campaign: Campaign, asked: InstrumentVersion) -> tuple[GroupsThen, ...]:
    """Say by which questions respondents are grouped, if the plan announced it; as it rakes, if it does."""
    plan = plan_in_force(session, campaign.id) or PlanDocument()
    if "group" not in plan.publication.tables:
        return ()
    raked = {one.variable: one.question for one in plan.weighting.raked}
    of_form = questions_by_group(asked.definition)
    return tuple(GroupsThen(name, raked.get(name, question)) for name, question in sorted(of_form.items()))


def _order(cell: CellThen) -> tuple[Any, ...]:
    return (*cell[:4], cell.units or ())


def _refuse_other_cells(others: Set[int]) -> None:
    if others - {NOT_DRAWN}:
        raise WeightingRefused(
            "Có phiếu thuộc một lần chọn mẫu trước, không còn dùng; hãy loại các phiếu đó trước khi công bố."
        )


def _numbers(names: Sequence[Any], name_of: Mapping[int, Any]) -> dict[int, int]:
    number_of = {name: number for number, name in enumerate(names, start=1)}
    return {row_id: number_of[name] for row_id, name in name_of.items()}


def recipe_of(
    session: Session,
    campaign: Campaign,
    snapshot: Snapshot,
    ingredients: Ingredients,
    published_on: date,
) -> Recipe:
    """Write the recipe of a snapshot; that of a correction has one more part (`correcting`)."""
    taking_part = _taking_part(session, campaign.id)
    return Recipe(
        campaign=campaign.code,
        covers_from=campaign.opens_on,
        covers_until=campaign.closes_on or campaign.opens_on,
        published_on=published_on,
        method_version=METHOD_VERSION,
        data_hash=snapshot.hash(),
        options=Options(
            sampling_basis=campaign.sampling_basis,
            **METHOD_OPTIONS | terms_of(campaign),
        ),
        instrument=session.get_one(InstrumentVersion, campaign.instrument_version_id).checksum,
        instruments=ingredients.instruments,
        offices=_offices(session, taking_part),
        taking_part=tuple(sorted(taking_part.values())),
        counters=_counters(session, campaign.id),
        cells=ingredients.cells,
        weighting=ingredients.weighting,
        dossiers=_dossiers(session, taking_part, snapshot),
        earlier=_earlier(session, campaign),
        groups=ingredients.groups,
    )


def correcting(
    session: Session, last_id: int, reason: str, now: Recipe, snapshot: Snapshot, n_waiting: int
) -> Recipe:
    """Give the recipe as that of a correction, which says what is otherwise than before."""
    old = Recipe.from_json(session.get_one(PublicationRecipe, last_id).document_json)
    counts = Snapshot.stored(session, last_id).count_by_class(), snapshot.count_by_class()
    changed: dict[str, Any] = {
        "n_respondents": _differences(*counts),
        "options": _differences(asdict(old.options), asdict(now.options)),
    }
    if old.method_version != now.method_version:
        changed["method_version"] = [old.method_version, now.method_version]
    for name in ("instruments", "offices", "counters", "cells", "dossiers"):
        changed[name] = len(set(getattr(old, name)) ^ set(getattr(now, name)))
    if old.weighting != now.weighting:
        changed["weighting"] = [_steps_of(old), _steps_of(now)]
    if old.groups != now.groups:
        changed["groups"] = [[one.question for one in recipe.groups] for recipe in (old, now)]
    said = {name: found for name, found in changed.items() if found}
    # The snapshot names cells and forms by their place: should these be others, its hash is, too.
    if (
        not {"n_respondents", "cells", "instruments", "weighting", "groups"} & said.keys()
        and old.data_hash != now.data_hash
    ):
        said["answers"] = True
    if now.groups and _would_tell_of_groups(old, said):
        said[GROUPS_WITHHELD] = True
    if n_waiting:
        said[OFFICES_WAITING] = n_waiting
    return replace(now, corrects=Correction(old.recipe_id, reason, said))


def _would_tell_of_groups(old: Recipe, said: Mapping[str, Any]) -> bool:
    """Whether groups, beside those published before, could tell of single people.

    Of five more answers one is perhaps a man's, and the group of men then changes by it. So a correction
    repeats groups where nothing that they rest on is otherwise, and has none else, nor has any after it.
    """
    was_withheld = old.corrects is not None and GROUPS_WITHHELD in old.corrects.changed
    return was_withheld or bool(said.keys() - {"options", "dossiers"})


def _steps_of(recipe: Recipe) -> list[str]:
    """Name what is done to the base weights: variables that are raked by stand after their step."""
    weighting = recipe.weighting
    if weighting is None:
        return []
    nonresponse = ["nonresponse"] if any(cell.units for cell in recipe.cells) else []
    raking = [f"raking:{one.variable}" for one in weighting.margins]
    is_trimmed = weighting.trimmed_below is not None or weighting.trimmed_above is not None
    return [*nonresponse, *raking, *(["trimming"] if is_trimmed else [])]


def _differences(before: Mapping[str, Any], now: Mapping[str, Any]) -> dict[str, list[Any]]:
    """Give each name whose value is another, with both values."""
    names = sorted(before.keys() | now.keys())
    return {name: [before.get(name), now.get(name)] for name in names if before.get(name) != now.get(name)}


def _taking_part(session: Session, campaign_id: int) -> dict[int, str]:
    query = (
        select(Office.id, Office.code)
        .join(AccessPoint, AccessPoint.office_id == Office.id)
        .where(AccessPoint.campaign_id == campaign_id)
    )
    return dict(session.execute(query.distinct()).all())


def _offices(session: Session, taking_part: Iterable[int]) -> tuple[OfficeThen, ...]:
    """Take the whole trees of those who take part: who stands above others is compared otherwise."""
    wanted = known_offices(session).tree.whole_trees(taking_part)
    above = aliased(Office)
    query = select(
        Office.id, Office.code, Office.name, Office.kind, above.code, Office.valid_from, Office.valid_until
    ).outerjoin(above, above.id == Office.parent_id)
    return tuple(sorted(OfficeThen(*row[1:]) for row in session.execute(query) if row[0] in wanted))


def _counters(session: Session, campaign_id: int) -> tuple[CounterThen, ...]:
    query = (
        select(Office.code, Counter.label, ServiceField.code)
        .join(Office, Office.id == Counter.office_id)
        .join(AccessPoint, AccessPoint.counter_id == Counter.id)
        .outerjoin(ServiceField, ServiceField.id == Counter.field_id)
        .where(AccessPoint.campaign_id == campaign_id)
        .distinct()
    )
    return tuple(sorted((CounterThen(*row) for row in session.execute(query)), key=lambda one: one[:2]))


def _dossiers(
    session: Session, taking_part: Mapping[int, str], snapshot: Snapshot
) -> tuple[DossiersThen, ...]:
    """Take the dossiers of the months in which anybody answered."""
    spans = list(spans_of(snapshot))
    if not spans:
        return ()
    first, last = (
        EPOCH + timedelta(days=day)
        for day in (min(one.first_day for one in spans), max(one.last_day for one in spans))
    )
    query = (
        select(DossierCount.office_id, DossierCount.month, ServiceField.code, DossierCount.n_settled)
        .outerjoin(ServiceField, ServiceField.id == DossierCount.field_id)
        .where(DossierCount.month.between(first.replace(day=1), last))
        .where((DossierCount.field_id == ALL_FIELDS) | ServiceField.id.is_not(None))
    )
    found = (
        DossiersThen(taking_part[row[0]], *row[1:]) for row in session.execute(query) if row[0] in taking_part
    )
    return tuple(sorted(found, key=lambda one: (one.office, one.month, one.field or "")))


def _earlier(session: Session, campaign: Campaign) -> Earlier | None:
    wave = last_wave(session, campaign)
    if wave is None:
        return None
    before = Recipe.from_json(session.get_one(PublicationRecipe, wave.id).document_json)
    asked = next(one for one in before.instruments if one.checksum == before.instrument)
    return Earlier(before.recipe_id, before.options.sampling_basis, asked)


def made_with() -> dict[str, str]:
    """Say by what a publication is made: another might round another way, or hide another cell."""
    found = {name: metadata.version(name) for name in ("numpy", "scipy")}
    return {"python": platform.python_version(), **found, "machine": platform.machine()}
