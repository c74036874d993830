"""Reads the reference files as arrays; the tests take their rows as cases."""

import csv
from functools import cache
from pathlib import Path

import numpy as np

from analysis import PsuSums, tally_responses

FOLDER = Path(__file__).parent / "reference"
ITEMS = [f"q{j}" for j in range(1, 23)]
MEASURES = {
    "all": range(22),
    "f1_access": range(4),
    "f2_procedure": range(4, 9),
    "f3_staff": range(9, 14),
    "f4_result": range(14, 18),
    "f5_feedback": range(18, 22),
    **{item: [j] for j, item in enumerate(ITEMS)},
}


def read_rows(path: str) -> list[dict[str, str]]:
    with (FOLDER / path).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@cache
def sipas_columns() -> dict[str, np.ndarray]:
    rows = read_rows("sipas/respondents.csv")
    return {name: np.array([row[name] for row in rows]) for name in rows[0]}


@cache
def sipas_offices() -> tuple[str, ...]:
    return tuple(np.unique(sipas_columns()["office"]).tolist())


def sipas_sums(keep: np.ndarray | None = None) -> PsuSums:
    """Sums of the survey; respondents not kept get weight 0, as R's subset of a design does."""
    columns = sipas_columns()
    answers = np.column_stack([np.where(columns[q] == "", "0", columns[q]).astype(int) for q in ITEMS])
    weight = columns["w"].astype(float)
    return tally_responses(
        stratum=np.unique(columns["office"], return_inverse=True)[1],
        psu=np.unique(columns["ward"], return_inverse=True)[1],
        weight=weight if keep is None else np.where(keep, weight, 0.0),
        satisfied=(answers == 4) | (answers == 5),
        valid=(answers >= 1) & (answers <= 5),
    )
