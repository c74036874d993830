"""The synthetic annual measurement of tests/analysis/reference/sipas, as rows of a class A campaign."""

import csv
import secrets
from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from survey_app.models.campaign import Campaign
from survey_app.models.instrument import InstrumentVersion
from survey_app.models.office import Office
from survey_app.models.response import Response
from survey_app.prepare.instruments.definition_file import shipped_definition
from tests import factories

REFERENCE = Path(__file__).parents[2] / "analysis" / "reference" / "sipas"
ITEMS = [f"q{number}" for number in range(1, 23)]
RESPONDENT = ("sex", "age", "field")


def expected_rows() -> Iterator[dict[str, str]]:
    """R's estimates of provinces and offices, with the degrees of freedom of the domain."""
    with (REFERENCE / "expected_index.csv").open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            if row["case"] in {"S02", "S03"} and (row["design"], row["stat"]) == ("wr", "index_pooled_dfdom"):
                yield row


def build(session: Session) -> Campaign:
    """Store the respondents: an access point an office, a sample cell a weight of a ward."""
    version = factories.instrument_version(session, of=shipped_definition("sipas_reference_22"))
    campaign = factories.annual_campaign(
        session,
        code="annual-2025",
        instrument_version_id=version.id,
        opens_on=factories.DAY.replace(month=1, day=1),
    )
    definition = version.definition
    offices: dict[str, int] = {}
    points: dict[str, int] = {}
    cells: dict[tuple[str, str], int] = {}
    responses = []
    with (REFERENCE / "respondents.csv").open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            province, office, cell = row["province"], row["office"], (row["ward"], row["w"])
            if province not in offices:
                offices[province] = _office(session, province, None)
            if office not in offices:
                offices[office] = _office(session, office, offices[province])
                points[office] = _point(session, campaign.id, offices[office])
            if cell not in cells:
                cells[cell] = factories.sample_cell(
                    session, campaign_id=campaign.id, stratum=office, psu=row["ward"], weight=float(row["w"])
                ).id
            answers = {name: row[name] for name in (*ITEMS, *RESPONDENT) if row[name]}
            responses.append(_response(points[office], version.id, cells[cell], definition.pack(answers)))
    session.execute(insert(Response), responses)
    for point_id, n in Counter(row["access_point_id"] for row in responses).items():
        factories.access_point_day(session, access_point_id=point_id, n_opened=0, n_received=n)
    return campaign


def build_wave(session: Session, year: str, day: date) -> Campaign:
    """Store a year of the two waves: who was satisfied with n_ok items, and not with the rest of n_valid."""
    version = session.scalar(select(InstrumentVersion))
    version = version or factories.instrument_version(session, of=shipped_definition("sipas_reference_22"))
    campaign = factories.annual_campaign(
        session,
        code=f"wave-{year}",
        instrument_version_id=version.id,
        opens_on=day - timedelta(days=20),
        closes_on=day,
    )
    offices = dict(session.execute(select(Office.code, Office.id)).all())
    province = offices.get("ALL") or _office(session, "ALL", None)
    points: dict[str, int] = {}
    cells: dict[tuple[str, str], int] = {}
    responses = []
    with (REFERENCE / "two_waves.csv").open(encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["year"] == year]
    for row in rows:
        office, cell = row["office"], (row["ward"], row["w"])
        if office not in points:
            points[office] = _point(
                session, campaign.id, offices.get(office) or _office(session, office, province)
            )
        if cell not in cells:
            cells[cell] = factories.sample_cell(
                session, campaign_id=campaign.id, stratum=office, psu=row["ward"], weight=float(row["w"])
            ).id
        n_ok, n_valid = int(row["n_ok"]), int(row["n_valid"])
        answers = {item: "5" if place < n_ok else "1" for place, item in enumerate(ITEMS[:n_valid])}
        packed = version.definition.pack(answers)
        responses.append(_response(points[office], version.id, cells[cell], packed) | {"day": day})
    session.execute(insert(Response), responses)
    for point_id, n in Counter(row["access_point_id"] for row in responses).items():
        factories.access_point_day(session, access_point_id=point_id, day=day, n_opened=0, n_received=n)
    return campaign


def _office(session: Session, code: str, parent_id: int | None) -> int:
    kind = "commune_section" if parent_id else "province"
    return factories.office(session, code=code, name=code, sort_key=code, kind=kind, parent_id=parent_id).id


def _point(session: Session, campaign_id: int, office_id: int) -> int:
    return factories.access_point(
        session, campaign_id=campaign_id, office_id=office_id, code=None, mode="paper", provenance="A"
    ).id


def _response(point_id: int, version_id: int, cell_id: int, answers: bytes) -> dict[str, object]:
    return {
        "access_point_id": point_id,
        "day": factories.DAY,
        "instrument_version_id": version_id,
        "cell_id": cell_id,
        "submission_key": secrets.token_bytes(16),
        "fingerprint": secrets.randbits(63),
        "answers": answers,
    }
