from decimal import Decimal

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, strategies as st

from analysis import AnalysisError
from analysis.sums.batches import ROWS_AT_ONCE, of_one_size, read_codes, sum_batches
from analysis.sums.columns import AnswerCodes, ResponseColumns
from tests.analysis.sums.exact_samples import CODES, same_bits, tables

COLUMNS = ResponseColumns(
    "ward", dict(zip(("a", "b", "c"), CODES, strict=True)), weight="weight", cell="month"
)


def as_batch(table):
    columns = {"ward": table.psu, "month": table.cell, "weight": table.weight, "unused": table.psu}
    columns |= dict(zip(COLUMNS.items, table.answers, strict=True))
    return pa.RecordBatch.from_pydict({name: pa.array(column) for name, column in columns.items()})


@given(tables(), st.integers(1, 50))
def test_batches_of_any_size_add_up_to_the_whole(table, size):
    batch = as_batch(table)
    batches = [batch.slice(start, size) for start in range(0, batch.num_rows, size)]
    sums = sum_batches(batches, COLUMNS)
    assert same_bits(sums, table.sums())


def test_no_batch_gives_no_row_but_the_items():
    sums = sum_batches([], COLUMNS)
    assert (sums.psu.size, sums.n_items) == (0, 3)


@given(st.lists(st.integers(0, 7), max_size=8), st.integers(1, 5))
def test_batches_are_cut_and_joined_to_one_size(lengths, n_rows):
    numbers = iter(range(100))
    batches = [
        pa.RecordBatch.from_pydict({"x": pa.array([next(numbers) for _ in range(n)], pa.int64())})
        for n in lengths
    ]
    found = list(of_one_size(batches, ["x"], n_rows))
    assert [batch.num_rows for batch in found[:-1]] == [n_rows] * (len(found) - 1)
    assert [x for batch in found for x in batch.column("x").to_pylist()] == list(range(sum(lengths)))


@pytest.mark.parametrize(
    ("column", "expected"),
    [
        (pa.array([4, None, 255], pa.uint8()), [4, 255, 255]),
        (pa.array([4, -1, 999, 0], pa.int64()), [4, 255, 255, 0]),
        (pa.array([4, None, -9], pa.int16()), [4, 255, 255]),
        (pa.array([None, None], pa.int8()), [255, 255]),
        (pa.array([2**64 - 1, None, 4], pa.uint64()), [255, 255, 4]),
        (pa.array([-1, None, 127, 4], pa.int8()), [255, 255, 127, 4]),
    ],
)
def test_what_is_no_code_becomes_no_answer(column, expected):
    batch = pa.RecordBatch.from_pydict({"q": column})
    assert read_codes(batch, "q").tolist() == expected
    assert read_codes(batch, "q").dtype == np.uint8


def test_weights_in_natural_units_are_rounded_to_micro_units():
    columns = ResponseColumns("ward", {"q": AnswerCodes()}, weight="w")
    batch = pa.RecordBatch.from_pydict({"ward": [1, 1], "w": [1.5, 0.3333333], "q": [4, 1]})
    assert sum_batches([batch], columns).totals[1].tolist() == [1_833_333]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"ward": [1, None]}, "ward must hold no null; got '1 nulls'"),
        ({"ward": ["a", "b"]}, "ward must hold whole numbers; got 'string'"),
        ({"ward": [1.0, 2.0]}, "ward must hold whole numbers; got 'double'"),
        ({"w": [1.0, None]}, "w must hold no null"),
        ({"w": [1.0, -2.0]}, "weight must be finite, not negative"),
        ({"w": ["1", "2"]}, "w must hold floats, or whole numbers of micro-units; got 'string'"),
        ({"w": [Decimal("1.5"), Decimal(2)]}, "w must hold floats, or whole .*; got 'decimal128"),
        ({"w": pa.array([2**63, 1], pa.uint64())}, r"w must lie below 2\*\*63; got 9223372036854775808"),
        ({"ward": pa.array([2**63, 1], pa.uint64())}, r"ward must lie below 2\*\*63"),
        ({"q": ["4", "5"]}, "q must hold whole numbers; got 'string'"),
        ({"q": [4.0, 5.0]}, "q must hold whole numbers; got 'double'"),
        ({"p": [4, 5]}, None),
    ],
)
def test_a_column_of_another_type_is_refused(change, message):
    columns = ResponseColumns("ward", {"q": AnswerCodes()}, weight="w")
    batch = pa.RecordBatch.from_pydict({"ward": [1, 2], "w": [1.0, 2.0], "q": [4, 5]} | change)
    if message is None:
        assert sum_batches([batch], columns).psu.size == 2
        return
    with pytest.raises(AnalysisError, match=message):
        sum_batches([batch], columns)


@pytest.mark.parametrize("name", ["ward", "w", "q"])
@pytest.mark.parametrize("n_rows", [1, ROWS_AT_ONCE])
def test_a_column_that_changes_its_type_is_named(name, n_rows):
    columns = {"ward": pa.array([1] * n_rows), "w": pa.array([1] * n_rows), "q": pa.array([4] * n_rows)}
    batch = pa.RecordBatch.from_pydict(columns)
    other = pa.RecordBatch.from_pydict(columns | {name: columns[name].cast(pa.int32())})
    message = f"{name} must be of one type in all batches: int64; got 'int32'"
    with pytest.raises(AnalysisError, match=message):
        sum_batches([batch, other], ResponseColumns("ward", {"q": AnswerCodes()}, weight="w"))


def test_other_notes_on_the_schema_are_no_other_type():
    batch = pa.RecordBatch.from_pydict({"ward": [1], "q": [4]})
    fields = [field.with_nullable(False) for field in batch.schema]
    noted = pa.RecordBatch.from_arrays(batch.columns, schema=pa.schema(fields, {"made by": "hand"}))
    columns = ResponseColumns("ward", {"q": AnswerCodes()})
    assert sum_batches([batch, noted], columns).n_respondents.tolist() == [2]


def test_a_missing_column_is_named():
    batch = pa.RecordBatch.from_pydict({"ward": [1], "q1": [4]})
    with pytest.raises(AnalysisError, match="columns must be among ward, q1; got 'q2'"):
        sum_batches([batch], ResponseColumns("ward", {"q1": AnswerCodes(), "q2": AnswerCodes()}))
