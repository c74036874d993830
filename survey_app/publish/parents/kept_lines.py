"""The lines of all offices below a parent, kept by the process as long as what they say stands."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from survey_app.models.kept import Kept
from survey_app.models.known_offices import KnownOffice, known_offices
from survey_app.models.publication import IS_WHOLE_INDEX, Comparison, Figure, Publication
from survey_app.publish.parents.lines import Found, Index, Line

KEPT_AT_ONCE = 6  # classes of publications: one of 3,321 offices and all their parents takes 3.5 MB


class Together(NamedTuple):
    """What is counted over all offices below a parent."""

    n_offices: int
    n_shown: int
    n_above: int  # the target
    n_below: int
    n_not_testable: int
    n_compared: int
    n_ranked: int
    low: float  # of all ranges that are shown
    high: float
    n_with_figure: int
    n_counted: int  # the last three as in `Behind`
    n_forms: int
    n_dossiers: int


@dataclass(frozen=True)
class LinesBelow:
    """The offices below a parent that serve people."""

    office_ids: Set[int]
    lines: tuple[Line, ...]  # by name, of those with figures, or in existence today

    @cached_property
    def together(self) -> Together:
        shown = [line for line in self.lines if line.state == "shown"]
        verdicts = Counter(line.verdict for line in shown)
        limits = [line.limits for line in shown if line.limits]
        counted = [line.figure for line in self.lines if line.figure and line.coverage_share]
        return Together(
            n_offices=len(self.lines),
            n_shown=len(shown),
            n_above=verdicts["above"],
            n_below=verdicts["below"],
            n_not_testable=verdicts["not_testable"],
            n_compared=sum(line.comparison is not None for line in self.lines),
            n_ranked=max((line.comparison.n_ranked or 0 for line in shown if line.comparison), default=0),
            low=min((low for low, _, _ in limits), default=0.0),
            high=max((high for _, _, high in limits), default=0.0),
            n_with_figure=sum(line.figure is not None for line in self.lines),
            n_counted=len(counted),
            n_forms=sum(figure.n_respondents for figure in counted),
            n_dossiers=sum(figure.population_size or 0 for figure in counted),
        )


class OfClass(NamedTuple):
    """What one class of a publication says of all offices; each parent that is asked for is added."""

    figures: Mapping[int, Index]
    below: dict[int, LinesBelow]


_kept: Kept[OfClass] = Kept(KEPT_AT_ONCE)


def lines_below(
    session: Session, parent_id: int, publication: Publication | None, provenance: str, today: date
) -> LinesBelow:
    """Give the lines of all offices below a parent, for no question at all where they were read before.

    Their name changes with the offices, the day and the figures. Running figures, comparisons and what is
    hidden of them are written by a release alone; what is frozen is seen once it is sealed.
    """
    known = known_offices(session)
    of_class = _kept.get(
        (known.token, today, provenance, publication and publication.state),
        lambda: OfClass(_read_figures(session, publication, provenance), {}),
    )
    found = of_class.below.get(parent_id)
    if found is None:
        compared = _read_comparisons(session, parent_id, publication, provenance)
        office_ids = known.tree.lowest_below(parent_id)
        offices = (office for office in known.offices.values() if office.id in office_ids)
        lines = _lines(offices, of_class.figures, compared, today)
        found = of_class.below.setdefault(parent_id, LinesBelow(office_ids, tuple(lines)))
    return found


def _read_figures(session: Session, publication: Publication | None, provenance: str) -> dict[int, Index]:
    if publication is None:
        return {}
    # In the words of the index that holds no other figures: it alone is read then.
    query = select(Figure.office_id, *(getattr(Figure, name) for name in Index._fields)).where(
        Figure.publication_id == publication.id, Figure.provenance == provenance, IS_WHOLE_INDEX
    )
    return {row[0]: Index._make(row[1:]) for row in session.connection().execute(query).all()}


def _read_comparisons(
    session: Session, parent_id: int, publication: Publication | None, provenance: str
) -> dict[int, Found]:
    if publication is None:
        return {}
    terms = (publication.target, publication.adjustment)
    columns = (getattr(Comparison, name) for name in Found._fields[len(terms) :])
    query = select(Comparison.office_id, *columns).where(
        Comparison.publication_id == publication.id,
        Comparison.parent_id == parent_id,
        Comparison.provenance == provenance,
    )
    return {row[0]: Found(*terms, *row[1:]) for row in session.connection().execute(query).all()}


def _lines(
    offices: Iterable[KnownOffice], figures: Mapping[int, Index], compared: Mapping[int, Found], today: date
) -> Iterator[Line]:
    for office in offices:
        figure, has_ended = figures.get(office.id), office.has_ended(today)
        if figure or (office.valid_from <= today and not has_ended):
            yield Line(
                *(office.id, office.code, office.name, office.kind),
                figure,
                compared.get(office.id),
                ended_on=office.valid_until if has_ended else None,
            )
