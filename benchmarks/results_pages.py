"""`make bench`: what staff's pages and public ones cost when millions of responses are stored.

The same country stands twice, once with few responses and once with many, and each page is asked of the one
and of the other in turns: what else the machine does falls on both alike. Each country is served by a worker
of its own, started as `serve` starts it: what it keeps, and when it looks for garbage, is what a manager
meets. One page is asked for at a time, over a kept connection on loopback. The pages are those of the address
map, so a new one is measured from its first day.
"""

import argparse
import gc
import http.client
import re
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flask import Flask, url_for

from benchmarks.country import N_OFFICES, Country, build
from benchmarks.hall import open_hall
from benchmarks.servers import PRODUCT, Server, running
from survey_app import create_app
from survey_app.web.access import PUBLIC
from tests import postgresql

FEW, ON_PUBLIC_REPORT = 10_000, 100_000
ON_SQLITE, ON_POSTGRESQL = 5_000_000, 10_000_000
VISITS, WARMING, RESTING_SECONDS = 40, 3, 2.2
FIRST_PORT = 8611  # of three
MOST_MILLISECONDS, MOST_IN_PUBLIC = 60, 100
MOST_TIMES, MOST_BYTES, MOST_REQUESTS = 1.2, 60_000, 4
FETCHED = re.compile(r'<(?:link[^>]*rel="stylesheet"|script[^>]*\ssrc=|img[^>]*\ssrc=|iframe|source)')
PUBLIC_PAGES = ("publish.results", "publish.campaign_results", "publish.office_results", "cases.case")
OF_A_PLANNED_CAMPAIGN = ("campaigns", "plans", "plan_writing", "frames", "looks", "samples", "fieldwork")
# Files and pictures, and what nobody who is signed in can open.
NO_PAGES = {
    *("prepare.code_png", "prepare.code_svg", "dossiers.template", "jobs.job_file", "parents.below_csv"),
    *("exports.dictionary", "frames.template", "looks.faults", "frames.frame_faults"),
    *("second_factor.prove", "second_factor.set_up"),
}


@dataclass(frozen=True)
class Visited:
    """One page with few and with many responses stored: seconds of each visit, and what came."""

    name: str
    is_public: bool
    few: list[float]
    many: list[float]
    cpu: float  # of the worker with many, the mean of a visit: what else the machine does stretches it least
    n_bytes: int
    n_requests: int

    @property
    def ratio(self) -> float:
        """Compare each visit with its neighbour in time: a busy moment of the machine falls on both."""
        return statistics.median(many / few for few, many in zip(self.few, self.many, strict=True))

    @property
    def p95(self) -> float:
        return 1e3 * statistics.quantiles(self.many, n=20)[-1]

    @property
    def misses(self) -> list[str]:
        limit = MOST_IN_PUBLIC if self.is_public else MOST_MILLISECONDS
        missed = {
            f"> {limit} ms": self.p95 > limit,
            f"> {MOST_TIMES} ×": self.ratio > MOST_TIMES,
            f"> {MOST_BYTES // 1000} kB": self.n_bytes > MOST_BYTES,
            f"> {MOST_REQUESTS} requests": self.n_requests > MOST_REQUESTS,
        }
        return [words for words, is_missed in missed.items() if is_missed]

    def row(self) -> str:
        p50 = 1e3 * statistics.median(self.many)
        cells = (
            self.name,
            f"{p50:.1f}, {self.p95:.1f} ms",
            f"{1e3 * self.cpu:.1f} ms",
            f"{self.ratio:.2f}",
            f"{self.n_bytes / 1e3:.1f} kB, {self.n_requests}",
            "; ".join(self.misses) or "held",
        )
        return f"| {' | '.join(cells)} |"


@dataclass(frozen=True)
class Standing:
    """A country with its responses, served to an administrator by a worker of its own."""

    country: Country
    app: Flask  # tells the addresses
    server: Server
    connection: http.client.HTTPConnection
    cookie: str

    def get(self, path: str) -> tuple[int, bytes]:
        self.connection.request("GET", path, headers={"Cookie": self.cookie})
        answer = self.connection.getresponse()
        return answer.status, answer.read()


@contextmanager
def stand(folder: Path, url: str, n_responses: int, port: int) -> Iterator[Standing]:
    """Make a country and serve it."""
    country = build(open_hall(folder, url))
    country.fill(n_responses)
    country.hall.database.engine.dispose()
    app = create_app(country.hall.settings)
    client = app.test_client()
    with client.session_transaction() as session:
        session["token"] = country.token
    cookie = client.get_cookie(app.config["SESSION_COOKIE_NAME"])
    assert cookie is not None
    with running(PRODUCT, port, folder, country.hall.environment) as server:
        connection = http.client.HTTPConnection("127.0.0.1", port)
        yield Standing(country, app, server, connection, f"{cookie.key}={cookie.value}")
        connection.close()


@dataclass(frozen=True)
class Page:
    """One page of a country."""

    name: str
    path: str
    is_public: bool
    standing: Standing

    @property
    def shows_nothing(self) -> bool:
        return self.standing.get(self.path)[0] == 404

    def open(self) -> bytes:
        status, body = self.standing.get(self.path)
        assert status == 200, f"{self.path}: {status}"
        return body


@dataclass(frozen=True)
class Chosen:
    """What to measure: all of it, or for a look in between less."""

    share: int = 1
    names: tuple[str, ...] = ()
    visits: int = VISITS

    def holds(self, page: str) -> bool:
        return not self.names or any(name in page for name in self.names)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("names", nargs="*", help="only pages with one of these in their name (below, codes)")
    parser.add_argument("--on", choices=("sqlite", "postgresql"), help="one database alone")
    parser.add_argument("--share", type=int, default=1, help="store the n-th part of the responses")
    parser.add_argument("--visits", type=int, default=VISITS, help="of each page (%(default)s)")
    asked = parser.parse_args()
    chosen = Chosen(asked.share, tuple(asked.names), asked.visits)
    with tempfile.TemporaryDirectory() as folder:
        if asked.on != "postgresql":
            measure(Path(folder), "SQLite", chosen, lambda name: f"sqlite:///{folder}/{name}.sqlite")
        if asked.on != "sqlite":
            measure_on_postgresql(Path(folder), chosen)


def measure_on_postgresql(folder: Path, chosen: Chosen) -> None:
    programs = postgresql.find_programs()
    if programs is None:
        print("PostgreSQL is not measured: it is missing (apt-get install postgresql).")
        return
    with postgresql.running_server(programs) as server:
        measure(folder, "PostgreSQL", chosen, server.create_database)


def measure(folder: Path, database: str, chosen: Chosen, address_of: Callable[[str], str]) -> None:
    begun = time.perf_counter()
    many = {"SQLite": ON_SQLITE, "PostgreSQL": ON_POSTGRESQL}[database] // chosen.share
    sizes = {"few": FEW, "report": ON_PUBLIC_REPORT, "many": many}
    with ExitStack() as stack:
        standing = {
            name: stack.enter_context(
                stand(folder / database / name, address_of(name), n, FIRST_PORT + place)
            )
            for place, (name, n) in enumerate(sizes.items())
        }
        made = f"{time.perf_counter() - begun:.0f} s to make"
        print(f"\n{database}, {N_OFFICES:,} offices, {many:,} responses against {FEW:,} ({made})\n")
        print(f"| page | p50, p95 | CPU | ÷ at {FEW:,} | size, requests | asked |\n|---|---|---|---|---|---|")
        # The countries were made in this process, which only asks from here on.
        gc.collect()
        gc.freeze()
        measure_pages(standing, chosen)


def measure_pages(standing: Mapping[str, Standing], chosen: Chosen) -> None:
    few, report = standing["few"], standing["report"]
    for page, same in zip(pages(few, chosen), pages(standing["many"], chosen), strict=True):
        if page.shows_nothing:
            print(f"| {page.name} | not measured: this country holds nothing that it shows | | | | |")
            continue
        print(visit(page, same, chosen.visits).row(), flush=True)
    for page, same in zip(pages(few, chosen), pages(report, chosen), strict=True):
        if page.is_public:
            print(visit(page, same, chosen.visits, f"{ON_PUBLIC_REPORT:,} responses: ").row(), flush=True)


def pages(standing: Standing, chosen: Chosen) -> Iterator[Page]:
    """Give the chosen ones of every page of the address map, and others of long lists."""
    for rule in standing.app.url_map.iter_rules():
        right = getattr(standing.app.view_functions[rule.endpoint], "access", None)
        is_public = right == PUBLIC
        is_page = rule.endpoint in PUBLIC_PAGES if is_public else rule.endpoint not in NO_PAGES
        if is_page and "GET" in (rule.methods or ()) and chosen.holds(rule.endpoint):
            yield Page(rule.endpoint, _path(standing, rule.endpoint, rule.arguments), is_public, standing)
    country, provinces = f"{standing.country.provinces[0].id}", f"{standing.country.provinces[1].id}"
    planned = standing.country.ids["planned_id"]
    for name, path in {
        "office: the whole country": f"/staff/offices/{country}",
        "below: the whole country": f"/staff/offices/{country}/below",
        "below: sorted and searched": f"/staff/offices/{country}/below?q=an+phu&sort=-index",
        "below: those under the target": f"/staff/offices/{country}/below?verdict=below&sort=index",
        "below: one province": f"/staff/offices/{provinces}/below",
        "office: one province": f"/staff/offices/{provinces}",
        "office: a wave, the whole country": f"/staff/offices/{country}?campaign=bench-wave",
        "below: a wave, the whole country": f"/staff/offices/{country}/below?campaign=bench-wave",
        "fieldwork: a drawn dossier": f"/staff/campaigns/{planned}/fieldwork/unit?unit=D1",
        "codes: searched": "/staff/codes?q=an+phu",
        "codes: that need a look": "/staff/codes?show=look",
        "codes: the last page": "/staff/codes?page=99999",
        "dossiers: searched": "/staff/dossiers?q=an+phu",
        "offices: a province open": f"/staff/offices?open={provinces}",
        "offices: searched": "/staff/offices?q=an+phu",
        "people: searched": "/staff/people?q=manager",
        "audit: one office": "/staff/audit?office=an+phu",
        "exports: searched": "/staff/exports?q=an+phu",
        "comments: answered": "/staff/review/comments?answered",
        "voiding: one office": f"/staff/review/voiding/new?office={standing.country.ids['office_id']}",
    }.items():
        if chosen.holds(name):
            yield Page(name, path, False, standing)
    for name, path in {
        "public survey: a wave": "/results/bench-wave",
        "public survey: searched": "/results/bench?q=an+phu",
        "public survey: a province": f"/results/bench/{standing.country.provinces[1].code}",
    }.items():
        if chosen.holds(name):
            yield Page(name, path, True, standing)


def _path(standing: Standing, endpoint: str, arguments: set[str]) -> str:
    """Fill in an address; what the country has no example of fails here, so that nobody forgets it."""
    ids: dict[str, Any] = {"act": "rename", "kind": "csv", **standing.country.ids}
    if endpoint.startswith("voiding."):
        ids["approval_id"] = ids["voiding_id"]
    if endpoint.startswith("screens."):
        ids["access_point_id"] = ids["screen_id"]
    if endpoint.split(".")[0] in OF_A_PLANNED_CAMPAIGN:
        ids["campaign_id"] = ids["frozen_id" if endpoint == "plan_writing.addendum" else "planned_id"]
    if endpoint == "campaigns.weights":
        ids["campaign_id"] = ids["wave_id"]
    if endpoint == "looks.show":
        ids["job_id"] = ids["look_id"]
    with standing.app.test_request_context():
        return url_for(endpoint, **{name: ids[name] for name in arguments}, campaign="bench")


def visit(few: Page, many: Page, visits: int, prefix: str = "") -> Visited:
    """Open a page by turns with few and with many responses stored."""
    for page in (few, many):
        page.standing.connection.close()  # one that has rested may be closed; the next visit opens it
        for _ in range(WARMING):
            body = page.open()
    time.sleep(RESTING_SECONDS)  # as between managers' visits: then a worker looks for garbage
    times: list[tuple[float, float]] = []
    cpu = many.standing.server.cpu_seconds()
    for _ in range(visits):
        begun = time.perf_counter()
        few.open()
        between = time.perf_counter()
        many.open()
        times.append((between - begun, time.perf_counter() - between))
    cpu = (many.standing.server.cpu_seconds() - cpu) / visits
    in_few, in_many = map(list, zip(*times, strict=True))
    n_requests = 1 + len(FETCHED.findall(body.decode()))
    return Visited(prefix + few.name, few.is_public, in_few, in_many, cpu, len(body), n_requests)


if __name__ == "__main__":
    main()
