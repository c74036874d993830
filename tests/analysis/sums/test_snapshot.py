import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given

from analysis import AnalysisError
from analysis.sums.batches import ROWS_AT_ONCE
from analysis.sums.columns import AnswerCodes, ResponseColumns
from analysis.sums.snapshot import sum_snapshot, write_snapshot
from tests.analysis.sums.exact_samples import same_bits, tables
from tests.analysis.sums.test_batches import COLUMNS, as_batch

FORMATS = [".arrow", ".parquet"]
ONE_ITEM = ResponseColumns("psu", {"q": AnswerCodes()})


@pytest.fixture(scope="module")
def large():
    """Three batches' worth of rows, so that files have several parts and PSUs lie across their borders."""
    rng = np.random.default_rng(3)
    n = 2 * ROWS_AT_ONCE + 1000
    columns = {"psu": np.arange(n) // 301, "q": rng.integers(0, 7, n), "w": rng.uniform(0, 9, n)}
    return pa.RecordBatch.from_pydict({name: pa.array(column) for name, column in columns.items()})


@pytest.mark.parametrize("suffix", FORMATS)
@pytest.mark.parametrize("weight", [None, "w"])
def test_a_file_holds_the_sums_of_its_rows(tmp_path, large, suffix, weight):
    columns = ResponseColumns("psu", {"q": AnswerCodes()}, weight=weight)
    path = tmp_path / f"wave{suffix}"
    pieces = [large.slice(0, 70_000), large.slice(70_000)]
    assert write_snapshot(pieces, path, columns) == large.num_rows
    one_thread = sum_snapshot(path, columns, n_threads=1)
    assert same_bits(one_thread, sum_snapshot(path, columns, n_threads=3))
    assert one_thread.n_respondents.sum() == large.num_rows
    satisfied = np.isin(large.column("q").to_numpy(), [4, 5])
    weights = large.column("w").to_numpy() if weight else np.ones(large.num_rows)
    assert one_thread.numerator.sum() == pytest.approx(weights[satisfied].sum(), abs=0.3, rel=0)


@pytest.mark.parametrize("suffix", FORMATS)
def test_a_foreign_file_is_read_as_it_is(tmp_path, large, suffix):
    path = tmp_path / f"foreign{suffix}"
    shuffled = pa.Table.from_batches([large]).take(np.random.default_rng(1).permutation(large.num_rows))
    if suffix == ".parquet":
        pq.write_table(shuffled, path)
    else:
        with pa.ipc.new_file(str(path), shuffled.schema) as writer:
            writer.write_table(shuffled)
    columns = ResponseColumns("psu", {"q": AnswerCodes()}, weight="w")
    write_snapshot([large], tmp_path / "sorted.arrow", columns)
    assert same_bits(sum_snapshot(path, columns), sum_snapshot(tmp_path / "sorted.arrow", columns))


@given(tables())
def test_a_snapshot_of_any_table_keeps_its_sums(tmp_path_factory, table):
    if table.psu.size == 0:
        return
    path = tmp_path_factory.mktemp("snapshot") / "any.arrow"
    order = np.lexsort((table.cell, table.psu))
    write_snapshot([as_batch(table.take(order))], path, COLUMNS)
    assert same_bits(sum_snapshot(path, COLUMNS), table.sums())


@pytest.mark.parametrize("suffix", FORMATS)
def test_a_snapshot_has_the_named_columns_in_plain_types(tmp_path, suffix):
    path = tmp_path / f"wave{suffix}"
    batch = pa.RecordBatch.from_pydict(
        {"comment": ["x"], "q": [None], "w": [0.5], "psu": pa.array([3], pa.int32())},
        schema=pa.schema({"comment": pa.string(), "q": pa.int64(), "w": pa.float64(), "psu": pa.int32()}),
    )
    write_snapshot([batch], path, ResponseColumns("psu", {"q": AnswerCodes()}, weight="w"))
    table = pq.read_table(path) if suffix == ".parquet" else pa.ipc.open_file(str(path)).read_all()
    assert table.to_pydict() == {"psu": [3], "w": [500_000], "q": [255]}
    assert [str(kind) for kind in table.schema.types] == ["int32", "int64", "uint8"]


@pytest.mark.parametrize("psus", [[[2, 1]], [[1, 2], [1]], [[1], [], [0]]])
def test_unsorted_rows_leave_no_file(tmp_path, psus):
    batches = [
        pa.RecordBatch.from_pydict(
            {"psu": pa.array(psu, pa.int64()), "q": pa.array([4] * len(psu), pa.uint8())}
        )
        for psu in psus
    ]
    with pytest.raises(AnalysisError, match="batches must be sorted by PSU, then cell"):
        write_snapshot(batches, tmp_path / "wave.parquet", ONE_ITEM)
    assert list(tmp_path.iterdir()) == []


def test_cells_are_sorted_within_their_psu(tmp_path):
    columns = ResponseColumns("psu", {"q": AnswerCodes()}, cell="month")
    batch = pa.RecordBatch.from_pydict({"psu": [1, 1, 2], "month": [1, 2, 1], "q": [4, 4, 4]})
    assert write_snapshot([batch], tmp_path / "wave.arrow", columns) == 3
    with pytest.raises(AnalysisError, match="batches must be sorted"):
        write_snapshot([batch.take(pa.array([1, 0, 2]))], tmp_path / "wave.arrow", columns)


def test_nothing_to_write_is_refused(tmp_path):
    with pytest.raises(AnalysisError, match="batches must hold at least one row; got 0"):
        write_snapshot([], tmp_path / "wave.arrow", ONE_ITEM)


@pytest.mark.parametrize("suffix", FORMATS)
def test_a_path_may_be_a_text(tmp_path, suffix):
    path = str(tmp_path / f"wave{suffix}")
    batch = pa.RecordBatch.from_pydict({"psu": [1], "q": [4]})
    assert write_snapshot([batch], path, ONE_ITEM) == 1
    assert sum_snapshot(path, ONE_ITEM).n_respondents.tolist() == [1]


@pytest.mark.parametrize("suffix", FORMATS)
def test_a_file_that_cannot_be_read_is_refused(tmp_path, suffix):
    path = tmp_path / f"wave{suffix}"
    message = "path must name a whole Arrow or Parquet file that can be read; got .*wave"
    with pytest.raises(AnalysisError, match=message):
        sum_snapshot(path, ONE_ITEM)
    rows = {"psu": list(range(5000)), "q": [4] * 5000}
    write_snapshot([pa.RecordBatch.from_pydict(rows)], path, ONE_ITEM)
    whole = path.read_bytes()
    for damaged in (b"", b"no table", whole[: len(whole) // 2]):
        path.write_bytes(damaged)
        with pytest.raises(AnalysisError, match=message):
            sum_snapshot(path, ONE_ITEM)
    path.unlink()
    path.mkdir()
    with pytest.raises(AnalysisError, match=message):
        sum_snapshot(path, ONE_ITEM)


def test_damage_within_a_part_is_refused_too(tmp_path):
    path = tmp_path / "wave.parquet"
    write_snapshot([pa.RecordBatch.from_pydict({"psu": [1, 2], "q": [4, 5]})], path, ONE_ITEM)
    whole = path.read_bytes()
    path.write_bytes(whole[:4] + b"\xff" * 24 + whole[28:])
    with pytest.raises(AnalysisError, match="path must name a whole"):
        sum_snapshot(path, ONE_ITEM)


@pytest.mark.parametrize("suffix", FORMATS)
def test_a_place_that_cannot_be_written_is_refused(tmp_path, suffix):
    batch = pa.RecordBatch.from_pydict({"psu": [1], "q": [4]})
    (tmp_path / "file").touch()
    for folder in ("nowhere", "file"):
        with pytest.raises(AnalysisError, match=r"path must lie in a folder that exists; got .*wave"):
            write_snapshot([batch], tmp_path / folder / f"wave{suffix}", ONE_ITEM)
    (tmp_path / f"wave{suffix}").mkdir()
    with pytest.raises(AnalysisError, match=r"path must name a file that can be written; got .*wave"):
        write_snapshot([batch], tmp_path / f"wave{suffix}", ONE_ITEM)
    assert sorted(found.name for found in tmp_path.iterdir()) == ["file", f"wave{suffix}"]


def test_what_the_batches_raise_is_not_blamed_on_the_file(tmp_path):
    def batches():
        yield pa.RecordBatch.from_pydict({"psu": [1], "q": [4]})
        raise OSError("the source is gone")

    with pytest.raises(OSError, match="the source is gone"):
        write_snapshot(batches(), tmp_path / "wave.arrow", ONE_ITEM)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("suffix", FORMATS)
def test_no_snapshot_mixes_types(tmp_path, suffix):
    batch = pa.RecordBatch.from_pydict({"psu": [1], "q": [4]})
    other = pa.RecordBatch.from_pydict({"psu": pa.array([2], pa.int32()), "q": [4]})
    with pytest.raises(AnalysisError, match="psu must be of one type in all batches: int64; got 'int32'"):
        write_snapshot([batch, other], tmp_path / f"wave{suffix}", ONE_ITEM)
    assert list(tmp_path.iterdir()) == []


def test_other_formats_and_no_threads_are_refused(tmp_path):
    with pytest.raises(AnalysisError, match=r"path must be one of \.arrow, \.parquet; got '\.csv'"):
        write_snapshot([], tmp_path / "wave.csv", ONE_ITEM)
    with pytest.raises(AnalysisError, match="n_threads must be at least 1; got 0"):
        sum_snapshot(tmp_path / "wave.arrow", ONE_ITEM, n_threads=0)
