"""The sums that are handed over give the published digits again, by a reader that knows nothing of ours."""

import csv
import io
import random
import re
import subprocess
import zipfile
from collections import defaultdict
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.special import ndtri, stdtrit
from sqlalchemy.orm import Session

from survey_app.db import Database
from survey_app.models.plan_document import PlanDocument, Weighting
from survey_app.prepare.campaigns.margins import import_margins
from survey_app.publish.handover import recompute
from survey_app.publish.handover.wave import read_wave
from survey_app.publish.releasing.freeze import publish_wave
from tests import factories
from tests.factories import DAY, MOMENT
from tests.survey_app.publish.counter_feedback import NOT_SATISFIED, SATISFIED
from tests.survey_app.publish.handover.conftest import PAST, Handed

Rows = list[dict[str, str]]


@pytest.fixture(scope="module")
def files(handed: Handed) -> dict[str, str]:
    return unpacked(handed.database, handed.number, handed.folder)


def unpacked(database: Database, number: int, folder: Path) -> dict[str, str]:
    path = folder / "recompute.zip"
    with database.reading() as session:
        recompute.write(path, session, read_wave(session, number, "inside"))
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name).decode() for name in archive.namelist()}


def read(files: dict[str, str], name: str) -> Rows:
    return list(csv.DictReader(io.StringIO(files[name])))


class Reader:
    """recompute.R in other words: a ratio of sums, linearised, by stratum and unit."""

    def __init__(self, files: dict[str, str]) -> None:
        self.sums, self.design = read(files, "sums.csv"), read(files, "design.csv")
        self.measures = read(files, "measures.csv")
        self.raked = {
            name: read(files, f"raked_{name}.csv") if f"raked_{name}.csv" in files else []
            for name in ("pairs", "offices", "units")
        }
        self.parents = {row["office"]: row["parent"] for row in read(files, "offices.csv")}

    def estimate(self, provenance: str, office: str, measure: str) -> dict[str, float | None]:
        part = {"both", "index" if measure == "index" else "items"}
        inside = (provenance, part)
        stratum = {int(row["psu"]): row["stratum"] for row in self._within(self.design, inside)}
        rows = [row for row in self._within(self.sums, inside) if self._is_below(row["office"], office)]
        columns = {
            row["column"]: row["item"]
            for row in self.measures
            if (row["class"], row["measure"]) == (provenance, measure)
        }
        counts = {one: self._by_unit(rows, f"valid_{one}") for one in columns}
        satisfied, valid = (
            self._total(rows, [f"{name}_{one}" for one in columns]) for name in ("w_satisfied", "w_valid")
        )
        of_item: dict[str, float] = defaultdict(float)
        for one, item in columns.items():
            of_item[item] += sum(counts[one].values())
        answers = sum(of_item.values())
        n_forms = sum(float(row["n_forms"]) for row in rows)
        found: dict[str, float | None] = dict.fromkeys(("value", "standard_error", "low", "high"))
        found |= {"n_people": max(of_item.values()), "n_answers": answers}
        found["n_respondents"] = answers if len(columns) == 1 else n_forms
        found["degrees_of_freedom"] = df = self._degrees(
            {unit for of_column in counts.values() for unit, n in of_column.items() if n}, stratum
        )
        alone = (
            self._degrees({u for u, n in one.items() if n}, stratum) < 1
            for one in counts.values()
            if any(one.values())
        )
        if df < 1 or any(alone):
            return found
        size = sum(valid.values())
        value = sum(satisfied.values()) / size
        z = {unit: (satisfied[unit] - value * valid[unit]) / size for unit in stratum}
        self._leave_out(z, provenance, part, office, [*columns], value, size)
        error = self._variance(z, stratum) ** 0.5
        weights = [float(row["w"]) for row in rows]
        kish = sum(weights) ** 2 / sum(float(row["w_squared"]) for row in rows)
        kish *= min(answers / (n_forms * len(columns)), 1)
        low, high = interval(value, error, df, answers / len(columns), kish, answers)
        return found | {"value": value, "standard_error": error, "low": low, "high": high}

    def _leave_out(
        self,
        z: dict[int, float],
        provenance: str,
        part: set[str],
        office: str,
        columns: list[str],
        value: float,
        size: float,
    ) -> None:
        """Take off what the levels that were raked to explain: least squares by base weights."""
        pairs = [row for row in self.raked["pairs"] if row["class"] == provenance]
        if not pairs:
            return
        common = np.zeros((max(int(row["other_level"]) for row in pairs),) * 2)
        for row in pairs:
            level, other = int(row["level"]) - 1, int(row["other_level"]) - 1
            common[level, other] = common[other, level] = float(row["w_base"])
        influence = np.zeros(len(common))
        for row in self.raked["offices"]:
            if row["class"] == provenance and self._is_below(row["office"], office):
                satisfied, valid = (
                    sum(float(row[f"base_{name}_{one}"]) for one in columns)
                    for name in ("satisfied", "valid")
                )
                influence[int(row["level"]) - 1] += (satisfied - value * valid) / size
        slope = np.linalg.lstsq(common, influence, rcond=1e-10)[0]
        for row in self._within(self.raked["units"], (provenance, part)):
            z[int(row["psu"])] -= float(row["w"]) * slope[int(row["level"]) - 1]

    @staticmethod
    def _within(rows: Rows, inside: tuple[str, set[str]]) -> Rows:
        return [row for row in rows if row["class"] == inside[0] and row["measures"] in inside[1]]

    def _is_below(self, office: str, top: str) -> bool:
        return office == top or (bool(office) and self._is_below(self.parents[office], top))

    @staticmethod
    def _by_unit(rows: Rows, column: str) -> dict[int, float]:
        found: dict[int, float] = defaultdict(float)
        for row in rows:
            found[int(row["psu"])] += float(row[column])
        return found

    def _total(self, rows: Rows, columns: list[str]) -> dict[int, float]:
        found: dict[int, float] = defaultdict(float)
        for column in columns:
            for unit, number in self._by_unit(rows, column).items():
                found[unit] += number
        return found

    @staticmethod
    def _degrees(units: set[int], stratum: dict[int, str]) -> int:
        return len(units) - len({stratum[unit] for unit in units})

    @staticmethod
    def _variance(z: dict[int, float], stratum: dict[int, str]) -> float:
        total = 0.0
        for one in set(stratum.values()):
            values = np.array([z[unit] for unit, its in stratum.items() if its == one])
            n = values.size
            total += n / max(n - 1, 1) * float(((values - (values.mean() if n > 1 else 0)) ** 2).sum())
        return total


def interval(p: float, error: float, df: int, n: float, kish: float, answers: float) -> tuple[float, float]:
    p = 0.0 if p < 1e-12 else 1.0 if p > 1 - 1e-12 else p
    spread = p * (1 - p) if error > 1e-12 else 0.0
    effective = spread / error**2 if spread else min(kish, n)
    size = min(effective * (stdtrit(max(n - 1, df), 0.975) / stdtrit(df, 0.975)) ** 2, answers)
    if size > n:  # two people of one mind are added to those who speak for the variance
        size = (n * p * (1 - p) + 2) / (n * p * (1 - p) / size + 2 / n)
    q = float(ndtri(0.975))
    centre = p + q**2 / (size + q**2) * (0.5 - p)
    half = q * (centre * (1 - centre) / (size + q**2)) ** 0.5
    return min(max(centre - half, 0), p), max(min(centre + half, 1), p)


def check(files: dict[str, str]) -> tuple[Rows, int]:
    """Compute everything that was published again."""
    reader, n_estimates = Reader(files), 0
    published = read(files, "published.csv")
    for row in published:
        found: dict[str, Any] = reader.estimate(row["class"], row["office"], row["measure"])
        for name, number in found.items():
            if row[name] == "":
                assert name == "degrees_of_freedom" or number is None, row
                continue
            assert number == pytest.approx(float(row[name]), rel=0, abs=1e-10), (row, name)
            n_estimates += name == "value"
    return published, n_estimates


def in_r(files: dict[str, str], folder: Path, rscript: str) -> subprocess.CompletedProcess[str]:
    """Unpack and run the script as its first lines say."""
    folder.mkdir()
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8", newline="")
    command = [rscript, "--vanilla", "recompute.R"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120, check=False)


@pytest.mark.parametrize("bundle", ["files", "raked_files"])
def test_r_gets_the_published_digits(
    bundle: str, request: pytest.FixtureRequest, tmp_path: Path, rscript: str
) -> None:
    files: dict[str, str] = request.getfixturevalue(bundle)
    ran = in_r(files, tmp_path / "as published", rscript)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    n_estimates = sum(row["value"] != "" for row in read(files, "published.csv"))
    compared = re.findall(r"(\w+) +(\d+) figures, largest difference (\S+)", ran.stdout)
    assert {name for name, _, _ in compared} == {
        *("value", "standard_error", "degrees_of_freedom", "low", "high"),
        *("n_respondents", "n_people", "n_answers"),
    }
    assert {int(n) for _, n, _ in compared} == {n_estimates}
    assert max(float(apart) for _, _, apart in compared) < 1e-10


def test_r_says_when_a_digit_differs(raked_files: dict[str, str], tmp_path: Path, rscript: str) -> None:
    published = raked_files["published.csv"]
    changed = re.sub(r"(?m)^(A,P?.*?,item:q1,)0\.", r"\g<1>1.", published, count=1)
    assert changed != published
    ran = in_r(raked_files | {"published.csv": changed}, tmp_path / "changed", rscript)
    assert ran.returncode == 1
    assert "NOT the same" in ran.stdout


def test_an_independent_reader_gets_the_published_digits(files: dict[str, str]) -> None:
    published, n_estimates = check(files)
    assert {row["class"] for row in published} == {"A", "C"}
    assert {row["measure"] for row in published} == {"index", "item:q1", "item:q2"}
    assert n_estimates > 30


def raked_wave(session: Session) -> int:
    """Three offices of three wards each, by sex and age, which some skip; heavy weights are cut."""
    form = factories.definition("raked")
    sex = next(item for item in form.items if item.code == "sex")
    form = replace(form, items=(*form.items, replace(sex, code="age")))
    campaign = factories.annual_campaign(
        session,
        instrument_version_id=factories.instrument_version(session, form).id,
    )
    plan = PlanDocument(weighting=Weighting(trimmed_above=1.6))
    factories.frozen_plan(session, plan, campaign_id=campaign.id)
    province = factories.office(session, code="P", kind="province")
    chance = random.Random(1)
    for number in range(3):
        office = factories.office(session, code=f"X{number}", parent_id=province.id)
        given = {"campaign_id": campaign.id, "office_id": office.id}
        point = factories.access_point(session, **given, mode="paper", way_in="paper", provenance="A")
        for ward in range(3):
            cell = factories.sample_cell(
                session, campaign_id=campaign.id, stratum=office.code, psu=f"W{ward}", weight=1 + ward / 4
            )
            for _ in range(7):
                answers = chance.choice((SATISFIED, NOT_SATISFIED, {"q1": "4"}))
                told_of = {name: chance.choice(("female", "female", "male", None)) for name in ("sex", "age")}
                answers = answers | {name: said for name, said in told_of.items() if said}
                factories.response(session, answers, access_point_id=point.id, day=DAY, cell_id=cell.id)
        factories.access_point_day(session, access_point_id=point.id, day=DAY, n_opened=0, n_received=21)
    totals = "variable,level,total\nsex,female,50\nsex,male,50\nage,female,70\nage,male,30\n"
    import_margins(session, campaign, totals.encode(), "totals.csv", MOMENT)
    return campaign.id


@pytest.fixture(scope="module")
def raked_files(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("raked")
    path = folder / "raked.sqlite"
    path.write_bytes(sqlite_template.read_bytes())
    database = Database(f"sqlite:///{path}")
    with database.transaction() as session:
        campaign_id = raked_wave(session)
    number = publish_wave(database, campaign_id, PAST)
    files = unpacked(database, number, folder)
    database.engine.dispose()
    return files


def test_the_errors_of_raked_figures_are_those_of_residuals(raked_files: dict[str, str]) -> None:
    files = raked_files
    _, n_estimates = check(files)
    assert n_estimates == 12  # three offices and the one above, three measures
    assert "raked_pairs.csv" in files["codebook.txt"]
    # Female, male and nobody of one variable; of the other two, from which the third follows.
    assert {row["level"] for row in read(files, "raked_units.csv")} == set("12345")
    without = dict(files)
    for name in recompute.RAKED:
        del without[name]
    with pytest.raises(AssertionError, match="standard_error"):
        check(without)


def test_no_row_tells_counter_field_form_or_day(files: dict[str, str]) -> None:
    """Sums of units go as far as the figures allow; which unit holds few people is said."""
    sums = read(files, "sums.csv")
    assert [*sums[0]][:7] == ["class", "measures", "office", "psu", "n_forms", "w", "w_squared"]
    assert {name.rpartition("_")[0] for name in [*sums[0]][7:]} == {"valid", "w_valid", "w_satisfied"}
    n_small = sum(int(row["n_forms"]) < 5 for row in sums)
    assert n_small > 0
    assert f"{n_small} dòng của sums.csv có dưới 5 phiếu" in files["codebook.txt"]


def test_the_codebook_names_every_column_and_answer(files: dict[str, str]) -> None:
    text = files["codebook.txt"]
    for name in ("sums.csv", "design.csv", "measures.csv", "offices.csv", "published.csv", "recompute.R"):
        assert name in files
        assert name in text
    assert "5 = Mức 5 (satisfied)" in text
    assert "no_opinion = Không có ý kiến (not counted)" in text
