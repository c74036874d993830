"""What does not add up in dossier counts. Nothing is mended: it is listed, and kept where accepted."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from survey_app.models.budget import JUMP, SMALLEST_JUMP
from survey_app.models.office import ALL_FIELDS
from survey_app.prepare.dossiers.counts import NAMES, Counts, Rates, added, rates_of

Place = tuple[int, date, int]  # office, month, field


@dataclass(frozen=True, slots=True)
class Contradiction:
    """One thing that does not add up, at a line of a file (0: of a form)."""

    line: int
    place: Place
    kind: str
    """parts, early_twice, rate, fields, offices, jump: which sum, share or usual number it is about."""
    stated: float
    found: float
    rates: Rates | None = None
    gives: str | None = None
    """The formula that yields a stated rate, if one does."""
    count: str = "n_settled"
    """Which count of a total its fields contradict."""

    @property
    def gap(self) -> float:
        return self.stated - self.found


@dataclass(frozen=True, slots=True)
class Reported:
    """Counts as one line states them, with what is looked at and not kept."""

    line: int
    place: Place
    counts: Counts
    n_invalid: int | None = None
    rate: str = ""
    """The share settled in time as it was written: in percent, with so many digits."""


def in_itself(reported: Reported) -> Iterator[Contradiction]:
    """Compare the parts of one line with its whole, and its rate with the parts."""
    counts = reported.counts
    rates = rates_of(counts, reported.n_invalid)
    if counts.parts is not None and counts.gap:
        twice = counts.gap == -(counts.n_early or 0)
        kind = "early_twice" if twice else "parts"
        said = None if reported.rate else rates  # with a stated rate they stand beside that, once
        yield Contradiction(reported.line, reported.place, kind, counts.n_settled, counts.parts, said)
    if reported.rate and rates.of_settled is not None:
        digits = len(reported.rate.partition(".")[2])
        stated = float(reported.rate)
        formulas = {name: getattr(rates, name) for name in Rates.__slots__}
        fits = [
            name
            for name, rate in formulas.items()
            if rate is not None and round(100 * rate, digits) == stated
        ]
        if "of_settled" not in fits:
            gives = fits[0] if fits else None
            found = 100 * rates.of_settled
            yield Contradiction(reported.line, reported.place, "rate", stated, found, rates, gives)


def between_fields(lines: Mapping[Place, int], after: Mapping[Place, Counts]) -> Iterator[Contradiction]:
    """Compare the total of each office and month with its fields, as both will be stored."""
    months = {place[:2]: line for place, line in lines.items()}
    for (office_id, month), of_fields in _by_month(after).items():
        place = (office_id, month, ALL_FIELDS)
        total, summed = after.get(place), added(of_fields)
        if total is None or (office_id, month) not in months:
            continue
        for name in NAMES:
            stated, found = getattr(total, name), getattr(summed, name)
            if None not in (stated, found) and stated != found:
                yield Contradiction(months[office_id, month], place, "fields", stated, found, count=name)


def jumps(
    lines: Mapping[Place, int], made: Mapping[Place, Counts], usual: Mapping[int, int]
) -> Iterator[Contradiction]:
    """Compare totals to be stored with what is usual in their offices: coverage and budgets follow."""
    months = {place[:2]: line for place, line in lines.items()}
    for place, counts in made.items():
        office_id, month, field_id = place
        if field_id != ALL_FIELDS or office_id not in usual:
            continue
        found = usual[office_id]
        if counts.n_settled > JUMP * found and counts.n_settled - found >= SMALLEST_JUMP:
            yield Contradiction(months[office_id, month], place, "jump", counts.n_settled, found)


def jumps_in(found: Iterable[Contradiction]) -> dict[Place, int]:
    """Give the usual number of each total that jumps beyond it."""
    return {one.place: int(one.found) for one in found if one.kind == "jump"}


def of_provinces(totals: Iterable[Reported], below: Mapping[Place, Counts]) -> Iterator[Contradiction]:
    """Compare the total that a file states for a province with the lines of its offices."""
    for total in totals:
        found = below.get(total.place)
        if found is not None and found.n_settled != total.counts.n_settled:
            stated = total.counts.n_settled
            yield Contradiction(total.line, total.place, "offices", stated, found.n_settled)


def _by_month(after: Mapping[Place, Counts]) -> dict[tuple[int, date], list[Counts]]:
    found: dict[tuple[int, date], list[Counts]] = defaultdict(list)
    for (office_id, month, field_id), counts in after.items():
        if field_id != ALL_FIELDS:
            found[office_id, month].append(counts)
    return found
