"""What a look at a dossier list found, as its job's page, the frame's row and the command read it."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self

from survey_app.prepare.frames.rules import RuleMet

FileFault = tuple[int, str, str]  # line, column, what is wrong
Totals = Mapping[str, tuple[tuple[str | None, int], ...]]  # by column: label, units
Units = tuple[int, int, int]  # of an office: its number, dossiers received, dossiers decided


@dataclass(frozen=True, slots=True, kw_only=True)
class Remains:
    """What the frame's row keeps to be read later."""

    rules: tuple[RuleMet, ...]
    unknown_offices: tuple[tuple[str, int], ...]  # code, lines
    totals: Totals
    n_clusters: int
    plan_hash: str | None  # of the plan that said which dossiers are meant

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, plain: Mapping[str, Any]) -> Self:
        read = {
            "rules": tuple(RuleMet(one["rule"], one["n"], _pairs(one["places"])) for one in plain["rules"]),
            "unknown_offices": _pairs(plain["unknown_offices"]),
            "totals": {column: _pairs(counts) for column, counts in plain["totals"].items()},
        }
        return cls(**{**plain, **read})


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What a frame of the list would hold, and what it would leave out."""

    look: str  # the folder in which it left what it made
    frame_hash: str
    n_rows: int
    n_units: int
    n_refused: int
    n_duplicates: int
    offices: tuple[Units, ...]
    has_contacts: bool
    mapping: Mapping[str, str | int]  # our column → heading of the file; of contacts, the number of theirs
    remains: Remains

    @property
    def shown_hash(self) -> str:
        """What a tick on the page stands for: exactly this frame was looked at."""
        return self.frame_hash[:16]

    @classmethod
    def from_json(cls, plain: Mapping[str, Any]) -> Self:
        offices = tuple(map(tuple, plain["offices"]))
        return cls(**{**plain, "offices": offices, "remains": Remains.from_json(plain["remains"])})


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How a look ended; none of these while it goes on, or if its process died."""

    found: Found | None = None
    refused: tuple[FileFault, ...] = ()  # the file is no table of dossiers
    is_gone: bool = False
    frame_id: int | None = None  # what it became

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, plain: Mapping[str, Any] | None) -> Self:
        if plain is None:
            return cls()
        found = Found.from_json(plain["found"]) if plain["found"] else None
        return cls(**{**plain, "found": found, "refused": tuple(map(tuple, plain["refused"]))})


def _pairs(plain: list[list[Any]]) -> tuple[tuple[Any, Any], ...]:
    return tuple((first, second) for first, second in plain)
