"""The order of tests: what waits long begins first, shared out among the processes, lest one end alone."""

import pytest

# Modules that start servers, browsers or whole demos again and again, or wait for limits of time.
LONG = (
    "tests/survey_app/collect/test_crash.py",
    "tests/tour/",
    "tests/survey_app/collect/faults/test_lost_acknowledgements.py",
    "tests/survey_app/hostile/",
    "tests/survey_app/prepare/screens/test_in_browser.py",
    "tests/test_journey.py",
    "tests/survey_app/collect/faults/",
    "tests/survey_app/collect/test_offline.py",
    "tests/survey_app/collect/test_accessibility.py",
    "tests/survey_app/web/test_whole_requests.py",
    "tests/survey_app/demo/",
)


def in_order(items: list[pytest.Item], n_processes: int) -> list[pytest.Item]:
    """Lay the tests as `worksteal` deals them out: an equal run for each process, begun by long modules."""
    long: dict[str, list[pytest.Item]] = {name: [] for name in LONG}
    rest: list[pytest.Item] = []
    for item in items:
        name = next((name for name in LONG if item.nodeid.startswith(name)), None)
        (rest if name is None else long[name]).append(item)
    begun = [[item for name in LONG[n::n_processes] for item in long[name]] for n in range(n_processes)]
    ordered: list[pytest.Item] = []
    for n, first in enumerate(begun):
        left = len(items) - len(ordered)
        n_more = max(0, left // (n_processes - n) - len(first))
        ordered += [*first, *rest[:n_more]]
        rest = rest[n_more:]
    return ordered
