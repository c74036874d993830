"""A synthetic national survey of any size, made chunk by chunk: the same rows for the same seed."""

from collections.abc import Iterator

import numpy as np
import pyarrow as pa

from analysis.sums.columns import AnswerCodes, ResponseColumns

N_OFFICES = 3321
PSUS_PER_OFFICE = 10
N_PROVINCES = 34
FACTORS = {"access": range(4), "procedure": range(4, 9), "staff": range(9, 14)}
FACTORS |= {"result": range(14, 18), "feedback": range(18, 22)}
ITEMS = [f"q{j}" for j in range(1, 23)]
COLUMNS = ResponseColumns("psu", dict.fromkeys(ITEMS, AnswerCodes()), weight="weight")

_CODES = np.array(
    [0, 9, 1, 2, 3, 4, 5], dtype=np.uint8
)  # empty, don't know, very dissatisfied … very satisfied
_PSUS_A_CHUNK = 500
_LEVELS = 65536  # an answer takes two random bytes


def province_of_office(n_offices: int = N_OFFICES) -> np.ndarray:
    return np.arange(n_offices) * N_PROVINCES // n_offices


def psu_sizes(n_rows: int, n_psus: int, seed: int) -> np.ndarray:
    """Give PSUs unequal sizes that add up to n_rows; each has at least one row."""
    share = np.random.default_rng([seed, 1]).lognormal(0, 0.35, n_psus).cumsum()
    ends = np.rint(share / share[-1] * (n_rows - n_psus)).astype(int) + np.arange(1, n_psus + 1)
    return np.diff(ends, prepend=0)


def batches(n_rows: int, seed: int = 2026, n_offices: int = N_OFFICES) -> Iterator[pa.RecordBatch]:
    """Give the survey in PSU order; each chunk of PSUs has a random stream of its own."""
    n_psus = n_offices * PSUS_PER_OFFICE
    sizes = psu_sizes(n_rows, n_psus, seed)
    tables = _code_tables(np.random.default_rng([seed, 2]))
    office_effect = np.random.default_rng([seed, 3]).normal(0, 4000, n_offices)
    for first in range(0, n_psus, _PSUS_A_CHUNK):
        psus = np.arange(first, min(first + _PSUS_A_CHUNK, n_psus))
        rng = np.random.default_rng([seed, 4, first])
        yield _chunk(rng, psus, sizes[psus], office_effect[psus // PSUS_PER_OFFICE], tables)


def _code_tables(rng: np.random.Generator) -> np.ndarray:
    """For each item the code of each of the random levels: the better the higher."""
    missing = rng.uniform(0.002, 0.02, (22, 1))
    unknown = rng.uniform(0.01, 0.06, (22, 1))
    scale = np.array([0.02, 0.04, 0.12, 0.50, 0.32]) * rng.uniform(0.7, 1.3, (22, 5))
    scale *= (1 - missing - unknown) / scale.sum(axis=1, keepdims=True)
    ends = np.rint(np.cumsum(np.hstack([missing, unknown, scale]), axis=1) * _LEVELS)
    return np.stack(
        [_CODES[np.searchsorted(row, np.arange(_LEVELS), side="right").clip(max=6)] for row in ends]
    )


def _chunk(
    rng: np.random.Generator, psus: np.ndarray, sizes: np.ndarray, effect: np.ndarray, tables: np.ndarray
) -> pa.RecordBatch:
    n = int(sizes.sum())
    weight = np.repeat(rng.lognormal(3, 0.5, psus.size), sizes) * rng.uniform(0.8, 1.25, n)
    columns = {
        "psu": np.repeat(psus, sizes).astype(np.int32),
        "weight": np.rint(weight * 1e6).astype(np.int64),
    }
    shift = np.repeat((effect + rng.normal(0, 2500, psus.size)).astype(np.int32), sizes)
    for name, table in zip(ITEMS, tables, strict=True):
        level = rng.integers(0, _LEVELS, n, dtype=np.uint16).astype(np.int32)
        unsaid = 5000  # levels of "empty" and "don't know" move with no office
        level = np.where(level < unsaid, level, np.clip(level + shift, unsaid, _LEVELS - 1))
        columns[name] = table[level]
    return pa.RecordBatch.from_pydict({name: pa.array(column) for name, column in columns.items()})
