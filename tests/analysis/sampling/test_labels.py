import unicodedata

import numpy as np
import pytest
from hypothesis import given, strategies as st

from analysis import AnalysisError
from analysis.sampling.labels import normalise_labels, require_unique

VIETNAMESE = ["Ấp 1", "Xã Đông Hoà", "Thôn Nguyễn Huệ", "phường Cửa Ông", "H-0001"]


def test_composed_and_decomposed_vietnamese_is_the_same_text():
    decomposed = [unicodedata.normalize("NFD", label) for label in VIETNAMESE]
    assert decomposed != VIETNAMESE
    assert normalise_labels("unit", decomposed) == normalise_labels("unit", VIETNAMESE) == VIETNAMESE


@given(st.lists(st.text(st.characters(codec="utf-8"), min_size=1).filter(str.isprintable), min_size=1))
def test_labels_are_normalised_each_by_itself(labels):
    labels = [f"a{label}b" for label in labels]
    assert normalise_labels("unit", labels) == [unicodedata.normalize("NFC", label) for label in labels]


def test_a_label_that_begins_with_a_combining_mark_does_not_join_the_one_before():
    assert normalise_labels("unit", ["a", "\u0301b"]) == ["a", "\u0301b"]


def test_arrays_of_text_are_labels_too():
    assert normalise_labels("unit", np.array(["A", "B"])) == ["A", "B"]


@pytest.mark.parametrize(
    "labels",
    [
        [""],
        ["A", " B"],
        ["A ", "B"],
        ["A\n1"],
        ["A\t1"],
        ["A\x00"],
        ["A\u00a01"],  # no-break space
        ["A\u200b1"],  # zero-width space
        ["\ufeffA"],  # byte order mark
        ["A", 7],
        ["A", None],
        ["A", float("nan")],
        [b"A"],
        [],
        "AB",
    ],
)
def test_what_is_no_visible_text_is_refused(labels):
    with pytest.raises(AnalysisError, match="unit must"):
        normalise_labels("unit", labels)


def test_the_first_label_that_comes_twice_is_named():
    with pytest.raises(AnalysisError, match="unit must hold each unit once, also after NFC; got 'B'"):
        require_unique("unit", ["A", "B", "B", "C", "C"])
