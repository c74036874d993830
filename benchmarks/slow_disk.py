"""What group commit is for: the same service with and without it, on a disk whose flushes take 8 ms more.

Disks of old servers take that long, and machines that only pretend to flush hide it. A small library that is
loaded before the C library (LD_PRELOAD) adds the time to `fsync` and `fdatasync` of SQLite or PostgreSQL.
"""

import shutil
import subprocess
import tempfile
from pathlib import Path

from benchmarks import load
from benchmarks.hall import Hall, open_hall, row
from benchmarks.servers import PRODUCT, running
from tests import postgresql

SLOWER_BY_MILLISECONDS = 8
CONNECTIONS = 16
GROUPED, SINGLE = 4000, 400  # posts: enough for some seconds each
ONE_BY_ONE = (
    "from survey_app import create_app\n"
    "from survey_app.collect import writer\n"
    "writer.LARGEST_BATCH = 1\n"
    "app = create_app()\n"
)


def main() -> None:
    compiler = shutil.which("cc")
    if compiler is None:
        row("slow disk", "not measured: a C compiler is missing (apt-get install gcc libc6-dev)", "≥ 5")
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)  # PostgreSQL runs as another user and loads the library too
        library = build(compiler, folder)
        measure(folder, f"sqlite:///{folder}/slow.sqlite", "SQLite", {"LD_PRELOAD": str(library)})
        programs = postgresql.find_programs()
        if programs is None:
            row("PostgreSQL", "not measured: it is missing (apt-get install postgresql)", "≥ 5")
            return
        with postgresql.running_server(programs, durable=True, preload=library) as server:
            measure(folder, server.create_database("slow"), "PostgreSQL", {})


def build(compiler: str, folder: Path) -> Path:
    library = folder / "slow_disk.so"
    source = Path(__file__).with_name("slow_disk.c")
    define = f"-DSLOWER_BY_MILLISECONDS={SLOWER_BY_MILLISECONDS}"
    subprocess.run([compiler, "-shared", "-fPIC", "-O2", define, "-o", library, source, "-ldl"], check=True)
    library.chmod(0o755)
    return library


def measure(folder: Path, url: str, name: str, preload: dict[str, str]) -> None:
    hall = open_hall(folder / name, url)
    (folder / "one_by_one.py").write_text(ONE_BY_ONE)
    grouped = per_second(hall, folder, PRODUCT, preload, GROUPED)
    single = per_second(hall, folder, "one_by_one:app", preload, SINGLE)
    row(
        f"{name}, flushes {SLOWER_BY_MILLISECONDS} ms slower: POSTs a second with ÷ without group commit",
        f"{grouped:.0f} ÷ {single:.0f} = {grouped / single:.1f}",
        "≥ 5",
    )
    hall.database.engine.dispose()


def per_second(hall: Hall, folder: Path, application: str, preload: dict[str, str], n: int) -> float:
    port = postgresql.free_port()
    with running(application, port, folder, {**hall.environment, **preload}) as server:
        load.run(server.port, hall.posts(CONNECTIONS), CONNECTIONS)
        outcome = load.run(server.port, hall.posts(n), CONNECTIONS)
    assert outcome.statuses == {303}, outcome.statuses
    return outcome.per_second


if __name__ == "__main__":
    main()
