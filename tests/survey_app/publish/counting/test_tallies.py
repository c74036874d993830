"""Packed answers counted many at once, as one at a time."""

import numpy as np
import pytest

from survey_app.models.definition import Definition
from survey_app.publish.counting.tallies import nibbles_of, packed, unpacked
from tests import factories

SMALL = factories.definition()


def pack(*answers: dict[str, str]) -> list[bytes]:
    return [SMALL.pack(one) for one in answers]


def test_unpacking_many_equals_unpacking_each() -> None:
    rows = pack({"q1": "5"}, {"q2": "no_opinion", "sex": "male"}, {"q1": "1", "q2": "2", "sex": "female"})
    assert nibbles_of(SMALL, rows).tolist() == [list(SMALL.nibbles(row)) for row in rows]


@pytest.mark.parametrize("row", [b"", b"\x10", b"\x10\x00\x00", b"\x70\x00", b"\x10\x01", b"\x10\x30"])
def test_what_the_definition_refuses_is_refused_here_too(row: bytes) -> None:
    with pytest.raises(ValueError, match="do not fit"):
        SMALL.nibbles(row)
    with pytest.raises(ValueError, match=r"a row of another length|a value that no option has"):
        nibbles_of(SMALL, [*pack({"q1": "5"}), row])


def test_counts_come_back_as_they_were_packed() -> None:
    counts = np.arange(2 * 3 * 16, dtype=np.uint32).reshape(2, 3, 16)
    assert unpacked([packed(one) for one in counts], 3).tolist() == counts.tolist()


def test_an_odd_number_of_items_ends_in_an_empty_half() -> None:
    assert isinstance(SMALL, Definition)
    assert len(SMALL.items) % 2 == 1
    assert nibbles_of(SMALL, pack({})).tolist() == [[0, 0, 0]]
