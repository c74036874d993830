import numpy as np
import polars
import pytest
from hypothesis import given, strategies as st

from analysis.command.input.reading import CsvSource
from analysis.command.input.table import Table


def table(column, decimal="auto"):
    loaded = Table(
        CsvSource("rows.csv", ("x;y\n" + "".join(f"{cell};\n" for cell in column)).encode()), decimal
    )
    loaded.load([("--variable", "x")])
    return loaded


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=20))
def test_numbers_are_read_to_the_last_bit(numbers):
    assert table(map(repr, numbers), ".").numbers("x").tolist() == numbers
    with_commas = [repr(number).replace(".", ",") for number in numbers]
    assert table(with_commas, ",").numbers("x").tolist() == numbers


def test_an_empty_number_is_nan_and_no_fault():
    loaded = table(["1", "", "NA", " NaN "])
    np.testing.assert_array_equal(loaded.numbers("x"), [1, np.nan, np.nan, np.nan])
    assert loaded.faults.n_faults == 0


@pytest.mark.parametrize("cell", ["1 000", "1'000", "0x1", "1e", "--1", "true", "½", "1_0", "nan1", "."])
def test_what_is_no_number_is_a_fault(cell):
    loaded = table(["1", cell])
    loaded.numbers("x")
    assert loaded.faults.n_faults == 1


def test_labels_stand_in_their_order_and_lose_outer_spaces():
    labels = table(["10", " 9 ", "b", "a", "", "9"]).labels("x")
    assert labels.values == ("9", "10", "a", "b")
    assert labels.code.tolist() == [1, 0, 3, 2, -1, 0]


def test_booleans_of_a_parquet_file_are_numbers(tmp_path):
    from analysis.command.input.table import open_table

    polars.DataFrame({"x": [True, None, False]}).write_parquet(tmp_path / "rows.parquet")
    loaded = open_table(str(tmp_path / "rows.parquet"))
    loaded.load([("--variable", "x")])
    np.testing.assert_array_equal(loaded.numbers("x"), [1, np.nan, 0])
    assert loaded.labels("x").values == ("false", "true")
