"""Decides at release which figures are hidden, over all that adds up with those that change."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Set
from dataclasses import dataclass
from datetime import date
from functools import partial

from sqlalchemy import bindparam, select, update
from sqlalchemy.orm import Session

from survey_app.models.breakdown import counter_name, field_name
from survey_app.models.campaign import Campaign
from survey_app.models.definition import Definition
from survey_app.models.instrument import InstrumentVersion
from survey_app.models.office import Counter, Office, ServiceField
from survey_app.models.publication import Figure
from survey_app.publish.counting.reported import Column
from survey_app.publish.figures.estimates import Estimated, FigureRow
from survey_app.publish.figures.rebasing import Predecessors
from survey_app.publish.hiding.linked_sums import Cell, CellKey, Structure, System

OFFICES_AT_ONCE = 500  # in one question to the database

StoredCells = Callable[[str, Iterable[int]], Iterable[tuple[CellKey, Cell]]]  # by class and offices


@dataclass(frozen=True)
class HiddenAnew:
    """Stored figures that a release hides or shows though their values stay as they are."""

    provenance: str
    rows: list[dict[str, object]]

    def write(self, session: Session, publication_id: int) -> None:
        if self.rows:
            key = ("office_id", "measure", "breakdown")
            same = [getattr(Figure, name) == bindparam(f"its_{name}") for name in key]
            session.connection().execute(
                update(Figure)
                .where(Figure.publication_id == publication_id, Figure.provenance == self.provenance, *same)
                .values(hidden_inside=bindparam("inside"), hidden_in_public=bindparam("in_public")),
                self.rows,
            )


class Hiding:
    """Knows the offices, their past and the instrument, to say which figures hang together.

    `stored` gives the cells of some offices in the publication that is renewed, or that a frozen one follows.
    """

    def __init__(
        self,
        parents: Mapping[int, int | None],
        structure: Structure,
        public_minimum: int,
        stored: StoredCells,
        *,
        is_frozen: bool = False,
    ) -> None:
        self._parents, self._structure = parents, structure
        self._public_minimum, self._stored, self._is_frozen = public_minimum, stored, is_frozen
        self._systems = self._offices_by_system()

    @classmethod
    def of_running(
        cls, session: Session, campaign: Campaign, publication_id: int | None, today: date
    ) -> "Hiding":
        parents = dict(session.execute(select(Office.id, Office.parent_id)).all())
        predecessors = Predecessors(session, today)
        formers = {one: found for one in parents if (found := predecessors.of(one))}
        columns = columns_of(versions_like(session, campaign.instrument_version_id))
        structure = Structure(children_of(parents), formers, _fields(session), columns)
        stored = partial(stored_cells, session, publication_id)
        return cls(parents, structure, campaign.minimum_n, stored)

    def decide(self, estimated: Estimated, telling: Set[CellKey] = frozenset()) -> HiddenAnew:
        """Complete the rows of new figures by what hides them; give what changes for the others.

        `telling` names figures of enough people that tell the public of a few of them all the same.
        """
        new = {_key_of(row): row for row in estimated.figures}
        renewed = set(estimated.office_ids)
        changed: list[dict[str, object]] = []
        for offices in {min(found): found for one in renewed for found in [self._systems[one]]}.values():
            before = dict(self._stored(estimated.provenance, offices))
            # A frozen publication takes over nothing of the one that it follows.
            to_keep = set() if self._is_frozen else offices - renewed
            kept = {key: cell for key, cell in before.items() if key.office_id in to_keep}
            fresh = {
                key: _cell_of(key, row, before, telling)
                for key, row in new.items()
                if key.office_id in offices
            }
            if not kept and not fresh:  # all was voided
                continue
            decided = System(self._structure, kept | fresh, self._is_frozen).decide(self._public_minimum)
            for key, hidden in decided.items():
                if key in new:
                    new[key].update(hidden_inside=hidden.inside, hidden_in_public=hidden.in_public)
                elif hidden != (before[key].hidden_inside, before[key].hidden_in_public):
                    name = {f"its_{column}": value for column, value in key._asdict().items()}
                    changed.append({**name, **hidden._asdict()})
        return HiddenAnew(estimated.provenance, changed)

    def _offices_by_system(self) -> dict[int, set[int]]:
        """Join a province with all below it, and provinces of which one took offices over from the other."""
        by_root: dict[int, set[int]] = {}
        for office_id in self._parents:
            by_root.setdefault(self._root_of(office_id), set()).add(office_id)
        of_root = dict(by_root)
        for heir, formers in self._structure.formers.items():
            for former in formers:
                one, other = of_root[self._root_of(heir)], of_root[self._root_of(former)]
                if one is not other:
                    one |= other
                    of_root |= {self._root_of(office_id): one for office_id in other}
        return {office_id: of_root[self._root_of(office_id)] for office_id in self._parents}

    def _root_of(self, office_id: int) -> int:
        while (parent := self._parents[office_id]) is not None:
            office_id = parent
        return office_id


def stored_cells(
    session: Session, publication_id: int | None, provenance: str, offices: Iterable[int]
) -> Iterator[tuple[CellKey, Cell]]:
    """Read what a publication says of some offices."""
    if publication_id is None:
        return
    columns = (Figure.n_people, Figure.n_answers, Figure.hidden_inside, Figure.hidden_in_public)
    wanted = sorted(offices)
    for start in range(0, len(wanted), OFFICES_AT_ONCE):
        query = select(Figure.office_id, Figure.measure, Figure.breakdown, *columns).where(
            Figure.publication_id == publication_id,
            Figure.provenance == provenance,
            Figure.office_id.in_(wanted[start : start + OFFICES_AT_ONCE]),
        )
        for row in session.execute(query):
            n_people, n_answers, inside, in_public = row[3:]
            cell = Cell(n_people, n_answers, True, inside, in_public, is_unchanged=True)
            yield CellKey(*row[:3]), cell


def _key_of(row: FigureRow) -> CellKey:
    return CellKey(row["office_id"], row["measure"], row["breakdown"])


def _cell_of(key: CellKey, row: FigureRow, before: Mapping[CellKey, Cell], telling: Set[CellKey]) -> Cell:
    counts, tells = (row["n_people"], row["n_answers"]), key in telling
    same = before.get(key)
    if same is None:
        return Cell(*counts, tells_of_few=tells)
    is_unchanged = counts == (same.n_people, same.n_answers)
    return Cell(*counts, True, same.hidden_inside, same.hidden_in_public, is_unchanged, tells)


def _fields(session: Session) -> dict[str, str]:
    rows = session.execute(
        select(Counter.id, ServiceField.code).join(ServiceField, ServiceField.id == Counter.field_id)
    )
    return {counter_name(counter_id): field_name(code) for counter_id, code in rows}


def children_of(parents: Mapping[int, int | None]) -> dict[int, list[int]]:
    children: dict[int, list[int]] = {}
    for office_id, parent_id in parents.items():
        if parent_id is not None:
            children.setdefault(parent_id, []).append(office_id)
    return children


def versions_like(session: Session, version_id: int) -> Iterator[Definition]:
    """Give all versions of an instrument, one of which is named."""
    asked = session.get_one(InstrumentVersion, version_id)
    same = select(InstrumentVersion).where(InstrumentVersion.code == asked.code)
    return (version.definition for version in session.scalars(same))


def columns_of(versions: Iterable[Definition]) -> frozenset[Column]:
    """Give all parts that items play in some versions of an instrument."""
    items = (item for version in versions for item in version.items)
    return frozenset(Column.of(item) for item in items if item.reported_as)
