"""Makes a frozen publication again, from the database alone, and compares it to the digit."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from analysis import METHOD_VERSION
from survey_app.errors import SurveyError
from survey_app.models.breakdown import COUNTER, kind_of, part_of
from survey_app.models.office import Counter, Office
from survey_app.models.publication import Publication
from survey_app.models.recipe import Recipe, id_of
from survey_app.models.snapshot import PublicationRecipe
from survey_app.publish.counting.snapshot import DamagedSnapshot, Snapshot
from survey_app.publish.releasing.frozen_figures import TABLES, Row, figures_of
from survey_app.publish.releasing.ingredients import METHOD_OPTIONS, made_with
from survey_app.publish.releasing.sealed import Sealed
from survey_app.publish.terms import TERMS

ABSENT: Final = "absent"


class MadeOtherwise(SurveyError):
    """A publication was made by another method than this version knows, so nothing was compared."""


class NotFrozen(SurveyError):
    """Running figures have no recipe."""


@dataclass(frozen=True)
class Difference:
    """The first place where a publication is not what its recipe makes."""

    table: str
    key: str
    column: str
    stored: object
    recomputed: object

    def __str__(self) -> str:
        return (
            f"{self.table}, {self.key}, {self.column}: stored {self.stored!r}, recomputed {self.recomputed!r}"
        )


@dataclass(frozen=True)
class Verified:
    n_figures: int
    difference: Difference | None
    made_elsewhere: dict[str, tuple[str, str]]  # library → its version then and now, where they differ


def verify(session: Session, publication: Publication) -> Verified:
    """Make all tables again; refuse what is damaged, or made by another method."""
    stored = session.get(PublicationRecipe, publication.id)
    if stored is None or publication.sealed_at is None:
        raise NotFrozen(f"Publication {publication.id} is not frozen, so it has no recipe.")
    if id_of(stored.document_json) != publication.recipe_id:
        raise DamagedSnapshot("Damaged: the recipe is not the one that its id names.")
    recipe = Recipe.from_json(stored.document_json)
    snapshot = Snapshot.stored(session, publication.id)
    if snapshot.hash() != recipe.data_hash:
        raise DamagedSnapshot("Damaged: the snapshot is not the one that its hash names.")
    _refuse_another_method(recipe)
    sealed = Sealed(session)
    tables = figures_of(sealed.frozen(snapshot, recipe), recipe, sealed)
    difference = next(_differences(session, publication, recipe, tables), None)
    now = made_with()
    elsewhere = {
        name: (then, now[name]) for name, then in stored.made_with.items() if now.get(name, "") != then
    }
    return Verified(len(tables["figure"]), difference, elsewhere)


def _refuse_another_method(recipe: Recipe) -> None:
    if recipe.method_version != METHOD_VERSION:
        raise MadeOtherwise(
            f"Made by method version {recipe.method_version}; this is version {METHOD_VERSION}: not compared."
        )
    options = asdict(recipe.options)
    for name, now in METHOD_OPTIONS.items():
        if options[name] != now:
            raise MadeOtherwise(
                f"Made with {name} {options[name]!r}; this version has {now!r}: not compared."
            )


def _differences(
    session: Session, publication: Publication, recipe: Recipe, tables: dict[str, list[Row]]
) -> Iterator[Difference]:
    told = {
        **{name: getattr(recipe.options, name) for name in TERMS},
        **{name: getattr(recipe, name) for name in ("covers_from", "covers_until", "method_version")},
        "data_hash": recipe.data_hash,
        "correction_reason": recipe.corrects and recipe.corrects.reason,
        "what_changed": recipe.corrects and recipe.corrects.changed,
    }
    for name, made in told.items():
        if getattr(publication, name) != made:
            key = f"publication {publication.id}"
            yield Difference("publication", key, name, getattr(publication, name), made)
    words = _Words(session)
    for table, rows in tables.items():
        yield from _differences_in(session, publication.id, table, rows, words)


def _differences_in(
    session: Session, publication_id: int, table: str, made: list[Row], words: "_Words"
) -> Iterator[Difference]:
    columns = TABLES[table].__table__.columns
    names = [column.name for column in columns if column.name != "publication_id"]
    key = [column.name for column in columns if column.primary_key and column.name != "publication_id"]
    query = select(*(columns[name] for name in names)).where(columns["publication_id"] == publication_id)
    stored = {
        tuple(row[name] for name in key): row for row in session.execute(query).mappings().yield_per(5_000)
    }
    again = {tuple(row[name] for name in key): row for row in made}
    for one in sorted(stored.keys() | again.keys()):
        said = words.of(dict(zip(key, one, strict=True)))
        if one not in stored or one not in again:
            there = (ABSENT, "a row") if one not in stored else ("a row", ABSENT)
            yield Difference(table, said, "row", *there)
            continue
        for name in names:
            if stored[one][name] != again[one].get(name):
                yield Difference(table, said, name, stored[one][name], again[one].get(name))


class _Words:
    """Says of which office, measure and breakdown a row is."""

    def __init__(self, session: Session) -> None:
        self._codes = dict(session.execute(select(Office.id, Office.code)).all())
        self._labels = dict(session.execute(select(Counter.id, Counter.label)).all())

    def of(self, key: dict[str, Any]) -> str:
        return ", ".join(
            f"{name.removesuffix('_id')} {self._one(name, value)}" for name, value in key.items()
        )

    def _one(self, name: str, value: Any) -> str:
        if name in ("office_id", "parent_id"):
            return self._codes[value]
        if name == "breakdown" and kind_of(value) == COUNTER:
            return f"{COUNTER}{self._labels.get(int(part_of(value)), value)}"
        return str(value) or "-"
