"""A worker lets go of garbage between requests, also of what was set aside before it became garbage."""

import gc
import weakref
from collections.abc import Iterator

import pytest

from survey_app.web import garbage


class Kept:
    """Holds itself, as no count of references can let go of."""

    def __init__(self) -> None:
        self.itself = self


@pytest.fixture(autouse=True)
def thresholds() -> Iterator[None]:
    before = gc.get_threshold()
    yield
    gc.set_threshold(*before)
    gc.unfreeze()


def enough_for_a_look() -> None:
    while gc.get_count()[2] < garbage.WORTH_A_LOOK:
        gc.collect(1)


def test_garbage_of_what_was_set_aside_goes_at_the_next_rest():
    garbage.keep_what_is_loaded()
    kept = Kept()
    there = weakref.ref(kept)
    enough_for_a_look()
    garbage.look_while_nobody_waits()
    assert gc.get_freeze_count() > 0
    del kept
    assert there() is not None
    enough_for_a_look()
    garbage.look_while_nobody_waits()
    assert there() is None


def test_nobody_looks_while_little_is_new():
    garbage.keep_what_is_loaded()
    gc.collect()
    kept = Kept()
    there = weakref.ref(kept)
    del kept
    garbage.look_while_nobody_waits()
    assert there() is not None


def test_a_full_look_is_put_off_until_a_rest():
    garbage.keep_what_is_loaded()
    looks = gc.get_stats()[2]["collections"]
    held = [[n] for n in range(200_000)]
    assert len(held) == 200_000
    assert gc.get_stats()[2]["collections"] == looks
