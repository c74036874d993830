import pytest

from analysis.errors import AnalysisError
from analysis.estimation.measure import Measure


def test_a_measure_is_a_proportion_of_one_item_unless_said():
    assert Measure("q1", (0,)) == Measure("q1", (0,), kind="proportion", n_items=1)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"columns": ()}, "columns must be places from 0 on, each once, at least one"),
        ({"columns": (0, 1), "kind": "total"}, "columns must be one column for a total"),
        ({"columns": (0, 0)}, "columns must"),
        ({"columns": (-1,)}, "columns must"),
        ({"kind": "median"}, "kind must be one of"),
        ({"n_items": 0}, "n_items must be at least 1; got 0"),
    ],
)
def test_a_measure_of_nothing_or_of_no_known_kind_is_refused(arguments, message):
    with pytest.raises(AnalysisError, match=message):
        Measure(**({"name": "q1", "columns": (0,)} | arguments))
