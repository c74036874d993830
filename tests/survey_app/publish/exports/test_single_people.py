"""Who keeps figures and exports, and subtracts one from another, finds nobody alone."""

import csv
import io
import random
import struct
import zlib
from collections import Counter
from datetime import date, timedelta

import pytest
from sqlalchemy import select

from survey_app.models.access_point import AccessPointDay
from survey_app.models.base import EPOCH
from survey_app.models.campaign import Campaign
from survey_app.models.job import Work
from survey_app.models.publication import Distribution, Tally
from survey_app.models.response import Response
from survey_app.publish.exports import export_job
from survey_app.publish.exports.ask import ask_for_export
from survey_app.publish.exports.choice import Choice
from survey_app.publish.exports.layout import DESIGN
from survey_app.publish.exports.rows import Export
from tests import factories
from tests.factories import DAY, MOMENT
from tests.survey_app.publish.counter_feedback import receive, release
from tests.survey_app.publish.exports import arrivals
from tests.survey_app.publish.exports.arrivals import point_of

pytestmark = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
ENOUGH, ITEMS = 5, ("q1", "q2")
ANSWERS = (
    {"q1": "5", "q2": "4", "sex": "male"},
    {"q1": "1", "q2": "3", "sex": "female"},
    {"q1": "4", "q2": "1"},
    {"q1": "2", "q2": "5"},
    {"q1": "5", "q2": "no_opinion", "sex": "female"},
)


@pytest.fixture
def campaign(database):
    """Replace the survey that is over by one that goes on."""
    with database.transaction() as session:
        return factories.campaign(session, code="quay", opens_on=DAY - timedelta(days=120))


@pytest.fixture
def export(database, settings, campaign, office):
    """Give `export(days)`: the rows of an export that many days after the tests' day."""

    def rows(days=0):
        now = MOMENT + timedelta(days=days)
        choice = Choice(campaign.id, [office.id], ["A", "C"], None, None, "csv", "codes", "vi")
        with database.transaction() as session:
            staff = factories.staff(session, role="analyst")
            job = ask_for_export(session, choice, staff.id, now)
        name = export_job.run(Work(job.id, job.arguments, database, settings, now, lambda *_: None))
        content = (settings.files_dir / name).read_bytes().decode("utf-8-sig") if name else ""
        return [tuple(row.items()) for row in csv.DictReader(io.StringIO(content, newline=""))]

    return rows


def is_enough(n):
    return n == 0 or n >= ENOUGH


def test_figures_less_an_export_leave_nobody_alone(database, office, point, export):
    """Five and one came in one batch, the one on a day that had not left."""
    with database.transaction() as session:
        receive(session, point, 6, day=DAY - timedelta(days=50))
        receive(session, point, 6, day=DAY - timedelta(days=13))
        receive(session, point, 5, ANSWERS[0], day=DAY - timedelta(days=4))
        receive(session, point, 1, ANSWERS[2], day=DAY - timedelta(days=1))
    release(database)
    rows = [dict(row) for row in export()]
    assert rows
    with database.reading() as session:
        published = session.scalars(select(Distribution).where(Distribution.office_id == office.id)).one()
    for item, options in published.counts.items():
        n_exported = Counter(row[item] for row in rows)
        assert is_enough(sum(n - n_exported[option] for option, n in options.items())), item


def test_figures_of_an_earlier_day_less_an_export_leave_nobody_alone(database, office, point, export):
    """Six were a batch, two of them of a day to which another came: neither day leaves without the other."""
    january = date(2026, 1, 31)
    with database.transaction() as session:
        receive(session, point, 5, day=january - timedelta(days=2))
        receive(session, point, 4, day=january - timedelta(days=1))
        receive(session, point, 2, ANSWERS[2], day=january)
    release(database, MOMENT - (DAY - january))
    with database.reading() as session:
        noted = session.scalars(select(Distribution).where(Distribution.office_id == office.id)).one().counts
    with database.transaction() as session:
        receive(session, point, 1, ANSWERS[3], day=january)
    for days in (5, 36):
        with database.transaction() as session:
            receive(session, point, 5, day=january + timedelta(days=days))
        release(database, MOMENT - (DAY - january) + timedelta(days=days))
        rows = [dict(row) for row in export(days - (DAY - january).days)]
        assert len(rows) == (5 if days == 5 else 17)
        left = Counter(noted["q1"])
        left.subtract(row["q1"] for row in rows)
        assert is_enough(abs(left.total()))


def test_an_export_each_morning_tells_no_day_of_one_person(database, point, export):
    with database.transaction() as session:
        for days in range(60):
            receive(session, point, 1, ANSWERS[days % 5], day=DAY + timedelta(days=days))
    exports = []
    for days in range(10, 58, 3):
        release(database, MOMENT + timedelta(days=days))
        exports.append(Counter(export(days)))
    assert exports[-1]
    for number, later in enumerate(exports):
        assert all(is_enough((later - earlier).total()) for earlier in exports[:number])


def test_a_cell_of_one_respondent_is_not_said(database, campaign, office, export):
    with database.transaction() as session:
        session.get_one(Campaign, campaign.id).closes_on = DAY - timedelta(days=4)
        cells = [
            factories.sample_cell(session, campaign_id=campaign.id, stratum=f"Thôn {n}") for n in range(2)
        ]
        point = point_of(session, office, campaign, provenance="A")
        for cell, n in zip(cells, (6, 1), strict=True):
            arrivals.come(session, point, n, day=DAY - timedelta(days=5), cell_id=cell.id)
        arrivals.release(session, point)
    rows = [dict(row) for row in export()]
    assert len(rows) == 7
    assert {tuple(row[name] for name in DESIGN) for row in rows} == {("", "", "", "")}


def test_voiding_one_response_takes_more_than_one_row(database, point, export):
    with database.transaction() as session:
        for ago in (40, 10):
            receive(session, point, 6, day=DAY - timedelta(days=ago))
        for ago in range(70, 77):
            receive(session, point, 1, ANSWERS[ago % 5], day=DAY - timedelta(days=ago))
    release(database)
    before = Counter(export())
    with database.transaction() as session:
        approval = factories.approval(session, kind="void_responses", campaign_id=point.campaign_id)
        day = DAY - timedelta(days=73)
        session.scalars(select(Response).where(Response.day == day)).one().approval_id = approval.id
        session.get_one(AccessPointDay, (point.id, day)).n_voided += 1
    for _ in range(2):
        gone = (before - Counter(export())).total()
        assert gone >= ENOUGH
        release(database)


# People who come at random, and somebody who keeps all figures and all exports.


class Season:
    """Some counters of one office, for some months, with a release at noon and one each night."""

    def __init__(self, database, campaign, office, points, seed):
        self.database, self.campaign, self.office, self.points = database, campaign, office, points
        self.chance = random.Random(seed)
        self.busy = [self.chance.choice((0.15, 0.6, 1.6)) for _ in points]
        self.satisfied = self.chance.choice((0.3, 0.8))
        self.figures, self.exports = [], []

    def days(self, first, n_days):
        for number in range(n_days):
            day = first + timedelta(days=number)
            for _ in ("morning", "afternoon"):
                self.come(day)
                self.release(day)
            if number % 7 == 6:
                self.export(day)

    def come(self, day):
        with self.database.transaction() as session:
            for point, busy in zip(self.points, self.busy, strict=True):
                for _ in range(sum(self.chance.random() < busy / 2 for _ in range(2))):
                    late = timedelta(days=self.chance.choice((0, 0, 0, 1, 2)))
                    receive(session, point, 1, self.answers(), day - late)

    def answers(self):
        levels = ("4", "5") if self.chance.random() < self.satisfied else ("1", "2", "3")
        answers = {item: self.chance.choice(levels) for item in ("q1", "q2") if self.chance.random() < 0.9}
        return answers | {"sex": self.chance.choice(("male", "female"))}

    def release(self, day):
        release(self.database, MOMENT + (day - DAY))
        with self.database.reading() as session:
            rows = session.scalars(select(Tally).where(Tally.access_point_id.in_(self.ids)))
            held, answers = Counter(), Counter()
            for one in rows:
                held[one.access_point_id, one.day, one.batch_day] += one.n_respondents
                counts = [n for (n,) in struct.iter_unpack("<I", zlib.decompress(one.counts))]
                answers.update(
                    {item: sum(counts[16 * at + 1 : 16 * at + 6]) for at, item in enumerate(ITEMS)}
                )
        if not self.figures or self.figures[-1] != (held, answers):
            self.figures.append((held, answers))

    @property
    def ids(self):
        return [point.id for point in self.points]

    def export(self, day):
        choice = Choice(self.campaign.id, [self.office.id], ["C"], None, None, "csv", "codes", "vi", True)
        with self.database.reading() as session:
            made = Export.of(session, choice, day, lambda value: value)
            rows = list(made.rows())
            leaving = made.leaving([self.office.id])[1][self.office.id, "C"]
        held = Counter()
        for one in (one for group in leaving.groups for one in group.tallies):
            days = (EPOCH + timedelta(days=number) for number in (one.day, one.batch_day))
            held[one.access_point_id, *days] += one.n_respondents
        assert len(rows) == held.total()
        self.exports.append((rows, held))

    def check(self, database):
        for number, (rows, held) in enumerate(self.exports):
            self.check_against_figures(rows, held)
            for before, _ in self.exports[:number]:
                more = Counter(rows) - Counter(before)
                assert is_enough(more.total())
                assert not Counter(before) - Counter(rows), "what a row said has changed"

    def check_against_figures(self, rows, exported):
        """Whoever kept figures of any time learns nothing of one to four, at a counter or in all."""
        n_exported = {item: sum(row[-3 + at] is not None for row in rows) for at, item in enumerate(ITEMS)}
        for held, answers in self.figures:
            for points in (self.ids, *([one] for one in self.ids)):
                kept, more = (
                    sum(n for key, n in left.items() if key[0] in points)
                    for left in (held - exported, exported - held)
                )
                assert is_enough(kept) or more >= ENOUGH
                assert is_enough(more) or kept >= ENOUGH
            if not exported - held:
                assert all(is_enough(answers[item] - n_exported[item]) for item in ITEMS)


@pytest.mark.parametrize("seed", [4, 6])
def test_no_exports_and_no_figures_subtracted_leave_one_to_four(database, campaign, office, seed):
    with database.transaction() as session:
        n_counters = 1 + seed % 3
        points = [point_of(session, office, campaign, f"Quầy {n}") for n in range(n_counters)]
    season = Season(database, campaign, office, points, seed)
    first = date(2026, 1, 1)
    season.days(first, 75)
    with database.transaction() as session:
        session.get_one(Campaign, campaign.id).closes_on = last = first + timedelta(days=75)
    for days in (1, 3, 4, 5):
        season.release(last + timedelta(days=days))
        season.export(last + timedelta(days=days))
    season.check(database)
    assert season.exports[-1][0]
