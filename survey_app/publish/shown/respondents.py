"""Groups of an office's respondents in a frozen publication: their figures, and which are shown to differ."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from survey_app.models.breakdown import GROUP, INDEX, WHOLE, group_of, kind_of
from survey_app.models.definition import Definition
from survey_app.models.instrument import InstrumentVersion
from survey_app.models.publication import Change, Figure, Publication
from survey_app.publish.shown.change import digits_of, points_text
from survey_app.publish.shown.figure import ShownFigure, show
from survey_app.publish.shown.figures import FiguresOfClass
from survey_app.publish.shown.office import Part
from survey_app.web.charts import Scale, scale_for


@dataclass(frozen=True)
class Difference:
    """How far a group lies from the largest one, in percentage points."""

    group: str
    largest: str
    value: str
    low: str
    high: str
    verdict: str  # "higher", "lower" or "not_shown"
    points: tuple[float, ...]  # value, low and high as they are
    digits: int  # with which they are written


@dataclass(frozen=True)
class GroupTable:
    """The groups by one question."""

    code: str
    title: str
    parts: tuple[Part, ...]
    scale: Scale
    differences: tuple[Difference, ...]  # between groups that are both seen
    n_all: str
    n_silent: int | None  # forms that skipped the question; none where it would tell of a hidden group

    @property
    def shown_to_differ(self) -> list[Difference]:
        return [one for one in self.differences if one.verdict != "not_shown"]


def groups_of_respondents(
    session: Session, publication: Publication, office_id: int, minimum: int, language: str
) -> dict[str, list[GroupTable]]:
    """Give an office's groups by class, for readers who see figures of so many people."""
    if publication.kind == "running":
        return {}
    of_office = {"publication_id": publication.id, "office_id": office_id}
    is_group = Figure.breakdown.startswith(GROUP) | (Figure.breakdown == WHOLE)
    by_class: dict[str, dict[str, ShownFigure]] = {}
    for figure in session.scalars(
        select(Figure).filter_by(**of_office).where(Figure.measure == INDEX, is_group)
    ):
        shown = show(figure, minimum, publication.minimum_n)
        by_class.setdefault(figure.provenance, {})[figure.breakdown] = shown
    with_groups = {letter: found for letter, found in by_class.items() if found.keys() - {WHOLE}}
    if not with_groups:
        return {}
    apart = session.scalars(select(Change).filter_by(**of_office).where(Change.later.startswith(GROUP))).all()
    form = session.get_one(InstrumentVersion, publication.instrument_version_id).definition
    return {
        letter: list(_tables(found, [one for one in apart if one.provenance == letter], form, language))
        for letter, found in sorted(with_groups.items())
    }


def groups_of_class(figures: FiguresOfClass, form: Definition, language: str) -> list[GroupTable]:
    """Give the groups among the figures of one class, which were read already."""
    groups = {name: figure for name, figure in figures.index_by.items() if kind_of(name) == GROUP}
    apart = [change for change in figures.changes if kind_of(change.later) == GROUP]
    return list(_tables({WHOLE: figures.whole[INDEX], **groups}, apart, form, language)) if groups else []


def _tables(
    figures: dict[str, ShownFigure], changes: Sequence[Change], form: Definition, language: str
) -> Iterator[GroupTable]:
    whole = figures.pop(WHOLE)
    labels = group_labels(form, language)
    for code in dict.fromkeys(question for question, _ in labels):
        found = {labels[one]: figures[name] for one, name in _named(figures, code, labels)}
        if not found:
            continue
        scale = scale_for(figure.limits for figure in found.values())
        seen = {name for name, figure in figures.items() if figure.limits}
        yield GroupTable(
            code=code,
            title=form.item(code).text.in_language(language),
            parts=tuple(
                Part(label, "", "", figure, scale.mark(figure.limits)) for label, figure in found.items()
            ),
            scale=scale,
            differences=tuple(
                difference_of(one, labels)
                for one in changes
                if {one.later, one.earlier} <= seen
                and one.value is not None
                and group_of(one.later)[0] == code
            ),
            n_all=whole.n,
            n_silent=_n_silent(whole, list(found.values())),
        )


def _named(
    figures: dict[str, ShownFigure], code: str, labels: dict[tuple[str, str], str]
) -> list[tuple[tuple[str, str], str]]:
    """Name the groups of a question that have figures, as the form orders them."""
    known = {group_of(name): name for name in figures}
    return [(one, known[one]) for one in labels if one[0] == code and one in known]


def group_labels(form: Definition, language: str) -> dict[tuple[str, str], str]:
    """Give the words of each option of the questions about the person, by question and option."""
    return {
        (item.code, option.code): option.label.in_language(language)
        for item in form.items
        if item.code in form.about_the_person
        for option in item.options
    }


def difference_of(found: Change, labels: dict[tuple[str, str], str]) -> Difference:
    """Write a difference as pages do."""
    points = tuple(one for one in (found.value, found.low, found.high) if one is not None)
    digits = digits_of(points)
    value, low, high = (points_text(one, digits) for one in points)
    verdict = "higher" if points[1] > 0 else "lower" if points[2] < 0 else "not_shown"
    named = [group_of(name) for name in (found.later, found.earlier)]
    later, earlier = (labels.get(one, one[1]) for one in named)  # of another version: by its code
    return Difference(later, earlier, value, low, high, verdict, points, digits)


def _n_silent(whole: ShownFigure, groups: Sequence[ShownFigure]) -> int | None:
    if any(one.state == "suppressed" for one in (whole, *groups)):
        return None
    return whole.n_forms - sum(one.n_forms for one in groups)
