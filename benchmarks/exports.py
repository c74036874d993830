"""`make bench`: how long exports of responses take, and how much memory the job process needs for them.

A year of 19 questions at 200 offices, made at random with the tallies that a release would leave. Each export
runs in a process of its own, as in the job process when it comes first.
"""

import json
import os
import random
import subprocess
import sys
import tempfile
import time
import zlib
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from sqlalchemy import insert

from benchmarks.hall import open_hall, row, today
from survey_app.config import Settings, read_settings
from survey_app.db import Database
from survey_app.jobs.bound import bound_to
from survey_app.models.access_point import AccessPointDay
from survey_app.models.campaign import Campaign
from survey_app.models.definition import Definition
from survey_app.models.job import Job, Work, enqueue
from survey_app.models.publication import OfficeRelease, Tally
from survey_app.models.response import LATE_BY, Response
from survey_app.prepare.instruments.definition_file import shipped_definition
from survey_app.publish.exports import export_job
from survey_app.publish.exports.choice import JOB, RIGHT, Choice
from tests import factories, postgresql

N_RESPONSES = int(os.environ.get("EXPORTED", "1000000"))
N_OFFICES, COUNTERS, DAYS = 200, 3, 90
SHEET_OFFICES = N_OFFICES // 10
PATTERNS = 5_000
MARK = "exported:"


def main() -> None:
    print("| figure | measured | asked |\n|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        measure(Path(folder) / "SQLite", f"sqlite:///{folder}/bench.sqlite", "SQLite")
        programs = postgresql.find_programs()
        if programs is None:
            print("| PostgreSQL | not measured: it is missing (apt-get install postgresql) | |")
            return
        with postgresql.running_server(programs) as server:
            measure(Path(folder) / "PostgreSQL", server.create_database("bench"), "PostgreSQL")


def measure(folder: Path, url: str, name: str) -> None:
    hall = open_hall(folder, url)
    offices = fill(hall.database, hall.version_id)
    few = offices[:SHEET_OFFICES]
    for chosen, file_format, asked in (
        (offices, "csv", "≤ 10 s in ≤ 150 MB"),
        (few, "xlsx", "≤ 30 s"),
        (offices, "parquet", "–"),
    ):
        job_id = ask(hall.database, chosen, file_format)
        seconds, cpu, megabytes, n_rows, size = exported(hall.environment["DATA_DIR"], url, job_id)
        row(
            f"{name}: {file_format.upper()} of {n_rows:,} responses",
            f"{seconds:.1f} s ({cpu:.1f} s of CPU) in {megabytes:.0f} MB, a file of {size / 1e6:.0f} MB",
            asked,
        )
    hall.database.engine.dispose()


def fill(database: Database, version_id: int) -> list[int]:
    """Make offices, counters and days of released responses; give the offices."""
    rng = random.Random(3)
    definition = shipped_definition("sipas_service_2022")
    answers = [packed(definition, rng) for _ in range(PATTERNS)]
    with database.transaction() as session:
        campaign = factories.campaign(
            session,
            instrument_version_id=version_id,
            code="bench",
            opens_on=today() - LATE_BY - timedelta(days=DAYS),
            closes_on=today() - LATE_BY - timedelta(days=1),  # so that all of it leaves
        )
        offices = [factories.office(session).id for _ in range(N_OFFICES)]
        points = []
        for office_id in offices:
            for number in range(COUNTERS):
                counter = factories.counter(session, office_id=office_id, label=f"Quầy số {number + 1}")
                point = factories.access_point(
                    session, campaign_id=campaign.id, office_id=office_id, counter_id=counter.id
                )
                points.append(point.id)
        n_each = N_RESPONSES // N_OFFICES
        releases = [
            {"campaign_id": campaign.id, "office_id": one, "provenance": "C", "n_looked_at": n_each}
            | {"n_released": n_each, "released_on": today(), "closed_on": today()}
            for one in offices
        ]
        session.execute(insert(OfficeRelease), releases)
        for point_id in points:
            store(session, point_id, version_id, answers, rng)
    return offices


def packed(definition: Definition, rng: random.Random) -> bytes:
    return definition.pack({item.code: rng.choice(item.options).code for item in definition.items})


def store(session, point_id: int, version_id: int, answers: list[bytes], rng: random.Random) -> None:
    days = [today() - LATE_BY - timedelta(days=n) for n in range(1, DAYS + 1)]
    n_each = N_RESPONSES // (N_OFFICES * COUNTERS)
    came = dict.fromkeys(days, 0)
    for _ in range(n_each):
        came[rng.choice(days)] += 1
    came = {day: n for day, n in came.items() if n}
    counts = zlib.compress(b"")  # no export reads them where nothing was voided
    session.execute(
        insert(AccessPointDay),
        [
            {"access_point_id": point_id, "day": day, "n_opened": n, "n_received": n}
            for day, n in came.items()
        ],
    )
    session.execute(
        insert(Tally),
        [
            {"access_point_id": point_id, "day": day, "instrument_version_id": version_id, "cell_id": 0}
            | {"batch_day": day, "n_respondents": n, "counts": counts}
            for day, n in came.items()
        ],
    )
    session.execute(insert(Response), list(responses(point_id, version_id, came, answers, rng)))


def responses(
    point_id: int, version_id: int, came: dict[date, int], answers: list[bytes], rng: random.Random
) -> Iterator[dict[str, object]]:
    for day, n in came.items():
        for _ in range(n):
            yield {
                "access_point_id": point_id,
                "day": day,
                "instrument_version_id": version_id,
                "submission_key": rng.randbytes(16),
                "fingerprint": rng.getrandbits(62),
                "answers": rng.choice(answers),
            }


def ask(database: Database, office_ids: list[int], file_format: str) -> int:
    with database.transaction() as session:
        campaign_id = session.query(Campaign.id).filter_by(code="bench").scalar()
        choice = Choice(
            campaign_id, office_ids, ["A", "B", "C", "D"], None, None, file_format, "codes", "vi", True
        )
        owner_id = factories.staff(session).id
        arguments = choice.arguments() | bound_to(RIGHT, office_ids)
        return enqueue(session, JOB, arguments, datetime.now(UTC), owner_id).id


def exported(data_dir: str, url: str, job_id: int) -> tuple[float, float, float, int, int]:
    """Do the job in a process of its own; give seconds, CPU, megabytes at most, rows, bytes of the file."""
    command = [sys.executable, "-m", "benchmarks.exports", str(job_id)]
    environment = {**os.environ, "DATA_DIR": data_dir, "DATABASE_URL": url, "DEMO": "no"}
    run = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    (line,) = [line for line in run.stdout.splitlines() if line.startswith(MARK)]
    seconds, cpu, megabytes, n_rows, size = json.loads(line.removeprefix(MARK))
    return seconds, cpu, megabytes, n_rows, size


def do(job_id: int) -> None:
    settings: Settings = read_settings(os.environ)
    database = Database(settings.database_url)
    with database.reading() as session:
        arguments = session.get_one(Job, job_id).arguments
    begun, cpu_begun = time.perf_counter(), time.process_time()
    work = Work(job_id, arguments, database, settings, datetime.now(UTC), lambda *_: None)
    name = str(export_job.run(work))
    seconds, cpu = time.perf_counter() - begun, time.process_time() - cpu_begun
    with database.reading() as session:
        outcome = session.get_one(Job, job_id).outcome or {}
    (peak,) = [
        line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM")
    ]
    size = (settings.files_dir / name).stat().st_size
    print(MARK + json.dumps([seconds, cpu, int(peak.split()[1]) / 1024, outcome["n_rows"], size]))


if __name__ == "__main__":
    if len(sys.argv) > 1:
        do(int(sys.argv[1]))
    else:
        main()
