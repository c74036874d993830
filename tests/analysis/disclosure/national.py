"""A made-up province or nation: 40 figures an office and all they add up to; how long its protection takes.

`python -m tests.analysis.disclosure.national` prints the table of docs/analysis.md (processor time).
"""

from dataclasses import dataclass
from time import process_time

import numpy as np

from analysis.disclosure.audit import audit_hidden
from analysis.disclosure.protect import Protection, protect_counts
from analysis.disclosure.relations import CountRelations

ITEMS_OF_FACTOR = np.array([4, 5, 5, 4, 4])
N_ITEMS, N_MONTHS = 22, 12
N_FIGURES = 1 + 5 + N_ITEMS + N_MONTHS
MINIMUM = 10


@dataclass(frozen=True)
class Figures:
    """Offices first, then provinces, then the nation where there is more than one; 40 cells each."""

    answers: np.ndarray
    people: np.ndarray
    relations: CountRelations

    def protect(self, by_people: bool) -> Protection:
        """By answers alone; or by people, where all figures are of at least ten people's answers."""
        return protect_counts(
            self.answers, self.relations, self.minimum(by_people), sensitive=self.few(by_people)
        )

    def minimum(self, by_people: bool) -> np.ndarray | int:
        items = np.concatenate([[N_ITEMS], ITEMS_OF_FACTOR, [1] * N_ITEMS, [N_ITEMS] * N_MONTHS])
        return np.tile(MINIMUM * items, self.answers.size // N_FIGURES) if by_people else MINIMUM

    def few(self, by_people: bool) -> np.ndarray | None:
        return self.people < MINIMUM if by_people else None


def make_figures(offices_of_province: list[int], typical: int, seed: int = 0) -> Figures:
    """Give each office lognormal numbers of people around `typical`; 5 or 14 % of answers are missing."""
    random = np.random.default_rng(seed)
    n_offices = sum(offices_of_province)
    office = np.repeat(np.arange(n_offices), random.lognormal(np.log(typical), 1.0, n_offices).astype(int))
    month = random.integers(0, N_MONTHS, office.size)
    is_valid = random.random((office.size, N_ITEMS)) < np.repeat([0.95, 0.86], [18, 4])
    answers, people = (np.zeros((n_offices, N_FIGURES), dtype=int) for _ in range(2))
    first = np.cumsum([0, *ITEMS_OF_FACTOR[:-1]])
    of_person = np.column_stack(
        [is_valid.sum(1), np.add.reduceat(is_valid, first, axis=1, dtype=int), is_valid]
    )
    np.add.at(answers[:, :-N_MONTHS], office, of_person)
    np.add.at(people[:, :-N_MONTHS], office, of_person > 0)
    np.add.at(answers, (office, N_FIGURES - N_MONTHS + month), of_person[:, 0])
    np.add.at(people, (office, N_FIGURES - N_MONTHS + month), 1)
    return Figures(
        *(_with_parents(table, offices_of_province) for table in (answers, people)),
        _relations(offices_of_province),
    )


def _with_parents(table: np.ndarray, offices_of_province: list[int]) -> np.ndarray:
    provinces = np.add.reduceat(table, np.cumsum([0, *offices_of_province[:-1]]))
    nation = [provinces.sum(0)] * (len(provinces) > 1)
    return np.concatenate([table, provinces, *(row[None] for row in nation)]).ravel()


def _relations(offices_of_province: list[int]) -> CountRelations:
    n_offices, n_provinces = sum(offices_of_province), len(offices_of_province)
    pairs: list[tuple[int, np.ndarray]] = []
    edges = 6 + np.cumsum([0, *ITEMS_OF_FACTOR])
    for unit in N_FIGURES * np.arange(n_offices + n_provinces + (n_provinces > 1)):
        pairs += [(unit, unit + np.arange(1, 6)), (unit, unit + np.arange(N_FIGURES - N_MONTHS, N_FIGURES))]
        pairs += [(unit + 1 + f, unit + np.arange(edges[f], edges[f + 1])) for f in range(5)]
    of_province = np.split(np.arange(n_offices), np.cumsum(offices_of_province)[:-1])
    parents = [(n_offices + p, offices) for p, offices in enumerate(of_province)]
    if n_provinces > 1:
        parents.append((n_offices + n_provinces, n_offices + np.arange(n_provinces)))
    for parent, children in parents:
        pairs += [(N_FIGURES * parent + figure, N_FIGURES * children + figure) for figure in range(N_FIGURES)]
    return CountRelations.of(pairs)


if __name__ == "__main__":
    make_figures([5], typical=15).protect(by_people=False)  # loads the solver
    nation = np.diff(np.linspace(0, 3321, 35).astype(int)).tolist()
    for name, offices in (("province", [150]), ("nation", nation)):
        for typical in (15, 40, 100):
            figures = make_figures(offices, typical)
            for by_people in (False, True):
                began = process_time()
                protection = figures.protect(by_people)
                protected = process_time()
                minimum = figures.minimum(by_people)
                audit = audit_hidden(figures.answers, figures.relations, protection.hidden, minimum)
                seconds = f"{protected - began:.2f} s, audit {process_time() - protected:.2f} s"
                rule = "people" if by_people else "answers"
                print(f"{name}, {typical} people, by {rule}: {protection}, {seconds}, {audit}", flush=True)
