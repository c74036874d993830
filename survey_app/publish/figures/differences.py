"""How groups of respondents differ: each from the largest of its question, with the interval of that.

Two intervals that overlap are no proof that groups are alike: people of both came to the same offices, and
the interval of the difference knows it. Those of one question hold together, so that six groups show no more
by chance than two. A difference says nothing that the figures of its two groups do not; against all others
together it would tell of whoever is hidden.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from analysis import Estimates, change_columns
from survey_app.publish.figures.breakdowns import Names, Question
from survey_app.publish.figures.changes import ChangeRow, estimated_cells
from survey_app.publish.figures.dataset import Dataset
from survey_app.publish.terms import LEVEL


@dataclass(frozen=True)
class Compared:
    """The groups of a question that anybody is in: the largest, and those that are compared with it."""

    largest: int
    others: list[int]

    @classmethod
    def of(cls, dataset: Dataset, question: Question) -> "Compared":
        """Count a whole class, so that all offices have the same group to compare with."""
        size = np.bincount(
            question.group_of(dataset), dataset.n_respondents, question.first + len(question.options)
        )[question.first :]
        largest = question.first + int(size.argmax())
        found = (question.first + np.flatnonzero(size)).tolist()
        return cls(largest, [one for one in found if one != largest])


def differences_of(found: Estimates, compared: Compared, names: Names) -> Iterator[ChangeRow]:
    """Compare the groups of one question, office by office where both are."""
    n_forms = found.n_respondents.tolist()
    n = {(one["office"], one["part"]): n for one, n in zip(found.domains.labels, n_forms, strict=True)}
    with_largest = {office for office, part in n if part == compared.largest}
    for other in compared.others:
        if with_largest.isdisjoint(office for office, part in n if part == other):
            continue
        level = 1 - (1 - LEVEL) / len(compared.others)
        apart, columns = change_columns(found, "part", earlier=compared.largest, later=other, level=level)
        cells = {name: column[:, 0].tolist() for name, column in columns.items()}
        for place, labels in enumerate(apart.domains.labels):
            office_id = labels["office"]
            yield {
                "office_id": office_id,
                "later": names.of("group", other),
                "earlier": names.of("group", compared.largest),
                "earlier_publication_id": None,
                "n_later": n[office_id, other],
                "n_earlier": n[office_id, compared.largest],
                **estimated_cells({name: column[place] for name, column in cells.items()}),
            }
