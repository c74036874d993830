"""One office's results in a campaign, each provenance class apart: index, factors, questions."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from survey_app.errors import NotFound
from survey_app.models.breakdown import INDEX, WHOLE, factor_name, item_name
from survey_app.models.definition import Definition
from survey_app.models.instrument import InstrumentVersion
from survey_app.models.office import Office
from survey_app.models.publication import Figure, Publication
from survey_app.publish.shown.figure import BEST_FIRST, ShownFigure, show
from survey_app.web.charts import Mark, Scale, scale_for


@dataclass(frozen=True)
class Part:
    """A factor or a question with its figure; `favourable` are the answers that a share counts."""

    label: str
    number: str
    favourable: str
    figure: ShownFigure
    mark: Mark | None


@dataclass(frozen=True)
class ClassResults:
    """What the responses of one provenance class say."""

    provenance: str
    index: ShownFigure
    scale: Scale  # of all its pictures
    factors: tuple[Part, ...]
    items: tuple[Part, ...]
    apart: tuple[Part, ...]  # questions that are reported, but not in the index

    @property
    def look_first(self) -> Part | None:
        """Give the question of the index with the lowest satisfaction, if anybody was not satisfied."""
        unsatisfied = [part for part in self.items if part.figure.limits and not part.figure.n_all_satisfied]
        return next(iter(lowest_first(unsatisfied)), None)

    @property
    def has_parts(self) -> bool:
        """Whether any factor or question has a figure to show."""
        return any(part.figure.limits for part in (*self.factors, *self.items, *self.apart))


def find_office(session: Session, code: str) -> Office:
    # PostgreSQL refuses to look for a NUL at all.
    office = session.scalar(select(Office).where(Office.code == code)) if code.isprintable() else None
    if office is None:
        raise NotFound
    return office


def office_results(
    session: Session, publication: Publication, office_id: int, language: str
) -> list[ClassResults]:
    """Give an office's figures by class, as the public sees them."""
    version = session.get_one(InstrumentVersion, publication.instrument_version_id)
    by_class: dict[str, dict[str, ShownFigure]] = {}
    for figure in session.scalars(
        select(Figure)
        .where(
            Figure.publication_id == publication.id,
            Figure.office_id == office_id,
            Figure.breakdown == WHOLE,
        )
        .order_by(*BEST_FIRST)
    ):
        shown = show(figure, publication.minimum_n, publication.minimum_n)
        by_class.setdefault(figure.provenance, {})[figure.measure] = shown
    definition = version.definition
    return [class_results(figures, definition, language) for figures in by_class.values() if INDEX in figures]


def lowest_first(parts: Iterable[Part]) -> tuple[Part, ...]:
    """Sort by satisfaction, lowest first; what has no figure stands last."""
    return tuple(sorted(parts, key=lambda part: part.figure.limits[1] if part.figure.limits else 2.0))


def class_results(figures: Mapping[str, ShownFigure], definition: Definition, language: str) -> ClassResults:
    """Lay out a class's figures, named by their measures, as the index and its parts."""
    index = figures[INDEX]
    scale = scale_for(figure.limits for figure in figures.values())
    factors = [
        Part(factor.title.in_language(language), "", "", figure, scale.mark(figure.limits))
        for factor in definition.factors
        if (figure := figures.get(factor_name(factor.code))) and len(definition.items_of(factor)) > 1
    ]
    items = _items(figures, definition, language, scale)
    return ClassResults(
        provenance=index.provenance,
        index=index,
        scale=scale,
        factors=tuple(factors),
        items=tuple(part for part, in_index in items if in_index),
        apart=tuple(part for part, in_index in items if not in_index),
    )


def _items(
    figures: Mapping[str, ShownFigure], definition: Definition, language: str, scale: Scale
) -> list[tuple[Part, bool]]:
    found = []
    for item in definition.items:
        figure = figures.get(item_name(item.code))
        if figure is not None:
            options = [
                option.label.in_language(language)
                for option in item.options
                if option.code in item.favourable
            ]
            label = item.text.in_language(language)
            part = Part(
                label, definition.numbers[item.code], ", ".join(options), figure, scale.mark(figure.limits)
            )
            found.append((part, item.counts_in_index))
    return found
