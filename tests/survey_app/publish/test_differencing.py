"""Nobody's answer can be worked out by polling pages and files while answers arrive one by one."""

import csv
import io
import random
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import NamedTuple

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from survey_app.config import VIETNAM_TIME
from survey_app.db import Database
from survey_app.models.access_point import AccessPoint, AccessPointDay
from survey_app.models.office import Office
from survey_app.models.publication import Distribution, Figure, Tally
from survey_app.models.response import Response
from survey_app.models.snapshot import SnapshotPart
from survey_app.publish.counting.arrivals import Arrivals
from survey_app.publish.counting.tallies import Recount, unpacked
from survey_app.publish.exports import rows as exports
from survey_app.publish.exports.choice import Choice
from survey_app.publish.exports.rows import Export
from survey_app.publish.releasing import batch, due
from survey_app.publish.releasing.batch import BatchRule
from survey_app.publish.releasing.corrected import Corrected
from survey_app.publish.releasing.freeze import publish_wave
from survey_app.publish.suppression import INSIDE_MINIMUM, is_suppressed
from tests import factories
from tests.conftest import SettableClock, StaffClient
from tests.soak import SOAK
from tests.survey_app.publish.counter_feedback import receive, release
from tests.survey_app.publish.differencing import (
    ENOUGH_TO_HIDE_AMONG,
    ITEMS,
    NOT_SATISFIED_OPTIONS,
    OPTIONS,
    SATISFIED_OPTIONS,
    Count,
    Group,
    Observer,
)

pytestmark = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
FIRST_DAY = date(2026, 2, 26)  # so that March begins among the twelve
N_ARRIVING = 12
PUBLISHED = factories.MOMENT + timedelta(days=3)
CODE = "quay"
DIGITS = ("estimate", "low", "high")
ASKED = [item.code for item in factories.definition().items]
Answers = dict[str, str]


class Arrival(NamedTuple):
    """Who came: on which day, to which counter, with which answers."""

    day: date
    place: int
    answers: Answers


@dataclass
class Hall:
    """An office with two counters, one of them for one field alone, beside another office of its province."""

    parent: Office
    offices: list[Office]
    points: list[AccessPoint]  # two of the first office, one of the other
    fields: list[str]  # of each point
    arrived: dict[tuple[int, date], list[Arrival]] = field(default_factory=lambda: defaultdict(list))


def build_hall(session: Session) -> Hall:
    parent = factories.office(session, kind="province")
    offices = [factories.office(session, parent_id=parent.id) for _ in range(2)]
    campaign = factories.campaign(session, code=CODE, opens_on=FIRST_DAY)
    land = factories.service_field(session)
    counters = [
        factories.counter(session, office_id=offices[0].id, field_id=land.id),
        factories.counter(session, office_id=offices[0].id),
        factories.counter(session, office_id=offices[1].id),
    ]
    points = [
        factories.access_point(
            session, campaign_id=campaign.id, office_id=counter.office_id, counter_id=counter.id
        )
        for counter in counters
    ]
    return Hall(parent, offices, points, [land.code, "", ""])


def crowd(chance: random.Random) -> list[Arrival]:
    """Give those who came before: enough that the public sees each office."""
    return [
        Arrival(FIRST_DAY + timedelta(days=n % 2), place, whole(chance))
        for place in range(3)
        for n in range(8)
    ]


def one_of(chance: random.Random, options: Sequence[str]) -> str:
    return chance.choice(options)


def whole(chance: random.Random) -> Answers:
    return {item: one_of(chance, OPTIONS) for item in ("q1", "q2")}


def often_skipped(chance: random.Random) -> Answers:
    return {item: answer for item, answer in whole(chance).items() if chance.random() < 0.6}


def second_seldom(chance: random.Random) -> Answers:
    answers = whole(chance)
    return answers if chance.random() < 0.3 else {"q1": answers["q1"]}


def no_opinion(chance: random.Random) -> Answers:
    return whole(chance) | ({"q2": "no_opinion"} if chance.random() < 0.5 else {})


def mostly_satisfied(chance: random.Random) -> Answers:
    return {item: one_of(chance, (*SATISFIED_OPTIONS * 3, "2")) for item in ("q1", "q2")}


def mostly_not(chance: random.Random) -> Answers:
    return {item: one_of(chance, (*NOT_SATISFIED_OPTIONS * 3, "4")) for item in ("q1", "q2")}


PATTERNS = (whole, often_skipped, second_seldom, no_opinion, mostly_satisfied, mostly_not)
SEEDS = range(3)
# The gate asks each pattern once, each seed twice.
RUNS = [(seed, one) for n, one in enumerate(PATTERNS) for seed in SEEDS if SOAK or seed == n % len(SEEDS)]


def twelve(chance: random.Random, answers: Callable[[random.Random], Answers]) -> list[Arrival]:
    """Let twelve come to the two counters of the first office, on six days of two months."""
    days = (FIRST_DAY + timedelta(days=n // 2) for n in range(N_ARRIVING))
    return [Arrival(day, chance.choice((0, 1)), answers(chance)) for day in days]


@dataclass
class World:
    """The office, its readers, and what they saw turn by turn."""

    app: Flask
    clock: SettableClock
    public: FlaskClient
    manager: FlaskClient
    hall: Hall
    are_days_units: bool = False  # as a survey would have it that knows its respondents' names
    looks_at_pages: bool = True  # else at the figures alone, which is what the observer reckons with
    turn: int = 0
    seen: list[tuple[int, Count]] = field(default_factory=list)
    pages: dict[str, str] = field(default_factory=dict)
    groups: Counter[Group] = field(default_factory=Counter)
    digits: set[str] = field(default_factory=set)  # in the file

    @property
    def database(self) -> Database:
        found: Database = self.app.extensions["database"]
        return found

    def arrive(self, arrivals: Sequence[Arrival]) -> None:
        """Let some people answer, release what may be, and look at everything."""
        with self.database.transaction() as session:
            for one in arrivals:
                receive(session, self.hall.points[one.place], 1, one.answers, one.day)
                self.hall.arrived[one.place, one.day].append(one)
        self.turn += 1
        self.clock.moment = datetime.combine(arrivals[-1].day, time(10), tzinfo=VIETNAM_TIME)
        before = self._released()
        release(self.database, self.clock.moment)
        for (place, day, batch_day), n in (self._released() - before).items():
            point = self.hall.points[place]
            office = self.hall.offices[0 if place < 2 else 1].code
            unit = str(day if self.are_days_units else batch_day)
            group = Group(office, str(point.counter_id), self.hall.fields[place], unit, self.turn)
            self.groups[group] += n
        self._look(has_changed=self._released() != before)

    def _released(self) -> Counter[tuple[int, date, date]]:
        places = {point.id: place for place, point in enumerate(self.hall.points)}
        with self.database.reading() as session:
            rows = session.execute(
                select(Tally.access_point_id, Tally.day, Tally.batch_day, Tally.n_respondents)
            )
            found: Counter[tuple[int, date, date]] = Counter()
            for point_id, day, batch_day, n in rows:
                found[places[point_id], day, batch_day] += n
            return found

    def _look(self, *, has_changed: bool) -> None:
        self.seen += [(self.turn, count) for count in (*self._in_public(), *self._inside())]
        if not self.looks_at_pages:
            return
        client_of = dict(self._paths())
        pages = {path: _text(client.get(path).text) for path, client in client_of.items()}
        if not has_changed and self.pages:
            assert pages == self.pages, "a page changed though nothing was released"
        for path, page in pages.items():
            if client_of[path] is self.public and "." not in path:
                words = re.sub(r"<svg.*?</svg>|<[^>]*>", "", page, flags=re.DOTALL)
                unknown = set(re.findall(r"\d+,\d", words)) - self.digits
                assert not unknown, f"{path} says more than the file"
        self.pages = pages

    def _paths(self) -> Iterator[tuple[str, FlaskClient]]:
        yield f"/results/{CODE}", self.public
        yield f"/results/{CODE}.csv", self.public
        yield f"/results/{CODE}.json", self.public
        for office in (self.hall.parent, *self.hall.offices):
            yield f"/results/{CODE}/{office.code}", self.public
            yield f"/staff/offices/{office.id}", self.manager

    def _in_public(self) -> Iterator[Count]:
        """Read the file that has every figure of the public pages, in full precision."""
        answer = self.public.get(f"/results/{CODE}.csv")
        if answer.status_code == 404:
            return
        for row in csv.DictReader(io.StringIO(answer.get_data().decode("utf-8-sig"))):
            if row["n_answers"]:
                self.digits |= {_digits(float(row[name])) for name in DIGITS if row[name]}
                estimate = float(row["estimate"]) if row["estimate"] else None
                what = (row["office_code"], row["measure"], row.get("breakdown", ""))
                yield from _counts(*what, int(row["n_answers"]), estimate)

    def _inside(self) -> Iterator[Count]:
        """Read all that a page for staff may show, whether it does or not."""
        with self.database.reading() as session:
            codes = dict(session.execute(select(Office.id, Office.code)).all())
            shown: set[tuple[int, str]] = set()
            for figure in session.scalars(select(Figure)):
                if not is_suppressed(figure, INSIDE_MINIMUM):
                    shown.add((figure.office_id, f"{figure.measure}{figure.breakdown}"))
                    what = (codes[figure.office_id], figure.measure, figure.breakdown)
                    yield from _counts(*what, figure.n_answers, figure.value)
                    yield from self._of_units(session, *what)
            for one in session.scalars(select(Distribution)):
                for item, chosen in one.counts.items():
                    if (one.office_id, f"item:{item}") in shown:
                        for option, n in chosen.items():
                            yield Count(codes[one.office_id], f"item:{item}", "", (option,), n)

    def _of_units(self, session: Session, office: str, measure: str, breakdown: str) -> Iterator[Count]:
        """Give away the sums of each sampling unit behind a figure."""
        kind, _, part = breakdown.partition(":")
        sums: dict[tuple[str, str], list[int]] = defaultdict(lambda: [0, 0])
        for row in session.scalars(select(Tally)):
            place = next(n for n, point in enumerate(self.hall.points) if point.id == row.access_point_id)
            its_office = self.hall.offices[0 if place < 2 else 1].code
            parts = {
                "": "",
                "month": f"{row.batch_day:%Y-%m}",
                "counter": str(self.hall.points[place].counter_id),
                "field": self.hall.fields[place],
            }
            if office in (its_office, self.hall.parent.code) and parts[kind] == part:
                (counts,) = unpacked([row.counts], len(ASKED))
                day = str(row.day if self.are_days_units else row.batch_day)
                unit = (day, parts["counter"] if measure == "index" else "")
                for item, of_item in zip(ASKED, counts, strict=True):
                    if item in ITEMS and measure in ("index", f"item:{item}"):
                        sums[unit][0] += int(of_item[1:6].sum())
                        sums[unit][1] += int(of_item[4:6].sum())
        for unit, (n_answers, n_satisfied) in sums.items():
            yield Count(office, measure, breakdown, OPTIONS, n_answers, *unit)
            yield Count(office, measure, breakdown, SATISFIED_OPTIONS, n_satisfied, *unit)

    @property
    def observer(self) -> Observer:
        return Observer(self.hall.parent.code, self.groups, self.seen)


def _counts(
    office: str, measure: str, breakdown: str, n_answers: int, estimate: float | None
) -> Iterator[Count]:
    yield Count(office, measure, breakdown, OPTIONS, n_answers)
    if estimate is not None:
        n_satisfied = round(estimate * n_answers)
        assert abs(estimate * n_answers - n_satisfied) < 1e-6
        yield Count(office, measure, breakdown, SATISFIED_OPTIONS, n_satisfied)


def _digits(share: float) -> str:
    return f"{100 * share:.1f}".replace(".", ",")


def _text(page: str) -> str:
    """Leave out what differs between two visits by itself."""
    return re.sub(r'(nonce|value)="[^"]*"', "", page)


@pytest.fixture
def world(app: Flask, client: FlaskClient, staff_client: StaffClient, clock: SettableClock) -> World:
    with app.extensions["database"].transaction() as session:
        hall = build_hall(session)
    clock.moment = datetime.combine(FIRST_DAY, time(10), tzinfo=VIETNAM_TIME)
    return World(app, clock, client, staff_client("administrator", hours=1_000), hall)


@pytest.mark.parametrize(("seed", "pattern"), RUNS, ids=lambda one: getattr(one, "__name__", None))
def test_nobodys_answer_can_be_worked_out(
    world: World, seed: int, pattern: Callable[[random.Random], Answers]
) -> None:
    chance = random.Random(f"{seed} {pattern.__name__}")
    world.arrive(crowd(chance))
    for arrival in twelve(chance, pattern):
        world.arrive([arrival])
    assert world.seen
    assert all(n >= ENOUGH_TO_HIDE_AMONG for n in world.groups.values())
    assert list(world.observer.determined()) == []


@pytest.mark.parametrize("pattern", [whole, second_seldom, mostly_satisfied], ids=lambda one: one.__name__)
def test_the_observer_finds_out_what_smaller_batches_would_give_away(
    world: World, pattern: Callable[[random.Random], Answers], monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (due, batch):
        monkeypatch.setattr(module, "BATCH", 1)
    world.looks_at_pages = False
    chance = random.Random(pattern.__name__)
    world.arrive(crowd(chance))
    for arrival in twelve(chance, pattern):
        world.arrive([arrival])
    assert list(world.observer.determined())


def test_the_observer_finds_out_what_days_as_sampling_units_would_give_away(world: World) -> None:
    world.are_days_units, world.looks_at_pages = True, False
    chance = random.Random("days")
    world.arrive(crowd(chance))
    for arrival in twelve(chance, whole):
        world.arrive([arrival._replace(day=arrival.day + timedelta(days=10))])  # in one month
    assert list(world.observer.determined())


def test_a_batch_unanimous_on_not_satisfied_waits_and_merges(world: World) -> None:
    chance = random.Random("unanimous")
    world.arrive(crowd(chance))
    n_groups = len(world.groups)
    for _ in range(6):
        world.arrive([Arrival(FIRST_DAY, 0, {"q1": "1", "q2": "2"})])
    assert len(world.groups) == n_groups
    world.arrive([Arrival(FIRST_DAY, 0, {"q1": "5", "q2": "4"})])
    assert len(world.groups) == n_groups + 1
    assert list(world.observer.determined()) == []


def test_a_unanimous_counter_does_not_give_away_the_other(world: World) -> None:
    """What the satisfied counter gave to each question is known, hence what is left for the other."""
    world.arrive(crowd(random.Random("crossed")))
    world.arrive(
        [Arrival(FIRST_DAY, 0, {"q1": "5", "q2": "5"})] * 5
        + [Arrival(FIRST_DAY, 1, {"q1": "4", "q2": "1"})] * 3
        + [Arrival(FIRST_DAY, 1, {"q1": "4", "q2": "2"})] * 2
    )
    assert list(world.observer.determined()) == []


def test_bounds_of_two_sums_do_not_meet(world: World) -> None:
    world.arrive(crowd(random.Random("crossed")))
    world.arrive(
        [Arrival(FIRST_DAY, 0, {"q1": "5", "q2": "1"})] * 4
        + [Arrival(FIRST_DAY, 0, {"q1": "5", "q2": "5"})]
        + [Arrival(FIRST_DAY, 1, {"q1": "4", "q2": "1"})] * 4
        + [Arrival(FIRST_DAY, 1, {"q1": "2", "q2": "2"})]
    )
    assert list(world.observer.determined()) == []


def wave_with_few(session: Session) -> tuple[int, list[Office], list[Office]]:
    """Build two provinces with three offices each: 3 came to one of them, or 3 of 7 answered an item."""
    chance = random.Random("exports")
    campaign = factories.campaign(session, kind="annual", closes_on=factories.DAY)
    few = [{"q1": "1", "q2": "2"}] * 3
    seldom = [{"q1": "4"}] * 2 + [{"q1": "1"}] * 2 + few
    provinces = []
    for last in (few, seldom):
        parent = factories.office(session, kind="province")
        offices = [parent]
        for came in ([whole(chance) for _ in range(8)], [whole(chance) for _ in range(9)], last):
            office = factories.office(session, parent_id=parent.id)
            point = factories.access_point(session, campaign_id=campaign.id, office_id=office.id)
            for answers in came:
                receive(session, point, 1, answers)
            offices.append(office)
        provinces.append(offices)
    return campaign.id, *provinces


def exported(session: Session, campaign_id: int, offices: Sequence[Office]) -> list[dict[str, str]]:
    """Give the rows that leave of some offices."""
    asked = Choice(campaign_id, [one.id for one in offices], ["C"], None, None, "csv", "codes", "vi")
    export = Export.of(session, asked, PUBLISHED.date(), lambda value: value)
    return [
        dict(zip((column.name for column in export.layout.columns), row, strict=True))
        for row in export.rows()
    ]


def of_the_wave(session: Session, offices: Sequence[Office], number: int = 1) -> Iterator[Count]:
    """Read all that a frozen publication shows inside of some offices."""
    codes = {one.id: one.code for one in offices}
    shown = set()
    figures = select(Figure).where(Figure.office_id.in_(codes), Figure.breakdown == "")
    for figure in session.scalars(figures.where(Figure.publication_id == number)):
        if not is_suppressed(figure, INSIDE_MINIMUM):
            shown.add((figure.office_id, figure.measure))
            yield from _counts(codes[figure.office_id], figure.measure, "", figure.n_answers, figure.value)
    chosen_of = select(Distribution).where(Distribution.office_id.in_(codes))
    for one in session.scalars(chosen_of.where(Distribution.publication_id == number)):
        for item, chosen in one.counts.items():
            if (one.office_id, f"item:{item}") in shown:
                for option, n in chosen.items():
                    yield Count(codes[one.office_id], f"item:{item}", "", (option,), n)


def of_rows(rows: Sequence[dict[str, str]]) -> Iterator[Count]:
    """Add up exported rows."""
    for office in {row["office_code"] for row in rows}:
        for item in ITEMS:
            said = [row[item] for row in rows if row["office_code"] == office]
            if "withheld" not in said:
                for option in OPTIONS:
                    yield Count(office, f"item:{item}", "", (option,), said.count(option))


@pytest.mark.parametrize("is_held_back", [True, False])
def test_exports_beside_a_wave_give_nobody_away(
    database: Database, monkeypatch: pytest.MonkeyPatch, is_held_back: bool
) -> None:
    """What a province has besides its shown offices and the exported ones must not be the few."""
    if not is_held_back:
        monkeypatch.setattr(exports, "find_unseen", lambda *_: {})
    with database.transaction() as session:
        campaign_id, few, seldom = wave_with_few(session)
    publish_wave(database, campaign_id, PUBLISHED)
    asked = [*([one] for one in (*few[1:], *seldom[1:])), few, seldom]
    with database.reading() as session:
        files = [exported(session, campaign_id, offices) for offices in asked]
        seen = list(of_the_wave(session, few))
        n_hidden = session.scalar(select(func.count()).where(Figure.hidden_inside == "linked"))
    assert n_hidden
    assert any(files)
    known = [one.code for one in few[1:]]
    groups = Counter(dict(zip((Group(code, "", "", "", 1) for code in known), (8, 9, 3), strict=True)))
    seen += (count for rows in files for count in of_rows(rows) if count.office in known)
    determined = list(Observer(few[0].code, groups, [(1, count) for count in seen]).determined())
    assert bool(determined) is not is_held_back
    withheld = {row["office_code"] for rows in files for row in rows if row["q2"] == "withheld"}
    assert (len(withheld) >= 2) is is_held_back  # of whom 3 answered it, and of whom hides them


@dataclass
class Corrections:
    """A province whose wave is published again and again, while answers come late and are voided."""

    database: Database
    campaign_id: int
    offices: list[Office]  # the province first
    points: dict[str, AccessPoint]
    turn: int = 0
    came: Counter[Group] = field(default_factory=Counter)  # as published
    late: Counter[str] = field(default_factory=Counter)  # since an office was last published as it is
    voided: Counter[str] = field(default_factory=Counter)
    seen: list[tuple[int, Count]] = field(default_factory=list)

    @classmethod
    def of(cls, database: Database, came: Sequence[list[Answers]]) -> "Corrections":
        with database.transaction() as session:
            campaign = factories.campaign(session, kind="annual", closes_on=factories.DAY)
            offices = [factories.office(session, code="P", kind="province")]
            points = {}
            for number in range(len(came)):
                office = factories.office(session, code="ABCDE"[number], parent_id=offices[0].id)
                points[office.code] = factories.access_point(
                    session, campaign_id=campaign.id, office_id=office.id
                )
                offices.append(office)
        found = cls(database, campaign.id, offices, points)
        for office, answers in zip(points, came, strict=True):
            found.come(office, answers)
        return found

    def come(self, office: str, answers: list[Answers]) -> None:
        self.late[office] += len(answers)
        with self.database.transaction() as session:
            for one in answers:
                receive(session, self.points[office], 1, one)

    def void(self, office: str, answers: list[Answers]) -> None:
        """Void some of those who came first, by what they answered."""
        self.voided[office] += len(answers)
        with self.database.transaction() as session:
            point = self.points[office]
            approval = factories.approval(session, kind="void_responses", campaign_id=self.campaign_id)
            live = select(Response).where(
                Response.access_point_id == point.id, Response.approval_id.is_(None)
            )
            for one in answers:
                packed = factories.definition().pack(one)
                session.scalars(
                    live.where(Response.answers == packed).limit(1)
                ).one().approval_id = approval.id
                session.flush()
            session.get_one(AccessPointDay, (point.id, factories.DAY)).n_voided += len(answers)

    def publish(self) -> None:
        """Publish, note who is published now and was not, and look at all that is shown."""
        self.turn += 1
        reason = "Đính chính." if self.turn > 1 else None
        number = publish_wave(self.database, self.campaign_id, PUBLISHED, reason)
        with self.database.reading() as session:
            for office in self.offices[1:]:
                key = (SnapshotPart.publication_id == number, SnapshotPart.office_id == office.id)
                n = session.scalar(select(SnapshotPart.n_respondents).where(*key))
                self._note(office.code, n or 0)
            self.seen += ((self.turn, one) for one in of_the_wave(session, self.offices, number))

    def _note(self, office: str, n: int) -> None:
        """Find by their number whether those who came late, or were voided, are taken into account."""
        before = sum(size for one, size in self.came.items() if one.office == office and one.left > self.turn)
        if n == before + self.late[office] - self.voided[office] != before:
            first = Group(office, "", "", "", 1)
            if self.voided[office]:
                self.came[first] -= self.voided[office]
                self.came[first._replace(left=self.turn)] += self.voided[office]
            if self.late[office]:
                self.came[first._replace(turn=self.turn)] += self.late[office]
            self.late[office] = self.voided[office] = 0
        else:
            assert n == before

    def export(self) -> list[dict[str, str]]:
        """Take all rows that may leave after the last publication."""
        with self.database.reading() as session:
            rows = exported(session, self.campaign_id, self.offices)
        self.seen += ((self.turn, count) for count in of_rows(rows))
        return rows

    def determined(self) -> list[tuple[Group, str, Sequence[str]]]:
        return list(Observer("P", +self.came, self.seen).determined())


@pytest.mark.parametrize("is_held_back", [True, False])
def test_corrections_and_an_export_give_nobody_away(
    database: Database, monkeypatch: pytest.MonkeyPatch, is_held_back: bool
) -> None:
    if not is_held_back:  # all is taken as it is, whatever it tells
        monkeypatch.setattr(BatchRule, "is_batch", lambda *_: True)
        monkeypatch.setattr(BatchRule, "find_whole_loss", take_loss)
        monkeypatch.setattr(Corrected, "told_by", lambda *_: [])
    chance = random.Random("corrections")
    pair = [{"q1": "1", "q2": "4"}, {"q1": "5", "q2": "2"}]
    few = [{"q1": "2", "q2": "5"}] * 3
    came = [[whole(chance) for _ in range(9)], pair * 6, few, [whole(chance) for _ in range(8)]]
    world = Corrections.of(database, came)
    world.publish()
    world.come("A", [whole(chance) for _ in range(6)])
    world.void("B", pair[:1])
    world.come("C", [{"q1": "1", "q2": "4"}] * 2)
    world.publish()
    world.void("B", pair * 2)
    world.come("C", [{"q1": "2", "q2": "1"}] * 3)
    world.come("D", [{"q1": "1", "q2": "2"}] * 6)
    world.publish()
    assert world.export()
    assert bool(world.determined()) is not is_held_back
    assert bool(+world.late) is is_held_back
    assert {(1, 3), (2, 1_000)} < {(one.turn, one.left) for one in +world.came} or not is_held_back


def take_loss(rule: BatchRule, arrivals: Arrivals) -> Recount:
    return arrivals.put_back(arrivals.withdraw(arrivals.fallen))
