"""`make bench`: what pages of results cost when millions of responses are stored.

A country's offices with all their figures stand in both measurements; only responses, and the counts of their
days, grow. Pages are asked of the application itself, in this process: no network, no other request beside.
`BENCH_LARGE=yes` stores as many responses as the limits speak of; else a tenth, in bounded time.
"""

import os
import re
import secrets
import statistics
import tempfile
import time
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from flask.testing import FlaskClient
from sqlalchemy import insert, text
from sqlalchemy.orm import Session

from benchmarks.hall import Hall, open_hall, row, today
from survey_app import create_app
from survey_app.models.base import EPOCH
from survey_app.models.publication import WHOLE, Figure, OfficeRelease
from survey_app.prepare.instruments.definition_file import shipped_definition
from survey_app.web.access import hash_token
from tests import factories, postgresql

N_OFFICES, N_PARENTS, N_MONTHS, N_DAYS = 3_321, 34, 13, 360
FEW = 10_000
ON_STAFF_PAGES, ON_PUBLIC_PAGES = 60, 100  # milliseconds
SHARE = 1 if os.environ.get("BENCH_LARGE") == "yes" else 10
ON_SQLITE, ON_POSTGRESQL = 5_000_000 // SHARE, 10_000_000 // SHARE
VISITS, WARMING = 40, 5
REQUESTED = re.compile(r'<(?:link|script|img)[^>]*(?:href|src)="/static[^"]*"')

SQLITE_ROWS = """
WITH RECURSIVE number(i) AS (SELECT :first UNION ALL SELECT i + 1 FROM number WHERE i + 1 < :last)
INSERT INTO response (fingerprint, access_point_id, day, instrument_version_id, submission_key, answers)
SELECT i, :point + i % :points, :day - (i / :points) % :days, :version, randomblob(16), randomblob(10)
FROM number
"""
POSTGRESQL_ROWS = """
INSERT INTO response (fingerprint, access_point_id, day, instrument_version_id, submission_key, answers)
SELECT i, :point + i % :points, :day - (i / :points) % :days, :version,
       decode(md5(i::text), 'hex'), decode('11223344551122334455', 'hex')
FROM generate_series(:first, :last - 1) AS i
"""
DAYS = """
INSERT INTO access_point_day (access_point_id, day, n_opened, n_received, n_voided)
SELECT access_point_id, day, count(*), count(*), 0 FROM response GROUP BY access_point_id, day
"""


@dataclass(frozen=True)
class Country:
    """Offices of provinces with one poster each, and all their figures."""

    hall: Hall
    first_point: int
    paths: dict[str, str]
    token: str

    def fill(self, first: int, last: int) -> None:
        """Store more responses, and count their days anew; who they belong to is known to be there."""
        database = self.hall.database
        is_sqlite = database.engine.dialect.name == "sqlite"
        values = {
            "first": first,
            "last": last,
            "point": self.first_point,
            "points": N_OFFICES,
            "day": (today() - EPOCH).days,
            "days": N_DAYS,
            "version": self.hall.version_id,
        }
        with database.transaction() as session:
            if not is_sqlite:
                session.execute(text("SET LOCAL session_replication_role = replica"))
            session.execute(text(SQLITE_ROWS if is_sqlite else POSTGRESQL_ROWS), values)
            session.execute(text("DELETE FROM access_point_day"))
            session.execute(text(DAYS))
            session.execute(text("ANALYZE"))


def main() -> None:
    print("| figure | measured | asked |\n|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        measure(Path(folder), f"sqlite:///{folder}/bench.sqlite", "SQLite", ON_SQLITE)
        programs = postgresql.find_programs()
        if programs is None:
            print("| PostgreSQL | not measured: it is missing (apt-get install postgresql) | |")
            return
        with postgresql.running_server(programs) as server:
            measure(Path(folder), server.create_database("bench"), "PostgreSQL", ON_POSTGRESQL)


def measure(folder: Path, url: str, name: str, many: int) -> None:
    country = build(open_hall(folder / name, url))
    country.fill(0, FEW)
    before = visit(country)
    begun = time.perf_counter()
    country.fill(FEW, many)
    stored = f"{many:,} responses stored ({time.perf_counter() - begun:.0f} s), {N_OFFICES:,} offices"
    for page, (milliseconds, size, asked) in visit(country).items():
        limit = ON_STAFF_PAGES if page.startswith("staff") else ON_PUBLIC_PAGES
        ratio = milliseconds / before[page][0]
        row(
            f"{name}, {stored}: {page}, p95",
            f"{milliseconds:.1f} ms, {ratio:.2f} times {FEW:,}; {size / 1e3:.1f} kB, {asked} requests",
            f"≤ {limit} ms, ≤ 1.2 times, ≤ 60 kB, ≤ 4 requests",
        )
    country.hall.database.engine.dispose()


def build(hall: Hall) -> Country:
    token = secrets.token_urlsafe(32)
    with hall.database.transaction() as session:
        campaign = factories.campaign(
            session,
            code="bench",
            instrument_version_id=hall.version_id,
            opens_on=today() - timedelta(days=N_DAYS),
        )
        publication = factories.publication(session, campaign_id=campaign.id)
        parents = [factories.office(session, kind="province") for _ in range(N_PARENTS)]
        offices = [
            factories.office(session, parent_id=parents[place % N_PARENTS].id) for place in range(N_OFFICES)
        ]
        points = [
            factories.access_point(session, campaign_id=campaign.id, office_id=office.id)
            for office in offices
        ]
        assert [point.id - points[0].id for point in points] == list(range(N_OFFICES))
        released = {"campaign_id": campaign.id, "provenance": "C", "n_released": 40, "n_looked_at": 40}
        session.execute(
            insert(OfficeRelease),
            [released | {"office_id": office.id, "released_on": today()} for office in offices],
        )
        add_figures(session, publication.id, [office.id for office in (*parents, *offices)])
        staff = factories.staff(session)
        factories.staff_session(
            session,
            staff_id=staff.id,
            token_hash=hash_token(token),
            expires_at=datetime.now(UTC) + timedelta(hours=8),
        )
        paths = {
            "public, list of surveys": "/results",
            "public, survey": "/results/bench",
            "public, office": f"/results/bench/{offices[0].code}",
            "public, province": f"/results/bench/{parents[0].code}",
            "staff, office": f"/staff/offices/{offices[0].id}?campaign=bench",
            "staff, province": f"/staff/offices/{parents[0].id}?campaign=bench",
        }
        return Country(hall, points[0].id, paths, token)


def add_figures(session: Session, publication_id: int, office_ids: list[int]) -> None:
    """Give each office the same figure for everything that has one."""
    like = factories.figure(session, publication_id=publication_id, office_id=office_ids[0])
    columns = {column.key: getattr(like, column.key) for column in Figure.__table__.columns}
    session.delete(like)
    session.flush()
    named = measures()
    for office_id in office_ids:
        one = columns | {"office_id": office_id}
        session.execute(insert(Figure), [one | {"measure": name, "breakdown": part} for name, part in named])


def measures() -> list[tuple[str, str]]:
    """Name all figures of an office: whole ones, and the index of a year's months."""
    definition = shipped_definition("sipas_service_2022")
    items = [f"item:{item.code}" for item in definition.items if item.reported_as]
    factors = [f"factor:{factor.code}" for factor in definition.factors]
    months = [today().year * 12 + today().month - 1 - back for back in range(N_MONTHS)]
    by_month = [f"month:{date(one // 12, one % 12 + 1, 1):%Y-%m}" for one in months]
    return [(name, WHOLE) for name in ("index", *factors, *items)] + [("index", month) for month in by_month]


def visit(country: Country) -> dict[str, tuple[float, int, int]]:
    """Give milliseconds (p95), bytes and requests of each page."""
    app = create_app(country.hall.settings)
    client = app.test_client()
    with client.session_transaction() as cookie:
        cookie["token"] = country.token
    return {page: _visited(client, path) for page, path in country.paths.items()}


def _visited(client: FlaskClient, path: str) -> tuple[float, int, int]:
    times = []
    for _ in range(WARMING + VISITS):
        begun = time.perf_counter()
        answer = client.get(path)
        times.append(1e3 * (time.perf_counter() - begun))
        assert answer.status_code == 200, f"{path}: {answer.status}"
    p95 = statistics.quantiles(times[WARMING:], n=20)[-1]
    return p95, len(answer.get_data()), 1 + len(REQUESTED.findall(answer.text))


if __name__ == "__main__":
    main()
