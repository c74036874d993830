"""The demo's measurement, imported as paper forms, gives R's numbers."""

import csv
from pathlib import Path

import pytest
from sqlalchemy import select

from survey_app.db import Database
from survey_app.models.campaign import Campaign
from survey_app.models.office import Office
from survey_app.models.publication import Figure, Publication
from tests.survey_app.demo.conftest import Demo

EXPECTED = Path(__file__).parents[2] / "analysis" / "reference" / "sipas" / "expected_index.csv"
MEASURES = {"all": "index"} | {
    name: f"factor:f{number}"
    for number, name in enumerate(
        ("f1_access", "f2_procedure", "f3_staff", "f4_result", "f5_feedback"), start=1
    )
}


def expected_rows(case: str) -> list[dict[str, str]]:
    with EXPECTED.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    wanted = (case, "wr", "index_pooled_dfdom")  # PSUs with replacement, the domain's degrees of freedom
    return [row for row in rows if (row["case"], row["design"], row["stat"]) == wanted]


def wave_figures(database: Database) -> dict[tuple[str, str], Figure]:
    query = (
        select(Office.code, Figure)
        .join(Figure, Figure.office_id == Office.id)
        .join(Publication, Publication.id == Figure.publication_id)
        .join(Campaign, Campaign.id == Publication.campaign_id)
        .where(Campaign.code == "do-luong-2025")
    )
    with database.reading() as session:
        return {(code, figure.measure): figure for code, figure in session.execute(query)}


def test_figures_equal_the_reference(loaded: Demo) -> None:
    figures = wave_figures(loaded.database)
    provinces, offices = expected_rows("S02"), expected_rows("S03")
    assert (len(provinces), len(offices)) == (3 * len(MEASURES), 30 * len(MEASURES))
    for row in provinces + offices:
        found = figures[row["domain"], MEASURES[row["variable"]]]
        numbers = [found.value, found.standard_error, found.t_low, found.t_high]
        expected = [float(row[name]) / 100 for name in ("estimate", "se", "ci_low", "ci_high")]
        assert numbers == pytest.approx(expected, rel=1e-8)
        assert found.degrees_of_freedom == int(row["df"])


def test_figures_say_what_they_rest_on(demo: Database) -> None:
    figures = wave_figures(demo)
    sizes = {code: figure.population_size for (code, name), figure in figures.items() if name == "index"}
    assert (sizes["P01-O01"], sizes["P03-O08"], sizes["P03"]) == (5211, 5848, 30969)
    assert len(sizes) == 3 + 30
    assert {(f.provenance, f.sampling_basis) for f in figures.values()} == {("A", "probability")}
    assert sum(figures[code, "index"].n_respondents for code in ("P01", "P02", "P03")) == 4943
