"""What is handed over: a frozen publication with its recipe, and who may see what of it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Literal

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from survey_app.config import VIETNAM_TIME
from survey_app.errors import SurveyError
from survey_app.models.breakdown import INDEX, WHOLE
from survey_app.models.campaign import Campaign
from survey_app.models.definition import Definition
from survey_app.models.instrument import InstrumentVersion
from survey_app.models.office import BY_NAME, Office
from survey_app.models.plan import plan_in_force
from survey_app.models.plan_document import PlanDocument
from survey_app.models.publication import Figure, Publication
from survey_app.models.recipe import OfficeThen, Recipe
from survey_app.models.snapshot import PublicationRecipe
from survey_app.publish.shown.figure import ShownFigure, show
from survey_app.publish.suppression import INSIDE_MINIMUM

FIGURES_AT_ONCE = 500

Edition = Literal["public", "inside"]


class NothingToHandOver(SurveyError):
    """A publication that is not frozen changes while it is read."""


@dataclass(frozen=True)
class Place:
    """An office as it was when the publication was frozen."""

    id: int
    then: OfficeThen
    is_parent: bool

    @property
    def code(self) -> str:
        return self.then.code

    @property
    def name(self) -> str:
        return self.then.name


@dataclass(frozen=True)
class Wave:
    """A frozen publication, detached from any session; offices are those of its recipe."""

    campaign: Campaign
    publication: Publication
    recipe: Recipe
    definition: Definition
    plan: PlanDocument | None  # the one in force
    places: dict[int, Place]  # of which there are figures, by id, in the order of their names
    edition: Edition

    @property
    def minimum(self) -> int:
        """Give from how many people on a figure stands in this edition."""
        return self.publication.minimum_n if self.edition == "public" else INSIDE_MINIMUM

    @property
    def published_on(self) -> date:
        return self.publication.published_at.astimezone(VIETNAM_TIME).date()

    @cached_property
    def place_of(self) -> dict[str, Place]:
        return {place.code: place for place in self.places.values()}

    @property
    def offices(self) -> list[Place]:
        return [place for place in self.places.values() if not place.is_parent]

    @property
    def parents(self) -> list[Place]:
        return [place for place in self.places.values() if place.is_parent]

    @property
    def tops(self) -> list[Place]:
        """Give those with figures above whom nobody has any."""
        return [place for place in self.places.values() if place.then.parent not in self.place_of]

    def below(self, parent: Place) -> list[Place]:
        """Give the offices below a parent that have none below them."""
        return [place for place in self.offices if parent.code in self._above(place)]

    def _above(self, place: Place) -> Iterator[str]:
        above = place.then.parent
        while above is not None:
            yield above
            above = self._parents[above]

    @cached_property
    def _parents(self) -> dict[str, str | None]:
        return {one.code: one.parent for one in self.recipe.offices}

    def shown(self, figure: Figure) -> ShownFigure:
        return show(figure, self.minimum, self.publication.minimum_n)

    def figures(self, session: Session, *which: ColumnElement[bool]) -> Iterator[tuple[Place, Figure]]:
        """Read some figures, offices in the order of their names, each with its classes and measures."""
        key = (Figure.provenance, Figure.measure, Figure.breakdown)
        query = (
            select(Figure)
            .join(Office, Office.id == Figure.office_id)
            .where(Figure.publication_id == self.publication.id, *which)
            .order_by(*BY_NAME, *key)
            .execution_options(yield_per=FIGURES_AT_ONCE)
        )
        for figure in session.scalars(query):
            yield self.places[figure.office_id], figure

    def indices(self, session: Session, provenance: str) -> dict[int, Figure]:
        """Give the index of each office in one class."""
        found = self.figures(
            session, Figure.measure == INDEX, Figure.breakdown == WHOLE, Figure.provenance == provenance
        )
        return {place.id: figure for place, figure in found}

    def classes(self, session: Session) -> Sequence[str]:
        of_wave = Figure.publication_id == self.publication.id
        return session.scalars(
            select(Figure.provenance).where(of_wave).distinct().order_by(Figure.provenance)
        ).all()


def read_wave(session: Session, publication_id: int, edition: Edition) -> Wave:
    publication = session.get(Publication, publication_id)
    stored = session.get(PublicationRecipe, publication_id)
    if publication is None or stored is None or publication.sealed_at is None:
        raise NothingToHandOver(
            f"Publication {publication_id} is not frozen, so there is nothing to hand over."
        )
    recipe = Recipe.from_json(stored.document_json)
    return Wave(
        campaign=session.get_one(Campaign, publication.campaign_id),
        publication=publication,
        recipe=recipe,
        definition=session.get_one(InstrumentVersion, publication.instrument_version_id).definition,
        plan=plan_in_force(session, publication.campaign_id, publication.published_at),
        places=_places(session, publication_id, recipe),
        edition=edition,
    )


def _places(session: Session, publication_id: int, recipe: Recipe) -> dict[int, Place]:
    has_figures = select(Figure.office_id).where(
        Figure.publication_id == publication_id, Figure.measure == INDEX, Figure.breakdown == WHOLE
    )
    above = {one.parent for one in recipe.offices}
    then = {one.code: one for one in recipe.offices}
    rows = session.execute(
        select(Office.id, Office.code).where(Office.id.in_(has_figures)).order_by(*BY_NAME)
    )
    return {office_id: Place(office_id, then[code], code in above) for office_id, code in rows}
