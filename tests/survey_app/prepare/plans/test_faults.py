"""Each thing that a plan cannot be is named at the entry where it is mended."""

from dataclasses import replace
from datetime import date

import pytest

from survey_app.models.plan_document import PlanDocument, PlannedStage, Raked, Weighting
from survey_app.prepare.plans.entries import (
    ENTRIES,
    differences,
    document_of,
    is_long_past,
    moved_by,
    values_of,
)
from survey_app.prepare.plans.faults import Surroundings, check
from tests.survey_app.prepare.plans.conftest import WHOLE

AROUND = Surroundings(date(2026, 12, 1), date(2026, 12, 31), ("sex", "age"), ("T",), ())
DOSSIER, CLUSTER = WHOLE.stages[0], PlannedStage(unit="cluster", method="pps", n_taken=8)


def faults(plan, around=AROUND):
    return {(fault.name, fault.reason) for fault in check(plan, around)}


def said(**values):
    return document_of(values_of(WHOLE) | {name.replace("__", "-"): value for name, value in values.items()})


def test_whole_plan_has_no_fault_and_a_blank_one_names_all_it_lacks():
    assert faults(WHOLE) == set()
    needed = {name for name, entry in ENTRIES.items() if entry.is_needed}
    blank = {name for name, reason in faults(PlanDocument()) if reason == "missing"}
    values = values_of(PlanDocument())
    assert blank == {name for name in needed if values[name] in (None, ())}


@pytest.mark.parametrize("name", [name for name, entry in ENTRIES.items() if entry.low is not None])
def test_every_number_has_its_range(name):
    entry = ENTRIES[name]
    for beyond in (entry.low * 0.99 - 0.001, entry.high * 1.01 + 1):
        kind = int if entry.kind == "count" else float
        before_it = {"stages-1-method": "simple"}  # a third stage needs a second
        plan = document_of(values_of(WHOLE) | before_it | {name: kind(beyond)})
        assert (name, "out_of_range") in faults(plan), (name, beyond)


@pytest.mark.parametrize(
    ("plan", "name", "reason"),
    [
        (said(population__settled_until=date(2025, 1, 1)), "population-settled_until", "days_swapped"),
        (
            said(population__settled_until=date(2027, 1, 1)),
            "population-settled_until",
            "settled_after_fieldwork",
        ),
        (said(calendar__fieldwork_until=date(2026, 11, 30)), "calendar-fieldwork_until", "days_swapped"),
        (said(calendar__fieldwork_from=date(2026, 11, 30)), "calendar-fieldwork_from", "outside_campaign"),
        (said(calendar__fieldwork_until=date(2027, 1, 1)), "calendar-fieldwork_until", "outside_campaign"),
        (said(calendar__publication_by=date(2026, 12, 30)), "calendar-publication_by", "published_too_soon"),
        (said(calendar__publication_by=date(9999, 12, 30)), "calendar-publication_by", "day_out_of_range"),
        (said(domains=("shoe_size",)), "domains", "unknown"),
        (said(allocation__method="by taste"), "allocation-method", "unknown"),
        (said(population__tops=("no-such",)), "population-tops", "top_unknown"),
        (said(population__described="a" * 1001), "population-described", "too_long"),
        (said(seed="\N{REPLACEMENT CHARACTER}"), "seed", "unreadable"),
        (said(precision__margin_office=None), "precision-margin_office", "no_size"),
        (
            said(precision__margin_office=None, allocation__method="margin", allocation__n_drawn=900),
            "precision-margin_office",
            "margin_missing",
        ),
        (said(publication__target=0.8555), "publication-target", "too_fine"),
        (replace(WHOLE, stages=(CLUSTER, CLUSTER, DOSSIER)), "stages-0-unit", "stages_out_of_order"),
        (replace(WHOLE, stages=(CLUSTER,) * 3 + (DOSSIER,)), "stages-0-unit", "too_many_stages"),
        (replace(WHOLE, stages=(CLUSTER,)), "stages-0-unit", "ends_without_dossiers"),
        (
            replace(WHOLE, stages=(replace(CLUSTER, n_taken=None), DOSSIER)),
            "stages-0-n_taken",
            "taken_missing",
        ),
        (
            replace(WHOLE, stages=(replace(CLUSTER, share_taken=0.5), DOSSIER)),
            "stages-0-n_taken",
            "taken_twice",
        ),
        (replace(WHOLE, stages=(replace(DOSSIER, n_taken=5),)), "stages-0-n_taken", "taken_by_allocation"),
        (
            replace(WHOLE, stages=(replace(DOSSIER, method="pps"),)),
            "stages-0-method",
            "dossiers_have_no_size",
        ),
        (
            replace(WHOLE, stages=(replace(DOSSIER, order=("field",)),)),
            "stages-0-order",
            "order_without_steps",
        ),
        (
            replace(
                WHOLE, weighting=Weighting(smallest_cell=20, raked=(Raked(variable="sex", question="q99"),))
            ),
            "weighting-raked-sex",
            "question_unknown",
        ),
        (
            replace(
                WHOLE,
                weighting=Weighting(
                    smallest_cell=20,
                    raked=(Raked(variable="sex", question="sex"), Raked(variable="field", question="sex")),
                ),
            ),
            "weighting-raked-field",
            "question_twice",
        ),
    ],
)
def test_each_contradiction_is_named_where_it_is_mended(plan, name, reason):
    assert (name, reason) in faults(plan)


def test_top_below_another_is_counted_twice():
    around = replace(AROUND, known_tops=("T", "A"), nested_tops=("A",))
    assert ("population-tops", "top_nested") in faults(said(population__tops=("T", "A")), around)


def test_entries_hold_the_whole_plan_and_say_what_differs():
    assert document_of(values_of(WHOLE)) == WHOLE
    assert differences(WHOLE, WHOLE) == []
    (one,) = differences(WHOLE, said(precision__margin_office=0.04))
    assert (one.name, one.before, one.after) == ("precision-margin_office", 0.05, 0.04)


def test_next_years_plan_is_a_year_later_and_has_no_seed_yet():
    later = moved_by(1, said(population__settled_until=date(2028, 2, 29)))
    assert later.population.settled_until == date(2029, 2, 28)
    assert later.calendar.fieldwork_from == date(2027, 12, 1)
    assert later.seed is None
    assert later.precision == WHOLE.precision


@pytest.mark.parametrize(
    ("settled_until", "is_old"),
    [(None, False), (date(2025, 12, 1), True), (date(2025, 12, 2), False), (date(2026, 12, 31), False)],
)
def test_dossiers_settled_a_year_before_the_campaign_opens_are_long_past(settled_until, is_old):
    assert is_long_past(said(population__settled_until=settled_until), AROUND.opens_on) is is_old
