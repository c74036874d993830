"""Small figures stay unknown: what is hidden cannot be worked out from what is shown."""

from dataclasses import replace

import numpy as np
from hypothesis import given, settings as hypothesis_settings, strategies as st

from analysis import CountRelations, audit_hidden
from survey_app.publish.counting.reported import Column
from survey_app.publish.hiding.linked_sums import Cell, CellKey, Hidden, Structure, System
from tests.soak import SOAK

ITEMS = (Column("q1", "f1", True), Column("q2", "f1", True), Column("q3", "f2", True))
ONE_ITEM = frozenset({Column("q1", None, True)})
NOTHING_TIED = Structure({}, {}, {}, ONE_ITEM)


def index(office_id: int, breakdown: str = "") -> CellKey:
    return CellKey(office_id, "index", breakdown)


def cells_of(counts: dict[CellKey, int]) -> dict[CellKey, Cell]:
    return {key: Cell(n, n) for key, n in counts.items()}


def decide(structure: Structure, counts: dict[CellKey, int], minimum: int = 10) -> dict[CellKey, Hidden]:
    return System(structure, cells_of(counts)).decide(minimum)


def test_what_is_large_is_shown() -> None:
    found = decide(NOTHING_TIED, {index(1): 40, index(1, "counter:1"): 15, index(1, "counter:2"): 25})
    assert set(found.values()) == {Hidden(None, None)}


def test_beside_a_small_counter_another_is_hidden() -> None:
    found = decide(NOTHING_TIED, {index(1): 48, index(1, "counter:1"): 40, index(1, "counter:2"): 8})
    assert found[index(1)] == Hidden(None, None)
    assert found[index(1, "counter:2")] == Hidden(None, "few")
    assert found[index(1, "counter:1")] == Hidden(None, "linked")


def test_staff_see_five_and_what_they_do_not_see_the_public_does_not_see() -> None:
    found = decide(
        NOTHING_TIED,
        {index(1): 52, index(1, "counter:1"): 40, index(1, "counter:2"): 8, index(1, "counter:3"): 4},
    )
    assert found[index(1, "counter:3")] == Hidden("few", "few")
    assert found[index(1, "counter:2")] == Hidden("linked", "few")
    assert found[index(1, "counter:1")] == Hidden(None, None)


def test_answers_at_no_counter_are_a_part_that_can_be_worked_out() -> None:
    found = decide(NOTHING_TIED, {index(1): 47, index(1, "counter:1"): 20, index(1, "counter:2"): 20})
    assert [found[index(1, f"counter:{n}")].in_public for n in (1, 2)].count("linked") == 1
    found = decide(NOTHING_TIED, {index(1): 67, index(1, "counter:1"): 20, index(1, "counter:2"): 20})
    assert set(found.values()) == {Hidden(None, None)}, "the 27 others are no small part"


def test_a_group_of_respondents_cannot_be_worked_out_from_the_others_nor_from_the_parent() -> None:
    men, women = "group:sex:1", "group:sex:2"
    structure = Structure({9: [1, 2]}, {}, {}, ONE_ITEM)
    counts = {index(1): 60, index(1, men): 30, index(1, women): 30}
    counts |= {index(2): 67, index(2, men): 7, index(2, women): 60}
    counts |= {index(9): 127, index(9, men): 37, index(9, women): 90}
    found = decide(structure, counts)
    assert found[index(2, men)].in_public == "few"
    assert found[index(2, women)].in_public == "linked"
    # 37 less the 30 of the first would be the 7: so either it or the parent's is hidden, each with the other
    for office in (1, 9):
        assert found[index(office, men)].in_public == found[index(office, women)].in_public
    assert "linked" in {found[index(office, men)].in_public for office in (1, 9)}
    ages = {index(1, f"group:age:{n}"): 20 for n in (1, 2, 3)}
    assert {one.in_public for one in decide(structure, {index(1): 60, **ages}).values()} == {None}


def test_an_office_hides_behind_another_of_its_parent() -> None:
    found = decide(
        Structure({9: [1, 2, 3]}, {}, {}, ONE_ITEM), {index(9): 97, index(1): 30, index(2): 60, index(3): 7}
    )
    assert found == {
        index(9): Hidden(None, None),
        index(1): Hidden(None, "linked"),
        index(2): Hidden(None, None),
        index(3): Hidden(None, "few"),
    }


def test_what_was_hidden_before_stays_hidden_if_one_of_two_must() -> None:
    cells = cells_of({index(9): 97, index(1): 30, index(2): 60, index(3): 7})
    cells[index(2)] = replace(cells[index(2)], hidden_in_public="linked")
    found = System(Structure({9: [1, 2, 3]}, {}, {}, ONE_ITEM), cells).decide(10)
    assert (found[index(1)].in_public, found[index(2)].in_public) == (None, "linked")


def test_the_month_that_pools_former_offices_gives_none_of_them_away() -> None:
    structure = Structure({}, {3: {1, 2}}, {}, ONE_ITEM)
    may = "month:2025-05"
    counts = {index(3, may): 57, index(1, may): 50, index(2, may): 7, index(1): 50, index(2): 7}
    found = decide(structure, counts)
    assert found[index(2, may)].in_public == "few"
    assert found[index(1, may)].in_public == "linked" or found[index(3, may)].in_public == "linked"


def after(first: dict[CellKey, Hidden], counts: dict[CellKey, int], *changed: CellKey) -> dict[CellKey, Cell]:
    """Give the cells of the next release, which knows what was hidden in the first."""
    return {
        key: Cell(
            cell.n_people,
            cell.n_answers,
            hidden_inside=first[key].inside,
            hidden_in_public=first[key].in_public,
            is_unchanged=key not in changed,
        )
        if key in first
        else cell
        for key, cell in cells_of(counts).items()
    }


def in_public(found: dict[CellKey, Hidden]) -> set[int]:
    """Name the offices whose index the public does not see."""
    return {key.office_id for key, hidden in found.items() if hidden.in_public}


def test_what_was_hidden_in_a_sum_stays_hidden_when_it_no_longer_adds_up() -> None:
    """An office was moved below another, whose figures do not hold it yet."""
    counts = {index(9): 97, index(1): 30, index(2): 60, index(3): 7, index(5): 40}
    first = decide(Structure({9: [1, 2, 3]}, {}, {}, ONE_ITEM), counts)
    moved = Structure({9: [1, 2, 3, 5]}, {}, {}, ONE_ITEM)
    found = System(moved, after(first, counts)).decide(10)
    assert in_public(first) == in_public(found) == {1, 3}


BELOW_NINE = Structure({9: [1, 2, 3, 4]}, {}, {}, ONE_ITEM)


def test_two_publications_hide_the_same() -> None:
    counts = {index(9): 70, index(1): 4, index(2): 12, index(3): 14, index(4): 40}
    first = decide(BELOW_NINE, counts)
    corrected = counts | {index(9): 130, index(2): 72}
    found = System(BELOW_NINE, after(first, corrected, index(9), index(2)), is_frozen=True).decide(10)
    assert in_public(first) == in_public(found) == {1, 2}


def test_a_neighbour_that_did_not_change_stays_hidden_though_another_would_do() -> None:
    counts = {index(9): 97, index(1): 30, index(2): 60, index(3): 7}
    first = decide(BELOW_NINE, counts)
    cells = after(first, counts | {index(9): 105, index(4): 8}, index(9))
    for is_frozen in (False, True):
        found = System(BELOW_NINE, cells, is_frozen=is_frozen).decide(10)
        assert in_public(found) == {1, 3, 4}, "97 - 60 - 30 = 7"


def test_nothing_few_left_frees_its_neighbours_where_the_past_is_overwritten() -> None:
    counts = {index(9): 97, index(1): 30, index(2): 60, index(3): 7}
    first = decide(BELOW_NINE, counts)
    more = counts | {index(9): 105, index(3): 15}
    cells = after(first, more, index(9), index(3))
    assert in_public(System(BELOW_NINE, cells).decide(10)) == set()
    assert in_public(System(BELOW_NINE, cells, is_frozen=True).decide(10)) == {1, 3}, "105 - 60 - 15 = 30"


def test_an_empty_figure_is_shown_as_none() -> None:
    counts = {index(9): 90, index(1): 30, index(2): 60, index(3): 0}
    assert in_public(decide(BELOW_NINE, counts)) == set()


OFFICE = st.lists(st.integers(0, 14), min_size=6, max_size=6)  # answers by month and item


@hypothesis_settings(max_examples=60 if SOAK else 20, deadline=None)
@given(offices=st.lists(OFFICE, min_size=1, max_size=5))
def test_no_small_figure_can_be_worked_out(offices: list[list[int]]) -> None:
    structure = Structure({99: range(len(offices))}, {}, {}, frozenset(ITEMS))
    counts: dict[CellKey, int] = {}
    for office_id, answers in enumerate(offices):
        table = np.array(answers).reshape(2, 3)
        for where in (office_id, 99):
            for key, n in figures_of(where, table).items():
                counts[key] = counts.get(key, 0) + n
    system = System(structure, cells_of({key: n for key, n in counts.items() if n}))
    if not system.cells:
        return
    found = system.decide(10)
    for audience, reasons in (("inside", 5), ("in_public", 10)):
        refuse_open(
            system, [getattr(found.get(key), audience, "unpublished") for key in system.cells], reasons
        )


def figures_of(office_id: int, table: np.ndarray) -> dict[CellKey, int]:
    by_item = table.sum(axis=0).tolist()
    return {
        index(office_id): sum(by_item),
        **{index(office_id, f"month:2026-0{n}"): int(row.sum()) for n, row in enumerate(table, start=1)},
        **{CellKey(office_id, f"item:q{n}", ""): of_item for n, of_item in enumerate(by_item, start=1)},
        CellKey(office_id, "factor:f1", ""): by_item[0] + by_item[1],
        CellKey(office_id, "factor:f2", ""): by_item[2],
    }


def refuse_open(system: System, reasons: list[str | None], minimum: int) -> None:
    """Attack what is shown, as a reader would, who knows the sums."""
    keys = list(system.cells)
    place = {key: number for number, key in enumerate(keys)}
    counts = np.array([cell.n_answers for cell in system.cells.values()])
    hidden = np.array([reason is not None for reason in reasons])
    relations = CountRelations.of(
        (place[total], [place[one] for one in parts]) for total, parts in system.relations
    )
    audit = audit_hidden(counts, relations, hidden & (counts > 0), minimum)
    few = np.array([reason == "few" for reason in reasons])
    assert not (audit.exact & few).any()
    assert not (audit.narrow & few).any()
    assert all(reason == "few" for reason, n in zip(reasons, counts, strict=True) if 0 < n < minimum)
