"""`make bench`: what collecting a response costs, against a Flask "hello" and raw durable commits.

Every figure is a ratio or a size; each ratio's two sides are measured in the same run.
"""

import gzip
import random
import statistics
import tempfile
import time
import urllib.request
from pathlib import Path
from urllib.parse import urlencode

import pysqlite3.dbapi2
from sqlalchemy import text

from benchmarks import load
from benchmarks.hall import Hall, open_hall, row, today
from benchmarks.servers import HELLO, PRODUCT, Server, running
from survey_app.collect.storing import Arrival, store_all
from survey_app.db import Database
from survey_app.prepare.instruments.definition_file import shipped_definition
from tests import postgresql

REQUESTS = 5000
ROUNDS = 5
CONNECTIONS = 16
STORED = 20_000
VISITS = 4000
PACKED = {"Accept-Encoding": "gzip"}


def main() -> None:
    print("| figure | measured | asked |\n|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        measure(Path(folder), f"sqlite:///{folder}/bench.sqlite", "SQLite", 8151)
        programs = postgresql.find_programs()
        if programs is None:
            print("| PostgreSQL | not measured: it is missing (apt-get install postgresql) | |")
            return
        with postgresql.running_server(programs, durable=True) as server:
            measure(Path(folder), server.create_database("bench"), "PostgreSQL", 8152)


def measure(folder: Path, url: str, name: str, port: int) -> None:
    hall = open_hall(folder / name, url)
    (folder / "bench_hello.py").write_text(HELLO)
    with (
        running("bench_hello:app", port + 10, folder, hall.environment) as hello,
        running(PRODUCT, port, folder, hall.environment) as ours,
    ):
        requests = hall.posts(REQUESTS + 1)
        wire(ours, hall.code, name, requests.pop())
        cpu_of_post = compare(hello, ours, hall.code, requests, name)
        commits(folder, hall, ours, cpu_of_post, name)
        visits(ours, hall, name)
        row(f"{name}: web worker, PSS", f"{ours.worker_megabytes():.1f} MB", "≤ 70 (80 with psycopg)")
    bytes_per_response(hall, name)
    hall.database.engine.dispose()


def wire(ours: Server, code: str, name: str, post: bytes) -> None:
    """Weigh the form and the thank-you page as a browser receives them, headers included."""
    address = f"http://127.0.0.1:{ours.port}/s/{code}"
    form = fetch(urllib.request.Request(address, headers=PACKED))
    row(f"{name}: first view of 19 items", f"{form[0] / 1000:.1f} kB, 1 request", "≤ 14 kB, ≤ 2")
    row(f"{name}: the same unpacked", f"{form[1] / 1000:.1f} kB", "–")
    thanks = fetch(urllib.request.Request(address, post.partition(b"\r\n\r\n")[2], headers=PACKED))
    row(f"{name}: thank-you page", f"{thanks[0] / 1000:.1f} kB, 1 request", "≤ 4 kB")


def fetch(request: urllib.request.Request) -> tuple[int, int]:
    """Give the bytes on the wire and the bytes unpacked of what a request ends at."""
    with urllib.request.urlopen(request) as answer:
        head = sum(len(name) + len(value) + 4 for name, value in answer.headers.items())
        body = answer.read()
    return head + len(body), len(gzip.decompress(body))


def compare(hello: Server, ours: Server, code: str, requests: list[bytes], name: str) -> float:
    """Give the CPU seconds of a POST.

    Take turns, so that a machine that speeds up or slows down meets both sides; medians of the rounds.
    """
    each = len(requests) // ROUNDS
    gets, hellos = [load.get_request(f"/s/{code}")] * each, [load.get_request("/")] * each
    load.run(hello.port, hellos, CONNECTIONS)
    load.run(ours.port, gets, CONNECTIONS)
    rounds = []
    for start in range(0, each * ROUNDS, each):
        base = cpu(hello, hellos)
        rounds.append((cpu(ours, gets) / base, cpu(ours, requests[start : start + each]) / base, base * 1e6))
    get, post, base = (statistics.median(column) for column in zip(*rounds, strict=True))
    row(f"{name}: CPU of GET ÷ hello", f"{get:.2f}", "≤ 2.5")
    row(f"{name}: CPU of POST ÷ hello", f"{post:.2f}", "≤ 3.5")
    row(f"{name}: CPU of hello", f"{base:.0f} µs", "–")
    return post * base / 1e6


def cpu(server: Server, requests: list[bytes]) -> float:
    before = server.cpu_seconds()
    outcome = load.run(server.port, requests, CONNECTIONS)
    assert outcome.statuses <= {200, 303}, outcome.statuses
    return (server.cpu_seconds() - before) / len(requests)


def commits(folder: Path, hall: Hall, ours: Server, cpu_of_post: float, name: str) -> None:
    outcome = load.run(ours.port, hall.posts(REQUESTS), CONNECTIONS)
    assert outcome.statuses == {303}
    raw = raw_commits(folder, hall.database)
    row(
        f"{name}: POST at {CONNECTIONS} connections, p99 ÷ p50",
        f"{outcome.quantile(0.99) / outcome.quantile(0.5):.1f}",
        "≤ 5",
    )
    row(
        f"{name}: POST p50, p99",
        f"{outcome.quantile(0.5) * 1e3:.1f} ms, {outcome.quantile(0.99) * 1e3:.1f} ms",
        "–",
    )
    row(
        f"{name}: POSTs a second ÷ what their CPU cost allows on one core",
        f"{outcome.per_second:.0f} ÷ {1 / cpu_of_post:.0f} = {outcome.per_second * cpu_of_post:.2f}",
        "≥ 0.8",
    )
    row(
        f"{name}: POSTs a second ÷ raw one-row durable commits",
        f"{outcome.per_second:.0f} ÷ {raw:.0f} = {outcome.per_second / raw:.2f}",
        "reported",
    )


def visits(ours: Server, hall: Hall, name: str) -> None:
    """Let people come: each opens the form, fills it in and sends it."""
    rng = random.Random(5)
    answers = [urlencode({**hall.answers(rng), "form-end": "1"}).encode() for _ in range(VISITS)]
    load.visit(ours.port, hall.path, answers[:200], CONNECTIONS)
    outcome = load.visit(ours.port, hall.path, answers, CONNECTIONS)
    assert outcome.statuses == {200, 303}, outcome.statuses
    row(f"{name}: visits (GET, then POST) a second", f"{outcome.per_second:.0f}", "≥ 300")
    row(f"{name}: a visit's two requests together, p95", f"{outcome.quantile(0.95) * 1e3:.0f} ms", "≤ 100")


def raw_commits(folder: Path, database: Database) -> float:
    """Commit one small row at a time, durably, with nothing else: the limit of a design without grouping."""
    n = 500
    if database.is_sqlite:
        connection = pysqlite3.dbapi2.connect(str(folder / "raw.sqlite"), isolation_level=None)
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
    else:
        connection = database.engine.raw_connection()
        connection.driver_connection.autocommit = True
    cursor = connection.cursor()
    cursor.execute("CREATE TABLE IF NOT EXISTS raw_row (content TEXT)")
    begun = time.perf_counter()
    for _ in range(n):
        cursor.execute("INSERT INTO raw_row VALUES ('0123456789012345678901234567890123456789')")
    elapsed = time.perf_counter() - begun
    cursor.execute("DROP TABLE raw_row")
    connection.close()
    return n / elapsed


def bytes_per_response(hall: Hall, name: str) -> None:
    """Store many responses, batch after batch in the random order of their keys, and weigh the table."""
    definition = shipped_definition("sipas_service_2022")
    rng = random.Random(11)
    packed = [
        definition.pack(
            {item.code: item.options[rng.randrange(len(item.options))].code for item in definition.items}
        )
        for _ in range(50)
    ]
    before = stored_bytes(hall.database)
    for _ in range(STORED // CONNECTIONS):
        batch = [
            Arrival(
                rng.getrandbits(62),
                hall.point_id,
                today(),
                hall.version_id,
                rng.randbytes(16),
                rng.choice(packed),
            )
            for _ in range(CONNECTIONS)
        ]
        with hall.database.engine.begin() as connection:
            store_all(connection, batch)
    each = (stored_bytes(hall.database) - before) / STORED
    row(
        f"{name}: bytes a response, all indexes and keys, over {STORED:,}",
        f"{each:.0f} B",
        "≤ 105 (SQLite), ≤ 165 (PostgreSQL)",
    )


def stored_bytes(database: Database) -> int:
    """Weigh the table with all its indexes; in SQLite the whole file, of which little else grows."""
    with database.engine.connect() as connection:
        if database.is_sqlite:
            pages = connection.execute(text("PRAGMA page_count")).scalar_one()
            return int(pages * connection.execute(text("PRAGMA page_size")).scalar_one())
        return int(connection.execute(text("SELECT pg_total_relation_size('response')")).scalar_one())


if __name__ == "__main__":
    main()
