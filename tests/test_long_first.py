"""The order of tests."""

from types import SimpleNamespace

import pytest

from tests.long_first import LONG, in_order


@pytest.mark.parametrize("n_processes", [1, 2, 3, 5])
def test_every_test_stays_and_each_process_begins_with_long_ones(n_processes):
    items = [SimpleNamespace(nodeid=f"tests/test_{n}.py::test") for n in range(100)]
    items += [SimpleNamespace(nodeid=f"{name}::test_{n}") for name in LONG for n in range(2)]
    ordered = in_order(items, n_processes)
    assert sorted(one.nodeid for one in ordered) == sorted(one.nodeid for one in items)
    begins = [ordered[len(items) * n // n_processes].nodeid for n in range(n_processes)]
    assert all(one.startswith(LONG) for one in begins)


def test_a_few_chosen_tests_stay_all():
    items = [SimpleNamespace(nodeid=f"{LONG[1]}test_tour.py::test_{n}") for n in range(3)]
    assert in_order(items, 3) == items
