"""A publication that corrects others beside each of them: which offices tell of one to four people then."""

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from survey_app.models.breakdown import COUNTER, kind_of, part_of
from survey_app.models.office import Counter, Office
from survey_app.models.publication import Figure, Publication
from survey_app.models.recipe import Recipe
from survey_app.models.snapshot import PublicationRecipe
from survey_app.publish.counting.snapshot import Snapshot
from survey_app.publish.releasing.sealed import Sealed
from survey_app.publish.releasing.told_apart import Comparison, Key, Told

FIGURE = ("office_id", "provenance", "measure", "breakdown", "hidden_inside")


class Corrected:
    """The frozen publications of a campaign."""

    def __init__(self, session: Session, campaign_id: int) -> None:
        self._session = session
        of_campaign = (Publication.campaign_id == campaign_id, Publication.sealed_at.is_not(None))
        self._ids = session.scalars(select(Publication.id).where(*of_campaign).order_by(Publication.id)).all()
        self._offices = dict(session.execute(select(Office.id, Office.code)).all())
        self._counters = dict(session.execute(select(Counter.id, Counter.label)).all())

    def few_told_by(
        self, snapshot: Snapshot, recipe: Recipe, figures: Iterable[Mapping[str, Any]]
    ) -> dict[str, set[str]]:
        """Name offices whose totals tell of a few beside an earlier publication, and the offices of these."""
        found: dict[str, set[str]] = {}
        after = self._told(snapshot, recipe, figures)
        for publication_id in self._ids:
            stored = self._session.get_one(PublicationRecipe, publication_id)
            columns = [getattr(Figure, name) for name in FIGURE]
            of_it = select(*columns).where(Figure.publication_id == publication_id)
            rows = [dict(row) for row in self._session.execute(of_it).mappings()]
            counts = Snapshot.stored(self._session, publication_id)
            before = self._told(counts, Recipe.from_json(stored.document_json), rows)
            for provenance in before.keys() & after.keys():
                for office, few in Comparison(before[provenance], after[provenance]).find_few():
                    found.setdefault(office, set()).update(few)
        return found

    def _told(
        self, snapshot: Snapshot, recipe: Recipe, figures: Iterable[Mapping[str, Any]]
    ) -> dict[str, Told]:
        frozen = Sealed(self._session).frozen(snapshot, recipe)
        shown: dict[str, set[Key]] = {one: set() for one in snapshot.classes}
        for row in figures:
            if row["hidden_inside"] is None:
                shown[row["provenance"]].add(self._key(row))
        return {one: Told(recipe, frozen.weighed(one).dataset, frozenset(shown[one])) for one in shown}

    def _key(self, row: Mapping[str, Any]) -> Key:
        breakdown = row["breakdown"]
        if kind_of(breakdown) == COUNTER:
            breakdown = f"{COUNTER}{self._counters[int(part_of(breakdown))]}"
        return Key(self._offices[row["office_id"]], row["measure"], breakdown)
