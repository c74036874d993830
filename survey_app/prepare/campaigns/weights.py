"""How the weights of a published campaign were made: what each step did, and what none can mend."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from survey_app.errors import NotFound
from survey_app.models.definition import Definition
from survey_app.models.office import Office
from survey_app.models.publication import Publication
from survey_app.models.vietnamese import Search
from survey_app.models.weighting import WEIGHTING_STEPS, ResponseRate, WeightingStep

FEWEST = 5  # of whom a level is counted on the page


@dataclass(frozen=True)
class Shown:
    """The steps of one publication, in their order; a value is there where enough people answered."""

    publication: Publication
    all_publications: Sequence[Publication]  # of the campaign that have steps, the newest first
    steps: Sequence[WeightingStep]

    @property
    def shows_values(self) -> bool:
        return self.steps[0].n >= self.publication.minimum_n

    @property
    def unweighted_off_by(self) -> float | None:
        """Give how far the unweighted index lies from the one that is published, as a proportion."""
        first, last = self.steps[0].value, self.steps[-1].value
        return None if first is None or last is None or not self.shows_values else first - last

    @cached_property
    def cells(self) -> Sequence[dict[str, Any]]:
        return self._details("nonresponse", "cells")

    def cells_of(self, search: str, names: Mapping[str, str]) -> Sequence[dict[str, Any]]:
        """Give the cells of the strata that are searched for by name or code, all where nothing is."""
        found = Search(search)
        if not found:
            return self.cells
        return [
            one
            for one in self.cells
            if any(found.finds(names.get(stratum, stratum), stratum) for stratum, _ in one["members"])
        ]

    @property
    def margins(self) -> Sequence[dict[str, Any]]:
        return self._details("raking", "margins")

    @cached_property
    def response(self) -> ResponseRate | None:
        """Give AAPOR's RR2, as the page of the fieldwork does."""
        return ResponseRate.of_cells(self.cells)

    @cached_property
    def response_rate(self) -> float | None:
        """Give AAPOR's RR4, by weight in each cell: of the unknown, the share that the known ones have."""
        eligible = sum(one["n_answered"] / one["response_rate"] for one in self.cells)
        return sum(one["n_answered"] for one in self.cells) / eligible if eligible else None

    @property
    def bounds(self) -> tuple[float, float] | None:
        """Give where the index would lie had all who did not answer been of one mind.

        Without any assumption about them, nothing narrower is known (Manski 1989).
        """
        rate, value = self.response_rate, self.steps[-1].value
        if rate is None or value is None or not self.shows_values:
            return None
        return rate * value, rate * value + 1 - rate

    def _details(self, step: str, name: str) -> Sequence[dict[str, Any]]:
        found: Sequence[dict[str, Any]] = next(
            (one.details[name] for one in self.steps if one.step == step), ()
        )
        return found


def offices_of(session: Session, cells: Iterable[dict[str, Any]]) -> dict[str, str]:
    """Give the names of the offices that are strata, by their codes."""
    strata = {stratum for one in cells for stratum, _ in one["members"]}
    return dict(session.execute(select(Office.code, Office.name).where(Office.code.in_(strata))).all())


def labels_of(definition: Definition, language: str) -> dict[tuple[str, str | None], str]:
    """Give the words of questions (with none) and of their options."""
    found: dict[tuple[str, str | None], str] = {}
    for item in definition.items:
        found[item.code, None] = item.text.in_language(language)
        found |= {(item.code, option.code): option.label.in_language(language) for option in item.options}
    return found


def weights_of(session: Session, campaign_id: int, publication_id: int | None) -> Shown:
    """Give a publication's steps, those of the newest one where none is named."""
    has_steps = select(WeightingStep.publication_id).distinct()
    query = select(Publication).where(
        Publication.campaign_id == campaign_id,
        Publication.sealed_at.is_not(None),
        Publication.id.in_(has_steps),
    )
    found = session.scalars(query.order_by(Publication.id.desc())).all()
    chosen = next((one for one in found if publication_id in (None, one.id)), None)
    if chosen is None:
        raise NotFound
    steps = session.scalars(select(WeightingStep).where(WeightingStep.publication_id == chosen.id)).all()
    return Shown(chosen, found, sorted(steps, key=lambda one: WEIGHTING_STEPS.index(one.step)))
