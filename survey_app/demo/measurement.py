"""The demo's annual measurement: synthetic paper forms of three more provinces (see `data/README.md`)."""

import csv
from collections.abc import Iterator
from datetime import date
from pathlib import Path

from sqlalchemy.orm import Session

from survey_app.collect.paper.import_forms import import_forms
from survey_app.demo.places import SECTION, Place, csv_of
from survey_app.models.campaign import Campaign
from survey_app.prepare.dossiers import dossier_file
from survey_app.prepare.dossiers.dossier_file import import_dossiers
from survey_app.prepare.offices import office_file
from survey_app.prepare.offices.office_file import import_offices

DATA = Path(__file__).parent / "data"
# Which column of the file plays which part: drawn offices are the strata, their wards the sampling units.
COLUMNS = {"form_number": "resp_id", "stratum": "office", "psu": "ward", "weight": "w"}


def import_measured_offices(session: Session) -> None:
    import_offices(session, csv_of(office_file.COLUMNS, _places()), is_demo=True)


def import_measurement(session: Session, campaign: Campaign, day: date, secret: bytes) -> None:
    """Import all forms under one day, and the dossiers that the offices settled in its month."""
    forms = (DATA / "respondents.csv").read_text("utf-8")
    import_forms(session, campaign, forms, day, secret, COLUMNS)
    lines = [(office["office"], f"{day:%Y-%m}", office["dossiers"]) for office in _offices()]
    import_dossiers(session, csv_of(dossier_file.COLUMNS, lines))


def _places() -> Iterator[tuple[str, ...]]:
    offices = _offices()
    for code in sorted({office["province"] for office in offices}):
        name = f"Tỉnh Mẫu {int(code.removeprefix('P'))} ({code})"
        yield Place(code, name, "province", valid_from="1997-01-01").cells()
    for office in offices:
        province, number = office["office"].split("-O")
        name = f"{SECTION} số {int(number)} ({province})"
        yield Place(office["office"], name, "commune_section", province).cells()


def _offices() -> list[dict[str, str]]:
    with (DATA / "offices.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
