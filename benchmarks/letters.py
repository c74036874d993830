"""`python -m benchmarks.letters`: how long the letters of a national sample take, and how much memory.

Contacts of ten million dossiers are sealed first (`--contacts`), then the job writes a letter to each of the
36,525 drawn; it runs as a process of its own, whose time and largest memory are read from the kernel.
"""

import argparse
import resource
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
from sqlalchemy import insert

from benchmarks.hall import open_hall, row, today
from survey_app.config import Settings, read_settings
from survey_app.db import Database
from survey_app.models.frame import contacts_path
from survey_app.models.job import Work
from survey_app.models.sample import SampleCell, SampledUnit
from survey_app.prepare.fieldwork import letters_job
from survey_app.prepare.frames.contacts import ContactsWriter
from tests import factories

N_OFFICES, N_LETTERS = 3_321, 36_525
ROWS_A_PART = 250_000
ASKED = "≤ 240 s, ≤ 1.5 GB"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--contacts", type=int, default=10_000_000)
    n_contacts = parser.parse_args().contacts
    print("| figure | measured | asked |\n|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/bench.sqlite"
        hall = open_hall(Path(folder), url)
        ticket, campaign_id = draw_sample(hall.database, n_contacts)
        seal_contacts(read(folder, url), ticket, n_contacts)
        hall.database.engine.dispose()
        command = [sys.executable, "-m", "benchmarks.letters", "measure", folder, url, str(campaign_id)]
        printed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        row(f"{N_LETTERS:,} letters from {n_contacts:,} sealed contacts", printed.strip(), ASKED)


def unit(number: int) -> str:
    return f"H{number:08}"


def draw_sample(database: Database, n_contacts: int) -> tuple[str, int]:
    """Store a drawn sample: eleven dossiers of each commune, in two cells."""
    with database.transaction() as session:
        campaign = factories.annual_campaign(session, opens_on=today(), closes_on=today())
        frame = factories.frame(session, campaign_id=campaign.id, contacts_expire_on=today())
        draw = factories.draw(session, campaign_id=campaign.id, frame_id=frame.id, n_main=N_LETTERS)
        offices = [factories.office(session, name=f"Trung tâm xã Mẫu {n}").id for n in range(N_OFFICES)]
        cells = [
            {
                "campaign_id": campaign.id,
                "stratum": f"{office_id}",
                "psu": f"{office_id}/{group}",
                "weight": 1.0,
                "draw_id": draw.id,
                "n_drawn": 5,
            }
            for office_id in offices
            for group in (0, 1)
        ]
        adding = insert(SampleCell).returning(SampleCell.id, sort_by_parameter_order=True)
        cell_ids = session.scalars(adding, cells).all()
        session.execute(insert(SampledUnit), list(units(draw.id, offices, cell_ids, n_contacts)))
        return frame.ticket, campaign.id


def units(
    draw_id: int, offices: list[int], cell_ids: Sequence[int], n_contacts: int
) -> Iterator[dict[str, object]]:
    serials = [0] * len(cell_ids)
    for number in range(N_LETTERS):
        place = number * N_OFFICES // N_LETTERS
        cell = 2 * place + number % 2
        yield {
            "draw_id": draw_id,
            "number": number + 1,
            "unit": unit(number * (n_contacts // N_LETTERS)),
            "office_id": offices[place],
            "list_name": str(offices[place]),
            "is_main": True,
            "position": number + 1,
            "inclusion_probability": 0.5,
            "is_certainty": False,
            "cell_id": cell_ids[cell],
            "serial": serials[cell],
        }
        serials[cell] += 1


def seal_contacts(settings: Settings, ticket: str, n_contacts: int) -> None:
    path = contacts_path(settings.data_dir, ticket)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        writer = ContactsWriter(file, settings.frame_keys[0])
        for start in range(0, n_contacts, ROWS_A_PART):
            numbers = range(start, min(start + ROWS_A_PART, n_contacts))
            writer.add(
                pa.table(
                    {
                        "unit": [unit(number) for number in numbers],
                        "name": [f"Nguyễn Thị Ánh Nguyệt {number % 97}" for number in numbers],
                        "address": [f"Số {number % 300} đường Mẫu, xã Mẫu, tỉnh Mẫu" for number in numbers],
                        "phone": [f"09{number:08}" for number in numbers],
                    }
                )
            )


def read(folder: str, url: str) -> Settings:
    return read_settings({"DATA_DIR": folder, "DATABASE_URL": url, "DEMO": "no"})


def measure(folder: str, url: str, campaign_id: str) -> None:
    settings, database = read(folder, url), Database(url)
    with database.transaction() as session:
        job = factories.job(session, name="letters")
    arguments = {"campaign_id": int(campaign_id), "delivery": "letter", "which": "all"}
    begin = time.perf_counter()
    work = Work(job.id, arguments, database, settings, datetime.now(UTC), lambda n_done, n_total: None)
    name = letters_job.run(work)
    seconds = time.perf_counter() - begin
    used = resource.getrusage(resource.RUSAGE_SELF)
    with zipfile.ZipFile(settings.files_dir / name) as archive:
        n_files = sum(one.endswith(".pdf") for one in archive.namelist())
    megabytes = (settings.files_dir / name).stat().st_size / 1e6
    cpu = used.ru_utime + used.ru_stime
    print(
        f"{n_files} files, {megabytes:.0f} MB: {seconds:.0f} s ({cpu:.0f} s CPU), "
        f"{used.ru_maxrss / 1000:.0f} MB of memory"
    )


if __name__ == "__main__":
    measure(*sys.argv[2:]) if sys.argv[1:2] == ["measure"] else main()
