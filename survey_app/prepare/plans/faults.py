"""What is wrong with a plan: each fault names the entry at which it is mended, and why."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from typing import Any

from sqlalchemy.orm import Session

from survey_app.models.campaign import Campaign
from survey_app.models.days import is_within_bounds
from survey_app.models.instrument import InstrumentVersion
from survey_app.models.known_offices import known_offices
from survey_app.models.plain_text import UNREADABLE_MARK
from survey_app.models.plan_document import FRAME_VARIABLES, MOST_STAGES, UNITS, PlanDocument, PlannedStage
from survey_app.prepare.plans.entries import ENTRIES, RAKED, Entry, values_of

LONGEST = {"text": 200, "long_text": 1000}


@dataclass(frozen=True, slots=True)
class Fault:
    """`reason` is a word that the page has a sentence for; `value` is what the sentence needs."""

    name: str
    reason: str
    value: Any = None


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a plan must go with: its campaign's days, the form's questions, the offices there are."""

    opens_on: date
    closes_on: date | None
    questions: Collection[str]
    known_tops: Collection[str]
    nested_tops: Collection[str]  # which stand below another of the plan's tops


def faults_of(session: Session, campaign: Campaign, plan: PlanDocument) -> list[Fault]:
    """List all that keeps this plan from being frozen."""
    return check(plan, surroundings_of(session, campaign, plan))


def surroundings_of(session: Session, campaign: Campaign, plan: PlanDocument) -> Surroundings:
    version = session.get_one(InstrumentVersion, campaign.instrument_version_id)
    known, tops = known_offices(session), set(plan.population.tops)
    codes = {one.id: one.code for one in known.offices.values() if one.code in tops}
    above = {one: known.tree.way_down_to(one)[:-1] for one in codes}
    nested = {code for one, code in codes.items() if codes.keys() & above[one]}
    questions = [item.code for item in version.definition.items if item.kind == "choice"]
    return Surroundings(campaign.opens_on, campaign.closes_on, questions, list(codes.values()), nested)


def check(plan: PlanDocument, around: Surroundings) -> list[Fault]:
    found = [
        *_faults_of_entries(plan),
        *_faults_of_population(plan, around),
        *_faults_of_precision(plan),
        *_faults_of_stages(plan.stages),
        *_faults_of_weighting(plan, around),
        *_faults_of_days(plan, around),
    ]
    order = list(ENTRIES)
    return sorted(found, key=lambda fault: order.index(fault.name))


def _faults_of_entries(plan: PlanDocument) -> Iterator[Fault]:
    values = values_of(plan)
    for entry in ENTRIES.values():
        value = values[entry.name]
        if value in (None, ()):
            if entry.is_needed:
                yield Fault(entry.name, "missing")
        elif reason := _reason_against(entry, value):
            yield Fault(entry.name, reason, entry)


def _reason_against(entry: Entry, value: Any) -> str | None:
    if entry.kind in LONGEST:
        if UNREADABLE_MARK in value:
            return "unreadable"
        return "too_long" if len(value) > LONGEST[entry.kind] else None
    if entry.kind == "day":
        return None if is_within_bounds(value) else "day_out_of_range"
    if entry.words:
        said = value if isinstance(value, tuple) else (value,)
        return None if set(said) <= set(entry.words) else "unknown"
    return None if isinstance(value, str | tuple) else entry.reason_against(value)


def _faults_of_population(plan: PlanDocument, around: Surroundings) -> Iterator[Fault]:
    for top in plan.population.tops:
        if top not in around.known_tops:
            yield Fault("population-tops", "top_unknown", top)
        elif top in around.nested_tops:
            yield Fault("population-tops", "top_nested", top)


def _faults_of_precision(plan: PlanDocument) -> Iterator[Fault]:
    said = (plan.precision.margin_office, plan.precision.margin_whole, plan.allocation.n_drawn)
    if said == (None, None, None):
        yield Fault("precision-margin_office", "no_size")
    elif plan.allocation.method == "margin" and plan.precision.margin_office is None:
        yield Fault("precision-margin_office", "margin_missing")


def _faults_of_stages(stages: tuple[PlannedStage, ...]) -> Iterator[Fault]:
    if not stages:
        return  # the first unit is missing, which its entry says
    if len(stages) > MOST_STAGES:
        yield Fault("stages-0-unit", "too_many_stages")
        return
    known = [UNITS.index(stage.unit) for stage in stages if stage.unit in UNITS]
    if any(later <= earlier for earlier, later in pairwise(known)):
        yield Fault("stages-0-unit", "stages_out_of_order")
    last = len(stages) - 1
    if len(known) == len(stages) and stages[last].unit != "dossier":
        yield Fault(f"stages-{last}-unit", "ends_without_dossiers")
    for place, stage in enumerate(stages):
        yield from _faults_of_stage(f"stages-{place}", stage, is_last=place == last)


def _faults_of_stage(name: str, stage: PlannedStage, *, is_last: bool) -> Iterator[Fault]:
    if stage.unit is None and name != "stages-0":
        yield Fault(f"{name}-unit", "missing")
    if stage.method is None:
        yield Fault(f"{name}-method", "missing")
    n_said = (stage.n_taken is not None) + (stage.share_taken is not None)
    if is_last and n_said:
        yield Fault(f"{name}-n_taken", "taken_by_allocation")
    elif not is_last and n_said != 1:
        yield Fault(f"{name}-n_taken", "taken_twice" if n_said else "taken_missing")
    if stage.method == "pps" and stage.unit == "dossier":
        yield Fault(f"{name}-method", "dossiers_have_no_size")
    if stage.order and stage.method == "simple":
        yield Fault(f"{name}-order", "order_without_steps")


def _faults_of_weighting(plan: PlanDocument, around: Surroundings) -> Iterator[Fault]:
    seen: set[str] = set()
    for one in plan.weighting.raked:
        name = f"{RAKED}{one.variable}" if one.variable in FRAME_VARIABLES else "weighting-cells"
        if one.variable not in FRAME_VARIABLES:
            yield Fault(name, "unknown")
        elif one.question not in around.questions:
            yield Fault(name, "question_unknown", one.question)
        elif one.question in seen:
            yield Fault(name, "question_twice", one.question)
        seen.add(one.question)


def _faults_of_days(plan: PlanDocument, around: Surroundings) -> Iterator[Fault]:
    people, days = plan.population, plan.calendar
    if _lie_swapped(people.settled_from, people.settled_until):
        yield Fault("population-settled_until", "days_swapped")
    elif _lie_swapped(people.settled_until, days.fieldwork_until):
        yield Fault("population-settled_until", "settled_after_fieldwork")
    if _lie_swapped(days.fieldwork_from, days.fieldwork_until):
        yield Fault("calendar-fieldwork_until", "days_swapped")
    if _lie_swapped(around.opens_on, days.fieldwork_from):
        yield Fault("calendar-fieldwork_from", "outside_campaign", around)
    if _lie_swapped(days.fieldwork_until, around.closes_on):
        yield Fault("calendar-fieldwork_until", "outside_campaign", around)
    if _lie_swapped(days.fieldwork_until, days.publication_by):
        yield Fault("calendar-publication_by", "published_too_soon")


def _lie_swapped(first: date | None, second: date | None) -> bool:
    return first is not None and second is not None and second < first
