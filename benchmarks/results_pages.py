"""`make bench`: what staff's pages and public ones cost when millions of responses are stored.

The same country stands twice, once with few responses and once with many, and each page is asked of the one
and of the other in turns: what else the machine does falls on both alike. Pages are asked of the application
itself, in this process: no network, no other request beside. The pages are those of the address map, so a new
one is measured from its first day.
"""

import argparse
import gc
import re
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flask import Flask, url_for
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from benchmarks.country import N_OFFICES, Country, build
from benchmarks.hall import open_hall
from survey_app import create_app
from survey_app.web.access import PUBLIC
from tests import postgresql

FEW, ON_PUBLIC_REPORT = 10_000, 100_000
ON_SQLITE, ON_POSTGRESQL = 5_000_000, 10_000_000
VISITS, WARMING = 40, 3
MOST_MILLISECONDS, MOST_IN_PUBLIC = 60, 100
MOST_TIMES, MOST_BYTES, MOST_REQUESTS = 1.2, 60_000, 4
FETCHED = re.compile(r'<(?:link[^>]*rel="stylesheet"|script[^>]*\ssrc=|img[^>]*\ssrc=|iframe|source)')
PUBLIC_PAGES = ("publish.results", "publish.campaign_results", "publish.office_results", "cases.case")
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
    cpu: list[float]  # of this process alone, with many: what else the machine does stretches it least
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
            f"{1e3 * statistics.median(self.cpu):.1f} ms",
            f"{self.ratio:.2f}",
            f"{self.n_bytes / 1e3:.1f} kB, {self.n_requests}",
            "; ".join(self.misses) or "held",
        )
        return f"| {' | '.join(cells)} |"


@dataclass(frozen=True)
class Standing:
    """A country with its responses, served by an application of its own to an administrator."""

    country: Country
    app: Flask
    client: FlaskClient

    @classmethod
    def of(cls, folder: Path, url: str, n_responses: int) -> "Standing":
        country = build(open_hall(folder, url))
        country.fill(n_responses)
        app = create_app(country.hall.settings)
        client = app.test_client()
        with client.session_transaction() as cookie:
            cookie["token"] = country.token
        return cls(country, app, client)

    def close(self) -> None:
        self.country.hall.database.engine.dispose()
        self.app.extensions["database"].engine.dispose()


@dataclass(frozen=True)
class Page:
    """One page of a country."""

    name: str
    path: str
    is_public: bool
    standing: Standing

    @property
    def shows_nothing(self) -> bool:
        return self.standing.client.get(self.path).status_code == 404

    def open(self) -> TestResponse:
        answer = self.standing.client.get(self.path)
        assert answer.status_code == 200, f"{self.path}: {answer.status}"
        return answer


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
    standing = {name: Standing.of(folder / database / name, address_of(name), n) for name, n in sizes.items()}
    made = f"{time.perf_counter() - begun:.0f} s to make"
    print(f"\n{database}, {N_OFFICES:,} offices, {many:,} responses against {FEW:,} ({made})\n")
    print(f"| page | p50, p95 | CPU | ÷ at {FEW:,} | size, requests | asked |\n|---|---|---|---|---|---|")
    # As the web worker does once it has loaded (web/whole_requests.py).
    gc.collect()
    gc.freeze()
    few, report = standing["few"], standing["report"]
    for page, same in zip(pages(few, chosen), pages(standing["many"], chosen), strict=True):
        if page.shows_nothing:
            print(f"| {page.name} | not measured: this country holds nothing that it shows | | | | |")
            continue
        print(visit(page, same, chosen.visits).row(), flush=True)
    for page, same in zip(pages(few, chosen), pages(report, chosen), strict=True):
        if page.is_public:
            print(visit(page, same, chosen.visits, f"{ON_PUBLIC_REPORT:,} responses: ").row(), flush=True)
    gc.unfreeze()
    for one in standing.values():
        one.close()


def pages(standing: Standing, chosen: Chosen) -> Iterator[Page]:
    """Give the chosen ones of every page of the address map, and others of long lists."""
    for rule in standing.app.url_map.iter_rules():
        right = getattr(standing.app.view_functions[rule.endpoint], "access", None)
        is_public = right == PUBLIC
        is_page = rule.endpoint in PUBLIC_PAGES if is_public else rule.endpoint not in NO_PAGES
        if is_page and "GET" in (rule.methods or ()) and chosen.holds(rule.endpoint):
            yield Page(rule.endpoint, _path(standing, rule.endpoint, rule.arguments), is_public, standing)
    country, provinces = f"{standing.country.provinces[0].id}", f"{standing.country.provinces[1].id}"
    for name, path in {
        "office: the whole country": f"/staff/offices/{country}",
        "below: the whole country": f"/staff/offices/{country}/below",
        "below: sorted and searched": f"/staff/offices/{country}/below?q=an+phu&sort=-index",
        "below: those under the target": f"/staff/offices/{country}/below?verdict=below&sort=index",
        "below: one province": f"/staff/offices/{provinces}/below",
        "office: one province": f"/staff/offices/{provinces}",
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
        "public survey: searched": "/results/bench?q=an+phu",
        "public survey: a province": f"/results/bench/{standing.country.provinces[1].code}",
    }.items():
        if chosen.holds(name):
            yield Page(name, path, True, standing)


def _path(standing: Standing, endpoint: str, arguments: set[str]) -> str:
    """Fill in an address; what the country has no example of fails here, so that nobody forgets it."""
    # It has running figures alone: what belongs to a frozen publication is said not to be measured.
    ids: dict[str, Any] = {"act": "rename", "kind": "csv", "publication_id": 0, **standing.country.ids}
    if endpoint.startswith("voiding."):
        ids["approval_id"] = ids["voiding_id"]
    if endpoint.startswith("screens."):
        ids["access_point_id"] = ids["screen_id"]
    if endpoint.startswith(("campaigns.", "plans.", "plan_writing.", "frames.", "looks.", "samples.")):
        ids["campaign_id"] = ids["frozen_id" if endpoint == "plan_writing.addendum" else "planned_id"]
    if endpoint == "looks.show":
        ids["job_id"] = ids["look_id"]
    with standing.app.test_request_context():
        return url_for(endpoint, **{name: ids[name] for name in arguments}, campaign="bench")


def visit(few: Page, many: Page, visits: int, prefix: str = "") -> Visited:
    """Open a page by turns with few and with many responses stored."""
    times: list[tuple[float, float, float]] = []
    for _ in range(WARMING + visits):
        begun = time.perf_counter()
        few.open()
        between, cpu = time.perf_counter(), time.process_time()
        answer = many.open()
        ended, cpu_ended = time.perf_counter(), time.process_time()
        times.append((between - begun, ended - between, cpu_ended - cpu))
    in_turns = map(list, zip(*times[WARMING:], strict=True))
    n_requests = 1 + len(FETCHED.findall(answer.text))
    return Visited(prefix + few.name, few.is_public, *in_turns, len(answer.get_data()), n_requests)


if __name__ == "__main__":
    main()
