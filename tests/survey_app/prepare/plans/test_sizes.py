"""Sizes by office: shared out by rule, bounded by what there is, with what so many can tell."""

from dataclasses import replace

import pytest

from survey_app.models.plan_document import PlannedStage
from survey_app.prepare.plans.populations import PlannedOffice
from survey_app.prepare.plans.sizes import sizes_of
from tests.survey_app.prepare.plans.conftest import DOSSIERS, WHOLE


def office(code, population, **given):
    known = {"within": "", "n_months": 12, "share_before": None, "n_before": None} | given
    return PlannedOffice(id=ord(code), code=code, name=f"Xã {code}", population=population, **known)


OFFICES = tuple(office(code, population) for code, population in DOSSIERS.items())


def sized(offices=OFFICES, **changed):
    plan = replace(WHOLE, allocation=replace(WHOLE.allocation, **changed))
    found = sizes_of(plan, tuple(offices))
    return found, {one.office.code: one for one in found.offices}


def test_margin_of_each_office_gives_the_whole_and_the_minimum_and_the_population_bound_it():
    found, by_code = sized()
    # Answers needed for ± 5 points of 100, 1,000 and 10,000 dossiers: 80, 278, 370; a fifth stays silent.
    assert found.n_asked == 100 + 348 + 463
    assert {code: one.n_drawn for code, one in by_code.items()} == {"A": 100, "B": 405, "C": 406}
    assert by_code["A"].is_census
    assert found.n_census == 1
    assert by_code["B"].n_answers == 324
    assert by_code["B"].margin == pytest.approx(0.0447, abs=1e-4)
    assert by_code["B"].change == pytest.approx(0.1101, abs=1e-4)
    assert by_code["C"].margin > 0.05
    assert found.n_meeting == 2
    assert by_code["A"].n_reserve == 0, "a census has nobody left for the reserve"
    assert found.n_forms == found.n_drawn + found.n_reserve


def test_sample_larger_than_the_frame_is_a_census_and_the_excess_is_said():
    found, by_code = sized(n_drawn=50_000, minimum=150)
    assert found.n_asked == 50_000
    assert found.n_drawn == sum(DOSSIERS.values()) == found.population
    assert by_code["A"].n_excess == 50
    assert all(one.is_census for one in found.offices)
    assert found.n_excess == 50


@pytest.mark.parametrize("method", ["equal", "proportional", "power", "neyman"])
def test_each_allocation_adds_up_and_keeps_the_minimum(method):
    spread = [
        office("A", 100),
        office("B", 1_000, share_before=0.99, n_before=400.0),
        office("C", 10_000, share_before=0.5, n_before=400.0),
    ]
    found, by_code = sized(spread, method=method, n_drawn=900)
    assert found.n_drawn == 900
    assert min(one.n_drawn for one in found.offices) >= 30
    if method != "equal":
        assert by_code["C"].n_drawn > by_code["B"].n_drawn


def test_each_office_gets_what_its_margin_needs_and_the_whole_the_rest():
    found, by_code = sized(method="margin")
    assert {code: one.n_drawn for code, one in by_code.items()} == {"A": 100, "B": 348, "C": 463}
    assert found.n_meeting == 3
    larger, by_code = sized(method="margin", n_drawn=2000)
    assert larger.n_drawn == 2000
    assert by_code["B"].n_drawn > 348
    assert by_code["C"].n_drawn - 463 == pytest.approx((2000 - 911) * 9537 / (652 + 9537), abs=1)


def test_wave_before_tells_what_change_can_be_seen():
    (alone,) = sized([office("B", 1_000)])[0].offices
    (known,) = sized([office("B", 1_000, share_before=0.5, n_before=5_000.0)])[0].offices
    assert known.change < alone.change


def test_offices_without_counts_stand_apart_and_lone_units_are_counted():
    found, _by_code = sized([*OFFICES, office("D", 0), office("E", 1)], minimum=1, n_drawn=4)
    assert [one.code for one in found.without_counts] == ["D"]
    assert found.n_lone >= 1
    assert found.offices[-1].n_drawn == 1


def test_drawn_offices_give_expected_totals_and_no_margin_of_the_whole():
    stages = (PlannedStage(unit="office", method="pps", n_taken=1), *WHOLE.stages)
    found = sizes_of(replace(WHOLE, stages=stages), OFFICES)
    assert found.share_of_offices == pytest.approx(1 / 3)
    assert found.margin is None
    # By size: each office's chance is its share of the 11,100 dossiers.
    each = {one.office.code: one.n_drawn for one in found.offices}
    assert found.n_drawn == round((100 * each["A"] + 1_000 * each["B"] + 10_000 * each["C"]) / 11_100)


def test_a_number_of_offices_is_taken_in_each_top():
    stages = (PlannedStage(unit="office", method="simple", n_taken=1), *WHOLE.stages)
    offices = [one._replace(within="P1" if one.code == "A" else "P2") for one in OFFICES]
    found = sizes_of(replace(WHOLE, stages=stages), tuple(offices))
    assert found.share_of_offices == pytest.approx((1 + 1) / 3)
    each = {one.office.code: one.n_drawn for one in found.offices}
    assert found.n_drawn == round(each["A"] + (each["B"] + each["C"]) / 2)


@pytest.mark.parametrize(
    "changed",
    [
        {"level": None},
        {"level": 1.0},
        {"proportion": 0.0},
        {"response_rate": 1.5},
        {"design_effect": -1.0},
        {"margin_office": None},
        {"margin_office": 0.0},
    ],
)
def test_numbers_that_say_nothing_give_no_sizes(changed):
    assert sizes_of(replace(WHOLE, precision=replace(WHOLE.precision, **changed)), OFFICES) is None
    assert sizes_of(WHOLE, ()) is None
