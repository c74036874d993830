"""What a correction would change beside the publication that it corrects, office by office, and in the whole.

It holds no more than staff see of a publication (five people behind a figure at least, nothing hidden), and
of thousands of offices those that change most.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from decimal import Decimal
from math import isclose
from typing import Any, Final, NamedTuple

import numpy as np
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from survey_app.models.access_point import AccessPoint, AccessPointDay
from survey_app.models.breakdown import INDEX, WHOLE
from survey_app.models.known_offices import known_offices
from survey_app.models.publication import IS_WHOLE_INDEX, Figure, OfficeRelease
from survey_app.models.snapshot import SnapshotPart
from survey_app.publish.counting.tallies import NOT_DRAWN
from survey_app.publish.releasing.corrected import ByClass
from survey_app.publish.releasing.due import Due
from survey_app.publish.releasing.freeze import Wave
from survey_app.publish.shown.corrected import Printed
from survey_app.publish.suppression import INSIDE_MINIMUM, forms_behind, is_suppressed

MOST_OFFICES: Final = 20
Place = tuple[int, str]  # office and class
WeighedAs = tuple[tuple[str, ...], tuple[tuple[str, str], ...]]  # cell, and what was told by question


class Seen(NamedTuple):
    """An index as staff see it: no digits where it is hidden, or cannot be estimated."""

    basis: str
    state: str  # as figures of publications are shown
    n: int | None = None
    value: float | None = None
    low: float | None = None
    high: float | None = None
    hidden_from_public: bool = False

    @classmethod
    def of(cls, figure: Figure, public_minimum: int) -> "Seen":
        if is_suppressed(figure, INSIDE_MINIMUM):
            return cls(figure.sampling_basis, "suppressed")
        state = "not_estimable" if figure.value is None else "shown"
        n = forms_behind(figure.n_respondents, figure.n_people)
        hidden_from_public = is_suppressed(figure, public_minimum)
        return cls(
            *(figure.sampling_basis, state, n, figure.value, figure.low, figure.high), hidden_from_public
        )

    @property
    def printed(self) -> Printed:
        return Printed.of(self.value, self.low, self.high, self.n)

    @property
    def said(self) -> tuple[str, bool, Printed]:
        return self.state, self.hidden_from_public, self.printed


class Answers(NamedTuple):
    """Responses of an office and class since they were published."""

    n_came: int = 0
    n_voided: int = 0

    @property
    def n(self) -> int:
        return self.n_came + self.n_voided


@dataclass(frozen=True)
class Line:
    """An office and class: its answers since, whether they wait, its index before and in the correction."""

    office_id: int
    provenance: str
    answers: Answers
    waits: bool
    before: Seen | None
    now: Seen | None

    @property
    def is_changed(self) -> bool:
        return bool(self.answers.n or self.waits or self.moves)

    @property
    def moves(self) -> bool:
        """Whether something else would be said of the index, or by other digits."""
        return (self.before and self.before.said) != (self.now and self.now.said)

    @property
    def moved_by(self) -> Decimal:
        """Say how far apart the printed indices are; where there is only one they are the least."""
        return self.now.printed.moved_by(self.before.printed) if self.before and self.now else Decimal(-1)

    def as_json(self) -> dict[str, Any]:
        seen = {name: one and one._asdict() for name, one in (("before", self.before), ("now", self.now))}
        return asdict(self) | {"answers": self.answers._asdict()} | seen


def foresee(session: Session, wave: Wave) -> dict[str, Any]:
    """Compare a correction that nobody has written with the publication that it would correct."""
    last_id, corrects, compared = wave.last_publication_id, wave.recipe.corrects, wave.compared
    assert last_id is not None, "what corrects nothing is compared with nothing"
    assert corrects is not None, "a later publication is a correction"
    assert compared is not None, "and is held against those before it"
    answers = _answers(session, wave.campaign.id, last_id)
    answered = {office_id for office_id, _ in answers}
    lines = list(_lines(session, wave, last_id, answers))
    offices = [line for line in lines if line.office_id in answered and line.is_changed]
    offices.sort(key=lambda line: (-line.answers.n, -line.moved_by, line.office_id))
    n_weights, n_other = _count_weights(*compared)
    return {
        "changed": dict(corrects.changed),
        "tops": [line.as_json() for line in _of_tops(session, lines) if line.office_id not in answered],
        "offices": [line.as_json() for line in offices[:MOST_OFFICES]],
        "n_more": len(offices[MOST_OFFICES:]),
        "n_by_weights_alone": sum(not line.answers.n and not line.waits for line in offices),
        "n_weights": n_weights,
        "n_other_weights": n_other,
    }


def _lines(session: Session, wave: Wave, last_id: int, answers: Mapping[Place, Answers]) -> Iterator[Line]:
    minimum = wave.recipe.options.minimum_n
    before = {_place(figure): Seen.of(figure, minimum) for figure in _published(session, last_id)}
    now = {_place(figure): Seen.of(figure, minimum) for figure in _foreseen(wave)}
    for place in sorted(before.keys() | now.keys() | answers.keys()):
        waits = place in answers and Due(wave.campaign.id, *place) not in wave.taken
        yield Line(*place, answers.get(place, Answers()), waits, before.get(place), now.get(place))


def _place(figure: Figure) -> Place:
    return figure.office_id, figure.provenance


def _published(session: Session, publication_id: int) -> Sequence[Figure]:
    found = select(Figure).where(Figure.publication_id == publication_id, IS_WHOLE_INDEX)
    return session.scalars(found).all()


def _foreseen(wave: Wave) -> Iterator[Figure]:
    for row in wave.tables["figure"]:
        if row["measure"] == INDEX and row["breakdown"] == WHOLE:
            yield Figure(**row)  # read like those that are stored, and never stored itself


def _answers(session: Session, campaign_id: int, last_id: int) -> dict[Place, Answers]:
    """Compare what stands of each office and class with what was published of it."""
    place = (AccessPoint.office_id, AccessPoint.provenance)
    received = func.coalesce(func.sum(AccessPointDay.n_received), 0)
    voided = func.coalesce(func.sum(AccessPointDay.n_voided), 0)
    now = (
        select(*place, received, voided)
        .outerjoin(AccessPointDay, AccessPointDay.access_point_id == AccessPoint.id)
        .where(AccessPoint.campaign_id == campaign_id)
        .group_by(*place)
    )
    part = select(SnapshotPart.office_id, SnapshotPart.provenance, SnapshotPart.n_respondents)
    counted = session.execute(part.where(SnapshotPart.publication_id == last_id))
    published = {(office_id, provenance): n for office_id, provenance, n in counted}
    release = select(OfficeRelease.office_id, OfficeRelease.provenance, OfficeRelease.n_voided)
    left = session.execute(release.where(OfficeRelease.campaign_id == campaign_id))
    voided_before = {(office_id, provenance): n for office_id, provenance, n in left}
    found = {}
    for office_id, provenance, n_received, n_voided in session.execute(now):
        at = (office_id, provenance)
        n_voided_since = n_voided - voided_before.get(at, 0)
        n_came = n_received - n_voided + n_voided_since - published.get(at, 0)
        found[at] = Answers(n_came, n_voided_since)
    return found


def _of_tops(session: Session, lines: Sequence[Line]) -> Iterator[Line]:
    """Give those above whom nobody has figures, with the answers of all below them."""
    tree = known_offices(session).tree
    measured = {line.office_id for line in lines}
    for line in lines:
        *above, office_id = tree.way_down_to(line.office_id)
        if not measured & set(above):
            below = tree.subtree(office_id)
            of_class = [
                one.answers for one in lines if one.provenance == line.provenance and one.office_id in below
            ]
            answers = Answers(sum(one.n_came for one in of_class), sum(one.n_voided for one in of_class))
            yield replace(line, answers=answers)


def _count_weights(before: ByClass, now: ByClass) -> tuple[int, int]:
    """Count drawn people, and those whose weight was another for the same cell and profile."""
    weights: dict[WeighedAs, list[float]] = {}
    for key, weight, _ in _weights(before):
        weights.setdefault(key, []).append(weight)
    n_people = n_other = 0
    for key, weight, n in _weights(now):
        n_people += n
        # Cells that were drawn elsewhere may differ by their weight alone.
        if key in weights and not any(isclose(weight, one) for one in weights[key]):
            n_other += n
    return n_people, n_other


def _weights(told: ByClass) -> Iterator[tuple[WeighedAs, float, int]]:
    """Give weight and number of the drawn people of each cell who told the same of themselves."""
    for one in told.values():
        data, recipe = one.dataset, one.recipe
        kind = data.cell * len(data.profiles) + data.profile
        kinds, first, of_row = np.unique(kind, return_index=True, return_inverse=True)
        n = np.bincount(of_row, data.n_respondents, kinds.size)
        for row, n_people in zip(first.tolist(), n.tolist(), strict=True):
            if data.cell[row] != NOT_DRAWN:
                profile = zip(recipe.questions, data.profiles[data.profile[row]], strict=False)
                key = (recipe.cells[data.cell[row] - 1][:3], tuple(profile))
                yield key, float(data.weight[row]), int(n_people)
