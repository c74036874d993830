"""`make bench`: how long a whole country's posters take, and how large their file is."""

import resource
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import select

from benchmarks.hall import open_hall, row, today
from survey_app.config import read_settings
from survey_app.db import Database
from survey_app.models.access_point import AccessPoint
from survey_app.models.job import Work
from survey_app.prepare.codes import print_job
from survey_app.prepare.codes.layouts import LAYOUTS
from tests import factories

N_OFFICES = 3_321
ASKED = {"a5": "≤ 15 s, ≤ 10 MB"}


def main() -> None:
    print("| figure | measured | asked |\n|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/bench.sqlite"
        hall = open_hall(Path(folder), url)
        hang_codes(hall.database)
        hall.database.engine.dispose()
        for layout in LAYOUTS:
            # In a process of its own, as in the job process when it comes first.
            command = [sys.executable, "-m", "benchmarks.posters", layout, folder, url]
            printed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
            row(f"{N_OFFICES:,} codes on paper, {layout}", printed.strip(), ASKED.get(layout, "–"))


def hang_codes(database: Database) -> None:
    """Give each of many offices its code."""
    with database.transaction() as session:
        campaign = factories.campaign(session, opens_on=today())
        province = factories.office(session, kind="province", name="Tỉnh Mẫu")
        for number in range(N_OFFICES):
            name = f"Trung tâm Phục vụ hành chính công xã Mẫu {number}"
            office = factories.office(session, name=name, parent_id=province.id)
            factories.access_point(session, campaign_id=campaign.id, office_id=office.id)


def measure(layout: str, folder: str, url: str) -> None:
    settings = read_settings({"DATA_DIR": folder, "DATABASE_URL": url, "DEMO": "no"})
    database = Database(url)
    with database.reading() as session:
        ids = list(session.scalars(select(AccessPoint.id).order_by(AccessPoint.id.desc()).limit(N_OFFICES)))
    arguments = {"access_point_ids": ids, "language": "vi", "layout": layout}
    begin = time.perf_counter()
    work = Work(1, arguments, database, settings, datetime.now(UTC), lambda n_done, n_total: None)
    name = print_job.run(work)
    seconds = time.perf_counter() - begin
    megabytes = (settings.files_dir / str(name)).stat().st_size / 1e6
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000
    print(f"{seconds:.1f} s, {megabytes:.1f} MB, in {memory:.0f} MB of memory")


if __name__ == "__main__":
    measure(*sys.argv[1:]) if len(sys.argv) > 1 else main()
