import hashlib
import math
import unicodedata

import numpy as np
import pytest
from hypothesis import given, strategies as st

from analysis import AnalysisError
from analysis.sampling.frame import SamplingFrame, frame_hash

ROWS = st.lists(
    st.tuples(st.text("ABấđ1", min_size=1, max_size=4), st.sampled_from("XYZ"), st.integers(1, 99)),
    min_size=1,
    max_size=15,
    unique_by=lambda row: unicodedata.normalize("NFC", row[0]),
)


@given(ROWS, st.randoms(use_true_random=False))
def test_the_order_of_rows_changes_neither_frame_nor_hash(rows, random):
    mixed = random.sample(rows, len(rows))
    one, other = (SamplingFrame.from_columns(*zip(*table, strict=True)) for table in (rows, mixed))
    assert (one.unit, one.strata, one.frame_hash) == (other.unit, other.strata, other.frame_hash)
    assert one.stratum.tolist() == other.stratum.tolist()
    assert one.size.tolist() == other.size.tolist()


def test_the_hash_is_that_of_a_file_with_tabs():
    file = "unit\torder\tsize\tstratum\nA1\t-2\t5\tXã Đông\nB1\t7\t30\tXã Đông\n"
    columns = {"stratum": ["Xã Đông"] * 2, "size": [30, 5], "order": [7, -2]}
    frame = SamplingFrame.from_columns(["B1", "A1"], **columns)
    assert frame.frame_hash == frame_hash(["B1", "A1"], columns) == hashlib.sha256(file.encode()).hexdigest()


def test_a_frame_of_many_blocks_has_the_hash_of_one_file():
    ids = [f"{i:06d}" for i in range(100_001)]
    file = "unit\n" + "".join(f"{i}\n" for i in ids)
    assert SamplingFrame.from_columns(ids).frame_hash == hashlib.sha256(file.encode()).hexdigest()


def test_any_change_of_a_value_changes_the_hash():
    base = {"unit": ["A", "B"], "stratum": ["X", "Y"], "size": [1, 2], "order": [0, 0]}
    changes = [
        {},
        {"unit": ["A", "C"]},
        {"stratum": ["X", "X"]},
        {"size": [2, 1]},
        {"order": [0, 1]},
        {"order": None},
        {"size": None},
        {"stratum": None},
    ]
    hashes = {SamplingFrame.from_columns(**{**base, **change}).frame_hash for change in changes}
    assert len(hashes) == len(changes)


def test_composed_and_decomposed_text_make_the_same_frame():
    ids, strata = ["Ấp 1", "Ấp 2"], ["Xã Hoà Bình", "Xã Hoà Bình"]
    other = ([unicodedata.normalize("NFD", text) for text in column] for column in (ids, strata))
    frame = SamplingFrame.from_columns(*other)
    assert frame.frame_hash == SamplingFrame.from_columns(ids, strata).frame_hash
    assert frame.population == {"Xã Hoà Bình": 2}


def test_columns_follow_their_units():
    frame = SamplingFrame.from_columns(["C", "A", "B"], ["Y", "X", "Y"], size=[3, 1, 2], order=[30, 10, 20])
    assert frame.unit == ("A", "B", "C")
    assert [frame.strata[code] for code in frame.stratum] == ["X", "Y", "Y"]
    assert (frame.size.tolist(), frame.order.tolist()) == ([1, 2, 3], [10, 20, 30])
    assert frame.population == {"X": 1, "Y": 2}
    assert repr(frame) == f"SamplingFrame(3 units, 2 strata, hash {frame.frame_hash[:12]}…)"


def test_a_frame_cannot_be_changed():
    frame = SamplingFrame.from_columns(["A", "B"], ["X", "Y"], size=[1, 2], order=[1, 2])
    for column in (frame.stratum, frame.size, frame.order):
        with pytest.raises(ValueError, match="read-only"):
            column[0] = 5


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"unit": ["A", "B", "A"]}, "unit must hold each unit once, also after NFC; got 'A'"),
        ({"unit": ["Ấp", "A\u0302\u0301p"]}, "unit must hold each unit once, also after NFC; got 'Ấp'"),
        ({"unit": []}, "unit must be a list of at least one text"),
        ({"unit": ["A", 2]}, "unit must hold text"),
        ({"stratum": ["X"]}, r"stratum must have shape \(2,\); got \(1,\)"),
        ({"stratum": ["X", ""]}, "stratum must hold text, not empty"),
        ({"size": [1, 0]}, r"size must be positive \(a unit of size 0 could never be drawn\); got 0"),
        ({"size": [1, -4]}, "size must be positive"),
        ({"size": [1.0, math.nan]}, "size must hold whole numbers; got 'float64'"),
        ({"size": np.ma.array([1, 2], mask=[0, 1])}, "size must be no masked array"),
        ({"order": np.ma.array([1, 2], mask=[0, 1])}, "order must be no masked array"),
        ({"stratum": np.ma.array(["X", "Y"], mask=[0, 1])}, "stratum must hold text"),
        ({"size": [1]}, r"size must have shape \(2,\)"),
        ({"size": [2**53, 1]}, r"size must add up to at most 2\*\*53; got 9007199254740993"),
        ({"size": [2**62, 2**62]}, r"size must add up to at most 2\*\*53"),
        (
            {"order": np.array([2**63, 1], np.uint64)},
            r"order must lie below 2\*\*63; got 9223372036854775808",
        ),
        ({"order": [0.5, 1]}, "order must hold whole numbers"),
    ],
)
def test_frames_with_faults_are_refused(columns, message):
    with pytest.raises(AnalysisError, match=message):
        SamplingFrame.from_columns(**{"unit": ["A", "B"], **columns})


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"unit": ["X", "Y"]}, "columns must hold each name once, also after NFC, and not 'unit'"),
        ({"Ấp": [1, 2], "A\u0302\u0301p": [1, 2]}, "columns must hold each name once, also after NFC"),
        ({"a": [1]}, r"a must have shape \(2,\)"),
        ({"a": [0.5, 1]}, "a must hold whole numbers"),
        ({"a": []}, "a must be a list of at least one text"),
    ],
)
def test_tables_with_faults_have_no_hash(columns, message):
    with pytest.raises(AnalysisError, match=message):
        frame_hash(["A", "B"], columns)


def test_a_table_of_ids_alone_has_a_hash():
    assert frame_hash(["B", "A"], {}) == hashlib.sha256(b"unit\nA\nB\n").hexdigest()
    assert frame_hash(["A"], {"n": np.array([3])}) == hashlib.sha256(b"unit\tn\nA\t3\n").hexdigest()
