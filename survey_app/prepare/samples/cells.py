"""Which cell each drawn dossier belongs to: its stratum, its primary unit (PSU), its weighting cell.

An answer carries its cell and nothing else of the design, so a cell names at least `SMALLEST_CELL` drawn
dossiers of one office, never a person. Where dossiers are primary units themselves (one stage, or below what
was certain to be drawn), random groups of them stand in (Wolter 2007, Introduction to Variance Estimation,
chapter 2): the spread between groups tells the variance. They are dealt along the main list there and back,
1, 2, …, G, G, …, 2, 1, 1, …, so that each is drawn as the whole list was: a simple sample of a simple one,
of a systematic one a sample spread over its whole order (chapter 8), any trend alike in all. So the gain of
the order stays. Groups of neighbours would each hold another part of the order, and count its gain as
variance.
"""

from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from survey_app.models.sample import AND, FROM_TO, SMALLEST_CELL

Name = TypeVar("Name", bound=Hashable)

CELLS_VERSION = "2"  # part of every list: any change that could give other cells bumps it
MOST_GROUPS = 30  # more give an interval hardly any better
# Ten groups leave 9 degrees of freedom: the interval is 15 % longer than with many. Beyond ten, weighting
# cells come first: there are more groups only as far as each holds some ten dossiers of a weighting cell.
WANTED_GROUPS, UNITS_A_CELL = 10, 10
MOST_NAMED = 3  # of strata and primary units: their names are keys, and may be hundreds
MOST_GROUPS_NAMED = 24  # of weighting cells: who reads a rate must know of whom
EVERYBODY = ""  # the weighting cell where all of a stratum share one response rate


@dataclass(frozen=True, slots=True)
class Listed:
    """What a cell follows from: the list and the place in it, what was drawn above it, its weighting cell.

    `above` begins with the stratum of the first stage, then come the units drawn from there down;
    `is_certain` says of these whether they were bound to be drawn.
    """

    list_name: str
    position: int
    is_main: bool
    above: tuple[str, ...]
    is_certain: tuple[bool, ...]
    label: str


@dataclass(frozen=True, slots=True, order=True)
class Cell:
    stratum: str
    psu: str
    weighting_cell: str


@dataclass(frozen=True, slots=True)
class _Place:
    """A stratum, and the primary unit in it; none where the dossiers below are the primary units."""

    stratum: str
    psu: str | None


def cells_of_office(units: Sequence[Listed]) -> list[Cell]:
    """Give the cell of each drawn dossier of one office, of which at least five are on main lists."""
    if sum(unit.is_main for unit in units) < SMALLEST_CELL:
        raise ValueError(f"fewer than {SMALLEST_CELL} dossiers share no cell")
    places = _joined_places([_place_of(unit) for unit in units], units)
    psus = _psus(places, units)
    strata = [place.stratum for place in places]
    labels = _weighting_cells(strata, psus, units)
    return [Cell(*one) for one in zip(strata, psus, labels, strict=True)]


def n_groups(n_units: int, n_labels: int) -> int:
    """Say into how many random groups the dossiers of a stratum are dealt."""
    by_labels = n_units // (UNITS_A_CELL * max(1, n_labels))
    return max(1, min(MOST_GROUPS, n_units // SMALLEST_CELL, max(WANTED_GROUPS, by_labels)))


def joined(labels: Iterable[str], most_named: int = MOST_NAMED) -> str:
    """Name what was put together: all of it, or from where to where in the order of labels."""
    parts = sorted(set(labels))
    return AND.join(parts) if len(parts) <= most_named else FROM_TO.join((parts[0], parts[-1]))


def _place_of(unit: Listed) -> _Place:
    """Find the primary unit: the first one from above whose being drawn was left to chance."""
    stratum = unit.above[0]
    for name, is_certain in zip(unit.above[1:], unit.is_certain, strict=True):
        if not is_certain:
            return _Place(stratum, name)
        stratum = name
    return _Place(stratum, None)


def _joined_places(places: Sequence[_Place], units: Sequence[Listed]) -> list[_Place]:
    """Put together what is too small to stand alone, within the office."""
    places = _without_rest(places, units)
    n_main = _n_main(places, units)
    drawn = {place: n for place, n in n_main.items() if place.psu is not None}
    certain = {place: n for place, n in n_main.items() if place.psu is None}
    steps = _neighbours(drawn) | _few_groups(certain)
    return [steps.get(place, place) for place in places]


def _n_main(places: Iterable[_Place], units: Iterable[Listed]) -> Counter[_Place]:
    """Count main units; a place of reserves alone counts none, and still needs a cell."""
    n_main: Counter[_Place] = Counter()
    for place, unit in zip(places, units, strict=True):
        n_main[place] += unit.is_main
    return n_main


def _without_rest(places: Sequence[_Place], units: Sequence[Listed]) -> list[_Place]:
    """Let what was drawn, or what was certain, join the other if all of it together is too little."""
    n_main = _n_main(places, units)
    kinds = [[place for place in n_main if (place.psu is None) is is_certain] for is_certain in (False, True)]
    becomes: dict[_Place, _Place] = {}
    for few, others in (kinds, kinds[::-1]):
        if few and others and not becomes and sum(n_main[place] for place in few) < SMALLEST_CELL:
            becomes = dict.fromkeys(few, min(others, key=str))
    return [becomes.get(place, place) for place in places]


def _neighbours(drawn: Mapping[_Place, int]) -> dict[_Place, _Place]:
    """Join primary units along their names until each has enough; the last ones join those before."""
    runs = runs_of(sorted(drawn, key=lambda place: str(place.psu)), [drawn])
    named = [(run, _Place(run[0].stratum, joined(str(one.psu) for one in run))) for run in runs]
    return {place: name for run, name in named for place in run}


def _few_groups(certain: Mapping[_Place, int]) -> dict[_Place, _Place]:
    """Make one stratum of those too small for two groups; too small even so, the first other one joins.

    The variance then holds the differences between them, too: it is overstated a little, never understated.
    """
    in_order = sorted(certain, key=lambda place: place.stratum)
    small = [place for place in in_order if certain[place] < 2 * SMALLEST_CELL]
    large = [place for place in in_order if certain[place] >= 2 * SMALLEST_CELL]
    if not small:
        return {}
    if large and sum(certain[place] for place in small) < 2 * SMALLEST_CELL:
        small.append(large[0])
    one = _Place(joined(place.stratum for place in small), None)
    return dict.fromkeys(small, one)


def _psus(places: Sequence[_Place], units: Sequence[Listed]) -> list[str]:
    """Name the primary unit of each: the drawn one, or the random group into which it is dealt."""
    by_stratum: defaultdict[str, list[int]] = defaultdict(list)
    for row, place in enumerate(places):
        if place.psu is None:
            by_stratum[place.stratum].append(row)
    names = [place.psu or "" for place in places]
    for stratum, rows in by_stratum.items():
        for row, group in zip(rows, _dealt([units[row] for row in rows]), strict=True):
            names[row] = f"{stratum}#{group + 1:02}"
    return names


def _dealt(units: Sequence[Listed]) -> list[int]:
    """Deal the units of a stratum into groups, list after list; a reserve goes on where its list ended."""
    main = [unit for unit in units if unit.is_main]
    groups = n_groups(len(main), len({unit.label for unit in main}))
    n_on_list = Counter(unit.list_name for unit in main)
    begins, n_before = {}, 0
    for name in sorted({unit.list_name for unit in units}):
        begins[name] = n_before
        n_before += n_on_list[name]
    turns = [divmod(begins[unit.list_name] + unit.position - 1, groups) for unit in units]
    return [groups - 1 - place if turn % 2 else place for turn, place in turns]


def _weighting_cells(strata: Sequence[str], psus: Sequence[str], units: Sequence[Listed]) -> list[str]:
    """Join weighting cells, the same ones in all primary units of a stratum, until each is shared in each.

    What is joined in one primary unit is so in all, so that a response rate means the same people everywhere.
    """
    counts: defaultdict[str, defaultdict[str, Counter[str]]] = defaultdict(lambda: defaultdict(Counter))
    for stratum, psu, unit in zip(strata, psus, units, strict=True):
        counts[stratum][psu][unit.label] += unit.is_main
    runs = {}
    for stratum, by_psu in counts.items():
        labels = sorted({label for one in by_psu.values() for label, n in one.items() if n})
        runs[stratum] = runs_of(labels, list(by_psu.values()))
    return [_name_in(runs[stratum], unit.label) for stratum, unit in zip(strata, units, strict=True)]


def _name_in(runs: Sequence[Sequence[str]], label: str) -> str:
    """Name the run in which a label lies; a reserve may have one that no main unit has."""
    if len(runs) == 1:
        return EVERYBODY
    place = bisect_right([run[0] for run in runs], label) - 1
    return joined(runs[max(0, place)], MOST_GROUPS_NAMED)


def runs_of(names: Sequence[Name], counts: Sequence[Mapping[Name, int]]) -> list[list[Name]]:
    """Cut ordered names into runs that hold enough units in each of several counts; a short rest joins."""
    runs: list[list[Name]] = []
    held: list[Name] = []
    n_held = [0] * len(counts)
    for name in names:
        held.append(name)
        n_held = [n + one.get(name, 0) for n, one in zip(n_held, counts, strict=True)]
        if min(n_held) >= SMALLEST_CELL:
            runs.append(held)
            held, n_held = [], [0] * len(counts)
    if held and runs:
        runs[-1].extend(held)
    elif held:
        runs.append(held)
    return runs
