"""What recipes name and other sealed rows hold: instruments, and publications that came before."""

from collections.abc import Iterable, Iterator, Mapping
from hashlib import sha256
from typing import Any, TypeVar

from sqlalchemy import select
from sqlalchemy.orm import Session

from survey_app.models.breakdown import COUNTER, INDEX, WHOLE, counter_name, kind_of, part_of
from survey_app.models.definition import Definition
from survey_app.models.instrument import InstrumentVersion
from survey_app.models.office import Counter, Office
from survey_app.models.publication import Figure, Publication
from survey_app.models.recipe import Earlier, InstrumentThen, Recipe
from survey_app.models.snapshot import PublicationRecipe
from survey_app.publish.counting.snapshot import DamagedSnapshot, Snapshot
from survey_app.publish.figures.changes import WaveBefore, are_alike
from survey_app.publish.figures.dataset import Dataset
from survey_app.publish.figures.frozen import Frozen
from survey_app.publish.figures.overlap import Side, changes_of_overlap
from survey_app.publish.hiding.decision import stored_cells
from survey_app.publish.hiding.linked_sums import Cell, CellKey

Name = TypeVar("Name")


class Sealed:
    """Reads them, and numbers offices and counters as the figures that are made."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def definitions(self, instruments: Iterable[InstrumentThen]) -> dict[str, Definition]:
        """Give the definitions by checksum, each worked out again."""
        found = {}
        for one in instruments:
            is_it = (InstrumentVersion.code == one.code, InstrumentVersion.version == one.version)
            stored = self._session.scalar(select(InstrumentVersion).where(*is_it))
            if stored is None or sha256(stored.definition_json.encode()).hexdigest() != one.checksum:
                raise DamagedSnapshot(f"Damaged: instrument {one.code} {one.version} is not what was asked.")
            found[one.checksum] = stored.definition
        return found

    def frozen(self, snapshot: Snapshot, recipe: Recipe) -> Frozen:
        return Frozen(snapshot, recipe, self.definitions(recipe.instruments))

    def wave_before(
        self, recipe: Recipe, provenance: str, frozen: Frozen, dataset: Dataset
    ) -> WaveBefore | None:
        """Give the indices that changes are counted from, and the changes that both waves make together."""
        earlier = recipe.earlier
        if earlier is None:
            return None
        publication_id = self._find(earlier.recipe_id)
        query = (
            select(Office.code, Figure)
            .join(Office, Office.id == Figure.office_id)
            .where(
                Figure.publication_id == publication_id,
                Figure.provenance == provenance,
                Figure.measure == INDEX,
                Figure.breakdown == WHOLE,
            )
        )
        number_of = frozen.number_of_office
        figures = {
            number_of[code]: figure for code, figure in self._session.execute(query) if code in number_of
        }
        if not self._is_alike(earlier, recipe, provenance):
            return WaveBefore(publication_id, figures, False, {})
        later = frozen.side(provenance, dataset)
        together = self._together(publication_id, provenance, later) if later.is_drawn else {}
        moved = {number_of[code]: found for code, found in together.items() if code in number_of}
        return WaveBefore(publication_id, figures, True, moved)

    def _together(self, publication_id: int, provenance: str, later: Side) -> dict[str, dict[str, Any]]:
        """Make the weights of the wave before again, and estimate both waves, if they share units."""
        stored = self._session.get_one(PublicationRecipe, publication_id)
        before = self.frozen(
            Snapshot.stored(self._session, publication_id), Recipe.from_json(stored.document_json)
        )
        earlier = before.side(provenance, before.weighed(provenance).dataset)
        return dict(changes_of_overlap(earlier, later)) if earlier.shares_units_with(later) else {}

    def _is_alike(self, earlier: Earlier, recipe: Recipe, provenance: str) -> bool:
        """Only drawn samples differ by whom a campaign asks: whoever else answers chose to in both."""
        if provenance == "A" and earlier.sampling_basis != recipe.options.sampling_basis:
            return False
        asked = next(one for one in recipe.instruments if one.checksum == recipe.instrument)
        definitions = self.definitions([asked, earlier.instrument])
        return are_alike(definitions[asked.checksum], definitions[earlier.instrument.checksum])

    def ids(self, frozen: Frozen) -> "RowIds":
        return RowIds(self._session, frozen)

    def cells_before(
        self, recipe: Recipe, ids: "RowIds", provenance: str, offices: Iterable[int]
    ) -> Iterator[tuple[CellKey, Cell]]:
        """Give what the publication that is corrected says of some offices."""
        if recipe.corrects is None:
            return
        offices_by_id = {ids.office[number]: number for number in offices}
        counters_by_id = {row_id: number for number, row_id in ids.counter.items()}
        publication_id = self._find(recipe.corrects.recipe_id)
        for key, cell in stored_cells(self._session, publication_id, provenance, offices_by_id):
            breakdown: str | None = key.breakdown
            if kind_of(key.breakdown) == COUNTER:
                number = counters_by_id.get(int(part_of(key.breakdown)))
                breakdown = None if number is None else counter_name(number)
            if breakdown is not None:
                yield CellKey(offices_by_id[key.office_id], key.measure, breakdown), cell

    def _find(self, recipe_id: str) -> int:
        is_it = (Publication.recipe_id == recipe_id, Publication.sealed_at.is_not(None))
        found = self._session.scalar(select(Publication.id).where(*is_it))
        if found is None:
            raise DamagedSnapshot(f"Damaged: the publication with the recipe {recipe_id} is not there.")
        return found


class RowIds:
    """By which ids the tables know what a recipe numbers."""

    def __init__(self, session: Session, frozen: Frozen) -> None:
        offices = dict(session.execute(select(Office.code, Office.id)).all())
        counters = {
            (row.code, row.label): row.id
            for row in session.execute(
                select(Counter.id, Counter.label, Office.code).join(Office, Office.id == Counter.office_id)
            )
        }
        self.office = _found(frozen.number_of_office, offices)
        self.counter = _found(frozen.number_of_counter, counters)

    def put_into(self, row: dict[str, Any]) -> None:
        """Name offices in a row as it is stored."""
        row |= {name: self.office[row[name]] for name in ("office_id", "parent_id") if name in row}

    def breakdown(self, name: str) -> str:
        return counter_name(self.counter[int(part_of(name))]) if kind_of(name) == COUNTER else name


def _found(numbers: Mapping[Name, int], ids: Mapping[Name, int]) -> dict[int, int]:
    lost = [str(name) for name in numbers if name not in ids]
    if lost:
        raise DamagedSnapshot(f"Damaged: not in this database any more: {', '.join(lost[:5])}.")
    return {number: ids[name] for name, number in numbers.items()}
