"""What a plan says: its parts, its canonical form, its hash. How it is kept is in `plan.py`."""

import hashlib
import json
import types
import unicodedata
from dataclasses import dataclass, field, fields, is_dataclass
from datetime import date
from functools import cache
from typing import Any, Self, Union, get_args, get_origin, get_type_hints

from survey_app.models.canonical import canonical

FRAME_VARIABLES = ("sex", "age_band", "field", "channel", "outcome")  # of a dossier, known for every unit
DOMAINS = FRAME_VARIABLES[:4]
UNITS = ("office", "cluster", "dossier")  # from above down
METHODS = ("simple", "systematic", "pps")
ORDERS = ("cluster", "field", "procedure", "channel", "received_on", "settled_on", "outcome")
ALLOCATIONS = ("equal", "proportional", "power", "neyman", "margin")
COUNTED_FOR = ("receives", "decides")  # which of a dossier's two offices is measured
ADJUSTMENTS = ("holm",)
TABLES = ("office", "parent", "field", "group", "factor", "item", "target", "ranks", "change")
MOST_STAGES = 3

_hints = cache(get_type_hints)


@dataclass(frozen=True, kw_only=True)
class Population:
    """Who is measured: those whose dossiers were settled between two days in the offices under some tops."""

    described: str | None = None
    tops: tuple[str, ...] = ()  # codes of offices, such as provinces; none: all offices
    settled_from: date | None = None
    settled_until: date | None = None
    counted_for: str | None = "receives"


@dataclass(frozen=True, kw_only=True)
class Precision:
    """What the sizes follow from; shares and margins as proportions."""

    margin_office: float | None = None
    margin_whole: float | None = None
    level: float | None = 0.95
    proportion: float | None = 0.5
    design_effect: float | None = 1.0
    response_rate: float | None = None


@dataclass(frozen=True, kw_only=True)
class PlannedStage:
    """What is drawn at one stage, within each unit of the stage before."""

    unit: str | None = None
    method: str | None = None
    order: tuple[str, ...] = ()
    n_taken: int | None = None  # of each unit above; neither this nor a share: by the allocation
    share_taken: float | None = None


@dataclass(frozen=True, kw_only=True)
class Allocation:
    """How the units of the last stage are shared out over the offices."""

    method: str | None = "equal"
    n_drawn: int | None = None  # none: as many as the precision asks for
    minimum: int | None = None  # of each office
    reserve_share: float | None = 0.0


@dataclass(frozen=True, kw_only=True)
class Raked:
    """A variable whose totals are known from the dossiers, and the question of the form that answers it."""

    variable: str
    question: str


@dataclass(frozen=True, kw_only=True)
class Weighting:
    """Which cells share one response rate, which totals the weights are fitted to, and how far they go."""

    cells: tuple[str, ...] = ()
    smallest_cell: int | None = 20
    raked: tuple[Raked, ...] = ()
    trimmed_below: float | None = None  # as multiples of the mean weight
    trimmed_above: float | None = None


@dataclass(frozen=True, kw_only=True)
class Publishing:
    """On what terms figures are published, and which tables."""

    minimum_n: int | None = 10
    target: float | None = 0.85
    level: float | None = 0.95
    adjustment: str | None = "holm"
    tables: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Calendar:
    fieldwork_from: date | None = None
    fieldwork_until: date | None = None
    publication_by: date | None = None


@dataclass(frozen=True, kw_only=True)
class PlanDocument:
    """The whole plan. A draft may lack parts; a frozen one lacks nothing that it needs."""

    population: Population = field(default_factory=Population)
    domains: tuple[str, ...] = ()
    precision: Precision = field(default_factory=Precision)
    stages: tuple[PlannedStage, ...] = ()
    allocation: Allocation = field(default_factory=Allocation)
    weighting: Weighting = field(default_factory=Weighting)
    publication: Publishing = field(default_factory=Publishing)
    seed: str | None = None  # a public text from which all random numbers follow
    calendar: Calendar = field(default_factory=Calendar)

    def to_json(self) -> str:
        """Return the canonical form: the same plan gives the same characters, on any machine."""
        return unicodedata.normalize("NFC", canonical(_plain(self)))

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read a canonical form; ValueError for what no plan can hold."""
        built: Self = _built(cls, json.loads(text))
        return built

    @property
    def hash(self) -> str:
        return hashlib.sha256(self.to_json().encode()).hexdigest()


def _plain(value: Any) -> Any:
    """Leave out what is not said, so that a part added later changes no old hash."""
    if isinstance(value, tuple):
        return [_plain(entry) for entry in value]
    if is_dataclass(value):
        named = ((one.name, _plain(getattr(value, one.name))) for one in fields(value))
        return {name: entry for name, entry in named if entry not in (None, [])}
    return value


def _built(kind: Any, plain: Any) -> Any:
    """Turn plain data into the annotated type, or refuse it: what is absent was not said."""
    if isinstance(kind, type) and is_dataclass(kind):
        return _built_parts(kind, plain)
    if get_origin(kind) is tuple:
        if not isinstance(plain, list):
            raise ValueError("a plan holds a list there")
        return tuple(_built(get_args(kind)[0], entry) for entry in plain)
    if get_origin(kind) in (Union, types.UnionType):
        return None if plain is None else _built(get_args(kind)[0], plain)
    if kind is date and isinstance(plain, str):
        return date.fromisoformat(plain)
    if kind is float and type(plain) is int:
        return float(plain)
    if type(plain) is not kind:
        raise ValueError(f"a plan holds {kind.__name__} there")
    return plain


def _built_parts(kind: Any, plain: Any) -> Any:
    hints = _hints(kind)
    if not isinstance(plain, dict) or plain.keys() - hints.keys():
        raise ValueError(f"no such part of {kind.__name__}")
    absent = {one.name: () if get_origin(hints[one.name]) is tuple else None for one in fields(kind)}
    absent = {name: value for name, value in absent.items() if not _is_part(hints[name])}
    return kind(**absent | {name: _built(hints[name], entry) for name, entry in plain.items()})


def _is_part(kind: Any) -> bool:
    return isinstance(kind, type) and is_dataclass(kind)
