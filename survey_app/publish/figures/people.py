"""How many people stand behind a figure: those who gave it an answer, not all who sent a form."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from analysis import Domains
from survey_app.publish.figures.dataset import Booleans, Dataset


def people_behind(
    dataset: Dataset, rows: Booleans, domains: Domains, measures: Mapping[str, Sequence[int]]
) -> NDArray[np.int64]:
    """Count at least how many people answered, as (domains, measures).

    Tallies do not say who answered what. But each person answers an item once, so as many people as answered
    one item of a measure answered the measure, and perhaps more. So it decides what is hidden; what is told
    as n of an index is the forms sent, which add up over counters, fields and months.
    """
    found = np.zeros((len(domains), len(measures)), dtype=np.int64)
    valid = {column: dataset.valid[rows, column] for columns in measures.values() for column in columns}
    answered = {
        column: np.bincount(domains.code, weights=of_column, minlength=len(domains)).astype(np.int64)
        for column, of_column in valid.items()
    }
    for place, columns in enumerate(measures.values()):
        of_item: dict[str, NDArray[np.int64]] = {}
        for column in columns:  # an item is as many columns as it plays parts, in one version after another
            code = dataset.columns[column].code
            of_item[code] = of_item.get(code, np.int64(0)) + answered[column]
        found[:, place] = np.maximum.reduce(list(of_item.values()))
    return found
