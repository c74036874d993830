"""The draw in the database: whole or not at all, the same on both, refused where it must not be made."""

import json
from collections import Counter, defaultdict
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import DatabaseError

from survey_app.models.audit import AuditLine
from survey_app.models.frame import Frame, frame_path
from survey_app.models.job import Job, Work
from survey_app.models.office import Office
from survey_app.models.plan_document import Allocation, Population
from survey_app.models.sample import Draw, SampleCell, SampledUnit
from survey_app.prepare.samples import draw_job, keep
from survey_app.prepare.samples.replay import difference, drawn_again
from tests import factories
from tests.survey_app.prepare.samples.conftest import IN_CLUSTERS, dossiers, lay, plan

NOW = datetime(2026, 12, 2, 3, tzinfo=UTC)
on_sqlite = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
GOLDEN = "a8679be4daf1ffc832c6c26bd28eb9287d8d9513ebe0b4d707b5b6bab12c6e27"


class House:
    """A campaign ready to be drawn, and the job that draws it."""

    def __init__(self, database, settings):
        self.database, self.settings = database, settings

    def lay(self, document, rows=None):
        with self.database.transaction() as session:
            self.campaign_id = lay(session, self.settings, document, rows).id
        return self

    def draw(self, now=NOW):
        """Do the job; give what it noted."""
        with self.database.transaction() as session:
            job_id = factories.job(session, name="draw", state="done").id
        arguments = {"campaign_id": self.campaign_id, "staff_id": None}
        draw_job.run(Work(job_id, arguments, self.database, self.settings, now, lambda *_: None))
        return self.read(select(Job.outcome).where(Job.id == job_id))[0]

    def read(self, query):
        with self.database.reading() as session:
            return session.scalars(query).all()

    def write(self, statement):
        with self.database.transaction() as session:
            session.execute(statement)


@pytest.fixture
def house(database, settings):
    return House(database, settings)


def test_a_drawn_sample_is_stored_whole_and_replays(house):
    assert house.lay(plan()).draw() == {"draw_id": 1}
    (draw,) = house.read(select(Draw))
    assert draw.checksum == GOLDEN
    assert (draw.n_main, draw.n_reserve, draw.drawn_by) == (117, 21, None)
    units = house.read(select(SampledUnit).order_by(SampledUnit.number))
    cells = {cell.id: cell for cell in house.read(select(SampleCell))}
    assert [unit.number for unit in units] == list(range(1, 139))
    assert len({unit.unit for unit in units}) == 138
    serials = defaultdict(list)
    for unit in units:
        if unit.is_main:
            serials[unit.cell_id].append(unit.serial)
        else:
            assert unit.serial is None
    assert {cell_id: len(found) for cell_id, found in serials.items()} == {
        cell.id: cell.n_drawn for cell in cells.values()
    }
    assert all(found == list(range(len(found))) for found in serials.values())
    by_office = Counter(unit.office_id for unit in units)
    for office_id in by_office:
        weights = {cells[unit.cell_id].weight for unit in units if unit.office_id == office_id}
        assert len(weights) == 1, "one stage with equal chances"
    found = json.loads(draw.document_json)
    assert [one[0] for one in found["design"]["left_out"]] == ["XA-A"]
    assert [one[0] for one in found["found"]["offices"]] == ["XA-B", "XA-C", "XA-D"]
    assert "samples.draw" in house.read(select(AuditLine.act))
    with house.database.reading() as session:
        path = frame_path(house.settings.data_dir, found["design"]["frame_hash"])
        made = drawn_again(draw.document_json, path)
        assert difference(session, draw, made) is None
        changed = replace(made, lines=[replace(made.lines[0], position=7), *made.lines[1:]])
        told = difference(session, draw, changed)
    assert told == "unit 1: position: stored 1, drawn again 7"


@on_sqlite
def test_drawn_again_it_is_the_same_and_a_changed_plan_draws_anew(house):
    house.lay(plan(IN_CLUSTERS)).draw()
    assert house.draw() == {"draw_id": 1}, "nothing changed: nothing is stored again"
    other = plan(IN_CLUSTERS, allocation=Allocation(method="equal", minimum=20, n_drawn=90, reserve_share=0))
    with house.database.transaction() as session:
        factories.plan_addendum(
            session, campaign_id=house.campaign_id, document_json=other.to_json(), hash=other.hash
        )
    assert house.draw() == {"draw_id": 2}, "another size, of the same dossiers: the frame still fits"
    first, second = house.read(select(Draw).order_by(Draw.id))
    assert (first.n_main, second.n_main) == (100, 80)


@on_sqlite
def test_a_fault_half_way_leaves_nothing(house, monkeypatch):
    house.lay(plan())
    monkeypatch.setattr(keep, "ROWS_AT_ONCE", 50)

    def broken(*given):
        for number, row in enumerate(units(*given)):
            yield row | ({"inclusion_probability": 2} if number == 120 else {})

    units = keep._units
    monkeypatch.setattr(keep, "_units", broken)
    with pytest.raises(DatabaseError, match="probability_is_one"):
        house.draw()
    for table in (Draw, SampleCell, SampledUnit):
        assert house.read(select(func.count()).select_from(table)) == [0]


@on_sqlite
def test_what_must_not_be_drawn_is_refused_by_name(house):
    house.lay(plan())
    other = plan(population=Population(described="Khác", tops=("T",), settled_from=date(2025, 2, 1)))
    frame = house.read(select(Frame))[0]
    path = frame_path(house.settings.data_dir, frame.frame_hash)
    assert house.draw(datetime(2027, 1, 1, 3, tzinfo=UTC)) == {"refused": "over"}
    kept = path.rename(path.with_suffix(".kept"))
    assert house.draw() == {"refused": "no_file"}
    kept.rename(path)
    assert house.draw() == {"draw_id": 1}
    with house.database.transaction() as session:
        office = session.scalars(select(Office).where(Office.code == "XA-B")).one()
        point = factories.access_point(
            session, campaign_id=house.campaign_id, office_id=office.id, way_in="invitation", provenance="A"
        )
        cell = session.scalars(select(SampleCell).limit(1)).one()
        factories.invitation_batch(
            session, access_point_id=point.id, cell_id=cell.id, delivery="letter", n_issued=5
        )
    assert house.draw() == {"refused": "begun"}
    with house.database.transaction() as session:
        house.campaign_id = factories.campaign(session, kind="continuous").id
    assert house.draw() == {"refused": "not_annual"}
    with house.database.transaction() as session:
        campaign = factories.campaign(session, kind="annual", closes_on=date(2026, 12, 31))
        house.campaign_id = campaign.id
    assert house.draw() == {"refused": "not_frozen"}
    with house.database.transaction() as session:
        factories.frozen_plan(session, other, campaign_id=house.campaign_id, frozen_at=NOW)
    assert house.draw() == {"refused": "no_frame"}
    with house.database.transaction() as session:
        factories.frame(
            session, campaign_id=house.campaign_id, found=frame.found, frame_hash=frame.frame_hash
        )
    assert house.draw() == {"refused": "other_plan"}


@on_sqlite
def test_a_sample_larger_than_the_frame_takes_all_there_is(house):
    house.lay(plan(n_drawn=5000, stages=plan().stages)).draw()
    (draw,) = house.read(select(Draw))
    assert (draw.n_main, draw.n_reserve) == (400, 0)
    assert set(house.read(select(SampleCell.weight))) == {1.0}


@on_sqlite
def test_nothing_is_drawn_where_no_office_gets_five(house):
    house.lay(plan(), dossiers({"XA-A": 3, "XA-B": 4}))
    assert house.draw() == {"refused": "nobody"}
    assert house.read(select(Draw)) == []
