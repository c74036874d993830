"""Offices as a tree: whose figures an office's answers enter, and whom a right over an office reaches."""

from collections.abc import Collection, Iterable, Mapping
from functools import cache, cached_property
from typing import Any

from sqlalchemy import BindParameter, ColumnElement, Select, bindparam, exists, select
from sqlalchemy.orm import Session, aliased

from survey_app.models.office import Office


def itself_and_below(*office_ids: int | BindParameter[Any]) -> Select[int]:
    """Say in SQL which offices those are: an office, or several, and all below."""
    found = select(Office.id).where(Office.id.in_(office_ids)).cte("itself_and_below", recursive=True)
    # Not UNION, which looks each of thousands up: one comes twice only if named together with one above it.
    found = found.union_all(select(Office.id).join(found, Office.parent_id == found.c.id))
    return select(found.c.id)


def has_none_below() -> ColumnElement[bool]:
    """Say in SQL that no office stands under an office."""
    child = aliased(Office)
    return ~exists().where(child.parent_id == Office.id)


def itself_and_above(session: Session, office_id: int) -> set[int]:
    """Give an office and all above it; none if there is no such office."""
    return tree_above(session, [office_id]).subtree(None)


def tree_above(session: Session, office_ids: Collection[int]) -> "Tree":
    """Give some offices with all above them alone: a few, where all offices are thousands."""
    return Tree(dict(session.execute(_ways_up(), {"office_ids": list(office_ids)}).all()))


@cache
def _ways_up() -> Select[int, int | None]:
    """Write the question once: each page of an office asks it, and writing takes longer than asking."""
    found = select(Office.id, Office.parent_id).where(Office.id.in_(bindparam("office_ids", expanding=True)))
    path = found.cte("itself_and_above", recursive=True)
    path = path.union(select(Office.id, Office.parent_id).join(path, Office.id == path.c.parent_id))
    return select(path.c.id, path.c.parent_id)


def offices_under(session: Session, codes: Iterable[str], tree: "OfficeTree | None" = None) -> set[int]:
    """Give the offices that bear these codes and all below them; no codes stand for all offices."""
    tree, named = tree or OfficeTree(session), tuple(codes)
    tops = session.scalars(select(Office.id).where(Office.code.in_(named))) if named else [None]
    return tree.within(tops)


def has_below(session: Session, office_id: int) -> bool:
    """Whether any office stands under this one."""
    return session.scalar(select(exists().where(Office.parent_id == office_id))) is True


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
        found = {root}
        waiting = list(self._children.get(root, ()))
        while waiting:
            office_id = waiting.pop()
            found.add(office_id)
            waiting.extend(self._children.get(office_id, ()))
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


class OfficeTree(Tree):
    """The offices of today, read once; for one office alone the functions above are quicker."""

    def __init__(self, session: Session) -> None:
        offices = Office.__table__  # not as objects: there are thousands
        super().__init__(dict(session.execute(select(offices.c.id, offices.c.parent_id)).all()))
