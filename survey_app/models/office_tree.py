"""Offices as a tree: whose figures an office's answers enter, and whom a right over an office reaches."""

from collections.abc import Collection, Iterable, Mapping
from functools import cached_property


class Tree:
    """Who stands above and below whom."""

    def __init__(self, parents: Mapping[int, int | None]) -> None:
        self._parents = parents

    @cached_property
    def _children(self) -> dict[int | None, list[int]]:
        """Sort them under their parents, which whoever may see all offices never asks for."""
        children: dict[int | None, list[int]] = {}
        for office_id, parent_id in self._parents.items():
            children.setdefault(parent_id, []).append(office_id)
        return children

    def has_below(self, office_id: int) -> bool:
        """Whether any office stands under this one."""
        return office_id in self._children

    def lowest_below(self, office_id: int) -> set[int]:
        """Give the offices below one that stand above nobody: those that serve people."""
        return {one for one in self.subtree(office_id) if not self.has_below(one)} - {office_id}

    def right_below(self, office_id: int) -> Collection[int]:
        """Give the offices whose parent an office is."""
        return self._children.get(office_id, ())

    def itself_and_above(self, office_id: int) -> set[int]:
        """Give an office and all above it; none if there is no such office."""
        return self.with_ancestors([office_id]) if office_id in self._parents else set()

    def with_ancestors(self, office_ids: Iterable[int]) -> set[int]:
        found: set[int] = set()
        for office_id in office_ids:
            step: int | None = office_id
            while step is not None and step not in found:
                found.add(step)
                step = self._parents[step]
        return found

    def meeting(self, office_ids: Iterable[int]) -> list[int]:
        """Give the lowest office that stands above all of these, or is one of them; one in each tree."""
        shared: dict[int, list[int]] = {}  # by top: the way down to where the offices of its tree meet
        for office_id in office_ids:
            way = self.way_down_to(office_id)
            before = shared.get(way[0], way)
            shared[way[0]] = [one for one, other in zip(before, way, strict=False) if one == other]
        return [way[-1] for way in shared.values()]

    def way_down_to(self, office_id: int) -> list[int]:
        """Give the offices from the top of a tree to this one."""
        way: list[int] = []
        step: int | None = office_id
        while step is not None:
            way.append(step)
            step = self._parents[step]
        return way[::-1]

    def subtree(self, root: int | None) -> set[int]:
        """Give an office and all below it; without a root, all offices."""
        if root is None:
            return set(self._parents)
        found, level = {root}, [root]
        while level := [below for one in level for below in self._children.get(one, ())]:
            found.update(level)
        return found

    def within(self, roots: Iterable[int | None]) -> set[int]:
        """Give some offices and all below them; None among them stands for all offices."""
        return set().union(*map(self.subtree, roots))

    def whole_trees(self, office_ids: Iterable[int]) -> set[int]:
        """Give all offices of the trees to which these belong."""
        return self.within({self.way_down_to(office_id)[0] for office_id in office_ids})

    def subtrees(self, office_ids: Iterable[int]) -> dict[int, set[int]]:
        """Give for each office itself and all below it."""
        return {office_id: self.subtree(office_id) for office_id in office_ids}
