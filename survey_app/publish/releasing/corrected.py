"""A publication that corrects others beside all of them: which offices tell of one to four people then."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from survey_app.models.breakdown import COUNTER, kind_of, part_of
from survey_app.models.office import Counter, Office
from survey_app.models.publication import Figure
from survey_app.models.recipe import Recipe
from survey_app.models.snapshot import PublicationRecipe
from survey_app.publish.counting.snapshot import Snapshot
from survey_app.publish.figures.frozen import Frozen
from survey_app.publish.releasing.sealed import Sealed
from survey_app.publish.releasing.told_apart import Comparison
from survey_app.publish.releasing.told_people import Key, Told

FIGURE = ("office_id", "provenance", "measure", "breakdown", "hidden_inside")
ByClass = Mapping[str, Told]
ToldOf = tuple[str, str, set[str]]  # class, office with a total that tells, and whom it tells of, by codes


class Corrected:
    """The frozen publications of a campaign, in their order."""

    def __init__(self, session: Session, publication_ids: Sequence[int]) -> None:
        self._session, self._ids = session, publication_ids
        self._offices = dict(session.execute(select(Office.id, Office.code)).all())
        self._counters = dict(session.execute(select(Counter.id, Counter.label)).all())

    def told_by(self, new: ByClass) -> Iterator[ToldOf]:
        """Give the offices whose totals tell of a few beside the earlier publications."""
        for provenance, last in new.items():
            before = [one[provenance] for one in self.earlier if provenance in one]
            if before:
                for office, told in Comparison([*before, last]).find_told():
                    yield provenance, office, told

    @cached_property
    def earlier(self) -> list[ByClass]:
        return [self._stored(one) for one in self._ids]

    def _stored(self, publication_id: int) -> ByClass:
        stored = self._session.get_one(PublicationRecipe, publication_id)
        columns = [getattr(Figure, name) for name in FIGURE]
        of_it = select(*columns).where(Figure.publication_id == publication_id)
        rows = [dict(row) for row in self._session.execute(of_it).mappings()]
        recipe = Recipe.from_json(stored.document_json)
        counts = Snapshot.stored(self._session, publication_id)
        return self.told(Sealed(self._session).frozen(counts, recipe), recipe, rows)

    def told(self, frozen: Frozen, recipe: Recipe, figures: Iterable[Mapping[str, Any]]) -> ByClass:
        """Give what a publication tells by each class."""
        shown: dict[str, set[Key]] = {one: set() for one in frozen.classes}
        for row in figures:
            if row["hidden_inside"] is None:
                shown[row["provenance"]].add(self._key(row))
        return {one: Told(recipe, frozen.weighed(one).dataset, frozenset(shown[one])) for one in shown}

    def _key(self, row: Mapping[str, Any]) -> Key:
        breakdown = row["breakdown"]
        if kind_of(breakdown) == COUNTER:
            breakdown = f"{COUNTER}{self._counters[int(part_of(breakdown))]}"
        return Key(self._offices[row["office_id"]], row["measure"], breakdown)
