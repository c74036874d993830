"""One-page sheets of all 3,321 communes of a publication, as the job makes them: seconds, memory, size.

    python -m benchmarks.sheets [--database PATH]

The publication is that of `benchmarks.raked_publication`; its database is taken, if one was kept.
"""

import argparse
import resource
import subprocess
import sys
import tempfile
import time
import zipfile
from pathlib import Path

from sqlalchemy import select

from benchmarks.hall import row
from benchmarks.national_figures import peak_megabytes
from survey_app.db import Database
from survey_app.models.publication import Publication
from survey_app.publish.handover.make import Asked, Place, make
from survey_app.publish.handover.products import PRODUCTS, SHEETS

ASKED = "≤ 120 s, ≤ 1.5 GB"


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--database", type=Path, help="kept, and filled if it is not there yet")
    parser.add_argument("--measure", action="store_true")
    stated = parser.parse_args()
    if stated.measure:
        measure(stated.database)
        return
    with tempfile.TemporaryDirectory() as folder:
        path = stated.database or Path(folder) / "bench.sqlite3"
        if not path.exists():
            made = [sys.executable, "-m", "benchmarks.raked_publication", "--database", str(path)]
            subprocess.run(made, check=True, stdout=subprocess.DEVNULL)
        command = [sys.executable, "-m", "benchmarks.sheets", "--database", str(path), "--measure"]
        printed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    print("| figure | measured | asked |\n|---|---|---|")
    row("sheets of all offices", printed.strip(), ASKED)


def measure(path: Path) -> None:
    database, begun = Database(f"sqlite:///{path}"), time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        with database.reading() as session:
            last = session.scalars(select(Publication.id).order_by(Publication.id.desc()).limit(1)).one()
            place = Place(Path(folder), "bench", "https://a.example.vn")
            name = make(session, Asked(last, PRODUCTS[SHEETS]), place, lambda _n_done, _n_total: None)
        seconds, used = time.perf_counter() - begun, resource.getrusage(resource.RUSAGE_SELF)
        with zipfile.ZipFile(Path(folder) / name) as archive:
            n_files, n_bytes = len(archive.namelist()), sum(one.file_size for one in archive.infolist())
    print(
        f"{n_files} files, {n_bytes / 1e6:.0f} MB: {seconds:.0f} s "
        f"({used.ru_utime + used.ru_stime:.0f} s CPU), {peak_megabytes():.0f} MB of memory"
    )


if __name__ == "__main__":
    main()
