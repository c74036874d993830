"""What is released together: five people, by counter and item, not all dissatisfied, month by month."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

import pytest
from hypothesis import HealthCheck, given, settings as hypothesis_settings, strategies as st
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from survey_app.config import VIETNAM_TIME
from survey_app.db import Database
from survey_app.models.access_point import AccessPoint, AccessPointDay
from survey_app.models.campaign import Campaign
from survey_app.models.instrument import InstrumentVersion
from survey_app.models.office import Counter as OfficeCounter
from survey_app.models.publication import Distribution, Figure, OfficeRelease, Publication, Tally
from survey_app.models.response import Response
from survey_app.publish.counting.tallies import unpacked
from survey_app.publish.releasing.due import due_offices
from tests import factories
from tests.factories import DAY, MOMENT
from tests.soak import SOAK
from tests.survey_app.publish.counter_feedback import NOT_SATISFIED, SATISFIED, figure_of, receive, release

FEBRUARY = date(2026, 2, 20)
CLOSED = {"closes_on": DAY}
LONG_AFTER = MOMENT + timedelta(days=3)


@dataclass(frozen=True)
class Hall:
    """An office with two counters, the first of them for land alone, and a poster at its door."""

    office_id: int
    parent_id: int
    campaign_id: int
    land: AccessPoint
    other: AccessPoint
    door: AccessPoint

    @property
    def points(self) -> list[AccessPoint]:
        return [self.land, self.other, self.door]


def build_hall(session: Session, beside: Hall | None = None, **campaign: object) -> Hall:
    parent_id = beside.parent_id if beside else factories.office(session, kind="province").id
    campaign_id = beside.campaign_id if beside else factories.campaign(session, **campaign).id
    office_id = factories.office(session, parent_id=parent_id).id
    field_id = factories.service_field(session).id
    counters = [
        factories.counter(session, office_id=office_id, field_id=field_id).id,
        factories.counter(session, office_id=office_id).id,
        None,
    ]
    points = [
        factories.access_point(session, campaign_id=campaign_id, office_id=office_id, counter_id=counter_id)
        for counter_id in counters
    ]
    return Hall(office_id, parent_id, campaign_id, *points)


def hall_with(database: Database, **campaign: object) -> Hall:
    with database.transaction() as session:
        return build_hall(session, **campaign)


def void(session: Session, point: AccessPoint, day: date) -> int:
    """Void all responses of a point and day, as the approved verb does."""
    approval = factories.approval(session, kind="void_responses", campaign_id=point.campaign_id)
    same_day = (Response.access_point_id == point.id, Response.day == day)
    n = session.scalar(select(func.count()).where(*same_day)) or 0
    session.execute(update(Response).where(*same_day).values(approval_id=approval.id))
    if n:
        session.get_one(AccessPointDay, (point.id, day)).n_voided = n
    return n


def n_answers(database: Database, office_id: int, breakdown: str = "", measure: str = "index") -> int:
    with database.reading() as session:
        found = figure_of(session, office_id, measure, breakdown=breakdown)
        return found.n_answers if found else 0


def test_a_counter_with_four_is_left_out_and_the_others_go(database: Database) -> None:
    hall = hall_with(database)
    with database.transaction() as session:
        receive(session, hall.land, 6)
        receive(session, hall.other, 4)
    release(database)
    assert n_answers(database, hall.office_id) == 12
    assert n_answers(database, hall.office_id, f"counter:{hall.land.counter_id}") == 12
    assert n_answers(database, hall.office_id, f"counter:{hall.other.counter_id}") == 0
    with database.transaction() as session:
        receive(session, hall.other, 1)
    assert release(database) == 1
    assert n_answers(database, hall.office_id, f"counter:{hall.other.counter_id}") == 10


def test_posters_without_a_counter_wait_as_one(database: Database) -> None:
    hall = hall_with(database)
    with database.transaction() as session:
        receive(session, hall.land, 5)
        receive(session, hall.door, 4)
    release(database)
    assert n_answers(database, hall.office_id) == 10


def test_a_field_adds_up_its_counters(database: Database) -> None:
    hall = hall_with(database)
    with database.transaction() as session:
        receive(session, hall.land, 6)
        receive(session, hall.other, 5)
    release(database)
    with database.reading() as session:
        field = session.scalars(select(Figure.breakdown).where(Figure.breakdown.startswith("field:"))).one()
    assert n_answers(database, hall.office_id, field) == 12
    assert n_answers(database, hall.parent_id, field) == 0, "a parent has months, neither counters nor fields"


def test_a_batch_of_the_dissatisfied_alone_waits_and_one_of_the_satisfied_goes(database: Database) -> None:
    hall = hall_with(database)
    with database.transaction() as session:
        receive(session, hall.land, 9, NOT_SATISFIED)
    assert release(database) == 0
    with database.transaction() as session:
        receive(session, hall.other, 5, SATISFIED)
    assert release(database) == 1
    assert n_answers(database, hall.office_id) == 10, "of one counter nobody was satisfied: it still waits"
    with database.transaction() as session:
        receive(session, hall.land, 1, SATISFIED)
    assert release(database) == 1
    assert n_answers(database, hall.office_id) == 30


def test_an_item_that_satisfied_nobody_holds_up_the_batch(database: Database) -> None:
    hall = hall_with(database)
    with database.transaction() as session:
        receive(session, hall.land, 9, {"q1": "5", "q2": "1"})
    assert release(database) == 0


def test_five_behind_a_counters_index_are_five_people(database: Database) -> None:
    hall = hall_with(database)
    with database.transaction() as session:
        receive(session, hall.land, 5)
        receive(session, hall.other, 3)
        receive(session, hall.other, 2, {"sex": "male"})
    release(database)
    assert n_answers(database, hall.office_id, f"counter:{hall.other.counter_id}") == 0


def test_leftovers_of_a_month_are_counted_to_the_next(database: Database) -> None:
    hall = hall_with(database, opens_on=FEBRUARY)
    with database.transaction() as session:
        receive(session, hall.land, 6, day=FEBRUARY)
        receive(session, hall.other, 3, day=FEBRUARY)
        receive(session, hall.other, 2)
    release(database)
    assert n_answers(database, hall.office_id, "month:2026-02") == 12
    assert n_answers(database, hall.office_id, "month:2026-03") == 10
    for office_id in (hall.office_id, hall.parent_id):
        assert n_answers(database, office_id) == 22


def test_what_comes_late_is_a_batch_of_its_month_or_waits(database: Database) -> None:
    hall = hall_with(database, opens_on=FEBRUARY)
    with database.transaction() as session:
        receive(session, hall.land, 6, day=FEBRUARY)
        receive(session, hall.land, 6)
    release(database)
    with database.transaction() as session:
        receive(session, hall.land, 4, day=FEBRUARY)
    release(database)
    assert n_answers(database, hall.office_id, "month:2026-02") == 12
    with database.transaction() as session:
        receive(session, hall.land, 3, day=FEBRUARY)
    release(database)
    assert n_answers(database, hall.office_id, "month:2026-02") == 26
    assert n_answers(database, hall.office_id, "month:2026-03") == 12


def test_the_closing_release_takes_what_no_batch_took(database: Database) -> None:
    hall = hall_with(database, opens_on=FEBRUARY, **CLOSED)
    with database.transaction() as session:
        receive(session, hall.land, 8, day=FEBRUARY)
        receive(session, hall.other, 3, day=FEBRUARY)
        receive(session, hall.door, 2, NOT_SATISFIED)
    release(database, LONG_AFTER)
    assert n_answers(database, hall.office_id) == 26
    assert n_answers(database, hall.office_id, "month:2026-02") == 26  # with the last batch there is
    with database.reading() as session:
        assert due_offices(session, LONG_AFTER.date()) == []


def test_voided_responses_leave_the_figures(database: Database) -> None:
    hall = hall_with(database)
    with database.transaction() as session:
        receive(session, hall.land, 6)
        receive(session, hall.other, 7)
    release(database)
    with database.transaction() as session:
        void(session, hall.other, DAY)
    assert release(database) == 1
    for office_id in (hall.office_id, hall.parent_id):
        assert n_answers(database, office_id) == 12
        assert n_answers(database, office_id, "month:2026-03") == 12
    assert n_answers(database, hall.office_id, f"counter:{hall.other.counter_id}") == 0
    with database.reading() as session:
        assert due_offices(session, DAY) == []
        assert session.get_one(OfficeRelease, (hall.campaign_id, hall.office_id, "C")).n_released == 6


def test_nothing_is_left_of_an_office_whose_responses_were_all_voided(database: Database) -> None:
    hall = hall_with(database)
    with database.transaction() as session:
        receive(session, hall.land, 6)
    release(database)
    with database.transaction() as session:
        void(session, hall.land, DAY)
    release(database)
    with database.reading() as session:
        for table in (Figure, Distribution, Tally):
            assert session.scalar(select(func.count()).select_from(table)) == 0


def test_four_voided_responses_leave_with_their_batch_and_the_rest_comes_back_with_five_new(
    database: Database,
) -> None:
    hall = hall_with(database)
    yesterday = DAY - timedelta(days=1)
    with database.transaction() as session:
        receive(session, hall.other, 5, day=yesterday - timedelta(days=1))
        receive(session, hall.land, 4)
        receive(session, hall.land, 3, day=yesterday)
        receive(session, hall.other, 6)
    release(database)
    assert n_answers(database, hall.office_id) == 36
    with database.transaction() as session:
        void(session, hall.land, DAY)
    assert release(database) == 1
    assert n_answers(database, hall.office_id) == 10, "of the batches before"
    assert release(database) == 0
    with database.transaction() as session:
        assert due_offices(session, DAY) == [], "it was looked at"
        receive(session, hall.other, 4)
    assert release(database) == 0
    with database.transaction() as session:
        receive(session, hall.other, 1)
    assert release(database) == 1
    assert n_answers(database, hall.office_id) == 32, "the three at the other counter wait"


def test_who_stays_of_a_voided_flood_is_not_left_alone(database: Database) -> None:
    hall = hall_with(database)
    with database.transaction() as session:
        receive(session, hall.land, 10, day=DAY - timedelta(days=1))
    release(database)
    with database.transaction() as session:
        receive(session, hall.land, 9, {"q1": "1", "q2": "5"})
        flood = hall.land
        receive(session, hall.other, 5)
        receive(session, hall.land, 1, day=DAY - timedelta(days=2))  # late: counted with the flood
    release(database)
    assert n_answers(database, hall.office_id) == 50
    with database.transaction() as session:
        void(session, flood, DAY)
    release(database)
    assert n_answers(database, hall.office_id) == 20


def test_after_the_end_what_was_voided_leaves_by_five_alone(database: Database) -> None:
    hall = hall_with(database, opens_on=FEBRUARY, **CLOSED)
    with database.transaction() as session:
        receive(session, hall.land, 8, day=FEBRUARY)
        receive(session, hall.land, 4, day=FEBRUARY + timedelta(days=1))
        receive(session, hall.land, 7, day=FEBRUARY + timedelta(days=2))
    release(database, LONG_AFTER)
    assert n_answers(database, hall.office_id) == 38
    with database.transaction() as session:
        void(session, hall.land, FEBRUARY + timedelta(days=1))
    assert release(database, LONG_AFTER) == 0
    with database.transaction() as session:
        assert due_offices(session, LONG_AFTER.date()) == []
        assert session.scalars(select(OfficeRelease.n_voided)).all() == [0], "the figures hold them"
        void(session, hall.land, FEBRUARY)
    assert release(database, LONG_AFTER) == 1
    assert n_answers(database, hall.office_id) == 14
    with database.reading() as session:
        assert session.scalars(select(OfficeRelease.n_voided)).all() == [12]


def test_as_many_new_as_voided_responses_are_noticed(database: Database) -> None:
    hall = hall_with(database)
    with database.transaction() as session:
        receive(session, hall.land, 6, {"q1": "1", "q2": "5"})
        receive(session, hall.other, 6)
        receive(session, hall.land, 6)
    release(database)
    with database.transaction() as session:
        void(session, hall.other, DAY)
        receive(session, hall.land, 6, day=DAY - timedelta(days=1))
    release(database)
    release(database)
    assert n_answers(database, hall.office_id) == 36
    assert n_answers(database, hall.office_id, f"counter:{hall.land.counter_id}") == 36


def test_what_was_voided_before_its_release_never_shows(database: Database) -> None:
    hall = hall_with(database)
    with database.transaction() as session:
        receive(session, hall.land, 4)
        void(session, hall.land, DAY)
        receive(session, hall.land, 4)
    assert release(database) == 0
    with database.transaction() as session:
        receive(session, hall.land, 1)
    assert release(database) == 1
    assert n_answers(database, hall.office_id) == 10


def test_a_distribution_adds_up_to_its_items(database: Database) -> None:
    hall = hall_with(database)
    with database.transaction() as session:
        receive(session, hall.land, 6, {"q1": "5", "q2": "4"})
        receive(session, hall.land, 5, {"q1": "3", "q2": "no_opinion", "sex": "male"})
    release(database)
    with database.reading() as session:
        found = session.scalars(select(Distribution).order_by(Distribution.office_id)).all()
        assert [one.office_id for one in found] == sorted([hall.office_id, hall.parent_id])
        for one in found:
            assert one.counts == {
                "q1": {"1": 0, "2": 0, "3": 5, "4": 0, "5": 6},
                "q2": {"1": 0, "2": 0, "3": 0, "4": 6, "5": 0},
            }


Cells = dict[tuple[int, str, str], tuple[int, int, int]]  # valid, satisfied, people
NONE = (0, 0, 0)


def published_cells(session: Session, halls: list[Hall]) -> Cells:
    """Count from the tallies, by another road than the release, what each figure may rest on."""
    found: dict[tuple[int, str, str], list[int]] = defaultdict(lambda: [0, 0, 0])
    fields = dict(session.execute(select(OfficeCounter.id, OfficeCounter.field_id)).all())
    for hall in halls:
        points = {point.id: point.counter_id for point in hall.points}
        for row in session.scalars(select(Tally).where(Tally.access_point_id.in_(points))):
            version = session.get_one(InstrumentVersion, row.instrument_version_id)
            (counts,) = unpacked([row.counts], len(version.definition.items))
            counter_id = points[row.access_point_id]
            of_items = {
                f"q{n}": (int(counts[n - 1][1:6].sum()), int(counts[n - 1][4:6].sum())) for n in (1, 2)
            }
            index = tuple(map(sum, zip(*of_items.values(), strict=True)))
            parts = ["", f"month:{row.batch_day:%Y-%m}"]
            own = [f"counter:{counter_id}", f"field {fields.get(counter_id)}"]
            for office_id, breakdowns in ((hall.office_id, parts + own), (hall.parent_id, parts)):
                for item, (valid, satisfied) in of_items.items():
                    add(found[office_id, f"item:{item}", ""], valid, satisfied, row.n_respondents)
                for breakdown in breakdowns:
                    add(found[office_id, "index", breakdown], *index, row.n_respondents)
    return {key: tuple(cell) for key, cell in found.items()}  # type: ignore[misc]


def add(cell: list[int], *more: int) -> None:
    cell[:] = [one + other for one, other in zip(cell, more, strict=True)]


def breaches(before: Cells, after: Cells, parents: set[int]) -> Iterator[str]:
    """Name the cells that changed by less than a batch.

    A parent changes by the sum of its offices' batches, which cancel out where one gained and another lost.
    """
    changes = {
        key: [late - early for late, early in zip(after.get(key, NONE), before.get(key, NONE), strict=True)]
        for key in before.keys() | after.keys()
    }
    some_lost = any(valid < 0 or people < 0 for valid, _, people in changes.values())
    for key, (valid, satisfied, people) in changes.items():
        if some_lost and key[0] in parents:
            continue
        if 0 < abs(valid) < 5 or 0 < abs(people) < 5 or (not valid and satisfied):
            yield f"{key} changed by {valid} answers of {people} people"
        if valid > 0 and not satisfied:
            yield f"{key} gained {valid} answers, all dissatisfied"


ARRIVAL = st.tuples(
    st.integers(0, 5),  # which point of two offices
    st.integers(0, 3).map(lambda place: (date(2026, 1, 30), date(2026, 2, 2), date(2026, 2, 27), DAY)[place]),
    st.integers(1, 7),
    st.sampled_from(
        [SATISFIED, NOT_SATISFIED, {"q1": "5"}, {"q2": "1"}, {"q1": "2", "q2": "5"}, {"sex": "male"}]
    ),
)
TURN = st.tuples(st.lists(ARRIVAL, max_size=6), st.none() | st.integers(0, 23))


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
@hypothesis_settings(
    max_examples=30 if SOAK else 15,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(turns=st.lists(TURN, min_size=2, max_size=8))
def test_every_published_cell_changes_by_whole_batches(
    database: Database, turns: list[tuple[list[tuple[int, date, int, dict[str, str]]], int | None]]
) -> None:
    with database.transaction() as session:
        first = build_hall(session, opens_on=date(2026, 1, 1))
        halls = [first, build_hall(session, beside=first)]
    points = [point for hall in halls for point in hall.points]
    days = (date(2026, 1, 30), date(2026, 2, 2), date(2026, 2, 27), DAY)
    before: Cells = {}
    for arrivals, voided in turns:
        with database.transaction() as session:
            for place, day, n, answers in arrivals:
                receive(session, points[place], n, answers, day)
            if voided is not None:
                void(session, points[voided // 4], days[voided % 4])
        release(database)
        with database.reading() as session:
            after = published_cells(session, halls)
            assert list(breaches(before, after, {first.parent_id})) == []
            figures_say(session, halls, after)
        before = after


def figures_say(session: Session, halls: list[Hall], cells: Cells) -> None:
    """Check that figures are those of the tallies, and that each total is the sum of its parts."""
    publication = select(Publication.id).where(Publication.campaign_id == halls[0].campaign_id)
    figures = session.scalars(select(Figure).where(Figure.publication_id.in_(publication))).all()
    for one in figures:
        if not one.breakdown.startswith("field:"):
            assert one.n_answers == cells[one.office_id, one.measure, one.breakdown][0]
    sums: Counter[tuple[int, str]] = Counter()
    for one in figures:
        kind = one.breakdown.partition(":")[0] or one.measure.partition(":")[0]
        sums[one.office_id, kind] += one.n_answers
    for office_id in {one.office_id for one in figures}:
        assert sums[office_id, "index"] == sums[office_id, "item"] == sums[office_id, "month"]
    parents, below = {hall.parent_id for hall in halls}, {hall.office_id for hall in halls}
    for kind in ("index", "item", "month"):
        assert sum(sums[one, kind] for one in parents) == sum(sums[one, kind] for one in below)


def test_the_clock_of_a_release_is_that_of_vietnam(database: Database) -> None:
    hall = hall_with(database)
    with database.transaction() as session:
        receive(session, hall.land, 5)
        assert session.get_one(Campaign, hall.campaign_id).closes_on is None
    late = MOMENT.replace(hour=18)  # the next morning in Vietnam
    release(database, late)
    with database.reading() as session:
        index = figure_of(session, hall.office_id)
        assert index is not None
        assert index.released_on == late.astimezone(VIETNAM_TIME).date()
