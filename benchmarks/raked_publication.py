"""A drawn sample of 3,321 communes with raked weights, published and verified: seconds and memory.

    python -m benchmarks.raked_publication [--answers 332_100]

Each commune has twelve cells, four villages by three fields, with as many letters as bring their answers at
rates that differ by field. Answers, and what people tell of themselves, follow from a seed. The second line
is a second publication of the same answers, a correction, which compares what it hides with the first. The
third is one after some answers of one commune were voided, and so the raked weights of all others changed.
"""

import argparse
import gc
import json
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any, Final

import numpy as np
from sqlalchemy import func, insert, select, text
from sqlalchemy.orm import Session

from benchmarks.national_figures import peak_megabytes
from survey_app.cli.database import migrate
from survey_app.cli.jobs import THRESHOLDS
from survey_app.db import Database
from survey_app.models.access_point import AccessPointDay
from survey_app.models.campaign import Campaign
from survey_app.models.definition import Definition
from survey_app.models.office import Office
from survey_app.models.plan_document import PlanDocument, Publishing, Raked, Weighting
from survey_app.models.publication import Publication
from survey_app.models.response import Response
from survey_app.models.sample import SampleCell, SampledUnit
from survey_app.prepare.instruments.definition_file import shipped_definition
from survey_app.publish.releasing.freeze import prepare_wave
from survey_app.publish.releasing.verify import verify
from tests import factories
from tests.factories import DAY, MOMENT

N_OFFICES, N_PROVINCES, N_ANSWERS = 3_321, 34, 332_100
N_ITEMS, N_VILLAGES, N_DOSSIERS = 22, 4, 10_000_000
RATES: Final = {"civil": 0.75, "land": 0.55, "social": 0.65}
SHARES: Final = {
    "sex": {"M": 0.45, "F": 0.55},
    "age": {"18-34": 0.3, "35-54": 0.45, "55+": 0.25},
    "field": {"civil": 0.35, "land": 0.35, "social": 0.2, "business": 0.1},
}
SKIPPED = 0.02  # of all questions
OFFICES_AT_ONCE = 50
N_VOIDED = 12
STEPS: Final = ("publish", "correct", "void", "verify")


def fill(session: Session, n_answers: int) -> None:
    """Lay out offices, plan, frame, draw and answers."""
    version = factories.instrument_version(session, of=shipped_definition("sipas_reference_22"))
    campaign = factories.annual_campaign(
        session,
        code="bench",
        instrument_version_id=version.id,
    )
    country = factories.office(session, code="T", name="Cả nước", kind="province")
    provinces = [
        factories.office(session, code=f"T{n:02}", kind="province", parent_id=country.id).id
        for n in range(N_PROVINCES)
    ]
    for n in range(N_OFFICES):
        parent_id = provinces[n % N_PROVINCES]
        factories.office(session, code=f"X{n:04}", kind="commune_section", parent_id=parent_id)
    sample = Sample(campaign, version.definition, _draw(session, campaign), n_answers // N_OFFICES)
    offices = session.execute(
        select(Office.id, Office.code).where(Office.code.like("X%")).order_by(Office.id)
    ).all()
    for start in range(0, len(offices), OFFICES_AT_ONCE):
        for office_id, code in offices[start : start + OFFICES_AT_ONCE]:
            sample.add(session, office_id, code)
        sample.write(session)


def _draw(session: Session, campaign: Campaign) -> int:
    raked = tuple(Raked(variable=name, question=name) for name in SHARES)
    weighting = Weighting(cells=("field",), raked=raked, trimmed_below=0.2, trimmed_above=5.0)
    plan = PlanDocument(weighting=weighting, publication=Publishing(tables=("group",)))
    factories.frozen_plan(session, plan, campaign_id=campaign.id)
    totals = {
        name: [(level, round(N_DOSSIERS * share)) for level, share in shares.items()]
        for name, shares in SHARES.items()
    }
    frame = factories.frame(session, campaign_id=campaign.id, found={"totals": totals})
    return factories.draw(session, campaign_id=campaign.id, frame_id=frame.id).id


@dataclass
class Sample:
    """Makes the rows of one office after the other."""

    campaign: Campaign
    definition: Definition
    draw_id: int
    n_answers: int  # of an office
    rows: dict[Any, list[dict[str, Any]]] = field(default_factory=dict)
    cell_ids: "count[int]" = field(default_factory=lambda: count(1))
    numbers: "count[int]" = field(default_factory=lambda: count(1))
    random: np.random.Generator = field(default_factory=lambda: np.random.default_rng(2026))

    def add(self, session: Session, office_id: int, code: str) -> None:
        point = factories.access_point(
            session,
            campaign_id=self.campaign.id,
            office_id=office_id,
            code=None,
            mode="paper",
            provenance="A",
        )
        quality, n_received = self.random.beta(16, 4), 0
        for village in range(N_VILLAGES):
            for name, rate in RATES.items():
                n_received += self._add_cell(
                    (office_id, point.id), (code, f"{code}-{village}", name), rate, quality
                )
        self._add(
            AccessPointDay, access_point_id=point.id, day=DAY, n_opened=0, n_received=n_received, n_voided=0
        )

    def _add_cell(
        self, where: tuple[int, int], names: tuple[str, str, str], rate: float, quality: float
    ) -> int:
        cell_id = next(self.cell_ids)
        n = max(round(self.n_answers / N_VILLAGES / len(RATES) / rate), 5)
        told = dict(zip(("stratum", "psu", "weighting_cell"), names, strict=True))
        weight = float(self.random.uniform(10, 40))
        owner = {"campaign_id": self.campaign.id, "draw_id": self.draw_id}
        self._add(SampleCell, id=cell_id, **owner, **told, weight=weight, n_drawn=n)
        answered = self.random.random(n) < rate
        for place, answers in enumerate(answered.tolist()):
            self._add_unit(where[0], names[0], cell_id, place, answers)
            if answers:
                self._add(
                    Response,
                    access_point_id=where[1],
                    day=DAY,
                    cell_id=cell_id,
                    instrument_version_id=self.campaign.instrument_version_id,
                    submission_key=self.random.bytes(16),
                    fingerprint=place,
                    answers=self._answers(quality),
                )
        return int(answered.sum())

    def _add_unit(self, office_id: int, stratum: str, cell_id: int, place: int, answers: bool) -> None:
        number = next(self.numbers)
        self._add(
            SampledUnit,
            draw_id=self.draw_id,
            number=number,
            unit=f"H{number}",
            office_id=office_id,
            list_name=stratum,
            is_main=True,
            position=number,
            inclusion_probability=0.05,
            is_certainty=False,
            cell_id=cell_id,
            serial=place,
            outcome="1.1" if answers else None,
            outcome_on=DAY if answers else None,
        )

    def _add(self, table: Any, **row: Any) -> None:
        self.rows.setdefault(table, []).append(row)

    def write(self, session: Session) -> None:
        for table in (SampleCell, SampledUnit, Response, AccessPointDay):
            session.execute(insert(table), self.rows.pop(table))

    def _answers(self, quality: float) -> bytes:
        draw = self.random.random
        answers = {
            f"q{n}": "5" if draw() < quality else "2" for n in range(1, N_ITEMS + 1) if draw() > SKIPPED
        }
        for name, shares in SHARES.items():
            if draw() > SKIPPED:
                answers[name] = str(self.random.choice(list(shares), p=list(shares.values())))
        return self.definition.pack(answers)


def void(session: Session) -> None:
    """Void answers of the commune that was laid out first."""
    first = select(func.min(Response.access_point_id))
    drawn = select(Response).where(Response.access_point_id == first.scalar_subquery()).limit(N_VOIDED)
    campaign = session.scalars(select(Campaign).where(Campaign.code == "bench")).one()
    approval = factories.approval(session, kind="void_responses", campaign_id=campaign.id)
    for response in session.scalars(drawn).all():
        response.approval_id = approval.id
        session.get_one(AccessPointDay, (response.access_point_id, response.day)).n_voided += 1


def measure(url: str, step: str) -> dict[str, Any]:
    """Do a step, publishing or verifying what was published last, and say what it took."""
    database = Database(url)
    if step == "void":
        with database.transaction() as session:
            void(session)
    begun, cpu = time.perf_counter(), time.process_time()
    now = MOMENT + timedelta(days=3)
    said: dict[str, Any] = {"step": step}
    if step == "verify":
        with database.reading() as session:
            last = session.scalars(select(Publication).order_by(Publication.id.desc()).limit(1)).one()
            found = verify(session, last)
        said |= {"n_figures": found.n_figures, "is_identical": found.difference is None}
    else:
        reason = None if step == "publish" else "Benchmark"
        with database.reading() as session:
            campaign = session.scalars(select(Campaign).where(Campaign.code == "bench")).one()
            wave = prepare_wave(session, campaign, now, reason)
        said["prepared"] = round(time.perf_counter() - begun, 1)
        said |= {name: len(rows) for name, rows in wave.tables.items()}
        with database.transaction() as session:
            wave.write(session, now)
    said |= {"seconds": round(time.perf_counter() - begun, 1), "cpu": round(time.process_time() - cpu, 1)}
    return said | {"peak_megabytes": round(peak_megabytes())}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--answers", type=int, default=N_ANSWERS)
    parser.add_argument("--database", type=Path, help="kept, and filled if it is not there yet")
    parser.add_argument("--step", choices=STEPS)
    stated = parser.parse_args()
    if stated.step:
        gc.set_threshold(*THRESHOLDS)  # as the process does that publishes
        print(json.dumps(measure(f"sqlite:///{stated.database}", stated.step)))
        return
    with tempfile.TemporaryDirectory() as folder:
        path = stated.database or Path(folder) / "bench.sqlite3"
        if not path.exists():
            database = Database(f"sqlite:///{path}")
            migrate(database)
            with database.transaction() as session:
                # It looks through the units of a draw for each that is added.
                session.execute(text("DROP TRIGGER sampled_unit_is_not_replaced"))
                fill(session, stated.answers)
            database.engine.dispose()
        for step in STEPS:
            command = [sys.executable, "-m", "benchmarks.raked_publication", "--database", str(path)]
            subprocess.run([*command, "--step", step], check=True)


if __name__ == "__main__":
    main()
