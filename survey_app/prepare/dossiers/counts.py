"""The dossiers of one office, month and field, as reported, and what they amount to."""

from collections.abc import Iterable
from dataclasses import astuple, dataclass, fields

from survey_app.models.office import DossierCount
from survey_app.prepare.tables.numbers import LARGEST_COUNT


@dataclass(frozen=True, slots=True)
class Counts:
    """All but the settled ones may be unknown."""

    n_settled: int
    n_received: int | None = None
    n_early: int | None = None
    n_on_time: int | None = None
    n_late: int | None = None

    @property
    def parts(self) -> int | None:
        """Early, on time and late together; None where one was not reported."""
        found = (self.n_early, self.n_on_time, self.n_late)
        return None if None in found else sum(n or 0 for n in found)

    @property
    def is_too_large(self) -> bool:
        """Whether one of them is larger than a reader of numbers takes, as sums may be."""
        return max(n or 0 for n in astuple(self)) > LARGEST_COUNT

    @property
    def gap(self) -> int:
        return 0 if self.parts is None else self.n_settled - self.parts


NAMES = tuple(field.name for field in fields(Counts))


def counts_of(row: DossierCount) -> Counts:
    return Counts(*(getattr(row, name) for name in NAMES))


def added(several: Iterable[Counts]) -> Counts:
    """Add counts up; what one of them does not know, the sum does not know."""
    columns = zip(*map(astuple, several), strict=True)
    sums = [None if None in column else sum(column) for column in columns]
    return Counts(sums[0] or 0, *sums[1:])


@dataclass(frozen=True, slots=True)
class Rates:
    """The share settled in time, by the formulas that reports use without saying which."""

    of_settled: float | None
    """(early + on time) / settled: the one of this house."""
    not_late: float | None
    """1 − late / settled."""
    of_parts: float | None
    """(early + on time) / (early + on time + late)."""
    of_valid: float | None
    """(early + on time) / (settled − invalid)."""


def rates_of(counts: Counts, n_invalid: int | None = None) -> Rates:
    in_time = (
        None if counts.n_early is None or counts.n_on_time is None else counts.n_early + counts.n_on_time
    )
    late = _share(counts.n_late, counts.n_settled)
    return Rates(
        of_settled=_share(in_time, counts.n_settled),
        not_late=None if late is None else 1 - late,
        of_parts=_share(in_time, counts.parts),
        of_valid=_share(in_time, None if n_invalid is None else counts.n_settled - n_invalid),
    )


def _share(part: int | None, whole: int | None) -> float | None:
    return None if part is None or not whole or whole < 0 else part / whole
