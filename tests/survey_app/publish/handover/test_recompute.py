"""The sums that are handed over give the published digits again, by a reader that knows nothing of ours."""

import csv
import io
import zipfile
from collections import defaultdict
from typing import Any

import numpy as np
import pytest
from scipy.special import ndtri, stdtrit

from survey_app.publish.handover import recompute
from survey_app.publish.handover.wave import read_wave
from tests.survey_app.publish.handover.conftest import Handed

Rows = list[dict[str, str]]


@pytest.fixture(scope="module")
def files(handed: Handed) -> dict[str, str]:
    path = handed.folder / "recompute.zip"
    with handed.database.reading() as session:
        recompute.write(path, session, read_wave(session, handed.number, "inside"))
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name).decode() for name in archive.namelist()}


def read(files: dict[str, str], name: str) -> Rows:
    return list(csv.DictReader(io.StringIO(files[name])))


class Reader:
    """recompute.R in other words: a ratio of sums, linearised, by stratum and unit."""

    def __init__(self, files: dict[str, str]) -> None:
        self.sums, self.design = read(files, "sums.csv"), read(files, "design.csv")
        self.measures = read(files, "measures.csv")
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
        z = {unit: (satisfied[unit] - value * valid[unit]) / size for unit in satisfied}
        error = self._variance(z, stratum) ** 0.5
        weights = [float(row["w"]) for row in rows]
        kish = sum(weights) ** 2 / sum(float(row["w_squared"]) for row in rows)
        kish *= min(answers / (n_forms * len(columns)), 1)
        low, high = interval(value, error, df, answers / len(columns), kish)
        return found | {"value": value, "standard_error": error, "low": low, "high": high}

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
        for one in {stratum[unit] for unit in z}:
            values = np.array([z.get(unit, 0.0) for unit, its in stratum.items() if its == one])
            n = values.size
            total += n / max(n - 1, 1) * float(((values - (values.mean() if n > 1 else 0)) ** 2).sum())
        return total


def interval(p: float, error: float, df: int, n: float, kish: float) -> tuple[float, float]:
    p = 0.0 if p < 1e-12 else 1.0 if p > 1 - 1e-12 else p
    spread = p * (1 - p) if error > 1e-12 else 0.0
    effective = spread / error**2 if spread else kish
    size = min(effective * (stdtrit(max(n - 1, df), 0.975) / stdtrit(df, 0.975)) ** 2, n)
    q = float(ndtri(0.975))
    centre = p + q**2 / (size + q**2) * (0.5 - p)
    half = q * (centre * (1 - centre) / (size + q**2)) ** 0.5
    return min(max(centre - half, 0), p), max(min(centre + half, 1), p)


def test_an_independent_reader_gets_the_published_digits(files: dict[str, str]) -> None:
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
    assert {row["class"] for row in published} == {"A", "C"}
    assert {row["measure"] for row in published} == {"index", "item:q1", "item:q2"}
    assert n_estimates > 30


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
