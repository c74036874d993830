"""How often intervals of a drawn, weighted campaign cover the truth, by simulation (docs/field-study.md).

A made-up province of 8 offices and 12,000 dossiers; what each person would answer is settled once, so the
truth is the index of all of them. Then the campaign is drawn, answered, weighted and published again and
again, each time by another seed, through the service itself. Two kinds of silence: one follows age and field,
which the dossier list knows and satisfaction depends on, too; the other follows satisfaction itself.
"""

import argparse
import math
import random
import statistics
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq
from sqlalchemy import select
from sqlalchemy.orm import Session

from survey_app.cli.database import migrate
from survey_app.db import Database
from survey_app.models.aapor import SILENT
from survey_app.models.breakdown import INDEX, ITEM, WHOLE
from survey_app.models.campaign import Campaign
from survey_app.models.definition import Definition
from survey_app.models.frame import frame_path
from survey_app.models.instrument import InstrumentVersion
from survey_app.models.office import Office
from survey_app.models.plan_document import (
    Allocation,
    Calendar,
    PlanDocument,
    PlannedStage,
    Population,
    Precision,
    Publishing,
    Raked,
    Weighting,
)
from survey_app.models.publication import Figure
from survey_app.models.weighting import WeightingStep
from survey_app.prepare.fieldwork.invite import invite
from survey_app.prepare.fieldwork.spent import Invitee
from survey_app.prepare.frames.canonical import SCHEMA, hash_of_file
from survey_app.prepare.instruments.definition_file import shipped_definition
from survey_app.prepare.samples.keep import By, store
from survey_app.prepare.samples.make import make_sample
from survey_app.prepare.samples.ready import ready_of
from survey_app.publish.releasing.freeze import prepare_wave
from survey_app.rehearsal.fieldwork import Fieldwork
from tests import factories

FORM = "counter_short"
OFFICES, DOSSIERS, DRAWN = 8, 1500, 150  # offices, dossiers of each, drawn in each
OPENS, CLOSES = date(2026, 12, 1), date(2026, 12, 20)
PUBLISHED = datetime(2026, 12, 28, 2, tzinfo=UTC)
AGES = {"18-24": 0.15, "25-34": 0.25, "35-49": 0.35, "50-60": 0.15, "61+": 0.1}
FIELDS = {"Đất đai": 0.4, "Hộ tịch": 0.35, "Xây dựng": 0.25}
SATISFIED_BY_AGE = {"18-24": -0.5, "25-34": -0.3, "35-49": 0.1, "50-60": 0.5, "61+": 0.8}
SATISFIED_BY_FIELD = {"Đất đai": -0.6, "Hộ tịch": 0.6, "Xây dựng": 0.0}
WILLING_BY_AGE = {"18-24": -0.8, "25-34": -0.4, "35-49": 0.0, "50-60": 0.6, "61+": 1.0}
WILLING_BY_FIELD = {"Đất đai": -0.4, "Hộ tịch": 0.4, "Xây dựng": 0.0}
SATISFIED, WILLING = 1.2, 0.0  # on the logit scale, before all else
PERSON_SPREAD = 2.2  # answers of one person resemble each other as much as in real surveys (alpha 0.96 of 22)

KNOWN, UNKNOWN = "age and field", "satisfaction itself"  # what silence follows


@dataclass(frozen=True)
class Person:
    """Somebody behind a dossier: what it would answer, whether or not it is asked."""

    unit: str
    office: str
    row: Mapping[str, object]
    answers: Mapping[str, str]
    satisfied: Mapping[str, float]  # by measure: the index, and one question
    willing: float  # on the logit scale, by what the list knows


def logistic(level: float) -> float:
    return 1 / (1 + math.exp(-level))


def people(definition: Definition, chance: random.Random) -> list[Person]:
    """Settle once and for all who there is and what each would answer."""
    rated = [item for item in definition.items if item.counts_in_index]
    found = []
    for number in range(OFFICES):
        office, level = f"XA-{number}", chance.gauss(SATISFIED, 0.4)
        for place in range(DOSSIERS):
            age = chance.choices(list(AGES), list(AGES.values()))[0]
            kind = chance.choices(list(FIELDS), list(FIELDS.values()))[0]
            sex = chance.choice(("male", "female"))
            own = level + SATISFIED_BY_AGE[age] + SATISFIED_BY_FIELD[kind] + chance.gauss(0, PERSON_SPREAD)
            answers = {
                item.code: chance.choice(("4", "5") if chance.random() < logistic(own) else ("1", "2", "3"))
                for item in rated
            }
            is_satisfied = [answer in definition.index.satisfied for answer in answers.values()]
            satisfied = {INDEX: statistics.mean(is_satisfied), ITEM + rated[0].code: float(is_satisfied[0])}
            told = {"sex": "1" if sex == "male" else "2", "age": str(2 + list(AGES).index(age))}
            unit = f"{office}-{place:05}"
            row = {
                "unit": unit,
                "receives": office,
                "decides": office,
                "field": kind,
                "sex": sex,
                "age_band": age,
                "settled_on": date(2025, 1, 1) + timedelta(days=chance.randrange(365)),
            }
            willing = WILLING + WILLING_BY_AGE[age] + WILLING_BY_FIELD[kind]
            found.append(Person(unit, office, row, answers | told, satisfied, willing))
    return found


class Society:
    """Those people, answering as they are willing to."""

    def __init__(self, everybody: Mapping[str, Person], silence: str, chance: random.Random) -> None:
        self._everybody, self._silence, self._chance = everybody, silence, chance

    def answers(self, one: Invitee) -> Mapping[str, str] | None:
        person = self._everybody[one.unit]
        by_satisfaction = 2.0 * person.satisfied[INDEX] - 1.4
        willing = person.willing if self._silence == KNOWN else by_satisfaction
        return person.answers if self._chance.random() < logistic(willing) else None

    def fate(self, _one: Invitee) -> str:
        return SILENT


def plan(seed: int) -> PlanDocument:
    return PlanDocument(
        population=Population(
            described="Người có hồ sơ giải quyết năm 2025",
            tops=("T",),
            settled_from=date(2025, 1, 1),
            settled_until=date(2025, 12, 31),
        ),
        precision=Precision(response_rate=0.5),
        stages=(PlannedStage(unit="dossier", method="systematic", order=("field", "settled_on")),),
        allocation=Allocation(method="equal", minimum=20, n_drawn=OFFICES * DRAWN),
        weighting=Weighting(
            cells=("field",),
            smallest_cell=20,
            raked=(Raked(variable="sex", question="sex"), Raked(variable="age_band", question="age")),
        ),
        publication=Publishing(tables=("office",)),
        seed=f"study {seed}",
        calendar=Calendar(
            fieldwork_from=OPENS, fieldwork_until=CLOSES, publication_by=CLOSES + timedelta(days=60)
        ),
    )


@dataclass(frozen=True)
class World:
    """A database before the draw, copied for each repetition, and the frame's folder."""

    definition: Definition
    everybody: Mapping[str, Person]
    template: Path
    frame_hash: str


def world(folder: Path) -> World:
    definition = shipped_definition(FORM)
    everybody = people(definition, random.Random(20261122))  # to repeat
    rows = sorted((person.row for person in everybody), key=lambda row: str(row["unit"]))
    frames = frame_path(folder, "x").parent
    frames.mkdir(parents=True)
    draft = frames / "draft.parquet"
    pq.write_table(pa.Table.from_pylist(rows, schema=SCHEMA), draft)
    frame_hash = hash_of_file(draft)
    draft.rename(frame_path(folder, frame_hash))
    template = folder / "template.sqlite"
    database = Database(f"sqlite:///{template}")
    migrate(database)
    with database.transaction() as session:
        top = factories.office(session, code="T", kind="province", name="Tỉnh")
        for number in range(OFFICES):
            factories.office(session, code=f"XA-{number}", parent_id=top.id)
        factories.instrument_version(session, of=definition)
    database.close()
    return World(definition, {person.unit: person for person in everybody}, template, frame_hash)


class Found(NamedTuple):
    """A published figure: with the printed interval, and with the t limits of the open data."""

    value: float
    printed: tuple[float, float]
    t_limits: tuple[float, float]


@dataclass(frozen=True)
class Repetition:
    """What one campaign found, by measure and office (the whole: "T"), and the index without weights."""

    found: Mapping[tuple[str, str], Found]
    unweighted: float
    n_answered: int


def repeat(world: World, silence: str, seed: int, folder: Path) -> Repetition:
    path = folder / "repetition.sqlite"
    path.write_bytes(world.template.read_bytes())
    database = Database(f"sqlite:///{path}")
    try:
        return _walk(database, world, silence, seed, folder)
    finally:
        database.close()


def _walk(database: Database, world: World, silence: str, seed: int, folder: Path) -> Repetition:
    secret, by = b"s" * 32, By(datetime(2026, 12, 1, 2, tzinfo=UTC), OPENS, None)
    with database.transaction() as session:
        version = session.scalars(select(InstrumentVersion)).one()
        campaign = _planned(session, version, plan(seed), by.now)
        _lay_frame(session, campaign, world, plan(seed))
    with database.reading() as session:
        ready = ready_of(session, campaign, folder, OPENS)
    made = make_sample(ready.design, ready.path)
    society = Society(world.everybody, silence, random.Random(seed))  # to repeat
    with database.transaction() as session:
        draw = store(session, campaign.id, made, folder, by)
        invite(session, draw, "letter", OPENS, secret)
        told = Fieldwork(campaign, version, society, secret).happen(session, draw)
    with database.reading() as session:
        wave = prepare_wave(session, session.get_one(Campaign, campaign.id), PUBLISHED)
    with database.transaction() as session:
        wave.write(session, PUBLISHED)
    with database.reading() as session:
        return _published(session, told.n_answered)


def _planned(
    session: Session, version: InstrumentVersion, document: PlanDocument, drawn_at: datetime
) -> Campaign:
    campaign = factories.annual_campaign(
        session,
        code="study",
        instrument_version_id=version.id,
        opens_on=OPENS,
        closes_on=CLOSES,
    )
    factories.campaign_plan(
        session,
        campaign_id=campaign.id,
        document_json=document.to_json(),
        frozen_at=drawn_at - timedelta(days=9),
        hash=document.hash,
    )
    return campaign


def _published(session: Session, n_answered: int) -> Repetition:
    columns = (Figure.value, Figure.low, Figure.high, Figure.t_low, Figure.t_high)
    rows = session.execute(
        select(Figure.measure, Office.code, *columns).join(Office).where(Figure.breakdown == WHOLE)
    )
    found = {row[:2]: Found(row[2], row[3:5], row[5:]) for row in rows}
    first = session.scalars(select(WeightingStep).where(WeightingStep.step == "unweighted")).one()
    return Repetition(found, first.value or 0.0, n_answered)


def _lay_frame(session: Session, campaign: Campaign, world: World, document: PlanDocument) -> None:
    totals = {
        name: sorted(Counter(str(person.row[name]) for person in world.everybody.values()).items())
        for name in ("sex", "age_band", "field")
    }
    found = {"rules": [], "unknown_offices": [], "totals": totals, "n_clusters": 0}
    frame = factories.frame(
        session,
        campaign_id=campaign.id,
        frame_hash=world.frame_hash,
        n_units=len(world.everybody),
        found=found | {"plan_hash": document.hash},
    )
    for office in session.scalars(select(Office).where(Office.code != "T")):
        counts = {"n_received": DOSSIERS, "n_decided": DOSSIERS}
        factories.frame_office(session, frame_id=frame.id, office_id=office.id, **counts)


def truths(everybody: Mapping[str, Person]) -> dict[tuple[str, str], float]:
    """Give what a census in which everybody answers would find."""
    by_place: dict[str, list[Person]] = {"T": list(everybody.values())}
    for person in everybody.values():
        by_place.setdefault(person.office, []).append(person)
    return {
        (measure, place): statistics.mean(one.satisfied[measure] for one in several)
        for place, several in by_place.items()
        for measure in several[0].satisfied
    }


def report(silence: str, truth: Mapping[tuple[str, str], float], runs: list[Repetition]) -> Iterator[str]:
    """Say how often the truth was covered, and how far the figures with and without weights were off."""
    whole, n = (INDEX, "T"), statistics.mean(one.n_answered for one in runs)
    off = statistics.mean(one.found[whole].value - truth[whole] for one in runs)
    unweighted = statistics.mean(one.unweighted - truth[whole] for one in runs)
    yield f"silence by {silence}: {len(runs)} repetitions, {n:.0f} answers of {OFFICES * DRAWN} on average"
    yield f"  index {truth[whole]:.4f}: weighted off by {off:+.4f}, unweighted by {unweighted:+.4f}"
    for measure in sorted({measure for measure, _place in truth}):
        for name, is_whole in (("the whole", True), ("an office", False)):
            keys = [key for key in truth if key[0] == measure and (key[1] == "T") == is_whole]
            shares = [_covered(keys, truth, runs, limits) for limits in ("printed", "t_limits")]
            widths = [_half_width(keys, runs, limits) for limits in ("printed", "t_limits")]
            yield (
                f"  {measure}, {name}: printed interval covers {100 * shares[0]:.1f} % "
                f"(± {widths[0]:.3f}), t limits {100 * shares[1]:.1f} % (± {widths[1]:.3f})"
            )


def _covered(
    keys: Sequence[tuple[str, str]],
    truth: Mapping[tuple[str, str], float],
    runs: Sequence[Repetition],
    limits: str,
) -> float:
    intervals = ((truth[key], getattr(one.found[key], limits)) for one in runs for key in keys)
    return statistics.mean(low <= true <= high for true, (low, high) in intervals)


def _half_width(keys: Sequence[tuple[str, str]], runs: Sequence[Repetition], limits: str) -> float:
    intervals = (getattr(one.found[key], limits) for one in runs for key in keys)
    return statistics.mean((high - low) / 2 for low, high in intervals)


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--repetitions", type=int, default=200)
    n = asked.parse_args().repetitions
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        made = world(folder)
        for silence in (KNOWN, UNKNOWN):
            runs = [repeat(made, silence, seed, folder) for seed in range(n)]
            for line in report(silence, truths(made.everybody), runs):
                print(line)


if __name__ == "__main__":
    main()
