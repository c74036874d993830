"""Cells name nobody, keep the design, and tell the variance of the list that they were dealt from."""

from collections import Counter, defaultdict
from random import Random
from statistics import mean, variance

import pytest
from hypothesis import given, settings, strategies as st

from survey_app.models.sample import SMALLEST_CELL
from survey_app.prepare.samples.cells import EVERYBODY, Cell, Listed, cells_of_office, joined, n_groups

LABELS = st.sampled_from(["female|18-24", "female|25-34", "female|-", "male|18-24", "male|25-34"])


def listed(label="", position=1, *, name="XA", above=("XA",), certain=(), is_main=True):
    return Listed(name, position, is_main, above, certain, label)


@st.composite
def offices(draw):
    """Draw the lists of an office: its own one, or those of clusters, some certain, with reserves."""
    n_clusters = draw(st.integers(0, 6))
    lists = [("XA", ("XA",), ())]
    if n_clusters:
        flags = draw(st.lists(st.booleans(), min_size=n_clusters, max_size=n_clusters))
        lists = [(f"XA/{n}", ("XA", f"XA/{n}"), (flag,)) for n, flag in enumerate(flags)]
    units = []
    for name, above, certain in lists:
        labels = draw(st.lists(LABELS, max_size=70))
        n_main = draw(st.integers(0, len(labels)))
        for place, label in enumerate(labels):
            units.append(
                listed(label, place + 1, name=name, above=above, certain=certain, is_main=place < n_main)
            )
    return units


@settings(max_examples=150)
@given(offices())
def test_every_cell_is_shared_by_five_main_units(units):
    if sum(unit.is_main for unit in units) < SMALLEST_CELL:
        with pytest.raises(ValueError, match="share no cell"):
            cells_of_office(units)
        return
    cells = cells_of_office(units)
    main = Counter(cell for cell, unit in zip(cells, units, strict=True) if unit.is_main)
    assert set(cells) == set(main), "a reserve led to a cell that no main unit has"
    assert min(main.values()) >= SMALLEST_CELL
    names = defaultdict(set)
    for cell in main:
        names[cell.stratum].add((cell.psu, cell.weighting_cell))
    for pairs in names.values():  # what is one response rate in a primary unit is one in all of its stratum
        psus, labels = {psu for psu, _ in pairs}, {label for _, label in pairs}
        assert len(pairs) == len(psus) * len(labels)


@settings(max_examples=60)
@given(st.lists(LABELS, min_size=5, max_size=400))
def test_groups_are_of_one_size_and_two_wherever_ten_allow(labels):
    units = [listed(label, place + 1) for place, label in enumerate(labels)]
    sizes = Counter(cell.psu for cell in cells_of_office(units))
    assert max(sizes.values()) - min(sizes.values()) <= 1
    assert len(sizes) <= 30
    assert len(sizes) >= 2 or len(labels) < 10


@pytest.mark.parametrize(
    ("n_units", "n_labels", "n"),
    [
        (5, 1, 1),
        (9, 12, 1),
        (11, 12, 2),
        (49, 1, 9),
        (100, 12, 10),
        (200, 1, 20),
        (400, 4, 10),
        (4000, 12, 30),
    ],
)
def test_number_of_groups(n_units, n_labels, n):
    assert n_groups(n_units, n_labels) == n


def test_small_weighting_cells_join_the_next_in_every_group_alike():
    labels = ["a"] * 30 + ["b"] * 4 + ["c"] * 10 + ["d"] * 3
    units = [listed(label, place + 1) for place, label in enumerate(labels)]
    cells = cells_of_office(units)
    assert {cell.psu for cell in cells} == {f"XA#{n:02}" for n in range(1, 10)}
    assert {cell.weighting_cell for cell in cells} == {EVERYBODY}
    in_two = [
        listed("nữ" if place % 2 else "nam", place // 2 + 1, name=f"{place % 2}") for place in range(24)
    ]
    assert {cell.weighting_cell for cell in cells_of_office(in_two)} == {EVERYBODY}
    many = [listed("abcd"[place // 200], place + 1) for place in range(800)]
    assert {cell.weighting_cell for cell in cells_of_office(many)} == {"a", "b", "c", "d"}
    with_rare = [listed("abcde"[(place // 200) * (place % 50 > 0)], place + 1) for place in range(400)]
    assert {cell.weighting_cell for cell in cells_of_office(with_rare)} == {"a", "b"}


def test_names_of_what_was_joined():
    assert joined(["b", "a", "b"]) == "a + b"
    assert joined("abc") == "a + b + c"
    assert joined("dbca") == "a … d"
    assert joined("dbca", 4) == "a + b + c + d"


def test_drawn_clusters_are_primary_units_and_small_ones_join_their_neighbour():
    sizes = {"XA/1": 7, "XA/2": 2, "XA/3": 4, "XA/4": 3}
    units = [
        listed(position=place + 1, name=name, above=("XA", name), certain=(False,))
        for name, n in sizes.items()
        for place in range(n)
    ]
    assert Counter(cells_of_office(units)) == {
        Cell("XA", "XA/1", ""): 7,
        Cell("XA", "XA/2 + XA/3 + XA/4", ""): 9,
    }


def test_certain_clusters_are_strata_whose_dossiers_are_dealt_into_groups():
    sizes = {"XA/1": (20, True), "XA/2": (6, True), "XA/3": (7, True), "XA/4": (8, False), "XA/5": (5, False)}
    units = [
        listed(position=place + 1, name=name, above=("XA", name), certain=(certain,))
        for name, (n, certain) in sizes.items()
        for place in range(n)
    ]
    found = Counter(cells_of_office(units))
    assert {cell.stratum for cell in found} == {"XA", "XA/1", "XA/2 + XA/3"}
    # Those of 6 and 7 are too small for two groups alone, not together.
    assert {cell.psu: n for cell, n in found.items() if cell.stratum == "XA"} == {"XA/4": 8, "XA/5": 5}
    assert len([cell for cell in found if cell.stratum == "XA/1"]) == 4
    assert len([cell for cell in found if cell.stratum == "XA/2 + XA/3"]) == 2, (
        "too small alone, not together"
    )


def test_too_few_below_certain_clusters_join_what_was_drawn_and_the_other_way_round():
    def cells(certain_n, drawn_n):
        units = [
            listed(position=place + 1, name=name, above=("XA", name), certain=(name == "XA/c",))
            for name, n in (("XA/c", certain_n), ("XA/d", drawn_n))
            for place in range(n)
        ]
        return {(cell.stratum, cell.psu) for cell in cells_of_office(units)}

    assert cells(3, 8) == {("XA", "XA/d")}
    assert cells(12, 3) == {("XA/c", "XA/c#01"), ("XA/c", "XA/c#02"), ("XA/c", "XA/c#03")}
    assert cells(2, 3) == {("XA/c", "XA/c#01")}


def test_dealt_groups_keep_the_gain_of_an_ordered_list():
    """Take all systematic samples of lists whose blocks differ much: their variance is small.

    Dealt groups say so; groups of neighbours, which hold a block each, say some hundred times as much.
    """
    numbers = Random(6)
    step, n, n_lists = 10, 100, 20
    true = dealt = neighbours = 0.0
    psus = [cell.psu for cell in cells_of_office([listed(position=place + 1) for place in range(n)])]
    for _ in range(n_lists):
        population = [place // 50 + numbers.random() for place in range(n * step)]
        samples = [population[start::step] for start in range(step)]
        true += variance([mean(one) for one in samples]) / n_lists
        for one in samples:
            by_psu = [[x for x, psu in zip(one, psus, strict=True) if psu == name] for name in set(psus)]
            in_blocks = [one[at : at + 10] for at in range(0, n, 10)]
            dealt += variance(map(mean, by_psu)) / len(by_psu) / step / n_lists
            neighbours += variance(map(mean, in_blocks)) / len(in_blocks) / step / n_lists
    assert 0.9 < dealt / true < 1.6
    assert neighbours > 100 * true
