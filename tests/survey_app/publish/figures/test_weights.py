"""Weights by hand: base over issued units, nonresponse in joined cells, raking, cuts, what is refused."""

from typing import Any

import numpy as np
import pytest
from sqlalchemy.orm import Session

from survey_app.db import Database
from survey_app.models.aapor import CALLS_IN_RESERVE
from survey_app.models.campaign import Campaign
from survey_app.models.plan_document import PlanDocument, Raked, Weighting
from survey_app.models.recipe import CellThen, MarginThen, UnitsThen, WeightingThen
from survey_app.publish.counting.sample import cells_then
from survey_app.publish.figures.dataset import Column, Dataset
from survey_app.publish.figures.design import Units, WeightingRefused
from survey_app.publish.figures.weights import Weighed, weigh
from survey_app.publish.releasing.known_totals import weighting_then
from tests import factories
from tests.factories import DAY

SEX = MarginThen("sex", "sex", (("F", 60.0), ("M", 40.0)))
PLAIN = WeightingThen(1, (), None, None)


def counted(*rows: tuple[int, int, int, tuple[str, ...]]) -> Dataset:
    """Rows of cell, people, satisfied ones, and what they told of themselves."""
    cell, people, satisfied = (np.array([row[place] for row in rows]) for place in range(3))
    profiles = tuple(dict.fromkeys(row[3] for row in rows))
    nothing, units = np.zeros(len(rows), dtype=np.int64), Units(cell, np.zeros(9, dtype=np.int64))
    return Dataset(
        columns=(Column("q1", None, True),),
        **dict.fromkeys(("office", "counter", "field", "first_day", "last_day", "month"), nothing),
        units_of_index=units,
        units_of_items=units,
        cell=cell,
        profile=np.array([profiles.index(row[3]) for row in rows]),
        profiles=profiles,
        weight=np.full(len(rows), 2.0),
        n_respondents=people,
        satisfied=satisfied[:, None],
        valid=people[:, None],
        answers={},
    )


def cell(weighting_cell: str, *units: int) -> CellThen:
    return CellThen("S", weighting_cell, weighting_cell, 2.0, UnitsThen(*units) if units else None)


def planned(session: Session) -> Campaign:
    campaign = factories.annual_campaign(session)
    raked = (Raked(variable="sex", question="sex"),)
    plan = PlanDocument(weighting=Weighting(raked=raked, trimmed_above=5.0))
    factories.frozen_plan(session, plan, campaign_id=campaign.id)
    return campaign


def steps_of(weighed: Weighed) -> dict[str, dict[str, Any]]:
    return {one["step"]: one for one in weighed.steps}


def test_units_that_did_not_answer_give_their_weight_to_those_of_their_cell() -> None:
    # a: 10 drawn, 12 issued: 4 answered, 2 refused, 3 silent, 3 not of the population
    cells = [cell("a", 10, 4, 2, 3, 3), cell("b", 6, 3, 3, 0, 0)]
    found = weigh(counted((1, 4, 4, ()), (2, 3, 0, ())), cells, PLAIN)
    base = 2 * 10 / 12
    of_a = base * 12 / 9 * (6 / 4)  # the silent ones by those known, then eligible ones by who answered
    assert found.dataset.weight == pytest.approx([of_a, 2 * 6 / 3])
    steps = steps_of(found)
    assert list(steps) == ["unweighted", "base", "nonresponse"]
    assert steps["unweighted"]["value"] == pytest.approx(4 / 7)
    assert steps["base"]["value"] == pytest.approx(4 * base / (4 * base + 3 * 2))
    assert steps["nonresponse"]["value"] == pytest.approx(4 * of_a / (4 * of_a + 3 * 4))
    assert steps["nonresponse"]["effective_n"] == pytest.approx((4 * of_a + 12) ** 2 / (4 * of_a**2 + 3 * 16))
    first, second = steps["nonresponse"]["details"]["cells"]
    assert first == {
        "members": [["S", "a"]],
        "n_issued": 12,
        "n_eligible": 6,
        "n_answered": 4,
        "n_unknown": 3,
        "factor": pytest.approx(2.0),
        "response_rate": pytest.approx(0.5),
    }
    assert second["response_rate"] == pytest.approx(0.5)


def test_thin_cells_join_the_next_by_name_and_the_last_ones_the_one_before() -> None:
    cells = [cell(name, 5, n, 5 - n, 0, 0) for name, n in (("a", 2), ("b", 3), ("c", 5), ("d", 1))]
    found = weigh(
        counted(*((n, k, 0, ()) for n, k in ((1, 2), (2, 3), (3, 5), (4, 1)))),
        cells,
        PLAIN._replace(smallest_cell=5),
    )
    table = steps_of(found)["nonresponse"]["details"]["cells"]
    assert [[name for _stratum, name in one["members"]] for one in table] == [["a", "b"], ["c", "d"]]
    assert found.dataset.weight == pytest.approx([4, 4, 2 * 10 / 6, 2 * 10 / 6])


def test_each_stratum_has_a_response_rate_of_its_own_and_a_silent_one_joins_the_next() -> None:
    cells = [
        cell("", 10, n, 10 - n, 0, 0)._replace(stratum=stratum, psu=stratum)
        for stratum, n in (("A", 8), ("B", 0), ("C", 2))
    ]
    found = weigh(counted((1, 8, 4, ()), (3, 2, 0, ())), cells, PLAIN)
    table = steps_of(found)["nonresponse"]["details"]["cells"]
    assert [one["members"] for one in table] == [[["A", ""]], [["B", ""], ["C", ""]]]
    assert found.dataset.weight == pytest.approx([2 * 10 / 8, 2 * 20 / 2])


def test_an_answer_that_was_voided_is_none_and_one_that_nobody_entered_is_one() -> None:
    voided = weigh(counted((1, 4, 4, ())), [cell("a", 10, 5, 1, 2, 2)], PLAIN)
    unentered = weigh(counted((1, 6, 4, ())), [cell("a", 10, 5, 1, 2, 2)], PLAIN)
    assert voided.dataset.weight == pytest.approx([2 * 10 / 8 * 6 / 4])
    assert unentered.dataset.weight == pytest.approx([2 * 10 / 9 * 7 / 6])
    with pytest.raises(WeightingRefused, match="có 11 phiếu nhưng chỉ mời 10"):
        weigh(counted((1, 11, 4, ())), [cell("a", 10, 5, 1, 2, 2)], PLAIN)


def test_who_skipped_or_told_what_no_total_speaks_of_keeps_a_share_and_cuts_keep_the_sum() -> None:
    rows = counted((1, 2, 2, ("F",)), (1, 5, 1, ("M",)), (1, 2, 2, ("",)), (1, 1, 1, ("X",)))
    found = weigh(rows, [cell("a")], WeightingThen(5, (SEX,), None, 1.5))
    steps = steps_of(found)
    margins = {
        one["level"]: (one["n"], one["before"], one["after"]) for one in steps["raking"]["details"]["margins"]
    }
    assert margins == {
        "F": (2, 4.0, pytest.approx(42)),
        "M": (5, 10.0, pytest.approx(28)),
        None: (3, 6.0, pytest.approx(30)),
    }
    trimmed = steps["trimming"]
    assert (trimmed["maximum"], trimmed["weight_sum"]) == (pytest.approx(15), pytest.approx(100))
    # The index of everybody has one primary unit here, so no interval.
    told = {"lower": None, "upper": pytest.approx(15), "n_raised": 0, "n_lowered": 2, "interval": None}
    assert trimmed["details"] == told
    calibration = found.dataset.calibration
    assert calibration is not None
    assert calibration.n_respondents.tolist() == [2, 5, 2, 1]
    assert found.dataset.weight[0] == pytest.approx(15)


@pytest.mark.parametrize(
    ("rows", "margins", "reason"),
    [
        ([(1, 5, 1, ("M",))], (SEX,), "không ai trả lời thuộc mức F"),
        (
            [(1, 5, 1, ("M", "1")), (1, 5, 1, ("F", "1"))],
            (SEX, MarginThen("age", "age", (("1", 103.0),))),
            "là 100, của age là 103",
        ),
        (
            [(1, 5, 1, ("M", "1")), (1, 5, 1, ("F", "2"))],
            (SEX, MarginThen("age", "age", (("1", 50.0), ("2", 50.0)))),
            "gộp các mức ít người",
        ),
        ([(1, 5, 1, ("M",)), (0, 4, 1, ("F",))], (SEX,), "4 phiếu loại A không thuộc ô mẫu nào"),
    ],
)
def test_what_cannot_be_weighed_is_refused_with_words(rows: Any, margins: Any, reason: str) -> None:
    with pytest.raises(WeightingRefused, match=reason):
        weigh(counted(*rows), [cell("a")], WeightingThen(5, margins, None, None))


def test_totals_that_differ_by_rounding_agree() -> None:
    rows = counted((1, 5, 1, ("M", "1")), (1, 5, 1, ("F", "1")))
    age = MarginThen("age", "age", (("1", 101.0),))
    found = weigh(rows, [cell("a")], WeightingThen(5, (SEX, age), None, None))
    assert found.dataset.weight == pytest.approx([8, 12])


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_units_and_totals_come_from_draw_tokens_plan_and_frame(database: Database) -> None:
    with database.transaction() as session:
        check_ingredients(session)


def check_ingredients(session: Session) -> None:
    campaign = planned(session)
    totals = {"sex": [("female", 60), ("male", 30), (None, 10)]}
    frame = factories.frame(session, campaign_id=campaign.id, found={"totals": totals})
    draw = factories.draw(session, campaign_id=campaign.id, frame_id=frame.id)
    mine = factories.sample_cell(
        session, campaign_id=campaign.id, draw_id=draw.id, n_drawn=5, weighting_cell="a"
    )
    outcomes = ["1.1", "2.1", None, min(CALLS_IN_RESERVE), None]
    for outcome in outcomes:
        day = None if outcome is None else DAY
        factories.sampled_unit(session, draw_id=draw.id, cell_id=mine.id, outcome=outcome, outcome_on=day)
    factories.sampled_unit(session, draw_id=draw.id, cell_id=mine.id, is_main=False)  # never called in
    factories.sampled_unit(session, draw_id=draw.id, cell_id=mine.id, is_main=False, serial=5)
    point = factories.access_point(session, campaign_id=campaign.id, provenance="A", way_in="invitation")
    batch = factories.invitation_batch(session, access_point_id=point.id, cell_id=mine.id, delivery="letter")
    for n in range(2):
        factories.spent_invitation(session, batch_id=batch.id, token_hash=bytes([n]) * 16)
    (found,) = cells_then(session, campaign.id).values()
    unknown = 2 + (min(CALLS_IN_RESERVE)[0] == "3")
    assert found.units == UnitsThen(5, 2, 1, unknown, 6 - 3 - unknown)
    assert weighting_then(session, campaign) == WeightingThen(
        20, (MarginThen("sex", "sex", (("female", 60 * 100 / 90), ("male", 30 * 100 / 90))),), None, 5.0
    )


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_a_variable_that_the_frame_lacks_is_refused(database: Database) -> None:
    with database.transaction() as session:
        campaign = planned(session)
        frame = factories.frame(session, campaign_id=campaign.id)
        factories.draw(session, campaign_id=campaign.id, frame_id=frame.id)
        with pytest.raises(WeightingRefused, match="theo sex"):
            weighting_then(session, campaign)
